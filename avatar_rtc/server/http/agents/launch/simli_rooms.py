"""Simli's second door: a session that was asked for at `/compose/token` begins in a room, behind an agent."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from avatar_rtc.errors import BadToken
from avatar_rtc.livekit.invitation import MAX_TOKEN
from avatar_rtc.server.access.destinations import MAX_ADDRESS
from avatar_rtc.server.http.agents.launch.dialects import EXAMPLE_TOKEN, LAUNCH_ROOT
from avatar_rtc.server.http.agents.launch.doors import LAUNCHING, STATUSES, invitation, session_launched
from avatar_rtc.server.http.agents.launch.reading import MAX_FACE, LaunchBody, read_fields
from avatar_rtc.server.http.bodies import require_type
from avatar_rtc.server.http.keys import GRANT, SIMLI_SESSIONS
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object
from avatar_rtc.server.live.launches import Launch
from avatar_rtc.server.live.simli_sessions import MAX_UNBEGUN, UNBEGUN_S, SimliSession, SimliSessions


class SimliRooms:
    """The door. A plugin without an answer asks again with the same token, which counts for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: dict[str, _Taken] = {}
        """By its token, the oldest first."""

    @described(
        LAUNCHING,
        body=an_object(session_token=TEXT, livekit_token=TEXT, livekit_url=TEXT),
        answer=an_object(session_id=TEXT),
        statuses={
            200: "The avatar is in its room, or on the way there.",
            401: "`session_token` opens nothing.",
            **STATUSES,
        },
        example={
            "session_token": "from /compat/simli/compose/token",
            "livekit_token": EXAMPLE_TOKEN,
            "livekit_url": "wss://rooms.example.org",
        },
    )
    async def post_simli_agent(self, request: web.Request) -> web.Response:
        """Send an avatar into a room of LiveKit, as the plugin `simli` asks."""
        require_type(request, "application/json")
        body = LaunchBody(await read_fields(request))
        token = body.text("session_token", MAX_FACE, "what /compose/token gave")
        url = body.text("livekit_url", MAX_ADDRESS, "the address of the room's server")
        room_token = body.text("livekit_token", MAX_TOKEN, "the avatar's token for the room")
        taken = self._take(request.app[SIMLI_SESSIONS], token)
        wanted = taken.session
        request[GRANT] = wanted.grant
        invited = invitation(request, url, room_token, most_s=wanted.limits.length_s)
        taken.bind(invited.key)
        session = await session_launched(
            request, Launch(invited, wanted.face, wanted.emotion, grant=wanted.grant)
        )
        return web.json_response({"session_id": session.id})

    def _take(self, sessions: SimliSessions, token: str) -> "_Taken":
        now = self._clock()
        self._taken = {each: kept for each, kept in self._taken.items() if kept.until > now}
        if token not in self._taken:
            found = _Taken(sessions.take(token), now + UNBEGUN_S)
            while len(self._taken) >= MAX_UNBEGUN:
                del self._taken[next(iter(self._taken))]
            self._taken[token] = found
        return self._taken[token]


@dataclass
class _Taken:
    """A session that has been asked for here."""

    session: SimliSession
    until: float
    """When its token opens nothing any more."""
    place: tuple[str, str, str] | None = None
    """In a room: the only one it is for."""

    def bind(self, place: tuple[str, str, str]) -> None:
        """It goes there.

        Raises:
            BadToken: it has gone elsewhere.
        """
        if self.place not in (None, place):
            raise BadToken("this session_token was used for another place in a room: it counts for one")
        self.place = place


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post(f"{LAUNCH_ROOT}/simli/integrations/livekit/agents", SimliRooms().post_simli_agent)]
