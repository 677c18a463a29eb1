"""Work for a caller who may leave before it is done."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

LOOKED_S = 0.25
"""aiohttp tells nobody that a connection is lost; so it is looked at so often."""
T = TypeVar("T")


async def while_there(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, which ends with the connection of whoever asked for it.

    Raises:
        ConnectionResetError: the caller has left.
    """
    task = asyncio.create_task(work)
    try:
        while not task.done():
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the caller has left")
            await asyncio.wait({task}, timeout=LOOKED_S)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=LOOKED_S)
        # What it raised knows this frame: with the task in it, both would stay until the collector comes.
        del task
