"""What a caller is told over a WebSocket: in order, and nobody waits for one that does not read."""

import asyncio
import contextlib
import logging

from aiohttp import WSCloseCode, web

log = logging.getLogger(__name__)

MOST_UNREAD_TEXTS = 256
"""A caller that has so many unread is given up."""


class SocketTeller:
    """One socket's. Made and used on the event loop."""

    def __init__(self, socket: web.WebSocketResponse, what: str) -> None:
        """
        Args:
            what: the socket, for the log.
        """
        self._socket, self._what = socket, what
        self._texts: asyncio.Queue[str] = asyncio.Queue(MOST_UNREAD_TEXTS)
        self._closing: asyncio.Task[bool] | None = None

    def tell(self, text: str) -> None:
        """Send it when what was told before is sent; a caller that reads nothing is closed instead."""
        try:
            self._texts.put_nowait(text)
        except asyncio.QueueFull:
            log.warning("%s does not read what it is told; closing it", self._what)
            self._closing = asyncio.create_task(
                self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"answers are not read")
            )

    async def send(self) -> None:
        """Send what is told, until this is cancelled; who has gone is told nothing."""
        while True:
            text = await self._texts.get()
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(text)
