"""Work for a caller who may leave before it is done."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar, runtime_checkable

from aiohttp import web

FAREWELL_S = 0.25
"""For work to end whose caller has left."""
T = TypeVar("T")


@runtime_checkable
class TellsLoss(Protocol):
    """A connection that tells when it is lost: those of our own server do, `connections.protocol`."""

    def when_lost(self, tell: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `tell` if it is lost within this context."""


async def while_there(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, which ends with the connection of whoever asked for it.

    On a server that is not ours nobody tells; there it ends with the first write that fails.

    Raises:
        ConnectionResetError: the caller has left.
    """
    task, lost = asyncio.create_task(work), asyncio.get_running_loop().create_future()
    if request.transport is None or request.transport.is_closing():
        lost.set_result(None)
    try:
        with _told_by(request, lambda: None if lost.done() else lost.set_result(None)):
            await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ConnectionResetError("the caller has left")
        return task.result()
    finally:
        lost.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=FAREWELL_S)
            if task.done() and not task.cancelled():
                task.exception()  # nobody else will ask for it
        # What it raised knows this frame: with the task in it, both would stay until the collector comes.
        del task


def _told_by(request: web.Request, tell: Callable[[], None]) -> AbstractContextManager[None]:
    connection: object = request.protocol
    return connection.when_lost(tell) if isinstance(connection, TellsLoss) else nullcontext()
