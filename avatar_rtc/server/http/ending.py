"""How the application ends: everybody is told, and nobody can hold it up."""

import asyncio
import logging
from collections.abc import Awaitable

from aiohttp import WSCloseCode, web

from avatar_rtc.server.http.keys import AVATARS, CLASSIFIER, CLOSING, DECODING, ENGINES, SOCKETS

log = logging.getLogger(__name__)

TELL_S = 1.5
"""How long viewers and sockets may take to hear that it is over."""
PARTS_S = 0.5
"""How long what speaks may take to close."""
REQUESTS_S = 0.75
"""How long requests under way may take, and then once more, before they are cut off."""


async def tell_closing(app: web.Application) -> None:
    """Signal `on_shutdown`: end avatars, with them viewers and feeds, and WebSockets; never raises."""
    app[CLOSING].set()
    sockets = app[SOCKETS]
    await asyncio.gather(
        _within(TELL_S, "avatars", app[AVATARS].close()),
        *(_within(TELL_S, "a WebSocket", _close(socket)) for socket in tuple(sockets)),
    )
    app[DECODING].close()
    await _within(PARTS_S, "speech engines", app[ENGINES].close())
    await _within(PARTS_S, "the classifier", app[CLASSIFIER].close())


async def _close(socket: web.WebSocketResponse) -> None:
    await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")


async def _within(seconds: float, what: str, ending: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ending
    except TimeoutError:
        log.warning("%s did not end within %g s", what, seconds)
    except Exception:
        log.exception("%s did not end well", what)
