"""The load on the HTTP interface: what is called, how many at a time, and what is made of the answers."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from avatar_rtc.bench import rest
from avatar_rtc.bench.rest import PARALLEL, MadeCalls, call
from avatar_rtc.cli.main import main

ROUND = 50
"""MadeCalls after which each kind has had its share."""


@dataclass
class Api:
    """Answers anything, and remembers it."""

    asked: list[tuple[str, str, object]] = field(default_factory=list)
    """Method, path and body in the order of arrival."""
    at_once: int = 0
    most_at_once: int = 0
    answer: Callable[[str, str], web.Response | None] = lambda method, path: web.json_response({})
    """None hangs up."""
    delay_s: Callable[[str, str], float] = lambda method, path: 0.0

    async def handle(self, request: web.Request) -> web.Response:
        path, body = request.path.removeprefix("/api/v1/"), await request.read()
        self.asked.append((request.method, path, json.loads(body) if body else None))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.delay_s(request.method, path))
        self.at_once -= 1
        if (response := self.answer(request.method, path)) is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return response

    def kinds(self) -> Counter[tuple[str, str]]:
        return Counter((m, "avatars/…" if m == "DELETE" else path) for m, path, _ in self.asked)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def url(api: Api) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/api/v1/{path:.*}", api.handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/v1/"))


async def test_each_kind_has_its_share(api: Api, url: str) -> None:
    calls = await call(url, 4 * ROUND)
    shares = {(method, path): 4 * times for method, path, times in rest._MIX}
    # What is made is deleted, and that is a call too.
    assert api.kinds() == shares | {("DELETE", "avatars/…"): 4}
    assert {kind: len(ms) for kind, ms in calls.ms.items()} == {
        f"{method} {path}": count for (method, path), count in api.kinds().items()
    }
    assert len(calls.snapshots_ms) == 4 and len(calls.plain_ms) == 4 * ROUND - 4 and calls.errors == []


async def test_sixteen_are_under_way_at_a_time(api: Api, url: str) -> None:
    api.delay_s = lambda method, path: 0.02
    await call(url, 2 * ROUND)
    assert api.most_at_once == PARALLEL


async def test_what_is_called_follows_from_the_seed(api: Api, url: str) -> None:
    found = []
    for seed in (1, 1, 2):
        api.asked.clear()
        await call(url, 2 * ROUND, seed)
        # With sixteen at a time they need not arrive as they left.
        found.append(sorted(json.dumps(each) for each in api.asked))
    assert found[0] == found[1]
    orders = [list(rest._order(2 * ROUND, random.Random(seed))) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("count", range(1, 2 * ROUND, 7))
async def test_as_many_calls_as_asked_for(url: str, count: int) -> None:
    for seed in range(5):
        calls = await call(url, count, seed)
        assert len(calls.plain_ms) + len(calls.snapshots_ms) == count


async def test_each_avatar_made_is_deleted_afterwards(api: Api, url: str) -> None:
    await call(url, 10 * ROUND)
    made = [body["id"] for method, _, body in api.asked if method == "POST"]  # type: ignore[index]
    assert len(set(made)) == len(made) == 10
    for name in made:
        steps = [m for m, path, body in api.asked if body == {"id": name} or path == f"avatars/{name}"]
        assert steps == ["POST", "DELETE"]


async def test_refusals_and_lost_connections_are_errors(api: Api, url: str) -> None:
    def answer(method: str, path: str) -> web.Response | None:
        if path == "filters":
            return web.Response(status=503, text="too busy")
        return None if path == "characters" else web.json_response({})

    api.answer = answer
    calls = await call(url, ROUND)
    shares = {path: times for _, path, times in rest._MIX}
    refused = [error for error in calls.errors if error == "GET filters: 503 b'too busy'"]
    lost = [error for error in calls.errors if error.startswith("GET characters: ServerDisconnected")]
    assert (len(refused), len(lost)) == (shares["filters"], shares["characters"])
    assert len(calls.errors) == len(refused) + len(lost)


async def test_a_slow_kind_shows_as_slow_and_the_others_do_not(api: Api, url: str) -> None:
    api.delay_s = lambda method, path: 0.3 if path.endswith("snapshot.png") else 0.0
    calls = await call(url, 4 * ROUND)
    (slow,) = [ms for kind, ms in calls.ms.items() if kind.endswith("snapshot.png")]
    assert len(slow) == 4 and min(slow) >= 295
    assert sorted(calls.plain_ms)[len(calls.plain_ms) // 2] < 100


def test_the_table_of_kinds_by_hand() -> None:
    calls = MadeCalls()
    calls.ms["GET a"] += [4.0, 1.0, 3.0, 2.04]
    calls.ms["PUT b"] += [9.0]
    assert calls.of_kind() == {
        "PUT b": {"count": 1, "p50": 9.0, "p99": 9.0, "max": 9.0},
        "GET a": {"count": 4, "p50": 2.0, "p99": 4.0, "max": 4.0},
    }
    assert list(calls.of_kind()) == ["PUT b", "GET a"]  # the slowest first


@pytest.mark.slow
def test_all_of_it_on_a_real_server(tmp_path: Path) -> None:
    file = tmp_path / "rest.json"
    code = main(["bench", "--quick", "--only", "rest", "--json", str(file)])
    failed, waits, snapshots, viewer, load = json.loads(file.read_text())["figures"]
    # How fast it is depends on what else runs here; that nothing fails does not.
    assert (failed["value"], failed["passed"], failed["detail"]["errors"]) == (0, True, [])
    samples = waits["detail"]["samples"] + snapshots["detail"]["samples"]
    assert samples == sum(k["count"] for k in waits["detail"]["kinds"].values()) == 100
    assert snapshots["passed"] is (snapshots["value"] <= 150) and snapshots["detail"]["samples"] == 2
    assert 0 < waits["detail"]["p50"] <= waits["value"] <= waits["detail"]["max"]
    assert waits["passed"] is (waits["value"] <= 50) and waits["reach"] == "<= 50"
    assert viewer["value"] > 0 and viewer["passed"] is (viewer["value"] >= 29)
    assert 0 < load["value"] < 100 and load["passed"] is None
    assert code == (0 if waits["passed"] and snapshots["passed"] and viewer["passed"] else 1)
