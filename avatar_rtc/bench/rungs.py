"""One viewer on a narrow link beside good ones: what each of them gets, and how soon it is up again."""

import asyncio
import contextlib
import json
import statistics
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.loss import longest_gap
from avatar_rtc.bench.loss_ways import SENTENCES
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, told
from avatar_rtc.bench.narrow import narrow_way
from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient

OTHERS, QUICK_OTHERS = 7, 2
LINK_BPS = 300_000
BEFORE_S, SETTLE_S, SECONDS, AFTER_S = 15.0, 5.0, 60.0, 10.0
QUICK = (2.0, 2.0, 3.0, 0.0)
UP_WITHIN_S = 30.0
SPEECHES = 3
"""Of a minute each: it speaks all the time, so that the picture is as busy before as beside."""


@dataclass(frozen=True)
class Others:
    """What the viewers on good links got, on average of them."""

    fps: float
    keys_per_s: float
    kb_per_s: float
    gap_ms: float
    """The longest of any."""


@dataclass(frozen=True)
class NarrowSeen:
    """What the viewer on the narrow link got."""

    fps: float
    gap_s: float
    rungs: tuple[str, ...]
    """The rung it had, once a quarter of a second."""
    offered_bps: float
    """To its link."""
    up_after_s: float | None
    """From when the limit was lifted until it had the upper rung for good; None if that never came."""
    fps_after: float


@dataclass(frozen=True)
class RungsFound:
    """Everything of one run."""

    before: Others
    beside: Others
    narrow: NarrowSeen


def measure(quick: bool) -> list[Measurement]:
    """Good viewers alone, then beside one on a narrow link, whose limit is lifted in the end."""
    with served("--animator", "static") as server:
        found = run_beside(server.url, QUICK_OTHERS if quick else OTHERS, QUICK if quick else None)
    return rungs_figures(found)


def rungs_figures(found: RungsFound) -> list[Measurement]:
    """Of one run, with their reach."""
    narrow, before, beside = found.narrow, found.before, found.beside
    name = f"link of {LINK_BPS // 1000} kbit/s"
    up_s = narrow.up_after_s
    return [
        at_least(f"{name}: pictures decoded", narrow.fps, "/s", 12, gap_s=narrow.gap_s),
        told(f"{name}: sent to it", narrow.offered_bps / 1000, "kb/s"),
        at_least(
            "the others: pictures, against before", beside.fps / max(before.fps, 0.1), "", 0.97,
            before=vars(before), beside=vars(beside),
        ),
        at_most("the others: keyframes more than before", beside.keys_per_s - before.keys_per_s, "/s", 0.1),
        at_most("the others: bits, against before", beside.kb_per_s / max(before.kb_per_s, 1), "", 1.1),
        Measurement(
            "limit lifted: upper rung again", None if up_s is None else round(up_s, 2), "s",
            f"<= {UP_WITHIN_S:g}", up_s is not None and up_s <= UP_WITHIN_S,
            {"rungs_before": list(dict.fromkeys(narrow.rungs)), "fps_after": narrow.fps_after},
        ),
    ]  # fmt: skip


def run_beside(url: str, others: int, times: tuple[float, float, float, float] | None = None) -> RungsFound:
    """Both, on a server that runs.

    Args:
        times: in s, before, to settle on the narrow link, on it, and after the limit is lifted.
    """
    before_s, settle_s, seconds, after_s = times or (BEFORE_S, SETTLE_S, SECONDS, AFTER_S)
    for _ in range(SPEECHES):
        _say(url)
    with crowd(url, others, settle_s=3.0) as good:
        before = _others(url, good.beside, lambda: time.sleep(before_s))[1]
        narrow, beside = _others(
            url, good.beside, lambda: asyncio.run(watch_narrowly(url, settle_s, seconds, after_s))
        )
    return RungsFound(before, beside, narrow)


def _others(url: str, beside: Callable[..., Any], work: Callable[[], Any]) -> tuple[Any, Others]:
    start, at = _sent(url), time.monotonic()
    done, seen = beside(work)
    took, end = time.monotonic() - at, _sent(url)
    grown = [8 * (end[viewer] - sent) / took / 1000 for viewer, sent in start.items()]
    return done, Others(
        round(statistics.mean(each["fps"] for each in seen), 2),
        round(statistics.mean(each.get("keys_per_s", 0.0) for each in seen), 3),
        round(statistics.mean(grown), 1),
        max(each["max_gap_ms"] for each in seen),
    )


def _say(url: str) -> None:
    body, headers = json.dumps({"text": SENTENCES}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}api/v1/avatars/main/speech", body, headers)
    urllib.request.urlopen(request, timeout=30).close()


def _sent(url: str) -> dict[str, int]:
    return {each["viewer"]: each["bytes_sent"] for each in viewers_of(url)}


def viewers_of(url: str) -> list[dict[str, Any]]:
    """`GET /api/v1/avatars/main/viewers`."""
    with urllib.request.urlopen(f"{url}api/v1/avatars/main/viewers", timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)["viewers"]
        return found


async def watch_narrowly(url: str, settle_s: float, seconds: float, after_s: float) -> NarrowSeen:
    """What a viewer of ours gets on a narrow link, and when the limit is lifted."""
    async with narrow_way(url, LINK_BPS) as (way, link), AvatarClient(way.url, audio=True) as avatar:
        await asyncio.sleep(settle_s)
        begin, decoded, offered = time.monotonic(), avatar.received, link.offered_bytes
        rungs, pictures = await asyncio.gather(_rungs(url, seconds), _arrivals_of(avatar, begin + seconds))
        took, gap_s = time.monotonic() - begin, longest_gap(begin, seconds, pictures)
        fps = (avatar.received - decoded) / took
        offered_bps = 8 * (link.offered_bytes - offered) / took
        link.bps = None
        up_s = await _up_for_good(url, UP_WITHIN_S + 5.0)
        begin, decoded = time.monotonic(), avatar.received
        later = await _rungs(url, after_s)
        fps_after = (avatar.received - decoded) / max(time.monotonic() - begin, 0.1)
        has_stayed = all(rung == "upper" for rung in later)
        return NarrowSeen(
            round(fps, 2), round(gap_s, 3), tuple(rungs),
            offered_bps, up_s if has_stayed else None, round(fps_after, 2),
        )  # fmt: skip


async def _arrivals_of(avatar: AvatarClient, end: float) -> list[float]:
    found: list[float] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(end - time.monotonic()):
            async for _ in avatar.frames():
                found.append(time.monotonic())
    return found


async def _rungs(url: str, seconds: float) -> list[str]:
    """The rung of whoever came last, again and again."""
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        found.append((await asyncio.to_thread(viewers_of, url))[-1]["rung"])
        await asyncio.sleep(0.25)
    return found


async def _up_for_good(url: str, within_s: float) -> float | None:
    """Seconds until whoever came last has the upper rung, and keeps it for longer than a trial."""
    begin, since = time.monotonic(), None
    while (now := time.monotonic()) - begin < within_s + 3.0:
        (rung,) = await _rungs(url, 0.01)
        since = (now if since is None else since) if rung == "upper" else None
        if since is not None and now - since > 3.0:
            return since - begin
    return None
