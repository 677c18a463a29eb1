"""Signs that a voice has no word for: named in English, told of elsewhere."""

import pytest

from avatar_rtc.speech.languages.symbols import named_symbols
from avatar_rtc.speech.voices.espeak import render


def sounds(text: str, voice: str = "") -> int:
    return sum(bool(phoneme.ipa) for phoneme in render(text, voice).phonemes)


@pytest.mark.parametrize("text", ["a ∀ b", "a ∈ b", "a < b", "₿ 5", "3 ‰", "a ⇒ b", "√2 ≈ 1.4 ± 0.1 €"])
def test_an_english_voice_says_every_sign(text: str) -> None:
    bare = "".join(sign if sign.isalnum() else " " for sign in text)
    speech = render(text)
    assert sounds(text) > sounds(bare) and speech.notes == ()
    for word in speech.words:
        assert text[word.begin : word.stop].strip()


def test_what_nobody_can_name_is_told() -> None:
    assert "※" in render("See ※ there.").notes[0]
    assert "∀" in render("Hallo ∀ du.", "de").notes[0]


def test_only_signs_are_named() -> None:
    text = "I <love> you, x<y, é ñ 日 – « » … 'quoted' [1] & 50% @"
    assert named_symbols(text, True, lambda sign: False) == (
        named_symbols(text, False, lambda sign: True)[0],
        "",
    )
