"""Events out of a stream: however it is cut, the same; by the rules of the WHATWG."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.http.openai.events import LONGEST_EVENT, EventReader, SentEvent, WholeLines

STREAM = (
    "\ufeffdata: first\n\n"
    ": a comment\n\n"
    "event: named\r\ndata: two\r\ndata: lines\r\nid: 7\r\n\r\n"
    "data:no space\r\rdata\n\n"
    "data: こんにちは 😀\n\n"
    "event: alone\n\n"
    'retry: 10\ndata: {"a": 1}\n\n'
    "data: never ended"
).encode()
EVENTS = [
    SentEvent("first"),
    SentEvent("two\nlines", "named"),
    SentEvent("no space"),
    SentEvent(""),
    SentEvent("こんにちは 😀"),
    SentEvent('{"a": 1}'),
]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in itertools.pairwise(at)]


def read(chunks: list[bytes]) -> list[SentEvent]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


def test_a_stream_is_read_as_the_rules_say():
    assert read([STREAM]) == EVENTS


@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_where_it_is_cut_changes_nothing(cuts):
    chunks = pieces(STREAM, cuts)
    lines = WholeLines()
    assert read(chunks) == EVENTS
    assert b"".join(lines.feed(chunk) for chunk in chunks) + lines.rest() == STREAM


def test_byte_by_byte_nothing_waits_longer_than_its_line():
    lines, passed = WholeLines(), b""
    for number in range(len(STREAM)):
        passed += lines.feed(STREAM[number : number + 1])
        seen = STREAM[: number + 1]
        assert len(passed) == max(seen.rfind(b"\n"), seen.rfind(b"\r")) + 1


def test_a_line_that_does_not_end_goes_on_in_parts_and_holds_no_memory():
    lines, sent = WholeLines(), 0
    for _ in range(100):
        sent += len(lines.feed(b"x" * 1_000_00))
        assert lines._bytes <= WholeLines.MOST_HELD
    assert sent == 100 * 100_000 and lines.is_line_open
    reader = EventReader()
    for _ in range(100):
        assert reader.feed(b"data: " + b"x" * (LONGEST_EVENT // 50)) == []
        assert sum(map(len, reader._line)) <= LONGEST_EVENT
    assert reader.feed(b"\n\ndata: next\n\n") == [SentEvent("next")]


def test_an_event_of_too_many_lines_is_left_out():
    reader = EventReader()
    for _ in range(60):
        assert reader.feed(b"data: " + b"y" * (LONGEST_EVENT // 50) + b"\n") == []
    assert sum(map(len, reader._data)) <= LONGEST_EVENT
    assert reader.feed(b"\ndata: next\n\n") == [SentEvent("next")]


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_are_read(seed):
    chance = random.Random(seed)
    for _ in range(200):
        data = bytes(chance.choice(b"data: \r\n\n:x\xe3\x81") for _ in range(200))
        assert read(pieces(data, [chance.randrange(200) for _ in range(20)])) == read([data])
