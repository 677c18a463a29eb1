"""Who speaks for a voice that is not here."""

import pytest

from avatar_rtc.speech.spoken import Voice
from avatar_rtc.speech.voices.espeak import ESPEAK_VOICE, listed
from avatar_rtc.speech.voices.espeak_library import load_library
from avatar_rtc.speech.voices.openai_speech import OPENAI_VOICES
from avatar_rtc.speech.voices.voice_aliases import KOKORO_LANGUAGES, name_of, nearest_voice, wish_of

KOKORO = [
    Voice(f"{language}{sex}_{name}", spoken, "kokoro")
    for language, spoken in KOKORO_LANGUAGES.items()
    for sex, name in (("m", "one"), ("f", "two"))
]


def chosen(name: str, voices: list[Voice]) -> str:
    wish = wish_of(name)
    assert wish is not None
    voice = nearest_voice(wish, voices, ESPEAK_VOICE)
    assert voice is not None
    return name_of(voice, wish)


@pytest.mark.parametrize("sex", "fm")
@pytest.mark.parametrize("letter", KOKORO_LANGUAGES)
def test_language_and_sex_are_kept(letter: str, sex: str) -> None:
    name = f"{letter}{sex}_nowhere"
    assert chosen(name, KOKORO)[:2] == letter + sex
    assert chosen(name, listed(load_library())) == KOKORO_LANGUAGES[letter] + ("+f3" if sex == "f" else "")


def test_the_language_counts_more_than_the_sex() -> None:
    voices = [
        Voice("af_one", "en-us", "kokoro"),
        Voice("de", "de", "espeak"),
        Voice("en-gb", "en-gb", "espeak"),
    ]
    assert chosen("de-DE-ConradNeural", voices) == "de"
    assert chosen("de-DE-KatjaNeural", voices) == "de+f3"
    assert chosen("am_adam", voices) == "af_one"
    assert chosen("bm_george", voices) == "en-gb"


@pytest.mark.parametrize("name", OPENAI_VOICES)
def test_every_voice_of_openai_is_known(name: str) -> None:
    assert chosen(name, KOKORO) in ("af_two", "am_one")


@pytest.mark.parametrize("name", ["", "nobody", "en-us", "anna", "xx_yy", "kf_nobody", "alloyed", "af_"])
def test_other_names_are_nobodys(name: str) -> None:
    assert wish_of(name) is None


def test_where_there_is_no_voice_none_is_near() -> None:
    wish = wish_of("alloy")
    assert wish is not None and nearest_voice(wish, [], ESPEAK_VOICE) is None
