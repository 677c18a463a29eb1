"""Render workers that fail as they are told to, and an avatar that waits for its pictures."""

import asyncio
import itertools
import pickle
from collections.abc import AsyncIterator
from typing import cast

from avatar_rtc.control.state import AvatarState
from avatar_rtc.link.orders import (
    AvatarReady,
    Beat,
    Booted,
    CloseAvatar,
    Down,
    OpenAvatar,
    StartRendition,
    StopRendition,
    Up,
)
from avatar_rtc.stream.frame import EncodedFrame, Rendition

ALPHA = Rendition("h264", "alpha")
FAULTS = (
    "spawn",
    "boot",
    "messages",
    "garbage",
    "send",
    "kill",
    "close",
    "hang close",
    "busy",
    "silent",
    "dies",
)


def opened(name: str = "main") -> OpenAvatar:
    return OpenAvatar(name, b"", epoch=0.0, state=AvatarState(), animator="static")


class Worker:
    """One that works: it is up at once, and brings a picture every few ms; or it fails."""

    def __init__(self, fault: str = "", dies_after: int = 5) -> None:
        self.fault, self._left = fault, dies_after
        self.told: list[Down] = []
        self.showing: set[str] = set()
        self.is_silent = False
        self.computed: float | None = 0.0
        self._over = asyncio.Event()

    async def send(self, message: Down) -> None:
        if self.fault == "send":
            raise OSError("the pipe is broken")
        if isinstance(message, OpenAvatar) and message.animator == "unpicklable":
            raise pickle.PicklingError("cannot")
        self.told.append(message)
        match message:
            case StartRendition(avatar=avatar):
                self.showing.add(avatar)
            case StopRendition(avatar=avatar) | CloseAvatar(avatar=avatar):
                self.showing.discard(avatar)

    async def messages(self) -> AsyncIterator[Up]:
        if self.fault == "boot":
            return
        yield Beat()
        yield Booted("cpu", 0.0)
        ready = set[str]()
        for n in itertools.count():
            if self._over.is_set():
                return
            if self.is_silent or self.fault == "silent":
                await self._over.wait()
                return
            if self.fault == "messages" and n == 3:
                raise pickle.UnpicklingError("out of step")
            if self.fault == "garbage" and n == 3:
                yield cast(Up, "nonsense")
                return
            if self.fault == "dies" and n >= self._left:
                return
            yield Beat()
            for message in list(self.told):
                if isinstance(message, OpenAvatar) and message.avatar not in ready:
                    ready.add(message.avatar)
                    yield AvatarReady(message.avatar, "static", 0.0)
            for avatar in list(self.showing):
                yield EncodedFrame(avatar, ALPHA, n, True, b"")
            await asyncio.sleep(0.005)

    def busy_s(self) -> float | None:
        if self.fault == "busy":
            raise PermissionError("not yours")
        return self.computed

    def memory_bytes(self) -> int | None:
        return None

    def kill(self) -> None:
        self._over.set()
        if self.fault == "kill":
            raise PermissionError("not yours")

    async def close(self) -> None:
        self._over.set()
        if self.fault == "close":
            raise RuntimeError("no")
        if self.fault == "hang close":
            await asyncio.sleep(3600)


class Workshop:
    """Workers with these faults, one after the other, and then those that work."""

    def __init__(self, *faults: str) -> None:
        self._faults = list(faults)
        self.workers: list[Worker] = []
        self.calls = 0

    async def spawn(self) -> Worker:
        self.calls += 1
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "spawn":
            raise OSError(24, "Too many open files")
        self.workers.append(Worker(fault))
        return self.workers[-1]


class Avatar:
    """Hears what comes up; a broken one raises."""

    def __init__(self, breaks_on: tuple[type[Up], ...] = ()) -> None:
        self.heard: list[Up] = []
        self._breaks_on = breaks_on

    def __call__(self, message: Up) -> None:
        self.heard.append(message)
        if isinstance(message, self._breaks_on):
            raise ZeroDivisionError

    @property
    def frames(self) -> int:
        return sum(isinstance(message, EncodedFrame) for message in self.heard)
