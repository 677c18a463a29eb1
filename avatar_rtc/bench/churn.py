"""What viewers that come and go, never come, or vanish leave behind: memory, files, tasks, seats.

came and went      connected, saw a picture, and said goodbye
abandoned          an offer whose maker never connects
vanished           connected, and then not a word: killed (its port answers "unreachable") or stopped, half of
                   them without data channels
"""

import asyncio
import contextlib
import json
import signal
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.bench.crowd import Crowd, crowd
from avatar_rtc.bench.flood import an_offer
from avatar_rtc.bench.served import Served, served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import SetupError

SILENT_FREED_S, ABANDONED_FREED_S = 10.0, 16.0
"""A second more than the 15 s that an offer has, for the look at it."""
GROWN_MB = 6.0
"""Over the later half; the allocator's steps are some MB."""
_TOGETHER = 4
SAMPLES = 40
"""Of memory, over all cycles."""
_CROWD = 25
"""Viewers of one process."""
_LOOK_S = 0.1
_QUIET_S = 12.0
"""Until a server has closed what it keeps of those who left, such as HTTP connections."""


@dataclass(frozen=True)
class Comings:
    """How many of each."""

    cycles: int
    abandoned: int
    vanished: int


FULL = Comings(1_000, 500, 200)


@dataclass(frozen=True)
class Churned:
    """What became of them."""

    memory_mb: tuple[float, ...]
    """Of the server, after each batch of cycles, which come and go at the same pace."""
    grown_mb: float
    """By how much it grew over the later half, by a straight line through it."""
    files: tuple[int, int]
    """Open ones of the server: before all, and after all."""
    tasks: tuple[int, int]
    """Of its event loop, likewise."""
    abandoned_s: float
    """Until all offers that never connected were freed."""
    vanished_s: dict[str, float]
    """Until all viewers that vanished so were."""
    cycles_per_s: float


def churned(load: Comings) -> Churned:
    """Let them come and go at a server of their own.

    Raises:
        SetupError: server or viewers broke down, or something is never freed.
    """
    with tempfile.TemporaryDirectory() as folder:
        notes, config = Path(folder) / "lag.json", Path(folder) / "config.toml"
        seats = load.abandoned + load.vanished + _TOGETHER + 1
        config.write_text(
            f"max_viewers = {seats}\ndata_dir = {json.dumps(folder)}\n[limits]\npending_offers = {seats}\n"
        )
        program = ("avatar_rtc.bench.lag_server", str(notes))
        flags = ("--animator", "static", "--config", str(config))
        with served(*flags, program=program) as server, crowd(server.url, 1):
            asyncio.run(_come_and_go(server, max(_TOGETHER, load.cycles // 20), lambda: None))
            time.sleep(_QUIET_S)
            before, files = time.monotonic(), server.process.num_fds()
            memory: list[float] = []
            begun = time.monotonic()
            asyncio.run(
                _come_and_go(
                    server, load.cycles, lambda: memory.append(server.process.memory_info().rss / 1e6)
                )
            )
            pace = load.cycles / (time.monotonic() - begun)
            abandoned_s = _abandon(server, load.abandoned)
            vanished_s = {
                f"{how.name}{' bare' * bare}": _vanish(server, load.vanished // 4, how, bare)
                for how in (signal.SIGKILL, signal.SIGSTOP)
                for bare in (False, True)
            }
            time.sleep(_QUIET_S)
            after, files_left = time.monotonic(), server.process.num_fds()
            time.sleep(1.0)  # one more count of the tasks
        counted = json.loads(notes.read_text())["tasks"]
    tasks = (_nearest(counted, before), _nearest(counted, after))
    return Churned(
        tuple(round(each, 1) for each in memory), round(growth(memory), 2), (files, files_left), tasks,
        round(abandoned_s, 1), {how: round(s, 1) for how, s in vanished_s.items()}, round(pace, 1),
    )  # fmt: skip


def growth(samples: Sequence[float]) -> float:
    """How much the later half grows from its first to its last sample, by a straight line through it.

    >>> growth([0, 9, 10, 10.5, 11, 11.5])
    1.0
    """
    later = np.asarray(samples[len(samples) // 2 :], float)
    if len(later) < 2:
        return 0.0
    return float(round(np.polyfit(np.arange(len(later)), later, 1)[0] * (len(later) - 1), 6))


def _nearest(counted: Sequence[tuple[float, int]], when: float) -> int:
    return int(min(counted, key=lambda each: abs(each[0] - when))[1])


async def _come_and_go(server: Served, cycles: int, note: Callable[[], None]) -> None:
    """So many viewers, some at a time; each sees a picture and leaves."""
    left, every = iter(range(cycles)), max(1, cycles // SAMPLES)

    async def again() -> None:
        for number in left:
            async with AvatarClient(server.url, audio=True) as avatar:
                await anext(avatar.frames())
            if number % every == every - 1:
                note()

    await asyncio.gather(*(again() for _ in range(_TOGETHER)))


def _abandon(server: Served, count: int) -> float:
    """Seconds from the last of so many offers until all of them are gone."""
    headers = {"Content-Type": "application/sdp"}
    for _ in range(count):
        url = f"{server.url}api/v1/avatars/main/whep"
        urllib.request.urlopen(urllib.request.Request(url, an_offer(), headers), timeout=30).close()
    return _freed(server, 1)


def _vanish(server: Served, count: int, how: signal.Signals, bare: bool) -> float:
    """Seconds from when so many viewers are killed or stopped until they are gone."""
    with ExitStack() as stack:
        sizes = [_CROWD] * (count // _CROWD) + [count % _CROWD] * (count % _CROWD > 0)
        crowds: list[Crowd] = [stack.enter_context(crowd(server.url, size, bare=bare)) for size in sizes]
        if server.state()["viewers"] != count + 1:
            raise SetupError(f"of {count} viewers not all are there")
        for each in crowds:
            each.end(how)
        try:
            return _freed(server, 1)
        finally:
            for each in crowds:
                each.end(signal.SIGKILL)


def _freed(server: Served, viewers: int, within_s: float = 60.0) -> float:
    begun = time.monotonic()
    while (found := _viewers(server)) != viewers:
        if time.monotonic() - begun > within_s:
            raise SetupError(f"{found} viewers stay where {viewers} should")
        time.sleep(_LOOK_S)
    return time.monotonic() - begun


def _viewers(server: Served) -> int | None:
    with contextlib.suppress(OSError):
        about: dict[str, Any] = server.state()
        return int(about["viewers"])
    return None
