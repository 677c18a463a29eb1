"""Control without WebRTC: a WebSocket on `/avatars/{id}/control`, the twin of the three data channels.

    caller ──► {"type": "emotion.set", "name": "joy", "id": 7}     ◄── {"type": "ok", "id": 7}
           ──► {"type": "pose.set", "t_ms": 120, …}                    nothing, unless it is refused
                                                                   ◄── state, speech.word, …, closing

`pose.set`, `cue.set` and `hearing.set` flow: without an id they are not answered, and of those that come too
fast the newest waits, as on the data channels.
"""

import asyncio
import json
from collections.abc import Collection
from contextlib import closing, suppress
from functools import partial

from aiohttp import WSCloseCode, WSMsgType, web
from multidict import MultiMapping

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.errors import InputError
from avatar_rtc.media.saying import CONTROL_LABEL, Saying
from avatar_rtc.server.addresses import address_of
from avatar_rtc.server.http.admission import charge_message
from avatar_rtc.server.http.authorization import SOCKET_PROTOCOL
from avatar_rtc.server.http.keys import CLOSING, LIMITS, SOCKETS, avatar_of, grant_of, payer_of
from avatar_rtc.server.http.routes.events import TYPES_QUERY, event_kinds
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import one
from avatar_rtc.server.http.socket_teller import SocketTeller
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.events import CLOSING_TYPE, STATE_TYPE, EventListener
from avatar_rtc.server.live.session import Session, label_of

SOCKET_HEARTBEAT_S = 20.0
MAX_TEXT_BYTES = 4 * MAX_MESSAGE_BYTES
"""A message has as many characters as `MAX_MESSAGE_BYTES` says, each of which takes up to four bytes."""


@described(
    "events",
    query={
        "types": TYPES_QUERY,
        "events": one("string", enum=["all", "none"], default="all"),
    },
    statuses={
        101: "A WebSocket, which takes messages.",
        400: "It is no WebSocket, or there is no such kind of event.",
        503: "As many listen as may.",
    },
)
async def control_socket(request: web.Request) -> web.WebSocketResponse:
    """The WebSocket twin of the data channels: messages in, their answers and events out.

    To listen takes the scope view, messages but `ping` take control. `events=none` is for who only drives.
    """
    avatar = avatar_of(request)
    kinds = _kinds(request.query)
    limits = request.app[LIMITS]
    session = Session(avatar, grant_of(request).scope, partial(charge_message, limits, payer_of(request)))
    socket = web.WebSocketResponse(
        heartbeat=SOCKET_HEARTBEAT_S,
        max_msg_size=MAX_TEXT_BYTES,
        protocols=(SOCKET_PROTOCOL,),
        compress=False,
    )
    with (
        limits.listening(avatar.name, address_of(request.remote)),
        closing(avatar.events.listener()) as listener,
        suppress(ConnectionError),
    ):
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        caller = _Caller(socket, Saying(session, limits.of_peer()), listener, kinds)
        if why := await while_granted(request, caller.serve()):
            await socket.send_str(json.dumps({"type": CLOSING_TYPE, "reason": why}))
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
        elif request.app[CLOSING].is_set():
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")
        else:  # or the caller has closed it
            await socket.close(code=WSCloseCode.OK, message=b"the avatar has ended")
    return socket


def _kinds(query: MultiMapping[str]) -> frozenset[str] | None:
    """The kinds of events that are wanted, None for no events at all."""
    match query.get("events", "all"):
        case "none":
            return None
        case "all":
            return event_kinds(query)
        case other:
            raise InputError(f"events is {other!r:.40}, but must be 'all' or 'none'")


class _Caller:
    """One connection."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        saying: Saying,
        listener: EventListener,
        kinds: Collection[str] | None,
    ) -> None:
        self._socket, self._saying, self._listener, self._kinds = socket, saying, listener, kinds
        self._teller = SocketTeller(socket, "a control socket")

    async def serve(self) -> None:
        """Until the connection or the avatar ends."""
        # What the avatar tells ends with it; what the caller says ends with the connection.
        tasks = [asyncio.create_task(work) for work in (self._tell(), self._teller.send(), self._hear())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._saying.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._saying.take(label_of(message.data), message.data, self._teller.tell)
            elif message.type is WSMsgType.BINARY:
                self._saying.take(CONTROL_LABEL, message.data, self._teller.tell)
            await asyncio.sleep(0)  # of a flood, thousands are here at once; others have their turn between

    async def _tell(self) -> None:
        kinds = self._kinds
        if kinds is not None and STATE_TYPE in kinds:
            await self._socket.send_str(self._listener.begin().text)
        while found := await self._listener.next():
            for told in found:
                if kinds is not None and told.is_of(kinds):
                    await self._socket.send_str(told.text)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/avatars/{avatar}/control", control_socket)]
