"""What a request holds open ends when its token does."""

import asyncio
import logging
from collections.abc import Awaitable

from aiohttp import web

from avatar_rtc.server.http.keys import GATE, grant_of

log = logging.getLogger(__name__)


async def while_granted(request: web.Request, work: Awaitable[None]) -> str:
    """Do some work that has no end, until its token's.

    Returns:
        Why it was ended; "" if it has ended itself.
    """
    loop, ended = asyncio.get_running_loop(), ""

    def end(why: str) -> None:
        nonlocal ended
        ended = why
        granted.reschedule(loop.time())

    try:
        async with asyncio.timeout(None) as granted:
            with request.app[GATE].tenures.opened(grant_of(request), end):
                await work
    except TimeoutError:
        if not ended:
            raise
        log.info("%s is ended: %s", request.path, ended)
    return ended
