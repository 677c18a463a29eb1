"""That no sound of any language is nothing to the lips."""

import pytest

from avatar_rtc.face.visemes import SHAPE_OF_IPA, shapes_of
from avatar_rtc.speech.phonemes.classes import CLASSES, classes_of
from avatar_rtc.speech.voices.espeak import render
from tests.speech.words_of_languages import SPACED, UNSPACED

PULMONIC = (
    "p b t d ʈ ɖ c ɟ k ɡ q ɢ ʔ m ɱ n ɳ ɲ ŋ ɴ ʙ r ʀ ⱱ ɾ ɽ ɸ β f v θ ð s z ʃ ʒ ʂ ʐ ç ʝ x ɣ χ ʁ ħ ʕ h ɦ "
    "ɬ ɮ ʋ ɹ ɻ j ɰ l ɭ ʎ ʟ"
)
OTHERS = "ʘ ǀ ǃ ǂ ǁ ɓ ɗ ʄ ɠ ʛ ʍ w ɥ ʜ ʢ ʡ ɕ ʑ ɺ ɧ"
VOWELS = "i y ɨ ʉ ɯ u ɪ ʏ ʊ e ø ɘ ɵ ɤ o ə ɛ œ ɜ ɞ ʌ ɔ æ ɐ a ɶ ɑ ɒ ɚ ɝ"
CHART = f"{PULMONIC} {OTHERS} {VOWELS}".split()
"""The letters of the International Phonetic Alphabet."""


@pytest.mark.parametrize("letter", CHART)
def test_every_letter_of_the_chart_has_lips(letter: str) -> None:
    assert letter in SHAPE_OF_IPA
    known = CLASSES[classes_of(letter)[0][0]]
    assert known != "E" or letter in "ɛ e ə ɚ ɘ ɤ ɜ ɝ ɞ œ ø ɵ".split()  # a class of its own, no mere schwa


@pytest.mark.parametrize("mark", "ʰ ʷ ʲ ˠ ˤ ʼ ⁿ ˡ ᵝ ː ˑ \u0325 \u032a \u0303 \u031e \u031d \u030a".split())
def test_marks_change_no_lips(mark: str) -> None:
    assert shapes_of(f"t{mark}") == shapes_of("t") and shapes_of(f"o{mark}") == shapes_of("o")


@pytest.mark.parametrize(("language", "words"), [*SPACED.items(), *UNSPACED.items()])
def test_all_that_espeak_says_has_lips(language: str, words: str) -> None:
    schwas = shapes_of("ə")
    for phoneme in render(words, language).phonemes:
        if phoneme.ipa and not any(schwa in phoneme.ipa for schwa in "əᵊɚɘɤ"):
            bare = phoneme.ipa.lstrip("ˈˌ")
            assert shapes_of(bare) != schwas, phoneme.ipa
