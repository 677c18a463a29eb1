"""Work ends with whoever asked for it, at once and without being looked at."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from aiohttp import web

from avatar_rtc.server.http.departure import while_there


class Caller:
    """A request, its transport and its connection in one."""

    def __init__(self, is_gone: bool = False) -> None:
        self.is_gone, self.told = is_gone, list[Callable[[], None]]()
        self.transport = self.protocol = self

    def is_closing(self) -> bool:
        return self.is_gone

    @contextmanager
    def when_lost(self, tell: Callable[[], None]) -> Iterator[None]:
        self.told.append(tell)
        try:
            yield
        finally:
            self.told.remove(tell)

    def leave(self) -> None:
        for tell in (*self.told, *self.told):  # twice does no harm
            tell()

    def asks(self, work: Any) -> Any:
        return while_there(cast(web.Request, self), work)


async def test_what_is_done_is_given_and_what_fails_is_raised():
    async def fail() -> None:
        raise OSError("broken")

    caller = Caller()
    assert await caller.asks(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(OSError, match="broken"):
        await caller.asks(fail())
    assert caller.told == []


@pytest.mark.parametrize("is_gone", [False, True], ids=["leaves", "has left"])
async def test_who_leaves_ends_it(is_gone, caplog):
    ended = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
            raise OSError("something broke at the end, too")

    caller = Caller(is_gone)
    asking = asyncio.create_task(caller.asks(endless()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.leave()
    with pytest.raises(ConnectionResetError, match="has left"):
        await asyncio.wait_for(asking, 2)
    assert ended == [True]
    assert caplog.records == []


async def test_whoever_waits_for_it_may_end_it():
    caller, ended = Caller(), asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(caller.asks(endless()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set() and caller.told == []
