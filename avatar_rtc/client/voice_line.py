"""Sound that a program of ours lends an avatar as a voice: the client's side of `…/avatars/{id}/audio`.

begin ─► feed … ─► end        told of: speech.started, speech.progress, speech.finished
interrupt                     ends all of it at once
"""

import json
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from avatar_rtc.client.http import Http
from avatar_rtc.client.whep import endpoint
from avatar_rtc.errors import InputError, Unreachable

_CHUNK_BYTES = 96_000


class VoiceLine:
    """One connection, and at most one utterance that takes sound. An asynchronous context manager, once."""

    def __init__(
        self,
        url: str,
        on_event: Callable[[dict[str, Any]], None],
        *,
        token: str | None = None,
        connect_timeout_s: float = 15.0,
        silence_timeout_s: float = 10.0,
    ) -> None:
        """Nothing is sent before `async with`.

        Args:
            url: a server, one of its avatars or pages.
            on_event: told `speech.started`, `speech.finished` {position_ms, interrupted} and errors.
            token: bearer token of the scope `control`, for servers that ask for one.

        Raises:
            InputError: not a URL we can use.
        """
        avatar = endpoint(url).avatar
        if avatar is None:
            raise InputError(f"{url!r} is no server, nor one of its avatars, as http://127.0.0.1:8080/ is")
        self._url, self._token, self._on_event = f"{avatar}/audio", token, on_event
        self._subject = ("avatar", avatar.rpartition("/")[2])
        self._connect_timeout_s, self._silence_timeout_s = connect_timeout_s, silence_timeout_s
        self._http: Http | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unreachable: no server, or no socket within the time-out.
            NotFound, Refused, InputError: the server said no.
        """
        self._http = Http(self._token, self._connect_timeout_s)
        try:
            self._socket = await self._http.socket(self._url, self._subject, self._silence_timeout_s)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close: what was begun and is not heard yet ends with it."""
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def run(self) -> None:
        """Hand on what is told, until the connection ends.

        Raises:
            Unreachable: it is lost.
        """
        assert self._socket is not None, "run comes after the connection"
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                event = json.loads(message.data)
                if isinstance(event, dict):
                    self._on_event(event)
        raise Unreachable(f"the connection to {self._url} is lost")

    async def begin(self, rate: int, channels: int = 1) -> str:
        """Open an utterance; gives its speech id. One that is open is ended.

        Args:
            rate: Hz of its samples: 16 bit, little-endian.
            channels: whose samples come in turns.

        Raises:
            Unreachable: the connection is lost.
        """
        speech_id = secrets.token_urlsafe(9)
        await self._tell("speech.begin", id=speech_id, sample_rate=rate, channels=channels)
        return speech_id

    async def feed(self, data: bytes) -> None:
        """More sound; waits where a minute of it is not heard yet. Raises as `begin`."""
        for at in range(0, len(data), _CHUNK_BYTES):
            await self._send(data[at : at + _CHUNK_BYTES])

    async def end(self) -> None:
        """No more sound comes; raises as `begin`."""
        await self._tell("speech.end")

    async def interrupt(self) -> None:
        """Let the avatar fall silent about all that was begun here; raises as `begin`."""
        await self._tell("speech.interrupt")

    async def _tell(self, kind: str, **fields: object) -> None:
        await self._send(json.dumps({"type": kind, **fields}))

    async def _send(self, message: str | bytes) -> None:
        if self._socket is None or self._socket.closed:
            raise Unreachable(f"the connection to {self._url} is lost")
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except ConnectionError as error:
            raise Unreachable(f"the connection to {self._url} is lost: {error}") from None
