"""Requests to the render worker that are answered by a picture: snapshots, and stills through a chain."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from avatar_rtc.errors import CapacityExceeded, InputError, WorkerLost, without_addresses
from avatar_rtc.link.orders import (
    Down,
    PictureAnswer,
    ProcessStill,
    SnapshotTaken,
    Still,
    StillFailed,
    StillProcessed,
    TakePose,
    TakeSnapshot,
)
from avatar_rtc.server.rendering.outbox import MAX_POSES, MAX_SNAPSHOTS

STILL_TIMEOUT_S = 60.0
"""A large picture through a long chain on a slow CPU."""
MAX_STILLS = 4
"""Those that wait included; each may have 36 MiB of pixels."""
SNAPSHOT_TIMEOUT_S = 20.0
"""A frame of THA3 on busy cores, behind the start of a model."""


class Pictures:
    """What is asked of the worker, until it is answered or the worker is gone."""

    def __init__(self, send: Callable[[Down], bool]) -> None:
        """`send` tells the worker; False if none is up."""
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[PictureAnswer]] = {}
        self._busy: Counter[str] = Counter()
        self._one_still = asyncio.Lock()

    async def process(self, message: ProcessStill) -> Still:
        """What the worker makes of a picture; `request` and `until` are chosen here. One at a time.

        Raises:
            CapacityExceeded: too many pictures wait already.
            WorkerLost: no worker is up, it died meanwhile, or it took longer than STILL_TIMEOUT_S.
            InputError: the picture cannot be processed.
        """
        with self._one_of("pictures being processed", MAX_STILLS):
            async with self._one_still:
                until = time.monotonic() + STILL_TIMEOUT_S
                answer = await self._asked(
                    lambda n: replace(message, request=n, until=until), STILL_TIMEOUT_S
                )
        assert isinstance(answer, StillProcessed)
        return answer.still

    async def snapshot(self, avatar: str) -> bytes:
        """A PNG of an avatar as it is now, sRGB with straight alpha.

        Raises:
            CapacityExceeded: too many wait already.
            WorkerLost: no worker is up, it died meanwhile, or it took longer than SNAPSHOT_TIMEOUT_S.
            InputError: the avatar cannot be shown.
        """
        with self._one_of("snapshots being made", MAX_SNAPSHOTS):
            answer = await self._asked(lambda n: TakeSnapshot(avatar, n), SNAPSHOT_TIMEOUT_S)
        assert isinstance(answer, SnapshotTaken)
        return answer.png

    async def pose(self, message: TakePose) -> bytes:
        """A PNG of an avatar's character in a pose, sRGB with straight alpha; `request` is chosen here.

        Raises:
            CapacityExceeded: too many wait already.
            WorkerLost: no worker is up, it died meanwhile, or it took longer than SNAPSHOT_TIMEOUT_S.
            InputError: it cannot be shown.
        """
        with self._one_of("poses being pictured", MAX_POSES):
            answer = await self._asked(lambda n: replace(message, request=n), SNAPSHOT_TIMEOUT_S)
        assert isinstance(answer, SnapshotTaken)
        return answer.png

    def answered(self, answer: PictureAnswer) -> None:
        """The worker has answered a request; one that nobody waits for any more is dropped."""
        future = self._waiting.get(answer.request)
        if future is None or future.done():
            return
        if isinstance(answer, StillFailed):
            future.set_exception(InputError(without_addresses(answer.detail)))
        else:
            future.set_result(answer)

    def lost(self) -> None:
        """The worker is gone, and with it whatever it was asked."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(WorkerLost("the render worker ended; try again"))

    @contextlib.contextmanager
    def _one_of(self, what: str, limit: int) -> Iterator[None]:
        if self._busy[what] >= limit:
            raise CapacityExceeded(what, limit)
        self._busy[what] += 1
        try:
            yield
        finally:
            self._busy[what] -= 1

    async def _asked(self, message: Callable[[int], Down], timeout_s: float) -> PictureAnswer:
        number = next(self._numbers)
        answer: asyncio.Future[PictureAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if not self._send(message(number)):
                raise WorkerLost("no render worker is up to make the picture; try again")
            # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with the answer.
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise WorkerLost(f"the picture took longer than {timeout_s:g} s") from None
        finally:
            del self._waiting[number]
