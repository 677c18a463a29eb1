"""What viewers say to an avatar, for programs: a WebSocket on `/avatars/{id}/ears`.

    ◄── {"type": "hearing.started", "viewer": "k3Jd0x", "sample_rate": 16000, "interrupted": true}
    ◄── binary PCM16 … of the viewer whom the last event named, from 0.3 s before its first word on
    ◄── {"type": "hearing.ended", "viewer": "k3Jd0x", "seconds": 2.4, "interrupted": true}

Where two viewers talk at once, `{"type": "hearing.sound", "viewer"}` comes before the sound of another than
was named last. Nothing is sent the other way.
"""

import asyncio
import contextlib
import json

from aiohttp import WSCloseCode, WSMsgType, web

from avatar_rtc.control.envelope import envelope_of, error
from avatar_rtc.server.http.authorization import SOCKET_PROTOCOL
from avatar_rtc.server.http.keys import AVATARS, LIMITS, SOCKETS, avatar_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.voice.ears import HeardQueue

MAX_EAR_MESSAGE_BYTES = 64 * 1024
_MUTE = "this socket only tells what is heard; what an avatar is to say goes to its audio socket"


@described(
    "speech",
    statuses={
        101: "A WebSocket, which tells what viewers say.",
        400: "It is no WebSocket.",
        503: "As many programs listen already as may.",
    },
)
async def ears_socket(request: web.Request) -> web.WebSocketResponse:
    """Hear what viewers say who are listened to; ends with the caller, its token or the avatar."""
    avatar = avatar_of(request)
    limits = request.app[LIMITS]
    if sum(each.ears.programs for each in request.app[AVATARS].values()) >= limits.config.ears:
        raise limits.refuse("ears", "programs that listen", limits.config.ears)
    with avatar.ears.heard_by() as heard:
        socket = web.WebSocketResponse(
            heartbeat=20.0, max_msg_size=MAX_EAR_MESSAGE_BYTES, protocols=(SOCKET_PROTOCOL,)
        )
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        why = await while_granted(request, _serve(socket, heard))
    if why:
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
    elif heard.is_behind:
        message = b"this program does not read what it is told"
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=message, drain=False)
    else:
        await socket.close(code=WSCloseCode.GOING_AWAY)
    return socket


async def _serve(socket: web.WebSocketResponse, heard: HeardQueue) -> None:
    """Until the caller leaves, does not read, or the avatar ends."""
    tasks = [
        asyncio.create_task(_tell(socket, heard)),
        asyncio.create_task(_refuse(socket)),
        asyncio.create_task(heard.over.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(socket: web.WebSocketResponse, heard: HeardQueue) -> None:
    named = ""
    with contextlib.suppress(ConnectionError):
        while True:
            bit = await heard.next()
            if isinstance(bit.what, bytes):
                if bit.viewer != named:
                    await socket.send_str(json.dumps({"type": "hearing.sound", "viewer": bit.viewer}))
                await socket.send_bytes(bit.what)
            else:
                await socket.send_str(json.dumps(bit.what))
            named = bit.viewer


async def _refuse(socket: web.WebSocketResponse) -> None:
    """Until the caller leaves; it is told once that nothing is taken here."""
    is_told = False
    async for message in socket:
        if not is_told and message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            is_told = True
            with contextlib.suppress(ConnectionError):
                await socket.send_str(json.dumps(error(envelope_of(message.data).id, _MUTE)))


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/avatars/{avatar}/ears", ears_socket)]
