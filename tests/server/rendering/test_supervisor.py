"""The rendering service with scripted workers: briefing, replacement, hangs, and the real process once."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    Booted,
    BootFailed,
    Broken,
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    Say,
    SetState,
    StartRendition,
    StopRendition,
    Up,
)
from avatar_rtc.server.rendering.process import spawn_worker
from avatar_rtc.server.rendering.supervisor import Rendering
from avatar_rtc.stream.frame import EncodedFrame, Rendition
from tests.waiting import until

ALPHA = Rendition("h264", "alpha")


class FakeWorker:
    def __init__(self, *first: Up) -> None:
        self.told: list[Down] = []
        self.closed = self.killed = False
        self._up: asyncio.Queue[Up | None] = asyncio.Queue()
        for message in first:
            self._up.put_nowait(message)

    async def send(self, message: Down) -> None:
        self.told.append(message)

    def say(self, message: Up | None) -> None:
        self._up.put_nowait(message)

    async def messages(self) -> AsyncIterator[Up]:
        while (message := await self._up.get()) is not None:
            yield message

    def busy_s(self) -> float | None:
        return None

    def memory_bytes(self) -> int | None:
        return None

    def kill(self) -> None:
        self.killed = True
        self.say(None)

    async def close(self) -> None:
        self.closed = True


class Workshop:
    """Spawns fake workers that boot at once, and keeps them for the test."""

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []

    async def spawn(self) -> FakeWorker:
        self.workers.append(FakeWorker(Booted("cpu", 1.5)))
        return self.workers[-1]


def opened(name: str = "main") -> OpenAvatar:
    return OpenAvatar(name, bytes(512 * 512 * 4), epoch=0.0, state=AvatarState(), animator="static")


def frame(rendition: Rendition = ALPHA) -> EncodedFrame:
    return EncodedFrame("main", rendition, 0, True, b"")


def mapped_by(pid: int) -> str:
    """The files mapped by a process, where the system tells."""
    maps = Path(f"/proc/{pid}/maps")
    return maps.read_text() if maps.exists() else ""


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_was_said_before_boot_is_told_after_it() -> None:
    workshop, heard = Workshop(), list[Up]()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        rendering.open(opened(), heard.append)
        rendering.send(StartRendition("main", ALPHA))
        await settle()
        assert workshop.workers[0].told == [opened(), StartRendition("main", ALPHA)]
        assert rendering.device == "cpu" and rendering.recovery.boot_s == 1.5
        workshop.workers[0].say(AvatarReady("main", "static", 0.1))
        workshop.workers[0].say(frame())
        await settle()
    assert heard == [AvatarReady("main", "static", 0.1), frame()]
    assert workshop.workers[0].closed


async def test_a_dead_worker_is_replaced_and_told_the_newest() -> None:
    workshop, heard = Workshop(), list[Up]()
    newest = AvatarState(intensity=0.5)
    async with Rendering(workshop.spawn, spare=False) as rendering:
        rendering.open(opened(), heard.append)
        rendering.send(StartRendition("main", ALPHA))
        rendering.send(StartRendition("main", Rendition("vp8", "matte")))
        rendering.send(StopRendition("main", Rendition("vp8", "matte")))
        rendering.send(SetState("main", newest))
        rendering.open(opened("gone"), lambda _: None)
        rendering.close_avatar("gone")
        await settle()
        workshop.workers[0].say(None)
        await until(lambda: len(workshop.workers) == 2 and len(workshop.workers[1].told) == 2)
        assert rendering.restarts == 1 and heard == [AvatarStarting("main")]
        first, second = workshop.workers[1].told
        assert isinstance(first, OpenAvatar) and (first.avatar, first.state) == ("main", newest)
        assert second == StartRendition("main", ALPHA)


async def test_a_new_worker_is_told_what_is_still_being_said() -> None:
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        avatar = replace(opened(), epoch=time.monotonic() - 100.0)
        rendering.open(avatar, lambda message: None)
        over, current, next_ = (Say("main", "s", begin, Timeline(2.0, ())) for begin in (90.0, 99.5, 101.5))
        for said in (over, current, next_):
            rendering.send(said)
        await settle()
        workshop.workers[0].say(None)
        await until(lambda: len(workshop.workers) == 2 and len(workshop.workers[1].told) >= 3)
        await settle()
        again = [message for message in workshop.workers[1].told if isinstance(message, Say)]
        assert again == [current, next_]
        rendering.open(avatar, lambda message: None)  # another character goes on with the sentence
        rendering.send(Hush("main", 100.0))
        workshop.workers[1].say(None)
        await until(lambda: len(workshop.workers) == 3 and workshop.workers[2].told)
        await settle()
        assert not [message for message in workshop.workers[2].told if isinstance(message, Say)]


async def test_frames_nobody_wants_any_more_are_dropped() -> None:
    workshop, heard = Workshop(), list[Up]()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        rendering.open(opened(), heard.append)
        await settle()
        workshop.workers[0].say(frame())
        await settle()
    assert heard == []


async def test_a_silent_worker_that_owes_frames_is_replaced() -> None:
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False, hang_timeout_s=0.2) as rendering:
        rendering.open(opened(), lambda _: None)
        await settle()
        workshop.workers[0].say(AvatarReady("main", "static", 0.1))
        await asyncio.sleep(0.5)
        assert not workshop.workers[0].killed, "nobody watches, so it may be silent"
        rendering.send(StartRendition("main", ALPHA))
        await until(lambda: workshop.workers[0].killed and len(workshop.workers) >= 2)


async def test_options_that_cannot_work_fail_every_avatar_and_end_the_tries() -> None:
    heard: list[Up] = []
    workers: list[FakeWorker] = []

    async def spawn() -> FakeWorker:
        workers.append(FakeWorker(BootFailed("no CUDA GPU"), None))  # type: ignore[arg-type]
        return workers[-1]

    async with Rendering(spawn, spare=False) as rendering:
        rendering.open(opened(), heard.append)
        await until(lambda: heard)
        rendering.open(opened("late"), heard.append)
    assert heard == [AvatarFailed("main", "no CUDA GPU"), AvatarFailed("late", "no CUDA GPU")]
    assert len(workers) == 1


async def test_options_that_have_worked_are_tried_again() -> None:
    """A card that died with its worker may be back a moment later."""
    told = [Booted("cuda", 1.0), BootFailed("the driver is being reset"), Booted("cuda", 1.0, "slow")]
    workers: list[FakeWorker] = []

    async def spawn() -> FakeWorker:
        workers.append(FakeWorker(told[len(workers)]))  # type: ignore[arg-type]
        return workers[-1]

    async with Rendering(spawn, spare=False) as rendering:
        await until(lambda: rendering.device)
        workers[0].say(Broken("the card of /dev/x has failed"))
        workers[0].say(None)
        await until(lambda: len(workers) == 2)
        assert rendering.ailments == ("no render worker is up: the card of … has failed",)
        workers[1].say(None)
        await until(lambda: len(workers) == 3 and rendering.device)
        assert rendering.failure is None
        assert rendering.restarts == 2 and rendering.ailments == ("slow",)


async def test_closing_tells_the_worker() -> None:
    workshop = Workshop()
    async with Rendering(workshop.spawn, spare=False) as rendering:
        rendering.open(opened(), lambda _: None)
        await settle()
        rendering.close_avatar("main")
        rendering.send(SetState("main", AvatarState()))
        await settle()
        assert workshop.workers[0].told == [opened(), CloseAvatar("main")]


@pytest.mark.slow
async def test_the_real_worker_renders_dies_and_renders_again() -> None:
    frames: asyncio.Queue[EncodedFrame] = asyncio.Queue()

    def hear(message: Up) -> None:
        if isinstance(message, EncodedFrame):
            frames.put_nowait(message)

    workers = []

    async def spawn() -> object:
        workers.append(await spawn_worker("cpu"))
        return workers[-1]

    async with asyncio.timeout(60), Rendering(spawn, spare=False) as rendering:  # type: ignore[arg-type]
        pixels = np.full((512, 512, 4), 255, np.uint8).tobytes()
        rendering.open(OpenAvatar("main", pixels, 0.0, AvatarState(), "static"), hear)
        rendering.send(StartRendition("main", ALPHA))
        first = await frames.get()
        assert first.key
        assert "pylibsrtp" not in mapped_by(workers[0].pid)
        os.kill(workers[0].pid, signal.SIGKILL)
        while not frames.empty():
            frames.get_nowait()
        while not (await frames.get()).key:
            pass
        assert rendering.restarts == 1
    with pytest.raises(ProcessLookupError):
        os.kill(workers[1].pid, 0)
