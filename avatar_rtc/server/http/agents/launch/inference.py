"""LiveKit Inference's door: agents that show a token of the project's key, and bring none for the room.

The operator has put that key here ([compat] livekit_key, livekit_secret). Whoever shows a token for inference
that it has signed could sign one for any room as well; so this server signs the avatar's.

POST /avatar/sessions             {livekit_url, room_name, avatar_identity, agent_identity, avatar_id?, …}
POST /avatar/sessions/terminate   {provider_session_id, terminate_token}
"""

import hmac

from aiohttp import hdrs, web

from avatar_rtc.errors import NotFound
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.destinations import MAX_ADDRESS
from avatar_rtc.server.http.agents.launch.dialects import LAUNCH_ROOT, LaunchDialect
from avatar_rtc.server.http.agents.launch.doors import LAUNCHING, STATUSES, invitation, session_launched
from avatar_rtc.server.http.agents.launch.pictures import picture_along
from avatar_rtc.server.http.agents.launch.reading import MAX_FACE, LaunchBody, read_fields
from avatar_rtc.server.http.agents.launch.room_keys import ROOM_KEY, RoomKey
from avatar_rtc.server.http.bodies import require_type
from avatar_rtc.server.http.keys import GATE, GRANT, LAUNCHES
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, one
from avatar_rtc.server.live.launches import Launch

INFERENCE_BASE = f"{LAUNCH_ROOT}/inference"
SAMPLE_RATE = 24_000
"""Hz of the sound that the agent is asked for."""
_PICTURES = LaunchDialect("inference", "", "", "", lambda session: {}, pictures=("image_url",))


class InferenceDoors:
    """The doors."""

    @described(
        LAUNCHING,
        body=one("object"),
        answer=an_object(
            session_id=TEXT, provider_session_id=TEXT, terminate_token=TEXT, sample_rate=one("integer")
        ),
        statuses={
            200: "The avatar is in its room, or on the way there.",
            401: "The bearer token is none of the LiveKit key that is set.",
            **STATUSES,
        },
        example={
            "provider": "any",
            "livekit_url": "wss://rooms.example.org",
            "room_name": "lobby",
            "avatar_identity": "avatar-agent",
            "agent_identity": "agent-1",
        },
    )
    async def post_inference_session(self, request: web.Request) -> web.Response:
        """Send an avatar into a room of LiveKit, as `inference.AvatarSession` of livekit-agents asks."""
        key = _admitted(request)
        body = LaunchBody(await read_fields(request))
        agent = body.text("agent_identity", MAX_FACE, "the identity of the agent")
        token = key.invite(
            body.text("room_name", MAX_FACE, "the room's name"),
            body.text("avatar_identity", MAX_FACE, "the identity of the avatar"),
            agent,
            body.text("avatar_name", MAX_FACE),
        )
        url = body.text("livekit_url", MAX_ADDRESS, "the address of the room's server")
        invited = invitation(request, url, token, agent)
        picture = picture_along(request, _PICTURES, body)
        launch = Launch(invited, body.text("avatar_id", MAX_FACE), picture=picture, grant=request[GRANT])
        session = await session_launched(request, launch)
        told = {
            "session_id": session.id,
            "provider_session_id": session.id,
            "terminate_token": key.proof(session.id),
            "sample_rate": SAMPLE_RATE,
        }
        return web.json_response(told, headers={hdrs.CACHE_CONTROL: "no-store"})

    @described(
        LAUNCHING,
        body=an_object(provider_session_id=TEXT, terminate_token=TEXT),
        answer=one("object"),
        statuses={
            200: "It has left.",
            401: "The bearer token is none of the LiveKit key that is set.",
            403: STATUSES[403],
            404: "There is no such session.",
        },
        example={
            "provider_session_id": "of /compat/inference/avatar/sessions",
            "terminate_token": "the same",
        },
    )
    async def end_inference_session(self, request: web.Request) -> web.Response:
        """End such a session: its avatar leaves the room."""
        key = _admitted(request)
        body = LaunchBody(await read_fields(request))
        session_id = body.text("provider_session_id", MAX_FACE, "the id of a session")
        shown = body.text("terminate_token", MAX_FACE, "what came with that id")
        if not hmac.compare_digest(key.proof(session_id).encode(), shown.encode()):
            raise NotFound("session", "of that id and token")
        session = request.app[LAUNCHES].find(session_id, request[GRANT])
        await session.end()
        return web.json_response({"session_id": session.id, "status": "ended"})


def _admitted(request: web.Request) -> RoomKey:
    """The key, for whoever may use it; the request has its grant then.

    Raises:
        Refused: none is set.
        BadToken: the caller's token is none of it.
        RequestRefused: 415, another content type.
    """
    key = request.app[ROOM_KEY]
    key.require()
    require_type(request, "application/json")
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    key.check(token.strip() if scheme.lower() == "bearer" else "")
    if not request.app[GATE].is_open:
        request[GRANT] = Grant("control", holder=f"livekit {key.name}")
    return key


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    doors = InferenceDoors()
    return [
        web.post(f"{INFERENCE_BASE}/avatar/sessions", doors.post_inference_session),
        web.post(f"{INFERENCE_BASE}/avatar/sessions/terminate", doors.end_inference_session),
    ]
