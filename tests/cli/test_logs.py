"""Logs: floods are counted, and what is secret is not told."""

import logging

import pytest

from avatar_rtc.cli.logs import LINES_AT_ONCE, Repeats


def record(words: str, *args: object, level: int = logging.WARNING, error: Exception | None = None):
    raised = None
    if error is not None:
        try:
            raise error
        except Exception as caught:
            raised = (type(caught), caught, caught.__traceback__)
    return logging.LogRecord("some", level, "file", 1, words, args, raised)


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def repeats(clock) -> Repeats:
    return Repeats(lambda: clock[0])


def test_a_flood_is_told_once_a_minute_with_its_number(repeats, clock):
    told = [repeats.filter(record("no socket %d", number)) for number in range(1000)]
    assert told == [True] * LINES_AT_ONCE + [False] * (1000 - LINES_AT_ONCE)
    assert repeats.filter(record("another"))
    clock[0] = 61.0
    later = record("no socket %d", 7)
    assert repeats.filter(later) and later.getMessage() == "no socket 7 (and 995 more of this kind before)"


def test_errors_of_one_place_are_of_one_kind(repeats):
    told = [
        repeats.filter(record(f"error {number}\nmore", error=ValueError(str(number)))) for number in range(20)
    ]
    assert all(told)  # the words differ
    told = [
        repeats.filter(record("error\n%d", number, error=ValueError(str(number)))) for number in range(20)
    ]
    assert sum(told) == LINES_AT_ONCE
    assert repeats.filter(record("error", error=KeyError("a")))


def test_below_warnings_every_line_is_told(repeats):
    assert all(repeats.filter(record("GET", level=logging.INFO)) for _ in range(100))


def test_kinds_do_not_pile_up(repeats):
    for number in range(5000):
        repeats.filter(record(f"kind {number}"))
    assert len(repeats._kinds) <= 500
