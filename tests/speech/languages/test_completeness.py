"""What counts as said, and what as lost."""

import numpy as np
import pytest

from avatar_rtc.speech.languages.completeness import is_silent, unheard
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.voices.espeak import render
from tests.speech.words_of_languages import SPACED, UNSPACED


@pytest.mark.parametrize(("voice", "words"), [*SPACED.items(), *UNSPACED.items()])
def test_all_that_espeak_says_counts_as_said(voice: str, words: str) -> None:
    assert unheard(words, render(words, voice)) == 0


@pytest.mark.parametrize(
    "text",
    ["Through thoroughly tough thoughts.", "Noooooooooooooooooooooooooooooooo!", "12345678901234567890", "…"],
)
def test_odd_texts_count_as_said(text: str) -> None:
    assert unheard(text, render(text)) == 0


def spoken(text: str, letters_said: int) -> Speech:
    """A sound for each of the first letters of a text, and a word for every space."""
    phonemes = tuple(TimedPhoneme(n / 10, (n + 1) / 10, "a") for n in range(letters_said))
    begins = [0, *(at + 1 for at, sign in enumerate(text[:letters_said]) if sign == " ")]
    words = tuple(TimedWord(at / 10, at / 10 + 0.1, at, at + 1) for at in begins)
    return Speech(np.ones(letters_said * 800, np.int16), 8000, phonemes, words)


@pytest.mark.parametrize("lost", [40, 60, 100])
def test_a_lost_end_is_found(lost: int) -> None:
    text = "the quick brown fox jumps over the lazy dog " * 4
    assert unheard(text, spoken(text, len(text))) == 0
    assert unheard(text, spoken(text, len(text) - lost)) == pytest.approx(0.8 * lost, rel=0.4)


def test_without_times_the_length_decides() -> None:
    text = "the quick brown fox jumps over the lazy dog " * 4
    assert unheard(text, Speech(np.ones(10 * 8000, np.int16), 8000)) == 0
    assert unheard(text, Speech(np.ones(10 * 4000, np.int16), 8000), speed=2.0) == 0
    assert unheard(text, Speech(np.ones(8000, np.int16), 8000)) > 60
    assert unheard("Hi.", Speech(np.ones(80, np.int16), 8000)) == 0  # too little to judge by


def test_silence_is_known() -> None:
    assert is_silent(Speech(np.zeros(800, np.int16), 8000))
    assert is_silent(Speech(np.zeros(0, np.int16), 8000))
    assert not is_silent(render("Hi."))
    assert not is_silent(Speech(np.full(8, -32768, np.int16), 8000))
