"""Server-Sent Events, read by a few lines that follow the standard and share nothing with ours."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.server.http.keys import AVATARS, LIMITS
from avatar_rtc.server.http.routes import events as route
from tests.waiting import until

EVENTS = "/api/v1/avatars/main/events"


class Source:
    """An `EventSource`: WHATWG, 9.2.6, for streams whose lines end with a newline."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.last_event_id, self.comments = answer, "", 0
        self._id, self._data = "", ""

    async def next(self) -> dict[str, Any] | None:
        """The next event; None at the end."""
        while line := (await self.answer.content.readline()).decode():
            field, _, value = line.rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                self._data += value + "\n"
            elif field == "id":
                self._id = value
            elif field == "" and line != "\n":
                self.comments += 1
            elif line == "\n":
                self.last_event_id, data, self._data = self._id, self._data, ""
                if data:
                    return json.loads(data)
        return None

    async def until(self, kind: str) -> dict[str, Any]:
        """The next of that type."""
        async with asyncio.timeout(10):
            while True:
                event = await self.next()
                assert event is not None, "the stream has ended"
                if event["type"] == kind:
                    return event


@asynccontextmanager
async def listening(client: Any, query: str = "", **headers: str) -> AsyncIterator[Source]:
    async with client.get(EVENTS + query, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        yield Source(answer)


def tell(client: Any, **event: object) -> None:
    client.app[AVATARS]["main"].events.tell(event)


async def test_it_begins_with_a_state_and_goes_on_with_what_is_told(client):
    async with listening(client) as source:
        first = await source.next()
        assert first is not None and (first["type"], first["id"]) == ("state", "main")
        assert (await client.put("/api/v1/avatars/main/talking", json={"on": True})).status == 200
        while not (await source.until("state"))["talking"]:
            pass  # of what came before
        tell(client, type="speech.word", word="two\nlines \u2028 ☺")
        assert (await source.until("speech.word"))["word"] == "two\nlines \u2028 ☺"


async def test_proxies_and_caches_leave_it_alone(client):
    async with listening(client, **{"Accept-Encoding": "gzip"}) as source:
        headers = source.answer.headers
        assert headers["Content-Type"] == "text/event-stream"
        assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
        assert "Content-Encoding" not in headers
    answer = await client.head(EVENTS)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert client.app[AVATARS]["main"].events.listeners == 0


async def test_who_comes_back_hears_what_it_missed(client):
    async with listening(client) as source:
        await source.next()
        tell(client, type="speech.word", word="one")
        await source.until("speech.word")
        seen = source.last_event_id
    for word in ("two", "three"):
        tell(client, type="speech.word", word=word)
    for query, headers in (("", {"Last-Event-ID": seen}), (f"?last_event_id={seen}", {})):
        async with listening(client, query, **headers) as source:
            first = await source.next()
            assert first is not None and first["type"] == "state" and source.last_event_id == seen
            assert [(await source.until("speech.word"))["word"] for _ in range(2)] == ["two", "three"]
    for stale in ("f00f00f0-3", "nonsense", "3", "\u00e9"):
        async with listening(client, "?types=viewers,speech", **{"Last-Event-ID": stale}) as source:
            await until(lambda: client.app[AVATARS]["main"].events.listeners == 1)
            tell(client, type="viewers", count=7)
            assert (await source.next()) == {"type": "viewers", "count": 7}
        await until(lambda: not client.app[AVATARS]["main"].events.listeners)


async def test_whatever_is_told_and_wherever_it_is_cut_each_event_is_heard_once_in_order(client):
    """The law of `tests/server/live/test_events.py`, over the wire: cut within lines, too."""
    pick, seen, heard, cuts = random.Random(7), "", [], 0
    count = 300

    async def tell_all() -> None:
        for n in range(count):
            tell(client, type=pick.choice(["speech.word", "gesture.started"]), n=n)
            if pick.random() < 0.2:
                tell(client, type="state", n=n)
            if pick.random() < 0.3:
                await asyncio.sleep(0)

    telling = None
    while not heard or heard[-1] < count - 1:
        async with listening(client, **({"Last-Event-ID": seen} if seen else {})) as source:
            if telling is None:
                await source.next()
                seen, telling = source.last_event_id, asyncio.create_task(tell_all())
            for _ in range(pick.randrange(40)):
                event = await asyncio.wait_for(source.next(), 5)
                assert event is not None
                seen = source.last_event_id
                heard += [event["n"]] if event["type"] != "state" else []
                if heard and heard[-1] == count - 1:
                    break
            with suppress(TimeoutError):  # all may have been read
                async with asyncio.timeout(0.1):
                    await source.answer.content.read(pick.randrange(1, 300))
        cuts += 1
    await telling
    assert heard == list(range(count)) and cuts > 5


async def test_only_what_is_wanted_comes(client):
    async with listening(client, "?types=viewers,%20speech") as source:
        await until(lambda: client.app[AVATARS]["main"].events.listeners)
        tell(client, type="state")
        tell(client, type="recordings")
        tell(client, type="speech.word", word="a")
        tell(client, type="viewers", count=1)
        assert [(await source.next() or {})["type"] for _ in range(2)] == ["speech.word", "viewers"]
    for query in ("?types=speach", "?types=", "?types=state,,speech"):
        answer = await client.get(EVENTS + query)
        assert answer.status == 400
        assert "unknown kind of event" in (detail := (await answer.json(content_type=None))["detail"])
        assert "'speech', 'gesture'" in detail


async def test_viewers_and_recordings_are_told(client, watch):
    async with listening(client, "?types=viewers,recordings") as source:
        await until(lambda: client.app[AVATARS]["main"].events.listeners)
        await watch()
        assert (await source.until("viewers"))["count"] == 1
        client.app[AVATARS]["main"].tell_recordings(["abc"])
        assert await source.until("recordings") == {
            "type": "recordings", "under_way": ["abc"], "revision": 1,
        }  # fmt: skip


async def test_silence_is_broken_by_a_comment(client, monkeypatch):
    monkeypatch.setattr(route, "EVENT_HEARTBEAT_S", 0.05)
    async with listening(client, "?types=viewers") as source:
        asyncio.get_running_loop().call_later(0.4, lambda: tell(client, type="viewers", count=3))
        assert await source.next() == {"type": "viewers", "count": 3}
        assert source.comments > 1


async def test_it_ends_with_the_avatar(client):
    created = await client.post("/api/v1/avatars", json={"id": "guest", "character": "hero"})
    assert created.status == 201
    async with client.get("/api/v1/avatars/guest/events") as answer:
        source = Source(answer)
        await source.next()
        assert (await client.delete("/api/v1/avatars/guest")).status < 300
        assert await source.until("closing") == {"type": "closing"}
        assert await source.next() is None
    assert (await client.get("/api/v1/avatars/guest/events")).status == 404


async def test_a_seat_is_free_when_its_listener_has_left(serve, config):
    limits = config.limits.model_copy(update={"listeners": 3, "listeners_of_one": 2})
    client = await serve(config.model_copy(update={"limits": limits}))
    async with listening(client) as one, listening(client):
        await one.next()
        answer = await client.get(EVENTS)
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert "the limit of 2 listeners from one address" in (await answer.json(content_type=None))["detail"]
        assert client.app[LIMITS].refused["listeners_of_one"] == 1
        metrics = await (await client.get("/metrics")).text()
        assert 'avatar_rtc_listeners{avatar="main"} 2.0' in metrics
    async with asyncio.timeout(2):  # at once, not with the next comment
        await until(lambda: not client.app[AVATARS]["main"].events.listeners)
    async with listening(client) as source:
        assert await source.next()


async def test_a_hundred_listeners_hear_the_same_and_the_avatar_lives_on(serve, config):
    limits = LimitsConfig(listeners_of_one=100)
    client = await serve(config.model_copy(update={"limits": limits}))
    client.session.connector._limit = 0
    sources = [Source(await client.get(EVENTS)) for _ in range(100)]
    for source in sources:
        await source.next()
    began = time.monotonic()
    for n in range(20):
        tell(client, type="speech.word", n=n)
    for source in sources:
        assert [(await source.until("speech.word"))["n"] for _ in range(20)] == list(range(20))
    assert time.monotonic() - began < 5
    assert (await client.get("/api/v1/avatars/main")).status == 200
    for source in sources:
        source.answer.close()


async def test_who_never_reads_is_cut_off_and_costs_nobody_else(serve, config, stuck):
    limits = config.limits.model_copy(update={"body_s": 0.3})
    client = await serve(config.model_copy(update={"limits": limits}))
    await stuck(client, f"GET {EVENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    events = client.app[AVATARS]["main"].events
    await until(lambda: events.listeners)
    async with asyncio.timeout(20):
        while events.listeners:
            for n in range(100):
                tell(client, type="speech.word", n=n, text="x" * 2000)
            await asyncio.sleep(0)
    assert (await client.get("/api/v1/avatars/main")).status == 200


@pytest.mark.parametrize("path", ["events", "control"])
async def test_an_avatar_that_is_not_there_is_not_found(client, path):
    assert (await client.get(f"/api/v1/avatars/nobody/{path}")).status == 404
