"""Lost blocks of Opus: from the copy in the next packet, else made up; decoders agree on what came."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.opus import BLOCK_SAMPLES, create_opus_encoder
from avatar_rtc.media.receiving.opus_mending import AvMender, LibopusMender, create_mender, libopus
from avatar_rtc.media.receiving.opus_packets import MAX_OPUS_SAMPLES, has_copy, samples_of
from avatar_rtc.sound.frames import audio_frame


def syllables(seconds: float) -> np.ndarray:
    """Pulses of about 120 Hz through three resonances, three times a second."""
    t = np.arange(round(seconds * 48_000)) / 48_000
    cycles = np.cumsum(120 * (1 + 0.1 * np.sin(4 * np.pi * t))) / 48_000
    sound = np.diff(np.floor(cycles), prepend=0)
    for frequency, width in ((700, 90), (1_200, 110), (2_600, 150)):
        decay = np.exp(-np.pi * width / 48_000)
        ring = decay ** np.arange(4_800) * np.cos(2 * np.pi * frequency / 48_000 * np.arange(4_800))
        sound = np.fft.irfft(np.fft.rfft(sound, 2**18) * np.fft.rfft(ring, 2**18))[: len(t)]
    return sound / np.abs(sound).max() * 9_000 * np.clip(1.5 * np.sin(6 * np.pi * t) + 0.5, 0, 1)


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """2 s of syllables, which libopus takes for a voice."""
    voice = syllables(2.0)
    encoder = create_opus_encoder()
    found = []
    for at in range(0, len(voice), BLOCK_SAMPLES):
        frame = audio_frame(voice[at : at + BLOCK_SAMPLES].astype(np.int16), 48_000)
        frame.pts = at
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found


@pytest.fixture(params=[AvMender, create_mender], ids=["av", "best"])
def mender(request):
    return request.param()


def test_packets_tell_what_they_are(packets):
    assert {samples_of(packet) for packet in packets} == {BLOCK_SAMPLES}
    assert sum(map(has_copy, packets)) > len(packets) / 4, "our encoder sends copies"


@given(st.binary(max_size=8))
def test_any_bytes_are_read(data):
    assert 0 <= samples_of(data) <= MAX_OPUS_SAMPLES and has_copy(data) in (True, False)


def test_the_libopus_of_pyav_is_found():
    """Else copies are of no use; on Linux and macOS it is, and a release of PyAV that hides it fails here."""
    assert libopus() is not None


def test_both_decode_what_came_as_aiortc_does(packets):
    library = libopus()
    assert library is not None
    ours, other = LibopusMender(library), AvMender()
    stock = av.CodecContext.create("libopus", "r")
    stock.format, stock.layout, stock.sample_rate = "s16", "stereo", 48_000
    for data in packets:
        (frame,) = stock.decode(av.Packet(data))
        expected = frame.to_ndarray().reshape(-1, 2)
        for decoder in (ours, other):
            assert np.array_equal(decoder.decode(data), expected)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Of two blocks, beside the loudness of the second."""
    return float(np.abs(a.astype(float) - b).mean() / max(1.0, np.abs(b.astype(float)).mean()))


def test_a_copy_is_nearer_to_what_was_lost_than_what_is_made_up(packets):
    mended, made_up = [], []
    for lost in (i for i in range(10, len(packets) - 1) if has_copy(packets[i + 1])):
        menders = [create_mender() for _ in range(3)]
        for data in packets[:lost]:
            for each in menders:
                each.decode(data)
        truth = menders[0].decode(packets[lost])
        found = menders[1].mend(packets[lost + 1], BLOCK_SAMPLES)
        assert found is not None and found.shape == (BLOCK_SAMPLES, 2)
        mended.append(difference(found, truth))
        made_up.append(difference(menders[2].conceal(BLOCK_SAMPLES), truth))
    assert len(mended) > 10 and np.median(mended) < 0.7 * np.median(made_up)


def test_what_is_made_up_goes_on_and_fades(mender, packets):
    for data in packets[:20]:
        last = mender.decode(data)
    loudness = [float(np.abs(mender.conceal(BLOCK_SAMPLES)).mean()) for _ in range(40)]
    assert loudness[0] > 0.3 * np.abs(last).mean()
    assert max(loudness[30:]) < 0.1 * loudness[0]


def test_without_a_copy_nothing_is_mended(mender, packets):
    bare = next(packet for packet in packets if not has_copy(packet))
    assert mender.mend(bare, BLOCK_SAMPLES) is None


@pytest.mark.parametrize("broken", [b"", b"\x7b", bytes([3, 0]), bytes([0xFF, 0xFF, 0xFF])])
def test_broken_packets_are_refused(mender, broken):
    with pytest.raises(ValueError):
        mender.decode(broken)
