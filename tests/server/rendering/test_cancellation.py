"""Whoever is cancelled ends, whatever comes at the same moment; `wait_for` of Python 3.11 forgets it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import InputError, WorkerLost
from avatar_rtc.link.orders import (
    Down,
    OpenAvatar,
    ProcessStill,
    SetState,
    SnapshotTaken,
    Still,
    StillFailed,
    StillProcessed,
)
from avatar_rtc.server.rendering import pictures
from avatar_rtc.server.rendering.outbox import Outbox
from avatar_rtc.server.rendering.pictures import Pictures
from avatar_rtc.server.rendering.writing import Writing
from tests.virtual_time import VirtualLoop, run

STILL = Still(b"", 0, 0)
ORDERS = st.lists(st.tuples(st.sampled_from(["answer", "failure", "lost", "late", "cancel"]), st.booleans()))
"""What happens, and whether the loop gets a turn after it."""


class Desk:
    """Pictures, and a worker that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Down] = []
        self.pictures = Pictures(self._send)

    def _send(self, message: Down) -> bool:
        self.asked.append(message)
        return True

    def ask(self, what: str) -> Coroutine[object, object, object]:
        if what == "still":
            return self.pictures.process(ProcessStill(0, STILL))
        return self.pictures.snapshot("main")

    def do(self, action: str, task: asyncio.Task[object]) -> bool:
        """True if this cancels a task that was under way."""
        request = self.asked[-1]
        number, is_still = getattr(request, "request", 0), isinstance(request, ProcessStill)
        match action:
            case "answer":
                self.pictures.answered(
                    StillProcessed(number, STILL) if is_still else SnapshotTaken(number, b"")
                )
            case "failure":
                self.pictures.answered(StillFailed(number, "no"))
            case "lost":
                self.pictures.lost()
            case "late":
                loop = asyncio.get_running_loop()
                assert isinstance(loop, VirtualLoop)
                loop.now += pictures.STILL_TIMEOUT_S
            case "cancel":
                return task.cancel()
        return False


@pytest.mark.parametrize("what", ["still", "snapshot"])
@given(ORDERS)
def test_a_request_that_is_cancelled_ends_cancelled(what, order):
    async def scenario() -> None:
        desk = Desk()
        task = asyncio.create_task(desk.ask(what))
        await asyncio.sleep(0)
        cancelled, happened = False, set()
        for action, has_turn in order:
            if not task.done():
                happened.add(action)
            cancelled |= desk.do(action, task)
            if has_turn:
                await asyncio.sleep(0)
        await asyncio.wait([task])
        assert task.cancelled() == cancelled
        if not cancelled:
            ends: dict[type[BaseException] | None, str] = {InputError: "failure", WorkerLost: "lost"}
            failure = task.exception()
            end = ends.get(type(failure) if failure else None, "answer")
            # Where nothing happens, it is late in the end.
            assert end in happened or (end == "lost" and ("late" in happened or not happened))
        for _ in range(2 * pictures.MAX_STILLS):  # nothing of it is left
            again = asyncio.create_task(desk.ask(what))
            await asyncio.sleep(0)
            desk.do("answer", again)
            await again

    run(scenario())


class Worker:
    """Takes what it is sent, after some turns of the loop."""

    def __init__(self, turns: int) -> None:
        self.turns, self.sent = turns, 0

    async def send(self, message: Down) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        self.sent += 1


@given(st.lists(st.tuples(st.sampled_from(["put", "open", "late"]), st.booleans())), st.integers(0, 3))
def test_writing_ends_when_it_is_cancelled(order, turns):
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        writing = Writing(Outbox(2.0, loop.time), lambda message, why: None)
        worker = Worker(turns)
        task = asyncio.create_task(writing.write(cast(Any, worker)))
        actions: dict[str, Callable[[], object]] = {
            "put": lambda: writing.put(SetState("main", AvatarState())),
            "open": lambda: writing.put(OpenAvatar("main", b"", 0.0, AvatarState(), "static")),
            "late": lambda: setattr(loop, "now", loop.now + 1.0),
        }
        for action, has_turn in order:
            actions[action]()
            if has_turn:
                await asyncio.sleep(0)
        assert task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        sent = worker.sent
        actions["open"]()
        await asyncio.sleep(2.0)
        assert worker.sent == sent

    run(scenario())
