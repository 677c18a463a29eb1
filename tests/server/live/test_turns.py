"""The line for heavy work, by any order of coming and going."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config import LimitsConfig
from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.turns import Turn, Turns

MOST = 3


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=60))
async def test_one_at_a_time_in_the_order_they_came(steps: list[int | None]) -> None:
    """None takes a place; a number lets that one of the line leave, and leave again."""
    limits = Limits(LimitsConfig())
    turns = Turns(MOST, lambda: limits.refuse("distillations", "students to be made", MOST))
    line: list[Turn] = []
    refused = 0
    for step in steps:
        if step is None and len(line) == MOST:
            refused += 1
            with pytest.raises(CapacityExceeded, match="the limit of 3 students"):
                turns.take(lambda: None)
        elif step is None:
            line.append(turns.take(lambda: None))
        elif step < len(line):
            gone = line.pop(step)
            gone.leave()
            gone.leave()
        assert [turn.place for turn in line] == list(range(len(line))) and len(turns) == len(line)
        assert [turn.has_come.is_set() for turn in line] == [at == 0 for at in range(len(line))]
    assert limits.refused["distillations"] == refused


async def test_those_behind_are_told_that_they_moved() -> None:
    told: list[str] = []
    turns = Turns(MOST, lambda: CapacityExceeded("turns", MOST))
    first, second, _ = (turns.take(partial(told.append, name)) for name in "abc")
    second.leave()
    assert told == ["c"]
    first.leave()
    assert told == ["c", "c"]
