"""Twenty avatars made, watched and deleted again and again leave no process, thread, file or task behind."""

import asyncio
import contextlib
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from avatar_rtc.bench.served import Served, served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server
from avatar_rtc.link.orders import CloseAvatar, OpenAvatar, StartRendition, StopRendition

MANY, AT_ONCE, ROUNDS = 20, 5, 3
NAMES = tuple(f"extra-{number}" for number in range(MANY))
WATCHED, SHOWN = NAMES[7], NAMES[3]
LIMIT = MANY + 1
"""They and `main`: one that is not quite gone makes the next round fail."""
POOL_THREADS = 8
"""A few rounds may not have needed every thread of the pools yet; one that is lost per avatar makes 80."""
GROWTH_MB = 60
"""In two rounds of twenty; the picture alone of each avatar has 1 MB."""

Done = TypeVar("Done")


@dataclass(frozen=True)
class Use:
    """What one process holds of the machine."""

    threads: int
    files: int
    memory_mb: float
    """Resident now."""
    peak_mb: float
    """Most that ever was resident. What is now moves by 25 MB either way, for glibc gives the memory of a
    message to the worker back at one time and keeps it at another; every round reaches the peak."""


@dataclass(frozen=True)
class Held:
    """What a server and its render worker hold, and how many processes there are in all."""

    processes: int
    server: Use
    worker: Use

    @property
    def counts(self) -> tuple[int, int, int]:
        """Processes, files of the server, files of the worker."""
        return self.processes, self.server.files, self.worker.files

    def more_threads(self, than: "Held") -> int:
        """How many more than before; of both processes the larger number."""
        return max(self.server.threads - than.server.threads, self.worker.threads - than.worker.threads)

    def grown_mb(self, since: "Held") -> float:
        """By how much the peak of the memory has grown; of both processes the larger number."""
        return max(self.server.peak_mb - since.server.peak_mb, self.worker.peak_mb - since.worker.peak_mb)


async def make_watch_delete(url: str) -> None:
    """Make twenty, five at a time; watch one until a picture comes, take a picture of another; delete all."""
    async with Server(url) as server:
        await _few_at_once(server.create_avatar, NAMES)
        assert {about["id"] for about in await server.avatars()} == {"main", *NAMES}
        async with asyncio.timeout(60), AvatarClient(server.address(WATCHED)) as avatar:
            await anext(avatar.frames())
        assert (await server.snapshot(SHOWN)).startswith(b"\x89PNG\r\n\x1a\n")
        await _few_at_once(server.delete_avatar, NAMES)
        (main,) = await server.avatars()
        assert (main["id"], main["state"], main["worker_restarts"]) == ("main", "live", 0)


async def held_after_each(server: Served, rounds: int) -> list[Held]:
    """What is held after each round, once as much is closed as after the first, or ten seconds later."""
    # The spare worker comes late; without it there would be a process less at first.
    workers = await soon(server.workers, lambda found: len(found) == 2, within_s=60)
    worker = min(workers, key=lambda process: process.create_time())

    def held() -> Held:
        return Held(1 + len(server.process.children(recursive=True)), _use(server.process), _use(worker))

    await make_watch_delete(server.url)
    await asyncio.sleep(2.0)
    seen = [held()]
    for _ in range(rounds - 1):
        await make_watch_delete(server.url)
        seen.append(await soon(held, lambda found: found.counts == seen[0].counts))
    return seen


async def soon(probe: Callable[[], Done], good: Callable[[Done], bool], within_s: float = 10.0) -> Done:
    """What `probe` gives as soon as that is good, or at last."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not good(found := probe()) and loop.time() < deadline:  # noqa: ASYNC110 - no process tells when
        await asyncio.sleep(0.05)
    return found


@contextlib.contextmanager
def roomy(folder: Path) -> Iterator[Served]:
    """A server that has room for them, whose files are in a folder."""
    file = folder / "config.toml"
    file.write_text(f"max_avatars = {LIMIT}\ndata_dir = {json.dumps(str(folder / 'own'))}\n")
    with served("--animator", "static", "--config", str(file)) as server:
        yield server


@pytest.mark.slow
@pytest.mark.realtime  # memory is given back when threads have been idle for a time
async def test_rounds_leave_no_process_thread_or_file_behind(tmp_path: Path) -> None:
    with roomy(tmp_path) as server:
        seen = await held_after_each(server, ROUNDS)
    assert [each.counts for each in seen] == [seen[0].counts] * ROUNDS
    assert seen[-1].more_threads(seen[0]) <= POOL_THREADS
    assert seen[-1].grown_mb(seen[0]) < GROWTH_MB


async def test_rounds_leave_no_task_behind(serve, config, renderer) -> None:
    client = await serve(config.model_copy(update={"max_avatars": LIMIT}))
    url = str(client.make_url("/"))
    before = _tasks()
    for _ in range(ROUNDS):
        await make_watch_delete(url)
    after = await soon(_tasks, lambda found: found == before)
    assert after == before
    opened = [message.avatar for message in renderer.told(OpenAvatar)]
    closed = [message.avatar for message in renderer.told(CloseAvatar)]
    assert sorted(opened) == sorted(["main", *NAMES * ROUNDS]) and sorted(closed) == sorted(opened[1:])
    started, stopped = renderer.told(StartRendition), renderer.told(StopRendition)
    assert len(started) == len(stopped) == ROUNDS


def _tasks() -> Counter[str]:
    """How many tasks run each coroutine."""
    return Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())


def _use(process: psutil.Process) -> Use:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (peak_kib,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    memory = process.memory_info().rss
    return Use(process.num_threads(), process.num_fds(), memory / 1e6, int(peak_kib) * 1024 / 1e6)


async def _few_at_once(call: Callable[[str], Awaitable[object]], names: Iterable[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            await call(name)

    await asyncio.gather(*map(one, names))
