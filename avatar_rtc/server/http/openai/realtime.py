"""`GET /v1/realtime`: OpenAI's Realtime API over WebSocket, passed on to a server that has it.

caller ◄──► this ◄──► openai.upstream
              └─ RealtimeActor ──► avatar

Frames go through as they came, but for two: a caller's `conversation.item.truncate` says what was really
heard, and sound is left out for callers that do not want it.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from functools import partial

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from avatar_rtc.server.http.authorization import INSECURE_KEY, QUERY_TOKEN
from avatar_rtc.server.http.keys import CONFIG, LIMITS, SOCKETS, find_avatar, payer_of
from avatar_rtc.server.http.openai.choice import chosen_avatar
from avatar_rtc.server.http.openai.errors import OpenAiRefused
from avatar_rtc.server.http.openai.realtime_actor import RealtimeActor
from avatar_rtc.server.http.openai.upstream import OPENAI_UPSTREAM
from avatar_rtc.server.http.openai.wanted import model_name
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.avatar import Avatar

log = logging.getLogger(__name__)

MOST_FRAME_BYTES = 32 * 1024 * 1024
"""Of one frame, both ways: OpenAI takes 15 MiB of sound in an event, 20 MiB in base64. One each way is all
that is held of a connection: nothing more is read from whoever sends faster than the other side takes."""
HEARTBEAT_S = 30.0
REALTIME_PROTOCOL = "realtime"
_BETA_PROTOCOL = "openai-beta.realtime-v1"
_OURS = frozenset(("model", "avatar", "strip_audio", QUERY_TOKEN))
"""Of the query; all else is the server's to understand."""
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_UNSAYABLE = {1005: WSCloseCode.OK, 1006: WSCloseCode.INTERNAL_ERROR, 1015: WSCloseCode.INTERNAL_ERROR}
"""Codes of RFC 6455 (7.4.1) that no frame may carry, and what is said in their place."""
_MOST_REASON = 123
"""Bytes, as RFC 6455 (5.5) has it."""


@dataclass(frozen=True)
class SocketEnd:
    """How one side has ended."""

    code: int
    """One that may be sent."""
    reason: bytes = b""


def end_of(code: int | None, reason: str | bytes | None = "") -> SocketEnd:
    """What the other side is told.

    >>> end_of(4001, "enough"), end_of(1006).code, end_of(None).code
    (SocketEnd(code=4001, reason=b'enough'), 1011, 1000)
    """
    told = reason.encode() if isinstance(reason, str) else reason or b""
    code = int(WSCloseCode.OK if code is None else _UNSAYABLE.get(code, code))
    return SocketEnd(code, told[:_MOST_REASON])


@described(
    "openai",
    query={
        "model": {"type": "string", "default": ""},
        "avatar": {"type": "string", "default": ""},
        "strip_audio": {"type": "boolean", "default": False},
    },
    statuses={
        101: "A WebSocket, which speaks OpenAI's Realtime API.",
        400: "It is no WebSocket.",
        404: "There is no such avatar.",
        502: "The server behind this one cannot be reached, or refuses.",
        503: "There is no server behind this one.",
    },
)
async def realtime(request: web.Request) -> web.WebSocketResponse:
    """A conversation by voice, whose replies the avatar speaks; ends with either side, or the token."""
    avatar, model = _avatar_and_model(request)
    strips = _strips(request)
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, max_msg_size=MOST_FRAME_BYTES, protocols=(REALTIME_PROTOCOL,), compress=False
    )
    if not socket.can_prepare(request):
        raise OpenAiRefused(400, "this is a WebSocket: connect to it as one, with the headers of an upgrade")
    query = [(name, value) for name, value in request.query.items() if name not in _OURS]
    headers = request.app[OPENAI_UPSTREAM].headers(request)
    protocols = _protocols(request)
    if _BETA_PROTOCOL in protocols:
        headers["OpenAI-Beta"] = "realtime=v1"
    if request.app[CONFIG].openai.send == "caller" and hdrs.AUTHORIZATION not in headers:
        for key in (each.removeprefix(INSECURE_KEY) for each in protocols if each.startswith(INSECURE_KEY)):
            headers[hdrs.AUTHORIZATION] = f"Bearer {key}"
    # Before the caller's: who cannot be served is told so by a status, as by the server itself.
    server = await request.app[OPENAI_UPSTREAM].socket(
        request,
        "/realtime",
        params=[*([("model", model)] if model else []), *query],
        headers=headers,
        max_msg_size=MOST_FRAME_BYTES,
        heartbeat=HEARTBEAT_S,
    )
    end = SocketEnd(WSCloseCode.GOING_AWAY)
    try:
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        passing = _Passing(request, avatar, socket, server, strips)
        if why := await while_granted(request, passing.run()):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
        end = passing.end
    finally:
        await server.close(code=end.code, message=end.reason)
    return socket


class _Passing:
    """Frames on their way through, in both directions, until one side ends."""

    def __init__(
        self,
        request: web.Request,
        avatar: Avatar,
        socket: web.WebSocketResponse,
        server: aiohttp.ClientWebSocketResponse,
        strips: bool,
    ) -> None:
        self._socket, self._server = socket, server
        config, limits = request.app[CONFIG].openai, request.app[LIMITS]
        charge = None if config.speaks == "none" else partial(limits.charge_text, payer_of(request))
        self._actor = RealtimeActor(
            avatar, limits.speech, self._say, config.truncate == "ours", strips, charge
        )
        self._saying: set[asyncio.Task[None]] = set()
        self.end = SocketEnd(WSCloseCode.GOING_AWAY)
        """How the caller has ended, as the server is told."""

    async def run(self) -> None:
        """Until one side ends; the other one is told how."""
        down, up = asyncio.create_task(self._down()), asyncio.create_task(self._up())
        try:
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                self.end = up.result()
            else:
                end = down.result()
                await self._socket.close(code=end.code, message=end.reason)
        finally:
            for task in (down, up, *self._saying):
                task.cancel()
            await self._actor.close()
            await asyncio.gather(down, up, *self._saying, return_exceptions=True)

    async def _down(self) -> SocketEnd:
        while True:
            message = await self._server.receive()
            match message.type:
                case WSMsgType.TEXT:
                    text = await self._actor.server_said(message.data)
                    if text is not None:
                        await self._to_caller(text)
                    await self._actor.room()
                case WSMsgType.BINARY:
                    await self._to_caller(message.data)
                case WSMsgType.CLOSE:
                    return end_of(message.data, message.extra)
                case WSMsgType.ERROR:
                    log.warning("the server of a Realtime connection broke off: %s", message.data)
                    return end_of(1006, "the server behind this one broke off")
                case _:
                    return end_of(self._server.close_code or 1006, "the server behind this one broke off")

    async def _to_caller(self, frame: str | bytes) -> None:
        await _send_frame(self._socket, frame)

    async def _up(self) -> SocketEnd:
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT:
                    await self._to_server(await self._actor.caller_said(message.data))
                case WSMsgType.BINARY:
                    await self._to_server(message.data)
                case WSMsgType.CLOSE:
                    return end_of(message.data, message.extra)
                case _:
                    return end_of(self._socket.close_code or WSCloseCode.GOING_AWAY)

    async def _to_server(self, frame: str | bytes) -> None:
        await _send_frame(self._server, frame)

    def _say(self, text: str) -> None:
        task = asyncio.create_task(self._to_server(text))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)


async def _send_frame(
    socket: web.WebSocketResponse | aiohttp.ClientWebSocketResponse, frame: str | bytes
) -> None:
    with contextlib.suppress(ConnectionError):  # it has left, and is heard of by the other task
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))


def _avatar_and_model(request: web.Request) -> tuple[Avatar, str]:
    """Whose face it is, and the server's model; "" if neither the request nor the settings name one."""
    model = request.query.get("model", "")
    if own := request.query.get("avatar", ""):
        avatar, name = find_avatar(request, own), model_name(model)
    else:
        avatar, name = chosen_avatar(request, model)
    return avatar, name.model or request.app[CONFIG].openai.model


def _strips(request: web.Request) -> bool:
    word = request.query.get("strip_audio")
    if word is None:
        return request.app[CONFIG].openai.strip_audio
    if word.lower() not in _TRUTHS:
        raise OpenAiRefused(400, f"strip_audio is {word[:40]!r}, but must be true or false", "strip_audio")
    return _TRUTHS[word.lower()]


def _protocols(request: web.Request) -> list[str]:
    """The subprotocols that a caller names: browsers have no other place for a key."""
    return [each.strip() for each in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/v1/realtime", realtime)]
