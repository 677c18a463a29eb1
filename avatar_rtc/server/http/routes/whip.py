"""WHIP (RFC 9725): how OBS, FFmpeg or a bot bring an avatar sound, which it speaks or listens to.

    POST   /api/v1/avatars/{avatar}/whip?microphone=speak|listen    offer → 201, answer, Location
    PATCH  /api/v1/avatars/{avatar}/whip/{viewer}                   trickled candidates → 204
    DELETE /api/v1/avatars/{avatar}/whip/{viewer}                   leave → 200

Video that comes along is taken, as these programs want it, and thrown away. For the rest it is as WHEP.
"""

from aiohttp import web

from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.errors import InputError, Refused
from avatar_rtc.server.http.admission import admit
from avatar_rtc.server.http.authorization import require_scope
from avatar_rtc.server.http.bodies import MAX_SDP_BYTES, read_text, require_type
from avatar_rtc.server.http.keys import CONFIG, avatar_of
from avatar_rtc.server.http.routes import whep
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import CANDIDATE, NOT_ADMITTED, SOUND_OFFER, TEXT, one
from avatar_rtc.server.http.routes.whep import FRAGMENT, SDP


@described(
    "calls",
    body=SDP,
    query={"microphone": one("string", enum=("speak", "listen"), default="speak")},
    answer=SDP,
    statuses={
        201: "The answer; `Location` is its resource, `ETag` is for `If-Match`.",
        **NOT_ADMITTED,
    },
    example=SOUND_OFFER,
)
async def post_sound(request: web.Request) -> web.Response:
    """Take sound: answer an offer that sends audio in Opus, and create the WHIP resource."""
    avatar = avatar_of(request)
    require_type(request, SDP)
    microphone = _microphone_of(request)
    require_scope(request, "talk" if microphone == "listen" else "control")
    if not request.app[CONFIG].microphone:
        raise Refused("this server takes no microphones; its operator can set microphone = true")
    offer = await read_text(request, MAX_SDP_BYTES)
    viewer, answer = await admit(request, avatar, offer, "matte", microphone, only_hears=True)
    return whep.offer_answered(request, viewer, answer, f"/api/v1/avatars/{avatar.name}/whip/{viewer.id}")


def _microphone_of(request: web.Request) -> MicrophoneMode:
    match request.query.get("microphone", "speak"):
        case "speak":
            return "speak"
        case "listen":
            return "listen"
        case other:
            raise InputError(f"microphone is {other!r:.40}, but must be speak or listen")


@described("calls", statuses={200: "A WHIP endpoint; nothing is to be read."})
async def get_sound_endpoint(request: web.Request) -> web.Response:
    """Tell that this is a WHIP endpoint."""
    avatar_of(request)
    return web.Response(content_type=SDP)


@described(
    "calls",
    body=FRAGMENT,
    headers={"If-Match": TEXT},
    statuses={
        204: "Taken.",
        403: "There are no candidates, and the token is for less, or ends sooner, than the one that counts.",
        412: "`If-Match` names another ICE session.",
        422: "An ICE restart is not possible.",
    },
    example=CANDIDATE,
)
async def patch_sound(request: web.Request) -> web.Response:
    """Take trickled candidates, or a newer token, as of a WHEP resource."""
    return await whep.patch_resource(request)


@described("calls")
async def delete_sound(request: web.Request) -> web.Response:
    """Leave; what is being said of it ends with it."""
    return await whep.delete_resource(request)


@described("calls", statuses={204: "It is there."})
async def get_sound(request: web.Request) -> web.Response:
    """Tell that it is here; there is nothing to read of it."""
    return await whep.get_resource(request)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    endpoint, resource = "/api/v1/avatars/{avatar}/whip", "/api/v1/avatars/{avatar}/whip/{viewer}"
    return [
        web.post(endpoint, post_sound),
        web.get(endpoint, get_sound_endpoint),
        web.options(endpoint, whep.options_endpoint),
        web.patch(resource, patch_sound),
        web.delete(resource, delete_sound),
        web.get(resource, get_sound),
        web.options(resource, whep.options_resource),
    ]
