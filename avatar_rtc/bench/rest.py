"""A thousand calls of the HTTP interface at sixteen in parallel, while somebody watches."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, spread, told
from avatar_rtc.bench.served import served

CALLS, PARALLEL = 1_000, 16
P99_MS = 50.0
"""Of the calls that draw nothing."""
SNAPSHOT_P95_MS = 150.0
"""A snapshot is a frame and a PNG, 8 and 10 ms of a core alone, behind the frame under way (33 ms), and the
cores are shared with the callers. Of 1,000 calls 20 are snapshots: a p99 over all would be their median."""
REST_FPS = 29.0
_MAIN = "avatars/main"
_SNAPSHOT = f"GET {_MAIN}/snapshot.png"
_MIX: tuple[tuple[str, str, int], ...] = (
    ("GET", _MAIN, 6),
    ("GET", "avatars", 4),
    ("GET", "filters", 2),
    ("GET", "settings/schema", 2),
    ("GET", "characters", 2),
    ("GET", f"{_MAIN}/settings", 2),
    ("PUT", f"{_MAIN}/emotion", 6),
    ("PUT", f"{_MAIN}/overrides", 4),
    ("PATCH", f"{_MAIN}/overrides", 8),
    ("PUT", f"{_MAIN}/settings", 1),
    ("PATCH", f"{_MAIN}/settings", 3),
    ("PUT", f"{_MAIN}/gaze", 4),
    ("PUT", f"{_MAIN}/talking", 2),
    ("PUT", f"{_MAIN}/chain", 1),
    ("GET", f"{_MAIN}/snapshot.png", 1),
    ("POST", "avatars", 1),
)
"""Method, path and how often, in 49 of 50; each POST is followed by the DELETE of what it made."""


@dataclass
class MadeCalls:
    """What came of the calls."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Kind of call → how long each took."""
    errors: list[str] = field(default_factory=list)

    @property
    def plain_ms(self) -> list[float]:
        """How long every call took that draws nothing."""
        return [ms for kind, times in self.ms.items() if kind != _SNAPSHOT for ms in times]

    @property
    def snapshots_ms(self) -> list[float]:
        """How long every snapshot took."""
        return self.ms.get(_SNAPSHOT, [])

    def of_kind(self) -> dict[str, dict[str, float]]:
        """Count, median, 99th percentile and maximum of each kind, the slowest first."""
        slowest = sorted(self.ms, key=lambda kind: -max(self.ms[kind]))
        return {kind: _times(self.ms[kind]) for kind in slowest}


def measure(quick: bool) -> list[Measurement]:
    """Call, and count what a viewer gets meanwhile."""
    count = 100 if quick else CALLS
    with (
        served("--animator", "static", "--fps", "30") as server,
        crowd(server.url, 1, settle_s=2.0) as viewers,
    ):
        begun = time.process_time(), time.monotonic()
        calls, seen = viewers.beside(lambda: asyncio.run(call(f"{server.url}api/v1/", count)))
        busy = (time.process_time() - begun[0]) / (time.monotonic() - begun[1])
    return [
        at_most(f"calls of {count} that failed", len(calls.errors), "", 0, errors=calls.errors[:5]),
        at_most(
            f"{count} mixed calls at {PARALLEL} in parallel, p99 of those that draw nothing",
            percentile(calls.plain_ms, 99), "ms", P99_MS, **spread(calls.plain_ms), kinds=calls.of_kind(),
        ),
        at_most(
            "snapshots among them, p95",
            percentile(calls.snapshots_ms, 95), "ms", SNAPSHOT_P95_MS, **spread(calls.snapshots_ms),
        ),
        at_least("a viewer meanwhile", seen[0]["fps"], "fps", REST_FPS, longest_gap_ms=seen[0]["max_gap_ms"]),
        told("share of a core that the calling itself takes", busy * 100, "%"),
    ]  # fmt: skip


async def call(api: str, count: int, seed: int = 0) -> MadeCalls:
    """Make `count` calls, as many of each kind as the mix says, in an order that follows from the seed."""
    calls, waiting = MadeCalls(), iter(_order(count, random.Random(seed)))
    async with aiohttp.ClientSession(api, connector=aiohttp.TCPConnector(limit=PARALLEL)) as http:

        async def caller() -> None:
            for number, method, path in waiting:
                body = _body(method, path, number)
                await _timed(http, method, path, body, calls)
                if (method, path) == ("POST", "avatars"):
                    await _timed(http, "DELETE", f"avatars/{body['id']}", None, calls)

        await asyncio.gather(*(caller() for _ in range(PARALLEL)))
    return calls


def _order(count: int, pick: random.Random) -> Iterator[tuple[int, str, str]]:
    kinds = [(method, path) for method, path, times in _MIX for _ in range(times)]
    made = 0
    while made < count:
        pick.shuffle(kinds)
        for method, path in kinds:
            if made == count:
                return
            if method == "POST" and made + 2 > count:
                continue  # what is made is deleted, and one call is left
            made += 1 + (method == "POST")
            yield made, method, path


def _body(method: str, path: str, number: int) -> Any:
    share = number % 10 / 10
    match method, path.rpartition("/")[2]:
        case "GET", _:
            return None
        case "POST", _:
            return {"id": f"call-{number}"}
        case _, "emotion":
            # Without signs around the head, whose drawing every change would begin anew: see the chain.
            return {"name": ("approval", "curiosity", "neutral")[number % 3], "intensity": share}
        case _, "overrides":
            return {"head_x": share, "mouth_ooo": share}
        case _, "settings":
            return {"liveliness": 2 * share}
        case _, "gaze":
            return {"target": {"x": share, "y": -share}}
        case _, "talking":
            return {"on": number % 2 == 0}
        case _, "chain":
            # An operation that costs little: what filters cost is another figure.
            return {"chain": [["translucent_display", {"alpha": 1 - share / 2}]] if number % 2 else []}
    raise ValueError(path)


def _times(ms: Sequence[float]) -> dict[str, float]:
    found = {"p50": percentile(ms, 50), "p99": percentile(ms, 99), "max": max(ms)}
    return {"count": len(ms), **{name: round(value, 1) for name, value in found.items()}}


async def _timed(http: aiohttp.ClientSession, method: str, path: str, body: Any, calls: MadeCalls) -> None:
    kind = f"{method} {path if method != 'DELETE' else 'avatars/…'}"
    start = time.perf_counter()
    try:
        async with http.request(method, path, json=body) as response:
            content = await response.read()
            if response.status >= 400:
                calls.errors.append(f"{kind}: {response.status} {content[:200]!r}")
    except (aiohttp.ClientError, TimeoutError) as error:
        calls.errors.append(f"{kind}: {error!r}")
    calls.ms[kind].append((time.perf_counter() - start) * 1000)
