"""Drive a live avatar and hear of it from Python, without its picture: one WebSocket, no WebRTC.

async with Remote("http://127.0.0.1:8080") as avatar:
    await avatar.wait_until_spoken(await avatar.say("Hello! [joy] It is good to see you."))
"""

import asyncio
import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp

from avatar_rtc.client.control import MAX_UNSENT_BYTES, Control, Flow
from avatar_rtc.client.hearing import Hearer
from avatar_rtc.client.http import Http, Subject
from avatar_rtc.client.returning import returning
from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import InputError, Unreachable

_KINDS: dict[Flow, str] = {"cues": "cue.set", "pose": "pose.set"}


class Remote(Hearer):
    """One caller of one avatar: all that `AvatarClient` tells and hears, but pictures and sound.

    A lost connection ends every iteration and request with `Unreachable`; `reconnecting` gives a new one
    then. To be used as an asynchronous context manager, once.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        connect_timeout_s: float = 15.0,
        silence_timeout_s: float = 10.0,
    ) -> None:
        """Nothing is sent before `async with`.

        Args:
            url: a server, one of its avatars or pages.
            token: bearer token for servers that ask for one.
            connect_timeout_s: until the socket is open.
            silence_timeout_s: without a sign of life for so long, the connection counts as lost.

        Raises:
            InputError: not a URL we can use.
        """
        super().__init__()
        avatar = endpoint(url).avatar
        if avatar is None:
            raise InputError(f"{url!r} is no server, nor one of its avatars, as http://127.0.0.1:8080/ is")
        self._avatar: Subject = ("avatar", avatar.rpartition("/")[2])
        self._url = f"{avatar}/control"
        self._token, self._connect_timeout_s = token, connect_timeout_s
        self._silence_timeout_s = silence_timeout_s
        self._http: Http | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    @classmethod
    def reconnecting(
        cls,
        url: str,
        *,
        token: str | None = None,
        connect_timeout_s: float = 15.0,
        silence_timeout_s: float = 10.0,
    ) -> AsyncIterator["Remote"]:
        """Connected callers, one after the other: the next when the one before was lost.

        As `avatar_rtc.reconnecting` of viewers; the arguments are those of `Remote`.

        Raises:
            InputError: not a URL we can use.
            Refused: it may not be.
            NotFound: there is no such avatar; one that was there has been missing for a minute.
        """
        return returning(
            lambda: cls(
                url,
                token=token,
                connect_timeout_s=connect_timeout_s,
                silence_timeout_s=silence_timeout_s,
            )
        )

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unreachable: no server, no socket within the time-out, or as many listen as may.
            NotFound, Refused, InputError: the server said no.
        """
        self._http = Http(self._token, self._connect_timeout_s)
        try:
            self._socket = await self._http.socket(self._url, self._avatar, self._silence_timeout_s)
        except BaseException:
            await self.close()
            raise
        line = _SocketLine(self._socket)
        self._control = Control(line, self._event)
        self._control.opened()
        self._tasks = [
            asyncio.create_task(self._read(self._socket, self._control)),
            asyncio.create_task(line.run()),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; see `close`."""
        await self.close()

    async def close(self) -> None:
        """End the connection, and all iterations normally; may be called twice."""
        self._closed = True
        self._end_hearing(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, talk: Control) -> None:
        while True:
            message = await socket.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    talk.received(message.data)
                case aiohttp.WSMsgType.CLOSE:
                    self._lost(message.extra or f"the server closed it with {message.data}")
                    return
                case aiohttp.WSMsgType.BINARY:
                    pass  # of a newer server
                case _:
                    self._lost(f"nothing came for {self._silence_timeout_s:g} s, or the way broke")
                    return

    def _lost(self, why: str) -> None:
        if not self._closed:
            lost = f"the connection to {self._url} is lost: {self._goodbye or why}"
            self._end_hearing(Unreachable(lost))


class _SocketLine:
    """A WebSocket as it carries what a caller says; a `control.MessageLine`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._texts: asyncio.Queue[str] = asyncio.Queue()
        self._unsent = 0

    def send(self, text: str) -> None:
        """See `MessageLine`."""
        self._unsent += len(text)
        self._texts.put_nowait(text)

    def flow(self, label: Flow, message: dict[str, Any]) -> bool:
        """See `MessageLine`."""
        if self._unsent > MAX_UNSENT_BYTES:
            return False
        self.send(json.dumps({"type": _KINDS[label], **message}))
        return True

    async def run(self) -> None:
        """Send what is to be sent, one after the other, until the way breaks: whoever reads is told that."""
        while True:
            text = await self._texts.get()
            try:
                await self._socket.send_str(text)
            except ConnectionError:
                return
            self._unsent -= len(text)
