"""Who reads what of a text, what is refused, and what is told of an engine that loses some of it."""

import numpy as np
import pytest

from avatar_rtc.errors import EngineFailed, Unreadable
from avatar_rtc.speech.languages import japanese
from avatar_rtc.speech.languages.joined import joined
from avatar_rtc.speech.languages.reading import Reader
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.engines import Engines
from avatar_rtc.speech.voices.espeak import Espeak
from tests.speech.scribe import RATE, Scribe, spoken


async def test_every_stretch_goes_to_the_first_engine_that_knows_its_language() -> None:
    english, asian, last = Scribe("e", "en"), Scribe("a", "ja", "cmn"), Scribe("l", "en", "ja", "ru")
    reader = Reader(Engines([english, asian, last]), 5.0)
    reading = await reader.read("Say こんにちは, привет and 你好!", english, "", 1.0)
    assert english.asked == [("Say ", ""), ("and ", "")]
    assert asian.asked == [("こんにちは, ", "ja"), ("你好!", "cmn")]
    assert last.asked == [("привет ", "ru")]
    assert [part.begin for part in reading.parts] == [0, 4, 11, 18, 22]
    assert len(reading.notes) == 3 and "Cyrillic" in " ".join(reading.notes)


@pytest.mark.parametrize("own", ["", "ja", "cmn"])
async def test_the_engine_that_is_asked_reads_what_it_can(own: str) -> None:
    engine, other = Scribe("first", own), Scribe("second", "ja", "cmn", "ru")
    text = {"": "Привет, 你好", "ja": "今日はHello", "cmn": "你好 Hello"}[own]
    reading = await Reader(Engines([engine, other]), 5.0).read(text, engine, "", 1.0)
    assert engine.asked == [(text, "")] and not other.asked and not reading.notes


async def test_what_nobody_reads_is_told_or_refused() -> None:
    engine = Scribe("e", "en")
    reader = Reader(Engines([engine]), 5.0)
    reading = await reader.read("Hello សួស្តី friend", engine, "", 1.0)
    assert [text for text, _ in engine.asked] == ["Hello ", "friend"]
    assert "Khmer" in reading.notes[0]
    for text in ("សួស្តី", "Привет!", "1. 你好"):
        with pytest.raises(Unreadable, match="no voice here reads"):
            await reader.read(text, engine, "", 1.0)
        with pytest.raises(Unreadable):
            await reader.check(text, engine, "")
    await reader.check("12 ... 😀", engine, "")


async def test_kanji_without_a_reading_are_refused_with_what_to_do(monkeypatch) -> None:
    monkeypatch.setattr(japanese, "is_installed", lambda: False)
    espeak = Espeak()
    reader = Reader(Engines([espeak]), 5.0)
    with pytest.raises(Unreadable, match=r"kanji.*avatar-rtc\[japanese\]"):
        await reader.read("今日は天気がいいですね。", espeak, "ja", 1.0)
    assert (await reader.read("きょうはいいてんきですね。", espeak, "ja", 1.0)).parts
    await espeak.close()


async def test_silence_for_letters_is_a_failure() -> None:
    for say in (
        lambda text: Speech(np.zeros(0, np.int16), RATE),
        lambda text: Speech(np.zeros(RATE, np.int16), RATE),
    ):
        engine = Scribe("mute", "en", say=say)
        with pytest.raises(EngineFailed, match="mute made no sound of 'Hello there'"):
            await Reader(Engines([engine]), 5.0).read("Hello there", engine, "", 1.0)
        assert (await Reader(Engines([engine]), 5.0).read("...", engine, "", 1.0)).notes == ()


async def test_what_an_engine_loses_is_asked_for_again_in_halves() -> None:
    text = "the quick brown fox jumps over the lazy dog, " * 6
    engine = Scribe("short", "en", say=lambda part: spoken(part if len(part) < 200 else part[:10]))
    reading = await Reader(Engines([engine]), 5.0).read(text.strip(), engine, "", 1.0)
    assert "".join(part.text for part in reading.parts) == text.strip()
    assert len(reading.parts) == 2 and len(engine.asked) == 3 and not reading.notes
    lost = Scribe("lost", "en", say=lambda part: spoken(part[:2]))
    reading = await Reader(Engines([lost]), 5.0).read(text.strip(), lost, "", 1.0)
    assert "left out about" in reading.notes[0]


async def test_no_engine_is_given_more_than_it_takes() -> None:
    text = "One sentence is here. 日本語。" * 400
    engine = Scribe("all", "", longest=500)
    reading = await Reader(Engines([engine]), 5.0).read(text, engine, "", 1.0)
    assert "".join(asked for asked, _ in engine.asked) == text
    assert all(len(asked) <= 500 and asked.rstrip()[-1] in ".。" for asked, _ in engine.asked)
    assert all(text[part.begin :].startswith(part.text) for part in reading.parts)


@pytest.mark.parametrize(
    "text",
    (
        "你好，今天天气很好。|こんにちは。|مرحبا، كيف حالك؟|Привет, как дела?|Γειά σου φίλε.|שלום לכולם"
        "|안녕하세요|สวัสดีครับ|नमस्ते दुनिया|გამარჯობა|Բարև ձեզ|வணக்கம்|নমস্কার|ሰላም ለሁሉም"
    ).split("|"),
)
@pytest.mark.parametrize("voice", ["", "en-us+f3", "ru"])
async def test_espeak_says_words_of_every_script_and_no_names_of_letters(text: str, voice: str) -> None:
    espeak = Espeak()
    reader = Reader(Engines([espeak]), 5.0)
    reading = await reader.read(text, espeak, voice, 1.0)
    speech = joined(reading.parts, reading.notes)
    letters = sum(map(str.isalpha, text))
    sounds = [phoneme.ipa for phoneme in speech.phonemes if phoneme.ipa]
    assert letters / 2 <= len(sounds) <= 3.5 * letters
    assert speech.words and all(text[word.begin : word.stop].strip() for word in speech.words)
    await espeak.close()


async def test_several_speeches_are_one() -> None:
    espeak = Espeak()
    text = "Papa says Привет, папа! to pop."
    reading = await Reader(Engines([espeak]), 5.0).read(text, espeak, "", 1.0)
    speech = joined(reading.parts, reading.notes)
    assert [text[word.begin : word.stop] for word in speech.words] == [
        "Papa",
        "says",
        "Привет",
        "папа",
        "to",
        "pop",
    ]
    for before, after in zip(speech.phonemes, speech.phonemes[1:], strict=False):
        assert before.end == pytest.approx(after.start, abs=0.001)
    assert speech.phonemes[-1].end == pytest.approx(speech.seconds, abs=0.001)
    assert not speech.marks_burst and speech.rate == 48_000
    await espeak.close()


@pytest.mark.parametrize(
    "text",
    ("ѫѣꙗ|Привѣт|ἀνήρ ἐστιν|ﻼﻡ|ټول|שָׁלוֹם|ヵヶ|𠮷野家|你𠀀好|ＡＢ안녕|ⓗⓔⓛⓛⓞ|Ӏа|ℵב|𝛂𝛃γ|৵বাংলা|ᎎአማ|Ⴀა").split("|"),
)
async def test_rare_letters_are_read_as_their_kin_or_left_out_and_never_spelled(text: str) -> None:
    espeak = Espeak()
    reading = await Reader(Engines([espeak]), 5.0).read(text, espeak, "", 1.0)
    sounds = [p.ipa for part in reading.parts for p in part.speech.phonemes if p.ipa]
    assert 0 < len(sounds) <= 4 * len(text), "'letter 1 E A 1', 'Hebrew point', 'Chinese letter'"
    await espeak.close()
