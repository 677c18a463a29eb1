"""The doors of the table in `dialects.py`: a plugin's POST sends an avatar into its room."""

import logging
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc.errors import BadMessage, InputError, SetupError, Unreachable, public
from avatar_rtc.livekit.invitation import MAX_TOKEN, RoomInvitation
from avatar_rtc.server.access.destinations import MAX_ADDRESS
from avatar_rtc.server.http.agents.launch.dialects import LAUNCH_DIALECTS, LAUNCH_ROOT, LaunchDialect
from avatar_rtc.server.http.agents.launch.pictures import picture_along
from avatar_rtc.server.http.agents.launch.reading import MAX_FACE, LaunchBody, read_fields, read_launch
from avatar_rtc.server.http.bodies import require_type
from avatar_rtc.server.http.keys import DESTINATIONS, LAUNCHES, LIMITS, grant_of, payer_of
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import one
from avatar_rtc.server.live.launches import Launch, LaunchedSession

log = logging.getLogger(__name__)

LAUNCHING = "launching"
STATUSES = {
    403: "The room's server is none that the operator grants, or the token may not do this.",
    409: "Somebody else's session has this place in the room.",
    424: "This server lacks what it takes to join rooms.",
    502: "The room cannot be reached, or does not let the avatar in.",
    503: "There are as many avatars or calls as may be.",
}
"""What a door says to whom it does not serve. Plugins ask again after 5xx, and 429."""


async def session_launched(request: web.Request, launch: Launch) -> LaunchedSession:
    """Begin the session that is asked for.

    Raises:
        RequestRefused: 424, no avatar of this server comes into any room; 502, none comes into this one.
        TooSoon: the caller asks too often.
        AvatarRtcError: as `Launches.launch`.
    """
    request.app[LIMITS].charge("offers_per_minute", payer_of(request))
    try:
        return await request.app[LAUNCHES].launch(launch)
    except SetupError as error:
        # Final for plugins, unlike 503: it does not become better by asking again.
        log.warning("%s", error)
        raise RequestRefused(424, public(error)) from None
    except Unreachable as error:
        raise RequestRefused(502, public(error)) from None


def invitation(
    request: web.Request,
    url: str,
    token: str,
    agent: str = "",
    framing: bool = False,
    most_s: float | None = None,
) -> RoomInvitation:
    """Into the room that somebody names.

    Raises:
        InputError: the address is none of a room, or the token is none.
        Refused: the operator does not grant that address.
    """
    request.app[DESTINATIONS].check(url, {"ws", "wss"})
    found = RoomInvitation(url, token, agent, framing, most_s)
    _ = found.claims
    return found


def _launch(request: web.Request, dialect: LaunchDialect, body: LaunchBody) -> Launch:
    if (transport := body.text(dialect.transport, MAX_FACE)) not in ("", "livekit"):
        raise InputError(f"{dialect.transport} is {transport!r}, but must be 'livekit'")
    invited = invitation(
        request,
        body.text(dialect.url, MAX_ADDRESS, "the address of the room's server, with ws:// or wss://"),
        body.text(dialect.token, MAX_TOKEN, "the avatar's token for the room"),
        body.text(dialect.agent, MAX_FACE),
        dialect.framing,
        body.seconds(dialect.most_s),
    )
    faces = (body.text(place, MAX_FACE) for place in dialect.faces)
    return Launch(
        invited,
        next(filter(None, faces), ""),
        body.text(dialect.mood, MAX_FACE),
        picture_along(request, dialect, body),
        grant_of(request),
    )


def _post(dialect: LaunchDialect) -> Handler:
    forms = " As JSON, or as a form that may bring a picture." if dialect.form else ""

    @described(
        LAUNCHING,
        body=one("object"),
        answer=one("object"),
        statuses={dialect.status: "The avatar is in its room, or on the way there.", **STATUSES},
        example=dialect.example,
    )
    async def post_launch(request: web.Request) -> web.Response:
        launch = _launch(request, dialect, await read_launch(request, dialect))
        return _told(dialect.answer(await session_launched(request, launch)), dialect.status)

    post_launch.__doc__ = (
        f"Send an avatar into a room of LiveKit, as the plugin `{dialect.name}` asks.{forms}"
    )
    return post_launch


@described(LAUNCHING, answer=one("object"), statuses={200: "It has left.", 404: "There is no such session."})
async def end_launched(request: web.Request) -> web.Response:
    """End a session: its avatar leaves the room."""
    session = request.app[LAUNCHES].find(request.match_info["session"], grant_of(request))
    await session.end()
    return _told({"id": session.id, "status": "ended"})


@described(
    LAUNCHING,
    body=one("object"),
    answer=one("object"),
    example={"pal_name": "host", "default_face_id": "liora", "pipeline_mode": "echo"},
)
async def post_pal(request: web.Request) -> web.Response:
    """A pal, as the plugin `tavus` makes one: nothing is kept, for its id is that of its face."""
    require_type(request, "application/json")
    body = LaunchBody(await read_fields(request))
    places = ("default_face_id", "default_replica_id", "pal_name", "persona_name")
    face = next(filter(None, (body.text(place, MAX_FACE) for place in places)), "")
    if not face:
        raise BadMessage("default_face_id is missing; wanted is the id of a face")
    return _told({"pal_id": face, "persona_id": face})


def _told(answer: Mapping[str, object], status: int = 200) -> web.Response:
    return web.json_response(answer, status=status, headers={hdrs.CACHE_CONTROL: "no-store"})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    found = [web.post(f"{dialect.base}{dialect.path}", _post(dialect)) for dialect in LAUNCH_DIALECTS]
    for dialect in LAUNCH_DIALECTS:
        if dialect.end:
            verb, _, path = dialect.end.partition(" ")
            found.append(web.route(verb, f"{dialect.base}{path}", end_launched))
    tavus = f"{LAUNCH_ROOT}/tavus"
    return [*found, web.post(f"{tavus}/pals", post_pal), web.post(f"{tavus}/personas", post_pal)]
