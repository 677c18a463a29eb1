"""Sound that comes bit by bit becomes the same sound in pieces, and lips that fit."""

import asyncio

import numpy as np
import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.face.visemes import shapes_of
from avatar_rtc.server.live.voice import hearing
from avatar_rtc.server.live.voice.hearing import MAX_BUFFERED_S, SoundStream, pieces_of_sound
from avatar_rtc.sound.resample import resampled
from avatar_rtc.sound.wav_header import wav_of
from avatar_rtc.speech.voices import espeak

RATE = 48_000


def noise(seconds: float, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(1).integers(-9_000, 9_000, round(seconds * rate)).astype(np.int16)


async def all_of(pieces) -> list:
    return [piece async for piece in pieces]


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
async def test_not_a_sample_is_lost_or_doubled(rate: int):
    stream, sound = SoundStream(rate), noise(1.3, rate)
    heard = asyncio.create_task(all_of(stream.pieces()))
    for start in range(0, len(sound), 777):
        await stream.feed(sound[start : start + 777].astype("<i2").tobytes())
        await asyncio.sleep(0)
    stream.finish()
    pieces = await heard
    assert np.array_equal(np.concatenate([piece.pcm for piece in pieces]), resampled(sound, rate))
    assert all(len(piece.pcm) % 480 == 0 for piece in pieces[:-1])  # loudness is told per 10 ms


async def test_lips_of_pieces_are_the_lips_of_the_whole():
    """The vowels found in 0.3 s pieces are those found in one, at their time."""
    speech = espeak.render("We saw the old man go home.")
    sound = resampled(speech.pcm, speech.rate)
    stream = SoundStream(RATE)
    for start in range(0, len(sound), 14_400):
        await stream.feed(sound[start : start + 14_400].astype("<i2").tobytes())
    stream.finish()
    begin, opening = 0.0, np.zeros(round(speech.seconds * 100) + 20)
    for piece in await all_of(stream.pieces()):
        for segment in piece.lips.segments:
            low, high = (max(0, round((begin + t) * 100)) for t in (segment.start, segment.end))
            opening[low:high] = sum(segment.shape.weights)
        begin += piece.seconds
    truth = np.zeros_like(opening)
    for phoneme in speech.phonemes:
        truth[round(phoneme.start * 100) : round(phoneme.end * 100)] = sum(
            shapes_of(phoneme.ipa)[0][0].weights
        )
    assert np.corrcoef(opening, truth)[0, 1] > 0.6


async def test_a_whole_sound_with_its_text_has_words():
    speech = espeak.render("Good morning")
    (piece,) = await all_of(pieces_of_sound(resampled(speech.pcm, speech.rate), "Good morning"))
    assert piece.source == "aligned" and [piece.shown[w.begin : w.stop] for w in piece.words] == [
        "Good",
        "morning",
    ]
    assert piece.words[1].start == pytest.approx(speech.words[1].start, abs=0.03)


async def test_without_its_network_the_mouth_follows_loudness(monkeypatch):
    def missing(*_: object) -> None:
        raise InputError("gone")

    monkeypatch.setattr(hearing, "Listener", missing)
    sound = np.concatenate([noise(0.5), np.zeros(RATE // 2, np.int16), noise(0.5)])
    (piece,) = await all_of(pieces_of_sound(sound))
    assert piece.source == "loudness"
    loud = [(s.start, s.end) for s in piece.lips.segments if any(s.shape.weights)]
    assert np.array(loud) == pytest.approx(np.array([[0, 0.5], [1.0, 1.5]]), abs=0.03)


async def test_too_much_waits_and_goes_on_when_there_is_room():
    stream = SoundStream(RATE)
    await stream.feed(noise(MAX_BUFFERED_S + 1).tobytes())
    held = asyncio.create_task(stream.feed(noise(1.0).tobytes()))
    await asyncio.sleep(0.01)
    assert not held.done()
    pieces = stream.pieces()
    await anext(pieces)
    await asyncio.wait_for(held, 5)
    stream.abandon()
    await asyncio.wait_for(stream.feed(noise(1.0).tobytes()), 1)  # dropped: nobody hears it
    await pieces.aclose()


async def test_a_stream_that_stops_is_over(monkeypatch):
    monkeypatch.setattr(hearing, "SOUND_PATIENCE_S", 0.05)
    stream = SoundStream(RATE)
    await stream.feed(noise(0.3).tobytes())
    assert sum([piece.seconds async for piece in stream.pieces()]) == pytest.approx(0.3)


@pytest.mark.parametrize("size", [1, 3, 4_063])
async def test_messages_may_be_cut_anywhere_and_half_a_sample_at_the_end_is_left_out(size: int):
    stream, data = SoundStream(RATE), noise(0.2).tobytes() + b"\x7f"
    for start in range(0, len(data), size):
        await stream.feed(data[start : start + size])
        await stream.feed(b"")
    stream.finish()
    pieces = await all_of(stream.pieces())
    assert np.array_equal(np.concatenate([piece.pcm for piece in pieces]), noise(0.2))


async def test_a_file_in_a_stream_is_told_once_and_ends_it():
    stream = SoundStream(RATE)
    with pytest.raises(InputError, match="looks like flac"):
        await stream.feed(b"fLaC" + bytes(900))
    await stream.feed(bytes(900))
    assert stream.is_complete and await all_of(stream.pieces()) == []


async def test_what_is_too_short_to_tell_at_once_is_told_at_the_end():
    stream = SoundStream(RATE)
    await stream.feed(b'{"error": "quota exceeded"}')
    assert "looks like JSON" in str(stream.finish()) and stream.finish() is None
    assert await all_of(stream.pieces()) == []


async def test_a_wav_in_a_stream_says_its_rate_and_channels():
    sound = noise(0.5, 16_000)
    data = wav_of(np.repeat(sound, 2).tobytes(), 16_000, 2)
    stream = SoundStream(RATE)
    for start in range(0, len(data), 333):
        await stream.feed(data[start : start + 333])
    stream.finish()
    heard = np.concatenate([piece.pcm for piece in await all_of(stream.pieces())])
    assert np.abs(heard.astype(int) - resampled(sound, 16_000)).max() <= 2
