"""espeak for real: its times against the sound, its words against the text, and that nothing breaks it."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from avatar_rtc.errors import OutOfRange, UnknownName
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.espeak import Espeak, listed, render, voice_id
from avatar_rtc.speech.voices.espeak_library import load_library
from tests.waiting import until

SENTENCE = "Hello there, my friend. Six sharp thistles bite."
JITTER_S = 0.025
"""espeak varies its pitch from call to call, and rounds phonemes to whole periods of it."""


@pytest.fixture
async def espeak():
    engine = Espeak()
    yield engine
    await engine.close()


def words(text: str, speech: Speech) -> list[str]:
    return [text[word.begin : word.stop] for word in speech.words]


def sounds(speech: Speech) -> list[str]:
    return [phoneme.ipa for phoneme in speech.phonemes if phoneme.ipa]


def level(speech: Speech, start: float, end: float) -> float:
    part = speech.pcm[round(start * speech.rate) : round(end * speech.rate)].astype(float)
    return float(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize(
    ("text", "voice"), [(SENTENCE, "en-us"), ("Grüße, schöne Mädchen.", "de"), ("さくら", "ja"), ("Да", "ru")]
)
def test_phonemes_cover_the_sound_without_gaps(text: str, voice: str) -> None:
    speech = render(text, voice)
    assert speech.phonemes[0].start == 0
    assert speech.phonemes[-1].end == pytest.approx(speech.seconds, abs=1e-9)
    for before, after in zip(speech.phonemes, speech.phonemes[1:], strict=False):
        assert before.end == after.start and before.end > before.start
        assert before.ipa or after.ipa  # one pause, not two


def test_lip_sounds_come_at_their_time() -> None:
    speech = render("pa ma ba")
    found = [p for p in speech.phonemes if p.ipa]
    assert [p.ipa for p in found] == ["p", "ˈɑː", "m", "ˈɑː", "b", "ˈɑː"]
    assert 0.1 < found[2].start < 0.4 < found[4].start < 0.6
    # A vowel is louder than the lips closed before it.
    for lips, vowel in ((found[0], found[1]), (found[4], found[5])):
        assert level(speech, vowel.start, vowel.end) > 3 * level(speech, lips.start, lips.start + 0.03)
    # What is called a pause is silent.
    assert level(speech, 0.0, found[0].start) < 0.05 * level(speech, found[1].start, found[1].end)


def test_fricatives_have_high_frequencies_and_vowels_do_not() -> None:
    """The times against another measure of the sound: how often it crosses zero."""
    speech = render("see saw so sue")

    def crossings(start: float, end: float) -> float:
        part = speech.pcm[round(start * speech.rate) : round(end * speech.rate)].astype(int)
        return float(np.mean(np.diff(np.sign(part)) != 0))

    found = [p for p in speech.phonemes if p.ipa]
    hiss = [crossings(p.start + 0.01, p.end - 0.01) for p in found if p.ipa == "s"]
    rest = [crossings(p.start + 0.01, p.end - 0.01) for p in found if p.ipa != "s"]
    assert len(hiss) == 4 and min(hiss) > 1.5 * max(rest)


@pytest.mark.parametrize(
    ("text", "voice", "wanted"),
    [
        ("Hello, world!", "", ["Hello", "world"]),
        ("Grüße, schöne Mädchen heißen Ärger.", "de", ["Grüße", "schöne", "Mädchen", "heißen", "Ärger"]),
        ("こんにちは、さくらです。", "ja", ["こんにちは", "さくらです"]),
        ("你好，世界。", "cmn", ["你好", "世", "界"]),
        ("नमस्ते आप कैसे हैं", "hi", ["नमस्ते", "आप", "कैसे", "हैं"]),
        ("I have 42 dogs (and $3.50), don't you?", "", "I have 42 dogs and $ 3.50 don't you".split()),
        ("Hi 😀 there «my» friend", "", ["Hi", "😀", "there", "my", "friend"]),
        ("One.\nTwo\tthree", "", ["One", "Two", "three"]),
        (
            '<speak>Big <mark name="m"/><break time="200ms"/> wörld &amp; you</speak>',
            "",
            ["Big", "wörld", "&amp;", "you"],
        ),
    ],
)
def test_words_are_slices_of_the_text(text: str, voice: str, wanted: list[str]) -> None:
    assert words(text, render(text, voice)) == wanted


def test_words_follow_each_other_and_hold_their_sounds() -> None:
    text = "Pam, tell me more."
    speech = render(text)
    for before, after in zip(speech.words, speech.words[1:], strict=False):
        assert before.end <= after.start and before.stop <= after.begin
    pam = speech.words[0]
    inside = [p.ipa for p in speech.phonemes if p.ipa and pam.start <= p.start < pam.end]
    assert inside == ["p", "ˈæ", "m"]
    assert speech.words[1].start - pam.end > 0.1  # the comma is not a part of the word


def test_marks_come_at_their_word() -> None:
    text = '<speak>Hello <mark name="wave"/> big world <mark name="end"/></speak>'
    speech = render(text)
    assert [mark.name for mark in speech.marks] == ["wave", "end"]
    assert speech.marks[0].t == pytest.approx(speech.words[1].start, abs=0.005)
    assert speech.marks[1].t >= speech.words[2].start


def test_breaks_are_as_long_as_asked_for() -> None:
    short, long = (render(f'<speak>a <break time="{ms}ms"/> b</speak>').seconds for ms in (100, 1100))
    assert long - short == pytest.approx(1.0, abs=JITTER_S)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_speed_scales_the_length(speed: float) -> None:
    assert render(SENTENCE).seconds / render(SENTENCE, speed=speed).seconds == pytest.approx(speed, rel=0.25)


@pytest.mark.parametrize("speed", [0.0, 0.49, 2.1, float("nan")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(OutOfRange, match="0.5..2"):
        render("a", speed=speed)


def test_eight_threads_get_what_one_thread_gets() -> None:
    texts = [(f"{name} sings number {i}.", voice) for i, (name, voice) in enumerate(
        [("Ann", "en-us"), ("Bob", "en-gb"), ("Kim", "de"), ("Zoe", "fr-fr"), ("Max", "es"), ("Ida", "sv"),
         ("Pam", "en-us+f3"), ("Tim", "it")]
    )]  # fmt: skip
    alone = [render(*text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: render(*text), texts * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert sounds(one) == sounds(other)
        assert [(w.begin, w.stop) for w in one.words] == [(w.begin, w.stop) for w in other.words]
        assert one.seconds == pytest.approx(other.seconds, abs=JITTER_S)
        for a, b in zip(one.words, other.words, strict=True):
            assert a.start == pytest.approx(b.start, abs=JITTER_S)


async def test_a_cancelled_call_stops_espeak_and_the_next_is_as_ever(espeak: Espeak) -> None:
    before = render(SENTENCE)
    task = asyncio.create_task(espeak.synthesize(SENTENCE * 400, "", 1.0))
    await asyncio.sleep(0.02)
    start = time.perf_counter()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    after = await espeak.synthesize(SENTENCE, "", 1.0)  # waits until espeak has let go of the long text
    assert time.perf_counter() - start < 0.5  # all of it takes seconds
    assert sounds(after) == sounds(before)
    assert after.seconds == pytest.approx(before.seconds, abs=JITTER_S)


def test_a_stopped_text_ends_at_once() -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    assert 0.05 < render(SENTENCE * 50, stop=stop).seconds < 0.5


def test_a_call_cancelled_while_it_waits_says_nothing() -> None:
    assert render(SENTENCE, stop=lambda: True).seconds == 0


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("", "gmw/en-US"),
        ("en-us", "gmw/en-US"),
        ("EN_US", "gmw/en-US"),
        ("en-gb", "gmw/en"),
        ("en", "gmw/en"),
        ("gmw/en-GB-x-rp", "gmw/en-GB-x-rp"),
        ("English (Scotland)", "gmw/en-GB-scotland"),
        ("fr", "roa/fr"),
        ("zh", "sit/cmn"),
        ("en-us+f3", "gmw/en-US+f3"),
        ("de+ANNIE", "gmw/de+Annie"),
    ],
)
def test_voices_are_found_by_language_file_and_name(name: str, identifier: str) -> None:
    assert voice_id(name, load_library()) == identifier


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("en-uz", "en-us"),
        ("gmw/en-UK", "gmw/en-US"),
        ("en-us+f9", "f"),
        ("en-us+", "?"),
        ("en-us+../../x", "?"),
    ],
)
def test_an_unknown_voice_is_refused_and_the_nearest_named(name: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean .*{near if near != '?' else ''}"):
        render("a", name)


async def test_every_listed_voice_means_itself(espeak: Espeak) -> None:
    voices = await espeak.voices()
    names = [voice.name for voice in voices]
    assert len(set(names)) == len(names) > 100
    assert {"en-us", "en-gb", "de", "ja", "fr-fr"} <= set(names)
    library = load_library()
    assert [voice_id(name, library) for name in names] == [voice.identifier for voice in library.voices]
    assert list(voices) == listed(library)


def test_voices_and_timbres_sound_different() -> None:
    seconds = {voice: render(SENTENCE, voice) for voice in ("en-us", "en-us+f3", "de")}
    assert sounds(seconds["en-us"]) == sounds(seconds["en-us+f3"]) != sounds(seconds["de"])

    def centre(speech: Speech) -> float:
        spectrum = np.abs(np.fft.rfft(speech.pcm.astype(float)))
        return float((spectrum * np.arange(len(spectrum))).sum() / spectrum.sum() / speech.seconds)

    assert centre(seconds["en-us+f3"]) != pytest.approx(centre(seconds["en-us"]), rel=0.03)


def test_the_sound_is_speech_at_its_rate() -> None:
    speech = render(SENTENCE)
    assert speech.rate == 22_050 and speech.pcm.dtype == np.int16 and speech.pcm.ndim == 1
    assert 2 < speech.seconds < 5 and np.abs(speech.pcm).max() > 3000


async def test_the_event_loop_runs_while_espeak_speaks(espeak: Espeak) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await espeak.synthesize(SENTENCE * 20, "", 1.0)
    ticking.cancel()
    assert ticks > 3


async def test_no_thread_is_left_after_close() -> None:
    engine = Espeak()
    await engine.synthesize("a", "", 1.0)
    await engine.close()
    await until(lambda: not any(thread.name.startswith("espeak") for thread in threading.enumerate()))


ENDINGS = "Sharon an in him sing all her old bus his big cat one some wool car".split()
BEGINNINGS = "is apple open orange under I egg ever uncle and art".split()
VOWELS = "aɐæɑɒɔoɛeəɚɜɪiʊuʌ"


def sounds_of(text: str) -> list[str]:
    speech = render(text)
    return [
        "".join(p.ipa for p in speech.phonemes if word.start <= p.start < word.end) for word in speech.words
    ]


@pytest.mark.parametrize("before", ENDINGS)
def test_sounds_stay_with_their_word(before: str) -> None:
    """Whatever a word ends with, the vowel after it begins the next word."""
    alone = sounds_of(f"{before} tea")[0]
    for after in BEGINNINGS:
        first, second, _ = sounds_of(f"{before} {after} tea")
        assert second.lstrip("ˈˌ")[0] in VOWELS, (before, after, second)
        assert (first[-1] in VOWELS) == (alone[-1] in VOWELS) or before in ("her", "car"), (first, alone)


def test_no_sound_is_between_words() -> None:
    speech = render("Sharon and I ate an orange in an old house, and on an island. Am I in?")
    told = [p for word in speech.words for p in speech.phonemes if word.start <= p.start < word.end]
    assert [p for p in told if p.ipa] == [p for p in speech.phonemes if p.ipa]
    assert sounds_of("My name is Sharon, and I am.")[3] == "ʃˈæɹən"
