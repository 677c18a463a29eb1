"""One plugin's WebSocket: requests are answered in order, and events wait until the answer has left.

socket ─► reader ─► a few requests wait ─► answer_to ─► answer, then the events it caused
           └─ faster than limits.messages_per_s: it is read no faster
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSMsgType, web

from avatar_rtc.errors import FAILED, AvatarRtcError, public
from avatar_rtc.media.bounds import Rate
from avatar_rtc.server.vts.api import VtsApi, VtsCaller
from avatar_rtc.server.vts.envelope import Fault, VtsError, error_text, read_request, response_text
from avatar_rtc.server.vts.requests import answer_to
from avatar_rtc.server.vts.subscriptions import Subscriptions

log = logging.getLogger(__name__)

MAX_VTS_BYTES = 512 * 1024
"""Of a message; an icon has up to 256 KiB, before base64."""
MOST_UNANSWERED = 4
"""Requests that were read and wait for their turn."""
MOST_EVENTS = 256
"""That wait for a plugin that reads slowly; the oldest go."""
VTS_HEARTBEAT_S = 20.0
_COST_BYTES = 16 * 1024
"""A message counts once more for each of these: reading long ones takes time."""


class VtsConnection:
    """Made and used on the event loop."""

    def __init__(
        self,
        api: VtsApi,
        socket: web.WebSocketResponse,
        origin: str,
        rate: Rate,
        on_slowed: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            origin: of the page that it is; "" is a program.
            rate: how many messages may come.
            on_slowed: called when more have come.
        """
        self._api, self._socket, self._rate, self._on_slowed = api, socket, rate, on_slowed
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue(MOST_UNANSWERED)
        self._events: deque[str] = deque(maxlen=MOST_EVENTS)
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        """Held from a request to its answer, and while events leave."""
        self.caller = VtsCaller(Subscriptions(self._push), origin)

    @property
    def waiting(self) -> int:
        """Requests and events that are in its queues now."""
        return self._waiting.qsize() + len(self._events)

    async def serve(self) -> None:
        """Until it is closed."""
        self._api.enter(self.caller)
        tasks = [asyncio.create_task(work) for work in (self._read(), self._answer(), self._tell())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._api.leave(self.caller)
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, ConnectionError):
                    log.error("a plugin's connection failed", exc_info=ended)

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            cost = 1.0 + len(message.data) // _COST_BYTES
            while not self._rate.take(now := time.monotonic(), cost):
                self._on_slowed()
                await asyncio.sleep(self._rate.wait_s(now, cost))
            await self._waiting.put(message.data)

    async def _answer(self) -> None:
        while True:
            message = await self._waiting.get()
            async with self._turn:
                await self._socket.send_str(await answered(self._api, self.caller, message))
                await self._send_events()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            async with self._turn:
                await self._send_events()

    async def _send_events(self) -> None:
        self._news.clear()
        while self._events:
            await self._socket.send_str(self._events.popleft())

    def _push(self, text: str) -> None:
        self._events.append(text)
        self._news.set()


async def answered(api: VtsApi, caller: VtsCaller, message: str | bytes) -> str:
    """The answer to a message, whatever it is; never raises for what a plugin sends."""
    request_id = None
    try:
        request = read_request(message)
        request_id = request.id
        return response_text(request, await answer_to(api, caller, request))
    except VtsError as error:
        return error_text(error, request_id)
    except AvatarRtcError as error:
        return error_text(VtsError(Fault.INTERNAL, public(error)), request_id)
    except Exception:
        log.exception("a request of a plugin failed")
        return error_text(VtsError(Fault.INTERNAL, FAILED), request_id)


async def close_quietly(socket: web.WebSocketResponse, reason: str) -> None:
    """Tell a plugin that it is over, if it still hears it."""
    with suppress(ConnectionError):
        await socket.close(code=1001, message=json.dumps(reason).encode()[:120])
