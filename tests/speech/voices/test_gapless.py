"""Laws of what engines' times are brought into: phonemes without gaps, words that are slices of the text."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.ssml import without_tags
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.word_ranges import counted_words, ranges_at, ranges_of, spaced_words

times = st.floats(-1, 12, allow_nan=False)
texts = st.text("ab 42.,'’-\n<>&;«»漢字かなé😀़ी\u0301\u200d", max_size=60)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(times, times, st.sampled_from(["", "a", "p"]))), st.floats(0, 10))
def test_phonemes_cover_all_of_the_sound_and_never_overlap(spans, seconds: float) -> None:
    phonemes = gapless(spans, seconds)
    if not phonemes:
        assert not any(max(start, 0) < min(end, seconds) for start, end, _ in spans)
        return
    assert phonemes[0].start == 0 and phonemes[-1].end == seconds
    assert all(phoneme.end > phoneme.start for phoneme in phonemes)
    assert all(a.end == b.start and (a.ipa or b.ipa) for a, b in pairwise(phonemes))


def test_phonemes_that_are_right_stay_as_they_are() -> None:
    spans = [(0.0, 0.1, "p"), (0.1, 0.4, "ˈa"), (0.4, 0.5, ""), (0.5, 0.9, "m")]
    assert [(p.start, p.end, p.ipa) for p in gapless(spans, 0.9)] == spans


def test_gaps_of_rounding_are_no_pauses() -> None:
    phonemes = gapless([(0.0, 0.0999, "p"), (0.1, 0.3, "a")], 0.3005)
    assert [(p.start, p.end, p.ipa) for p in phonemes] == [(0.0, 0.1, "p"), (0.1, 0.3005, "a")]


@settings(deadline=None, max_examples=60)
@given(texts, st.lists(st.integers(-5, 70), max_size=12))
def test_words_at_any_positions_are_slices_in_order(text: str, positions: list[int]) -> None:
    found = ranges_at(text, positions)
    assert len(found) == len(positions)
    ranges = [one for one in found if one]
    assert all(0 <= begin < stop <= len(text) for begin, stop in ranges)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))
    assert not any(" " in text[begin:stop] for begin, stop in ranges)


@settings(deadline=None, max_examples=60)
@given(texts)
def test_each_word_is_found_at_its_own_beginning(text: str) -> None:
    words = spaced_words(text)
    assert [text[slice(*word)] for word in words] == [text[begin:stop].strip() for begin, stop in words]
    assert all(any(map(str.isalnum, text[begin:stop])) for begin, stop in words)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["one", "two", "don't", "42", "Größe", "あい"]), max_size=12))
def test_words_between_spaces_are_found_by_spelling_and_by_place(words: list[str]) -> None:
    text = " ".join(f"«{word.title()}»," for word in words)
    found = spaced_words(text)
    assert len(found) == len(words)
    assert ranges_of(text, words) == found
    assert ranges_at(text, [begin for begin, _ in found]) == found
    assert len(counted_words(text, [(0.0, 1.0)] * len(words))) == len(words)


def test_a_short_word_is_not_found_within_another() -> None:
    assert ranges_of("Cats eat a rat", ["a"]) == [(9, 10)]


def test_a_word_that_is_not_there_does_not_eat_the_others() -> None:
    text = "Five men " + "went by " * 40 + "then Bob came"
    assert ranges_of(text, ["Bob", "five", "men"]) == [None, (0, 4), (5, 8)]


@settings(deadline=None, max_examples=60)
@given(texts)
def test_blanked_markup_keeps_all_else_in_place(text: str) -> None:
    blank = without_tags(f"<speak>{text}</speak>")
    assert len(blank) == len(text) + 15
    assert all(a in (b, " ") for a, b in zip(blank, f"<speak>{text}</speak>", strict=True))


def even(signs: str, each: float = 0.1) -> list[tuple[str, float, float]]:
    return [(sign, each * i, each * (i + 1)) for i, sign in enumerate(signs)]


@pytest.mark.parametrize(
    ("signs", "sounds"),
    [
        ("pˈaː", ["p", "ˈaː"]),
        ("t͡ʃa", ["t͡ʃ", "a"]),
        ("ɔ\u0303n", ["ɔ\u0303", "n"]),
        ("c\u0327", ["ç"]),
        ("pʰa5", ["pʰ", "a5"]),
        ("a b", ["a", "", "b"]),
        ("a, ˈb!", ["a", "", "", "ˈb", ""]),
        ("ˈ a", ["", "a"]),
        ("ː", [""]),
        ("", []),
    ],
)
def test_signs_become_sounds(signs: str, sounds: list[str]) -> None:
    found = read_signs(even(signs))
    assert [ipa for _, _, ipa in found.spans] == sounds


@settings(deadline=None, max_examples=60)
@given(st.text("aˈːp ,͡5ʰ", max_size=30))
def test_signs_lose_no_time_but_that_of_stray_stress(signs: str) -> None:
    spans = read_signs(even(signs)).spans
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(spans))
    if "ˈ" not in signs and signs:
        assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(0.1 * len(signs))
        assert sum(end - start for start, end, _ in spans) == pytest.approx(0.1 * len(signs))
