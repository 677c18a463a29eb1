"""Where a text may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.languages.borders import last_border, may_cut
from avatar_rtc.speech.sentences import LIMIT, split

WHOLE = [
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "🇩🇪",
    "👍🏽",
    "❤️",
    "1\ufe0f\u20e3",
    "क्षि",
    "\u1112\u1161\u11ab",
    "กำ",
    "நி",
    "가",
]
"""What nobody may cut."""


@given(st.lists(st.sampled_from([*WHOLE, *"ab가字あ"]), min_size=1, max_size=40))
def test_what_belongs_together_stays(wholes: list[str]) -> None:
    text = "".join(wholes)
    edges, at = {0}, 0
    for whole in wholes:
        at += len(whole)
        edges.add(at)
    assert {at for at in range(len(text) + 1) if may_cut(text, at)} == edges


@pytest.mark.parametrize("whole", WHOLE)
def test_a_sentence_without_borders_is_cut_between_graphemes(whole: str) -> None:
    text = "a" + whole * 400
    pieces = split(text)
    assert "".join(pieces) == text
    assert all(len(piece) <= LIMIT for piece in pieces)
    rows = [piece.removeprefix("a") for piece in pieces]
    assert all(row == whole * (len(row) // len(whole)) for row in rows)


def test_the_border_of_a_word_is_better() -> None:
    assert last_border("さくらのきのしたをあるいた", 3, 10) == 9  # behind を
    assert last_border("วันนี้อากาศดีมากเราไปเดิน", 5, 20) == 19  # before ไ
    assert last_border("\u0301" * 50, 5, 20) == 20
