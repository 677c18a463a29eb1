"""An avatar into a room of LiveKit, as the face of an agent that says so itself."""

import asyncio
import contextlib

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.livekit.invitation import MAX_TOKEN, RoomInvitation
from avatar_rtc.server.access.destinations import MAX_ADDRESS
from avatar_rtc.server.http.answers import CallTold
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import AGENT_ROOMS, DESTINATIONS, avatar_of
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.openapi import described

ROOM_ANSWER_S = 8.0
"""For which an answer waits until the avatar is in the room, or is not let in."""


class RoomAsked(BaseModel):
    """Where the avatar is to come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(max_length=MAX_ADDRESS)
    """ws:// or wss:// of the room's server."""
    token: str = Field(max_length=MAX_TOKEN, repr=False)
    """A room token for the avatar, with an identity of its own."""
    agent_identity: str = Field("", max_length=256)
    """The participant whose sound it speaks; "" is whom the token names in `lk.publish_on_behalf`, or else
    the first agent."""


@described(
    "calls",
    body=RoomAsked,
    answer=CallTold,
    statuses={
        201: "It is in the room, or on its way.",
        502: "The room cannot be joined.",
        503: "There are as many calls as may be, or LiveKit's library is not installed.",
    },
    example={"url": "wss://example.livekit.cloud", "token": "eyJ…"},
)
async def post_livekit(request: web.Request) -> web.Response:
    """Come into a room of LiveKit; asked again for the same identity there, it gives the call under way."""
    avatar = avatar_of(request)
    asked = await read_model(request, RoomAsked)
    request.app[DESTINATIONS].check(asked.url, {"ws", "wss"})
    invitation = RoomInvitation(asked.url, asked.token, asked.agent_identity)
    call = await request.app[AGENT_ROOMS].join(avatar, invitation)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ROOM_ANSWER_S):
            await call.settled()
    if call.state == "failed":
        raise RequestRefused(502, call.detail)
    place = outward(request, f"/api/v1/avatars/{avatar.name}/calls/{call.id}")
    return web.json_response(call.told(), status=201, headers={hdrs.LOCATION: place})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/api/v1/avatars/{avatar}/livekit", post_livekit)]
