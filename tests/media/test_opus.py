"""The voice: blocks on the media clock, no burst after a stall, sound in is sound out."""

import asyncio

import av
import numpy as np
import pytest

from avatar_rtc.media.broadcast import Broadcast, EndOfStream
from avatar_rtc.media.opus import BLOCK_SAMPLES, LOOK_AHEAD, OpusStream, create_opus_encoder, silent_source
from avatar_rtc.media.release import Release


def create_stream(clock, source=silent_source):
    release = Release(clock)
    broadcast = Broadcast("audio", 50)
    return OpusStream(clock, release, broadcast, source), release, broadcast


async def listen(subscription, clock, count):
    """(media time of the block, media time of arrival) of the next `count` packets, in s."""
    got = []
    for _ in range(count):
        packet = await subscription.next()
        got.append(((packet.pts + LOOK_AHEAD) / 48_000, clock.t()))
    return got


def test_blocks_leave_at_t_plus_delay(virtual):
    async def scenario(loop, clock):
        stream, release, broadcast = create_stream(clock)
        await asyncio.sleep(1.234)
        got = await listen(broadcast.subscribe(), clock, 50)
        assert got[0][0] == pytest.approx(1.24)
        assert np.diff([t for t, _ in got]) == pytest.approx(0.02)
        assert [at - t for t, at in got] == pytest.approx([release.delay] * 50, abs=1e-6)
        stream.close()

    virtual(scenario)


def test_sound_is_dated_with_when_it_is_heard():
    """A step goes in at 0.1 s of media time; decoded, it is at 0.1 s of the packets' times."""
    encoder = create_opus_encoder()
    decoder = av.CodecContext.create("libopus", "r")
    pcm = np.zeros(48_000 // 5, np.int16)
    pcm[4_800:] = np.where(np.arange(4_800) // 24 % 2, 9_000, -9_000)
    mono = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    heard = []
    for block in range(0, len(pcm), BLOCK_SAMPLES):
        frame = av.AudioFrame.from_ndarray(
            pcm[None, block : block + BLOCK_SAMPLES], format="s16", layout="mono"
        )
        frame.sample_rate = 48_000
        for packet in encoder.encode(frame):
            for out in decoder.decode(packet):
                heard.append(mono.resample(out)[0].to_ndarray()[0].astype(float))
    sound = np.concatenate(heard)
    scale = np.abs(sound).max()
    assert (np.abs(sound) > 0.3 * scale).argmax() - LOOK_AHEAD == pytest.approx(4_800, abs=48)


def test_runs_from_first_to_last_listener(virtual):
    async def scenario(loop, clock):
        stream, _, broadcast = create_stream(clock)
        assert not stream.running
        first, second = broadcast.subscribe(), broadcast.subscribe()
        await first.next()
        first.close()
        assert stream.running
        second.close()
        assert not stream.running
        await asyncio.sleep(1)
        third = broadcast.subscribe()
        assert (await third.next()).pts / 48_000 >= 1.0
        stream.close()
        assert not stream.running

    virtual(scenario)


@pytest.mark.parametrize("stall", [0.035, 0.5])
def test_a_stall_skips_and_never_bursts(virtual, stall):
    async def scenario(loop, clock):
        stream, release, broadcast = create_stream(clock)
        subscription = broadcast.subscribe()
        before = await listen(subscription, clock, 10)
        loop.stall(stall)
        after = await listen(subscription, clock, 10)
        starts = np.array([t for t, _ in before + after])
        missing = round(np.sum(np.diff(starts) / 0.02 - 1))
        # Blocks whose t + D was over when the loop woke up, and no others.
        assert stream.skipped == missing == round(max(0.0, stall - release.delay) / 0.02)
        # What waited for its release already leaves at once, D at most; all others by their deadline.
        at_once = [t for t, at in after if at - t > release.delay + 1e-6]
        assert len(at_once) <= release.delay / 0.02
        stream.close()

    virtual(scenario)


def test_the_tone_comes_out(virtual):
    async def scenario(loop, clock):
        def tone(t, samples):
            when = t + np.arange(samples) / 48_000
            return (8000 * np.sin(2 * np.pi * 440 * when)).astype(np.int16)

        stream, _, broadcast = create_stream(clock, tone)
        subscription = broadcast.subscribe()
        decoder = av.CodecContext.create("libopus", "r")
        heard = []
        for _ in range(50):
            for frame in decoder.decode(await subscription.next()):
                heard.append(frame.to_ndarray().reshape(-1, frame.layout.nb_channels)[:, 0])
        stream.close()
        sound = np.concatenate(heard)[9600:].astype(float)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        peak = np.argmax(spectrum) * 48_000 / len(sound)
        assert peak == pytest.approx(440, abs=3)
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(8000 / np.sqrt(2), rel=0.15)

    virtual(scenario)


def test_a_failing_source_is_silence(virtual, caplog):
    async def scenario(loop, clock):
        def broken(t, samples):
            raise RuntimeError("no voice")

        stream, _, broadcast = create_stream(clock, broken)
        got = await listen(broadcast.subscribe(), clock, 3)
        assert len(got) == 3
        stream.close()

    virtual(scenario)
    assert "the audio source failed" in caplog.text


def test_bare_blocks_are_the_source_at_the_moments_of_the_packets(virtual):
    async def scenario(loop, clock):
        def counted(t, samples):
            return np.full(samples, round(t / 0.02) % 30_000, np.int16)

        release = Release(clock)
        packets, bare = Broadcast("audio", 50), Broadcast("audio", 50)
        stream = OpusStream(clock, release, packets, counted, bare)
        alone = bare.subscribe()
        assert not stream.running  # nobody wants packets, so nothing is encoded
        first = await alone.next()
        assert clock.t() == pytest.approx(first[0] * 0.02 + release.delay, abs=1e-3)
        listener = packets.subscribe()
        assert stream.running
        heard, sent = [], []

        async def hear():
            for _ in range(12):
                heard.append((int((await alone.next())[0]), clock.t()))

        async def receive():
            for _ in range(9):
                packet = await listener.next()
                sent.append((round((packet.pts + LOOK_AHEAD) / BLOCK_SAMPLES), clock.t()))

        await asyncio.gather(hear(), receive())
        assert set(sent) <= set(heard)
        listener.close()
        assert not stream.running
        await alone.next()
        stream.close()
        with pytest.raises(EndOfStream):
            await alone.next()

    virtual(scenario)
