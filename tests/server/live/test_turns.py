"""The line for heavy work, by any order of coming and going."""

import asyncio
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config_sections import LimitsConfig
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


class Line:
    """A line of turns, and who has had and left them in which order."""

    def __init__(self, most: int, at_once: int, of_one: int | None) -> None:
        self.turns = Turns(most, lambda: CapacityExceeded("turns", most), at_once, of_one)
        self.line: list[Turn] = []

    def running(self) -> list[Turn]:
        return [turn for turn in self.line if turn.has_come.is_set()]


STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=80)


@given(st.integers(1, 4), st.integers(1, 4), STEPS)
async def test_nobodys_second_turn_begins_before_anybodys_first(at_once, of_one, steps) -> None:
    """Of each that begins: no other caller that could have begun had fewer turns and waited."""
    tried = Line(12, at_once, of_one)
    for takes, which in steps:
        before = set(tried.running())
        if takes and len(tried.turns) < 12:
            tried.line.append(tried.turns.take(caller=f"caller {which % 3}"))
        elif not takes and tried.line:
            tried.line.pop(which % len(tried.line)).leave()
        now = tried.running()
        has = Counter(turn.caller for turn in now)
        assert len(now) <= at_once and max(has.values(), default=0) <= of_one
        waiting = Counter(turn.caller for turn in tried.line if not turn.has_come.is_set())
        if len(now) < at_once:
            assert all(has[caller] == of_one for caller in waiting)
        for turn in set(now) - before:
            assert all(has[caller] + 1 >= has[turn.caller] or has[caller] == of_one for caller in waiting)
        places = sorted(turn.place for turn in tried.line)
        assert places == [max(0, at - at_once + 1) for at in range(len(places))]


async def test_whoever_fills_the_line_makes_room_for_others() -> None:
    tried = Line(6, 1, None)
    outcome: dict[str, list[str]] = {"greedy": [], "late": [], "other": []}

    async def work(caller: str) -> None:
        try:
            async with tried.turns.turn(caller):
                outcome[caller].append("had")
                await asyncio.sleep(0)
        except CapacityExceeded:
            outcome[caller].append("refused")

    async with asyncio.TaskGroup() as group:
        for caller in ["greedy"] * 10 + ["late"] * 3 + ["other"]:
            group.create_task(work(caller))
    # Of ten six are in the line; two of "late" and the one of "other" push out three of those that wait.
    assert Counter(outcome["late"])["had"] == 2 and outcome["other"] == ["had"]
    assert Counter(outcome["greedy"]) == {"refused": 7, "had": 3} and len(tried.turns) == 0


async def test_one_that_was_accepted_for_good_does_not_yield() -> None:
    tried = Line(2, 1, None)
    for _ in range(2):
        tried.turns.take(caller="greedy")
    with pytest.raises(CapacityExceeded):
        tried.turns.take(caller="other")
