"""Logs: floods are counted, and what is secret is not told."""

import json
import logging
import re

import pytest

from avatar_rtc.cli.logs import LINES_AT_ONCE, JsonLines, Repeats
from avatar_rtc.log_context import concerning


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


def test_lines_of_json_hold_what_is_said_and_whom_it_concerns():
    with concerning(avatar="main", viewer="abcdefgh"):
        line = JsonLines().format(record('two\nlines of "%s"', "words"))
    assert "\n" not in line
    told = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", told.pop("time"))
    assert told == {
        "level": "warning",
        "logger": "some",
        "avatar": "main",
        "viewer": "abcdef",
        "message": 'two\nlines of "words"',
    }


def test_a_line_of_json_has_the_traceback_and_nothing_that_is_not_there():
    told = json.loads(JsonLines().format(record("it failed", error=KeyError("that"))))
    assert "KeyError: 'that'" in told["traceback"] and not {"avatar", "viewer"} & set(told)
