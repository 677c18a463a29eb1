"""Lines with pauses in them: cut there, and nothing lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.speech.acting.acts import Gesture, Pause
from avatar_rtc.speech.pauses import between_pauses
from avatar_rtc.speech.script import Line, prepare


def parts(text: str) -> list[object]:
    """What is spoken and shown of each stretch, its acts with their words, and the pauses."""
    return [
        part.seconds if isinstance(part, Pause) else (part.spoken, part.shown, acts(part))
        for part in between_pauses(prepare(text))
    ]


def acts(line: Line) -> list[tuple[str, str]]:
    return [(tag.act.name, line.spoken[tag.at :]) for tag in line.tags if isinstance(tag.act, Gesture)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello there.", [("Hello there.", "Hello there.", [])]),
        ("Hello [pause:1] there.", [("Hello", "Hello", []), 1.0, ("there.", "there.", [])]),
        ("[pause:2] Hello.", [("", "", []), 2.0, ("Hello.", "Hello.", [])]),
        ("Hello. [pause:2]", [("Hello.", "Hello.", []), 2.0, ("", "", [])]),
        ("Hello [pause:1]!", [("Hello!", "Hello!", []), 1.0, ("", "", [])]),
        (
            "So [wink] [pause:1] [nod] well [shake] then.",
            [
                ("So", "So", [("wink", "")]),
                1.0,
                ("well then.", "well then.", [("nod", "well then."), ("shake", "then.")]),
            ],
        ),
        ("One [pause:1] [pause:2] two", [("One", "One", []), 1.0, ("", "", []), 2.0, ("two", "two", [])]),
        (
            "See 😀 https://www.a.example/b [pause:1] **now**",
            [("See a.example", "See 😀 https://www.a.example/b", []), 1.0, ("now", "now", [])],
        ),
        ("[pause:1]", [("", "", []), 1.0, ("", "", [])]),
    ],
)
def test_a_line_is_cut_at_its_pauses(text: str, found: list[object]) -> None:
    assert parts(text) == found


@given(
    st.lists(st.sampled_from(["one", "two,", "[pause:1]", "[nod]", "**six**", "😀", "(five)"]), max_size=9)
)
def test_nothing_that_is_spoken_is_lost_and_words_are_where_they_are_shown(words: list[str]) -> None:
    line = prepare(" ".join(words))
    found = between_pauses(line)
    stretches = [part for part in found if isinstance(part, Line)]
    assert re.findall(r"\w+", " ".join(part.spoken for part in stretches)) == re.findall(r"\w+", line.spoken)
    assert len(found) - len(stretches) == words.count("[pause:1]")
    assert sum(len(part.tags) for part in stretches) == words.count("[nod]")
    for part in stretches:
        for word in re.finditer(r"\w+", part.spoken):
            assert word[0] in part.shown[slice(*part.shown_span(*word.span()))]
