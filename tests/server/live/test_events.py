"""What is told is heard once and in order, by whoever listens and by whoever comes back in time."""

import asyncio
import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.live import events as home
from avatar_rtc.server.live.events import EVENT_KINDS, MAX_EVENT_BYTES, MAX_KEPT_EVENTS, Events, ToldEvent


def some_events(shown=None) -> Events:
    return Events((shown if shown is not None else []).append, lambda: {"mood": "now"})


def words(found: list[ToldEvent]) -> list[object]:
    return [told.event["n"] for told in found if told.type == "speech.word"]


TOLD = st.lists(st.sampled_from(["word", "state", "cut", "read"]), max_size=120)


@given(TOLD)
def test_cut_and_come_back_at_random_and_every_event_is_heard_once_in_order(steps):
    """The law of `Last-Event-ID`."""
    events, count, found = some_events(), 0, []
    listener = events.listener()

    def read() -> None:
        nonlocal found
        found += listener.take()

    for step in steps:
        match step:
            case "word":
                events.tell({"type": "speech.word", "n": count})
                count += 1
            case "state":
                events.tell({"type": "state", "n": count})
            case "read":
                read()
            case "cut":  # whatever was on the way is lost with the connection
                listener.close()
                seen = events.id_of(found[-1]) if found else ""
                number = events.number_of(seen)
                listener = events.listener(0 if number is None else number)
    read()
    numbers = [told.number for told in found]
    assert numbers == sorted(set(numbers))
    assert words(found) == list(range(count))


@given(st.lists(st.sampled_from(["word", "state"]), min_size=1, max_size=60))
def test_who_reads_late_hears_of_states_the_newest_alone(steps):
    events = some_events()
    with closing(events.listener()) as listener:
        for n, step in enumerate(steps):
            events.tell({"type": "speech.word" if step == "word" else "state", "n": n})
        found = listener.take()
    assert words(found) == [n for n, step in enumerate(steps) if step == "word"]
    states = [n for n, step in enumerate(steps) if step == "state"]
    assert [told.event["n"] for told in found if told.type == "state"] == states[-1:]


@given(st.lists(st.integers(0, 3 * MAX_EVENT_BYTES), max_size=12), st.integers(0, 12))
def test_who_is_too_slow_is_told_so_in_its_place(sizes, seen):
    events = some_events()
    with closing(events.listener(min(seen, len(sizes)))) as listener:
        for n, size in enumerate(sizes):
            events.tell({"type": "speech.word", "n": n, "text": "x" * size})
        found = listener.take()
    kept = words(found)
    assert kept == list(range(len(sizes) - len(kept), len(sizes)))
    missed = [told for told in found if told.type == home.MISSED_TYPE]
    assert len(missed) == (len(kept) < len(sizes) - min(seen, len(sizes)))
    assert found == sorted(found, key=lambda told: told.number)
    assert events._kept_bytes <= MAX_EVENT_BYTES or len(events._kept) == 1


def test_what_is_kept_is_bounded_in_number():
    events = some_events()
    for n in range(5 * MAX_KEPT_EVENTS):
        events.tell({"type": "speech.word", "n": n})
    assert len(events._kept) == MAX_KEPT_EVENTS
    assert events._kept_bytes == sum(len(told.text) for told in events._kept)


def test_a_state_is_written_once_for_all_and_not_at_all_for_nobody(monkeypatch):
    dumped, dumps = [], json.dumps
    monkeypatch.setattr(json, "dumps", lambda value, **more: dumped.append(value) or dumps(value, **more))
    shown: list[ToldEvent] = []
    events = some_events(shown)
    events.tell({"type": "state"})
    assert dumped == [] and events._state is None
    listeners = [events.listener() for _ in range(100)]
    events.tell({"type": "state"})
    texts = {told.text for listener in listeners for told in listener.take()} | {shown[-1].text}
    assert len(texts) == len(dumped) == 1


def test_an_id_of_another_life_says_nothing():
    events, other = some_events(), some_events()
    for each in (events, other):
        each.tell({"type": "viewers", "count": 1})
    (own,) = events.listener(0).take()
    assert events.number_of(events.id_of(own)) == 1
    for id in (other.id_of(own), "", "1", "-1", "x", f"{events._life}-2", f"{events._life}-", "9" * 9000,
               f"{events._life}-{'9' * 5000}", f"{events._life}-²", f"{events._life}--1"):  # fmt: skip
        assert events.number_of(id) is None, id


def test_who_begins_hears_how_it_is_and_no_older_state():
    events = some_events()
    first = events.listener()
    events.tell({"type": "viewers", "count": 1})
    events.tell({"type": "state", "mood": "old"})
    second = events.listener(0)
    begin = second.begin()
    assert (begin.number, dict(begin.event)) == (0, {"type": "state", "mood": "now"})
    assert [told.type for told in second.take()] == ["viewers"]
    assert [told.type for told in first.take()] == ["viewers", "state"]


async def test_the_end_is_told_last_and_ends_everybody():
    shown: list[ToldEvent] = []
    events = some_events(shown)
    waiting = asyncio.create_task(_all(events))
    await asyncio.sleep(0)
    events.tell({"type": "gesture.started", "name": "nod"})
    await asyncio.sleep(0)
    events.close()
    events.tell({"type": "viewers", "count": 0})
    assert [event["type"] for event in await waiting] == ["gesture.started", "closing"]
    assert [told.type for told in shown] == ["gesture.started", "closing"]


async def _all(events: Events) -> list:
    return [event async for event in events.listen()]


async def test_who_has_left_is_forgotten():
    events = some_events()
    events.listen()  # never asked for anything
    listener = events.listener()
    assert events.listeners == 1
    listener.close()
    listener.close()
    assert events.listeners == 0


@pytest.mark.parametrize("kind", [*EVENT_KINDS, "closing", "events.missed", "something.new"])
def test_who_chooses_hears_that_and_what_concerns_itself(kind):
    told = ToldEvent(1, {"type": f"{kind}.begun" if kind == "speech" else kind})
    assert told.is_of([kind])
    assert told.is_of([]) == (kind not in EVENT_KINDS)
