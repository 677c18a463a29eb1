"""Letters as a voice knows them, by espeak itself: nothing is spelled that is a word."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.languages.plain_letters import plain_letters
from avatar_rtc.speech.voices.espeak import render


def sounds(text: str, voice: str = "en-us") -> list[str]:
    return [phoneme.ipa for phoneme in render(text, voice).phonemes if phoneme.ipa]


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("ＨＥＬＬＯ", "HELLO"), ("𝓗𝓮𝓵𝓵𝓸", "Hello"), ("bạn", "ban"), ("ﬁne", "fine"),
        ("cafe\u0301", "café"), ("１２ men", "12 men"), ("Ⅷ men", "VIII men"),
    ],
)  # fmt: skip
def test_odd_letters_sound_as_plain_ones(odd: str, plain: str) -> None:
    assert sounds(odd) == sounds(plain)


@pytest.mark.parametrize(
    ("text", "voice"),
    [("안녕하세요", "ko"), ("ёжик и чай", "ru"), ("がぎぐ", "ja"), ("été", "fr-fr"), ("người", "vi")],
)
def test_decomposed_letters_sound_as_composed_ones(text: str, voice: str) -> None:
    assert sounds(unicodedata.normalize("NFD", text), voice) == sounds(text, voice)


def test_a_voice_keeps_the_letters_it_knows() -> None:
    assert sounds("người", "vi") != sounds("nguoi", "vi")
    assert sounds("łódź", "pl") != sounds("lodz", "pl")


@given(st.text(st.sampled_from("aé\u0301\u0323ạﬁＡ한\u1112\u1161字①Ⅷ ß𝓗"), max_size=30))
def test_every_sign_knows_where_it_is_from(text: str) -> None:
    plain = plain_letters(text, str.isascii)
    places = [plain.index(at) for at in range(len(plain.text) + 1)]
    assert places == sorted(places) and places[-1] == len(text)
    for at, sign in enumerate(plain.text):
        if sign in text:
            continue
        origin = text[plain.index(at) :]
        assert unicodedata.normalize("NFKD", sign)[0] in unicodedata.normalize("NFKD", origin) or sign == " "
