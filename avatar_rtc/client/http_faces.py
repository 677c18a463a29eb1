"""The avatars of a server far away, as the tools of language models act on them: each call is a request.

Nothing stays open between two calls, so a server that is started anew is no interruption.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from avatar_rtc.client.http import Http
from avatar_rtc.client.server import TIMEOUT_S, Server, api
from avatar_rtc.errors import InputError, NotFound
from avatar_rtc.mcp.faces import SNAPSHOT_PX

STREAM_SILENCE_S = 45.0
"""A stream of events has a sign of life every 15 s."""
_DOORS = {
    "speech.say": ("POST", "speech"),
    "emotion.set": ("PUT", "emotion"),
    "gesture.play": ("POST", "gesture"),
    "gaze.set": ("PUT", "gaze"),
    "activity.set": ("PUT", "activity"),
    "data_eyes.set": ("PUT", "data_eyes"),
}
"""Message → how it is asked over HTTP, with its fields as the body."""
_JSON = {"Content-Type": "application/json"}


class HttpFaces:
    """See `Faces`; to be used as an asynchronous context manager.

    Every method raises Unreachable if the server does not answer, Refused if it may not be, NotFound, and
    InputError with the server's words if what was handed in is wrong.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """Nothing is sent before a method is called.

        Args:
            url: of the server, or of anything on it.
            token: bearer token for `control`, if the server asks for one.

        Raises:
            InputError: not an http or https URL.
        """
        self._api, self._token = api(url), token
        self._server = Server(url, token)
        self._http: Http | None = None

    async def __aenter__(self) -> Self:
        """Be ready to ask; the server is not asked yet."""
        await self._server.__aenter__()
        self._http = Http(self._token, TIMEOUT_S)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the connections."""
        await self._server.__aexit__(kind, error, traceback)
        await self._opened.close()

    async def avatars(self) -> Sequence[Mapping[str, Any]]:
        """See `Faces.avatars`."""
        return await self._server.avatars()

    async def characters(self) -> Sequence[str]:
        """See `Faces.characters`."""
        return await self._server.characters()

    async def become(self, avatar: str, character: str) -> None:
        """See `Faces.become`."""
        if character not in await self._server.characters():  # a 404 does not say which of both it is
            raise NotFound("character", character)
        await self._server.swap_character(avatar, character)

    async def snapshot(self, avatar: str) -> bytes:
        """See `Faces.snapshot`."""
        return await self._ask("GET", avatar, f"snapshot.png?side={SNAPSHOT_PX}", None)

    async def do(self, avatar: str, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Faces.do`."""
        fields = dict(message)
        kind = str(fields.pop("type"))
        if kind == "speech.stop":
            speech = fields.get("speech_id")
            await self._ask(
                "DELETE", avatar, f"speech/{quote(speech, safe='')}" if speech else "speech", None
            )
            return {}
        method, path = _DOORS[kind]
        told = json.loads(await self._ask(method, avatar, path, fields) or b"{}")
        return told if isinstance(told, dict) else {}

    async def heard(self, avatar: str) -> AsyncGenerator[Mapping[str, Any], None]:
        """See `Faces.heard`."""
        life = ""
        async with aclosing(self._told(avatar, "types=state")) as told:
            async for id, _ in told:
                life = id.partition("-")[0]
                break
        async with aclosing(self._told(avatar, f"types=speech&last_event_id={life}-0")) as told:
            async for _, event in told:
                yield event

    async def _told(self, avatar: str, query: str) -> AsyncGenerator[tuple[str, Mapping[str, Any]], None]:
        """Id and content of Server-Sent Events; each has one line of data."""
        id = ""
        url = f"{self._url_of(avatar)}/events?{query}"
        async with aclosing(self._opened.lines(url, ("avatar", avatar), STREAM_SILENCE_S)) as lines:
            async for line in lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    id = value
                elif field == "data":
                    yield id, json.loads(value)

    async def _ask(self, method: str, avatar: str, path: str, body: Mapping[str, Any] | None) -> bytes:
        answer = await self._opened.ask(
            method,
            f"{self._url_of(avatar)}/{path}",
            ("avatar", avatar),
            headers=None if body is None else _JSON,
            body=None if body is None else json.dumps(body),
        )
        return answer.body

    def _url_of(self, avatar: str) -> str:
        return f"{self._api}/avatars/{quote(avatar, safe='')}"

    @property
    def _opened(self) -> Http:
        if self._http is None:
            raise InputError("not connected: use it with `async with`")
        return self._http
