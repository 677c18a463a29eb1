"""The doors of liveavatar, whose plugin takes three steps: a token, a start, and a socket for the sound.

POST /token   {mode: "LITE", avatar_id, livekit_config: {livekit_url, …}} → a session's token
POST /start   with that token → the address of the socket; the avatar goes into its room
GET  /socket  a WebSocket: see `agent_socket.py`
POST /stop    the avatar leaves
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, hdrs, web

from avatar_rtc.errors import BadToken, CapacityExceeded, InputError, NotFound
from avatar_rtc.livekit.invitation import MAX_TOKEN
from avatar_rtc.log_context import concerning
from avatar_rtc.server.access.destinations import MAX_ADDRESS
from avatar_rtc.server.http.agents.launch.agent_socket import MAX_AGENT_MESSAGE_BYTES, AgentSocket
from avatar_rtc.server.http.agents.launch.dialects import EXAMPLE_TOKEN, LAUNCH_ROOT
from avatar_rtc.server.http.agents.launch.doors import LAUNCHING, STATUSES, invitation, session_launched
from avatar_rtc.server.http.agents.launch.reading import MAX_FACE, LaunchBody, read_fields
from avatar_rtc.server.http.bodies import require_type
from avatar_rtc.server.http.keys import GRANT, LIMITS, SOCKETS, grant_of
from avatar_rtc.server.http.places import FORWARDED_HOST, outward
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, one
from avatar_rtc.server.http.while_granted import while_granted
from avatar_rtc.server.live.launches import Launch, LaunchedSession

LIVEAVATAR_BASE = f"{LAUNCH_ROOT}/liveavatar"
START_S = 60.0
"""In which a session has to be started, and its socket opened."""
MAX_SESSIONS = 256
AGENT_HEARTBEAT_S = 20.0
_OK = 100
"""What its service says of what went well."""


@dataclass
class Ticket:
    """A session of the plugin's, from its token to its end."""

    launch: Launch = field(repr=False)
    until: float
    """When it is forgotten, if it was not started."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    session: LaunchedSession | None = None
    has_socket: bool = False


class Tickets:
    """Those of one server. Used on its event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, Ticket] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, launch: Launch) -> Ticket:
        """A new one.

        Raises:
            CapacityExceeded: as many are there as may be.
        """
        self._forget()
        if len(self) >= MAX_SESSIONS:
            raise CapacityExceeded("sessions that agents have asked for", MAX_SESSIONS)
        ticket = Ticket(launch, self._clock() + START_S)
        self._tickets[ticket.token] = ticket
        return ticket

    def find(self, token: str) -> Ticket:
        """The one of a token.

        Raises:
            BadToken: there is none; says no more.
        """
        self._forget()
        found = next((each for known, each in self._tickets.items() if _same(known, token)), None)
        if found is None:
            raise BadToken(
                "this session_token opens nothing: it counts for a minute, and until its session ends"
            )
        return found

    def _forget(self) -> None:
        now = self._clock()
        self._tickets = {
            token: each
            for token, each in self._tickets.items()
            if (not each.session.is_over if each.session is not None else each.until > now)
        }


def _same(known: str, shown: str) -> bool:
    return hmac.compare_digest(known.encode(), shown.encode(errors="replace"))


class LiveAvatarDoors:
    """The doors."""

    def __init__(self, tickets: Tickets | None = None) -> None:
        self._tickets = tickets or Tickets()

    @described(
        LAUNCHING,
        body=one("object"),
        answer=one("object"),
        statuses={200: "`session_token` starts the session.", **{s: STATUSES[s] for s in (403, 503)}},
        example={
            "mode": "LITE",
            "avatar_id": "liora",
            "livekit_config": {
                "livekit_url": "wss://rooms.example.org",
                "livekit_room": "lobby",
                "livekit_client_token": EXAMPLE_TOKEN,
            },
        },
    )
    async def post_liveavatar_token(self, request: web.Request) -> web.Response:
        """A session for the plugin `liveavatar`, to be started within a minute."""
        require_type(request, "application/json")
        body = LaunchBody(await read_fields(request))
        if (mode := body.text("mode", MAX_FACE)) not in ("", "LITE"):
            raise InputError(
                f"mode is {mode!r}, but must be 'LITE': the agent brings its own words and voice"
            )
        invited = invitation(
            request,
            body.text("livekit_config.livekit_url", MAX_ADDRESS, "the address of the room's server"),
            body.text("livekit_config.livekit_client_token", MAX_TOKEN, "the avatar's token for the room"),
        )
        launch = Launch(invited, body.text("avatar_id", MAX_FACE), grant=grant_of(request))
        ticket = self._tickets.add(launch)
        return _told({"session_id": ticket.id, "session_token": ticket.token})

    @described(
        LAUNCHING,
        body=an_object(session_id=TEXT),
        answer=one("object"),
        statuses={200: "`ws_url` takes the sound.", 401: "The token is none of a session's.", **STATUSES},
        example={"session_id": "from /compat/liveavatar/token"},
    )
    async def post_liveavatar_start(self, request: web.Request) -> web.Response:
        """Start the session whose token is the bearer's: its avatar goes into the room."""
        ticket = await self._ticket(request)
        request[GRANT] = ticket.launch.grant
        ticket.session = await session_launched(request, ticket.launch)
        path = outward(request, f"{LIVEAVATAR_BASE}/socket")
        address = f"{_socket_origin(request)}{path}?session_token={ticket.token}"
        return _told({"session_id": ticket.id, "ws_url": address})

    @described(
        LAUNCHING,
        body=an_object(session_id=TEXT),
        answer=one("object"),
        statuses={200: "The avatar has left.", 401: "The token is none of a session's."},
        example={"session_id": "from /compat/liveavatar/token"},
    )
    async def post_liveavatar_stop(self, request: web.Request) -> web.Response:
        """End the session whose token is the bearer's."""
        ticket = await self._ticket(request)
        if ticket.session is not None:
            await ticket.session.end()
        ticket.until = 0.0
        return _told({"session_id": ticket.id})

    @described(
        LAUNCHING,
        query={"session_token": TEXT},
        statuses={
            101: "A WebSocket, which takes what the agent says.",
            400: "It is no WebSocket.",
            401: "`session_token` opens nothing.",
            409: "The session has one already, or was not started.",
        },
    )
    async def liveavatar_socket(self, request: web.Request) -> web.WebSocketResponse:
        """The socket of a session, which ends with it."""
        socket = web.WebSocketResponse(
            heartbeat=AGENT_HEARTBEAT_S, max_msg_size=MAX_AGENT_MESSAGE_BYTES, compress=False
        )
        if not socket.can_prepare(request):
            raise RequestRefused(
                400, "this is a WebSocket: connect to it as one, with the headers of an upgrade"
            )
        ticket = self._tickets.find(request.query.get("session_token", ""))
        if (session := ticket.session) is None or ticket.has_socket:
            why = "was not started yet" if session is None else "has a socket already"
            raise RequestRefused(409, f"the session {why}")
        ticket.has_socket = True
        request[GRANT] = ticket.launch.grant
        try:
            with concerning(avatar=session.avatar.name):
                await socket.prepare(request)
                request.app[SOCKETS].add(socket)
                talking = AgentSocket(session, socket, request.app[LIMITS].speech)
                if why := await while_granted(request, talking.serve()):
                    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
        finally:
            # Nobody else lends the avatar a voice: it leaves with the agent.
            await session.end()
        return socket

    async def _ticket(self, request: web.Request) -> Ticket:
        require_type(request, "application/json")
        body = LaunchBody(await read_fields(request))
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
        ticket = self._tickets.find(token.strip() if scheme.lower() == "bearer" else "")
        if body.text("session_id", MAX_FACE) not in ("", ticket.id):
            raise NotFound("session", "of that id and token")
        return ticket


def _socket_origin(request: web.Request) -> str:
    authority = request.get(FORWARDED_HOST, "") or request.headers.get(hdrs.HOST, "")
    return f"{'wss' if request.scheme == 'https' else 'ws'}://{authority}"


def _told(data: dict[str, object]) -> web.Response:
    return web.json_response(
        {"code": _OK, "data": data, "message": "ok"}, headers={hdrs.CACHE_CONTROL: "no-store"}
    )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    doors = LiveAvatarDoors()
    return [
        web.post(f"{LIVEAVATAR_BASE}/token", doors.post_liveavatar_token),
        web.post(f"{LIVEAVATAR_BASE}/start", doors.post_liveavatar_start),
        web.post(f"{LIVEAVATAR_BASE}/stop", doors.post_liveavatar_stop),
        web.get(f"{LIVEAVATAR_BASE}/socket", doors.liveavatar_socket),
    ]
