"""Times of signs and words: what is read laid beside what is written."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.voices.hibari_times import (
    FRAME_S,
    LAG_S,
    Token,
    portions,
    read_words,
    timed_signs,
    written_words,
)
from avatar_rtc.speech.word_ranges import spaced_words

TOKENS = st.lists(
    st.builds(
        Token,
        st.sampled_from(["one", "two", ",", "—", "3.50", "."]),
        st.text("ptkAˈə", max_size=30),
        st.booleans(),
    ),
    max_size=30,
)


def test_signs_follow_one_another_to_the_frame() -> None:
    signs = timed_signs("hˈI", [4, 2, 1, 3])
    assert [sign for sign, _, _ in signs] == ["h", "ˈ", "aɪ"]
    assert [start for _, start, _ in signs] == pytest.approx([4 * FRAME_S - LAG_S, 0.125, 0.15])
    assert signs[-1][2] == pytest.approx(10 * FRAME_S - LAG_S)


def test_a_slower_tape_is_slower_everywhere() -> None:
    plain, slow = timed_signs("pA", [3, 2, 4]), timed_signs("pA", [3, 2, 4], 25 / 21)
    for (_, start, end), (_, late, later) in zip(plain, slow, strict=True):
        assert (late, later) == pytest.approx((start * 25 / 21, end * 25 / 21))


def test_times_that_do_not_belong_to_the_signs_are_refused() -> None:
    with pytest.raises(ValueError, match="3 signs"):
        timed_signs("pAp", [1, 2, 3])


@given(TOKENS, st.integers(1, 40))
def test_portions_keep_every_sign_and_no_row_is_too_long(tokens: list[Token], longest: int) -> None:
    rows = portions(tokens, longest)
    assert "".join(t.signs for row in rows for t in row) == "".join(t.signs for t in tokens)
    assert all(row for row in rows)
    assert all(sum(len(t.signs) + t.is_spaced for t in row) <= longest + 1 for row in rows)


def test_a_row_ends_with_a_clause_if_it_can() -> None:
    tokens = [
        Token("well", "wɛl", False),
        Token(",", ",", True),
        Token("we", "wi", True),
        Token("go", "ɡO", False),
    ]
    assert [[t.text for t in row] for row in portions(tokens, 9)] == [["well", ","], ["we", "go"]]
    assert [[t.text for t in row] for row in portions(tokens[2:], 4)] == [["we"], ["go"]]


@pytest.mark.parametrize(
    ("text", "read", "heard"),
    [
        ("At 9:30am, Ann!", "At nine thirty A.M., Ann!", ["At:1", "9:30am:3", "Ann:1"]),
        ("Pay $3.50 now", "Pay 3.50 now", ["Pay:1", "$3.50:1", "now:1"]),
        ("5km — 50% off", "5 kilometers — 50% off", ["5km:2", "50:1", "off:1"]),
        ("DON'T stop", "don't stop", ["DON'T:1", "stop:1"]),
        ("und so weiter", "and on", ["und:1", "so:1", "weiter:1"]),
        ("", "oh", []),
        ("😀", "", []),
    ],
)
def test_written_words_have_the_time_in_which_they_are_read(text: str, read: str, heard: list[str]) -> None:
    spoken = [word for word in read.split() if any(map(str.isalnum, word))]
    times = [(word, float(at), at + 1.0) for at, word in enumerate(spoken)]
    words = written_words(text, times)
    assert [f"{text[w.begin : w.stop]}:{max(1, round(w.end - w.start))}" for w in words] == heard
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(words))


@given(
    st.text("ab 1,.", max_size=60), st.lists(st.sampled_from(["a", "b", "ab", "one"]), min_size=1, max_size=9)
)
def test_whatever_is_read_no_written_word_is_lost_before_the_last_heard(text: str, read: list[str]) -> None:
    words = written_words(text, [(word, float(at), at + 1.0) for at, word in enumerate(read)])
    places = [(w.begin, w.stop) for w in words]
    assert places == sorted(set(places)) and set(places) <= set(spaced_words(text))
    assert [w.start for w in words] == sorted(w.start for w in words)


def test_words_of_tokens_end_at_spaces() -> None:
    row = [
        Token("can", "kæn", False),
        Token("'t", "t", True),
        Token(",", ",", True),
        Token("go", "ɡO", False),
    ]
    signs = timed_signs("kænt , ɡO", [1, *range(1, 10)])
    words = read_words(row, signs)
    assert [word for word, _, _ in words] == ["can't", "go"]
    assert words[0][1] == signs[0][1] and words[0][2] == signs[3][2] and words[1][2] == signs[-1][2]
