"""Sound with its words beside it: heard at once, with words and subtitles from where they are known."""

import asyncio

import numpy as np
import pytest

from avatar_rtc.server.live.voice import transcribed
from avatar_rtc.server.live.voice.hearing import SoundStream
from avatar_rtc.server.live.voice.transcribed import MAX_TRANSCRIPT, SoundTranscript, transcribed_pieces
from avatar_rtc.sound.pcm import pcm_to_bytes
from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.voices import espeak

RATE = 24_000
TEXT = "Good morning to you all. Today we talk about the sea."


@pytest.fixture(scope="module")
def spoken():
    """The text at 24 kHz, and where its words begin."""
    speech = espeak.render(TEXT, "en")
    return resampled(speech.pcm, speech.rate, RATE), speech


async def test_what_is_whole_from_the_start_is_a_sentence_a_piece_with_its_words(spoken, monkeypatch):
    monkeypatch.setattr(transcribed, "WORDS_PATIENCE_S", 30.0)
    sound, speech = spoken
    stream, transcript = SoundStream(RATE), SoundTranscript()
    await stream.feed(pcm_to_bytes(sound))
    stream.finish()
    transcript.add(TEXT)
    transcript.finish()
    pieces = [piece async for piece in transcribed_pieces(stream, transcript)]
    assert [piece.shown for piece in pieces] == ["Good morning to you all.", "Today we talk about the sea."]
    assert {piece.source for piece in pieces} == {"aligned"}
    begin, found = 0.0, []
    for piece in pieces:
        found += [(piece.shown[word.begin : word.stop], begin + word.start) for word in piece.words]
        begin += piece.seconds
    assert [word for word, _ in found] == TEXT.replace(".", "").split()
    off = [abs(t - word.start) for (_, t), word in zip(found, speech.words, strict=True)]
    assert np.median(off) < 0.05 and max(off) < 0.15  # laid beside itself
    assert np.array_equal(np.concatenate([piece.pcm for piece in pieces]), resampled(sound, RATE))


async def test_it_is_heard_before_its_words_are_here_and_shows_them_from_then_on(spoken):
    sound, _ = spoken
    stream, transcript = SoundStream(RATE), SoundTranscript()
    data = pcm_to_bytes(sound)
    await stream.feed(data[:38_401])  # 0.8 s, and half a sample
    pieces = transcribed_pieces(stream, transcript)
    heard = [await anext(pieces)]
    assert heard[0].source == "audio" and heard[0].shown == ""
    await stream.feed(data[38_401:])
    stream.finish()
    transcript.finish(TEXT)
    async for piece in pieces:
        heard.append(piece)
        await asyncio.sleep(0.1)  # as it is being heard
    assert heard[-1].source == "aligned" and heard[-1].shown == "Today we talk about the sea."
    assert np.array_equal(np.concatenate([piece.pcm for piece in heard]), resampled(sound, RATE))
    assert all(len(piece.pcm) % 480 == 0 for piece in heard[:-1])


@pytest.mark.parametrize(
    "text", ["", " ", "so " * MAX_TRANSCRIPT, None], ids=["none", "blank", "long", "late"]
)
async def test_without_words_that_help_the_lips_follow_the_sound(spoken, text):
    sound, _ = spoken
    stream, transcript = SoundStream(RATE), SoundTranscript()
    await stream.feed(pcm_to_bytes(sound))
    stream.finish()
    if text is not None:
        transcript.finish(text)
    pieces = [piece async for piece in transcribed_pieces(stream, transcript)]
    assert {piece.source for piece in pieces} == {"audio"}
    assert sum(piece.seconds for piece in pieces) == pytest.approx(len(sound) / RATE, abs=0.001)


async def test_words_that_cannot_be_read_cost_nothing(spoken, monkeypatch):
    monkeypatch.setattr(transcribed, "WORDS_PATIENCE_S", 30.0)
    sound, _ = spoken
    stream, transcript = SoundStream(RATE), SoundTranscript()
    await stream.feed(pcm_to_bytes(sound))
    stream.finish()
    transcript.finish("… — …")  # no phoneme in it
    pieces = [piece async for piece in transcribed_pieces(stream, transcript)]
    assert sum(piece.seconds for piece in pieces) == pytest.approx(len(sound) / RATE, abs=0.001)
