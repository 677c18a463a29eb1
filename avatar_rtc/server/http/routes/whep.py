"""WHEP (draft-ietf-wish-whep-04): how standard players come to watch an avatar.

    POST   /api/v1/avatars/{avatar}/whep?video=alpha|matte    offer → 201, answer, Location
    PATCH  /api/v1/avatars/{avatar}/whep/{viewer}             trickled candidates, or a newer token → 204
    DELETE /api/v1/avatars/{avatar}/whep/{viewer}             leave → 200

An ICE restart is refused with 422, as aiortc has none; the player then sends a new offer. What a PATCH is,
its fragment says: players write `If-Match: *`, or none, over candidates of the session at hand.
"""

import re
from collections.abc import Iterable
from typing import get_args

from aiohttp import hdrs, web
from multidict import CIMultiDict

from avatar_rtc.control.microphone_message import MicrophoneMode
from avatar_rtc.errors import InputError, NotFound, Refused
from avatar_rtc.media.offers.fragment import MAX_FRAGMENT_BYTES, IceRestartUnsupported
from avatar_rtc.server.http.admission import admit
from avatar_rtc.server.http.authorization import require_scope
from avatar_rtc.server.http.bodies import MAX_SDP_BYTES, read_text, require_type
from avatar_rtc.server.http.keys import CONFIG, avatar_of, find_avatar, grant_of, is_covered
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.problem_page import wants_page
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.ice import link_headers
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import CANDIDATE, NOT_ADMITTED, OFFER, TEXT, one
from avatar_rtc.server.live.viewers import Viewer
from avatar_rtc.stream.frame import Layout

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
MICROPHONES = (*get_args(MicrophoneMode), "true", "false")
"""What may be asked for; "true" is "speak", and "false" that nothing is taken, as before there were more."""
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
"""In `If-Match`: one in quotes, weak or not, or what stands without any."""


@described(
    "watching",
    body=SDP,
    query={
        "video": one("string", enum=get_args(Layout), default="matte"),
        "microphone": one("string", enum=MICROPHONES, default="off"),
    },
    answer=SDP,
    statuses={
        201: "The answer; `Location` is its resource, `ETag` is for `If-Match`.",
        **NOT_ADMITTED,
    },
    example=OFFER,
)
async def post_offer(request: web.Request) -> web.Response:
    """Answer an offer and create the WHEP resource."""
    avatar = avatar_of(request)
    require_type(request, SDP)
    layout = layout_of(request.query.get("video", "matte"))
    microphone = _microphone_of(request)
    offer = await read_text(request, MAX_SDP_BYTES)
    viewer, answer = await admit(request, avatar, offer, layout, microphone)
    return offer_answered(request, viewer, answer, f"/api/v1/avatars/{avatar.name}/whep/{viewer.id}")


def offer_answered(request: web.Request, viewer: Viewer, answer: str, resource: str) -> web.Response:
    """The answer to an offer, with where it can be ended, and the servers to ask for addresses."""
    headers = _links(request)
    headers[hdrs.LOCATION] = outward(request, resource)
    headers[hdrs.ETAG] = f'"{viewer.tag}"'
    # As bytes: `text` would add a charset to the type, which SDP has not, and some players compare the whole.
    return web.Response(status=201, body=answer.encode(), content_type=SDP, headers=headers)


def _links(request: web.Request) -> CIMultiDict[str]:
    return CIMultiDict((hdrs.LINK, link) for link in link_headers(request.app[CONFIG]))


def _microphone_of(request: web.Request) -> MicrophoneMode | None:
    """What the viewer's own sound is for at first; None takes none.

    Who asks for nothing, and may, can say later by `microphone.set`: a page that offers to send sound, but
    has none yet, need not connect anew.
    """
    name = request.query.get("microphone", "off")
    if name not in MICROPHONES:
        raise InputError(f"microphone is {name!r:.40}, but must be speak, listen or off (true is speak)")
    if name == "false":
        return None
    if name == "off":
        may = grant_of(request).allows("talk") and request.app[CONFIG].microphone
        return "off" if may else None
    require_scope(request, "talk" if name == "listen" else "control")
    if not request.app[CONFIG].microphone:
        raise Refused("this server takes no microphones; its operator can set microphone = true")
    return "listen" if name == "listen" else "speak"


@described(
    "watching",
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
async def patch_resource(request: web.Request) -> web.Response:
    """Take trickled candidates. A token that lasts longer than the one before counts from then on.

    Without a body it is shown for that alone.
    """
    viewer = _viewer_of(request)
    is_renewed = avatar_of(request).viewers.renew(viewer, grant_of(request))
    if not request.can_read_body and request.content_type != FRAGMENT:
        if not is_renewed:
            raise Refused("the token is for less, or ends sooner, than the one that counts now")
        return web.Response(status=204)
    require_type(request, FRAGMENT)
    if not names_session(request.headers.getall(hdrs.IF_MATCH, ("*",)), viewer.tag):
        raise RequestRefused(412, "If-Match names another ICE session than the one at hand")
    try:
        await viewer.peer.add_candidates(await read_text(request, MAX_FRAGMENT_BYTES))
    except IceRestartUnsupported:
        raise RequestRefused(
            422, "ICE restarts are not supported; DELETE this resource and POST a new offer"
        ) from None
    return web.Response(status=204)


def names_session(tags: Iterable[str], tag: str) -> bool:
    """True if a request with these values of `If-Match` is for the session of that entity tag (RFC 9110).

    A weak tag counts: a proxy that compresses what it passes on weakens the tag, and means the same session.

    >>> [names_session([tags], "one") for tags in ('"other", W/"one"', "*", '"two"')]
    [True, True, False]
    """
    return any(bare == "*" or tag in (quoted, bare) for value in tags for quoted, bare in _TAG.findall(value))


@described("watching")
async def delete_resource(request: web.Request) -> web.Response:
    """Leave; what was sent in `If-Match` does not matter, nor that the viewer has left already."""
    viewers, viewer_id = avatar_of(request).viewers, request.match_info["viewer"]
    if not viewers.has_left(viewer_id):
        await _viewer_of(request).peer.close()
    return web.Response()


async def options_endpoint(request: web.Request) -> web.Response:
    """Tell what may be posted, and the STUN and TURN servers, which some players ask for beforehand.

    To who shows no token, as a browser that asks whether it may ask, nothing else is told.
    """
    headers: CIMultiDict[str] = CIMultiDict()
    if is_covered(request, name := request.match_info["avatar"]):
        find_avatar(request, name)
        headers = _links(request)
    headers["Accept-Post"], headers[hdrs.ALLOW] = SDP, "OPTIONS, GET, HEAD, POST"
    return web.Response(status=204, headers=headers)


@described(
    "watching",
    statuses={
        200: "A WHEP endpoint; nothing else is to be read.",
        303: "To the avatar's page, in a browser.",
    },
)
async def get_endpoint(request: web.Request) -> web.Response:
    """Tell that this is a WHEP endpoint: 200 and nothing to read. A browser is led to the page."""
    avatar = avatar_of(request)
    if wants_page(request):
        return web.Response(status=303, headers={hdrs.LOCATION: outward(request, f"/view/{avatar.name}")})
    return web.Response(content_type=SDP)


@described("watching", statuses={204: "It is there."})
async def get_resource(request: web.Request) -> web.Response:
    """Tell that this viewer is here; there is nothing to read of it (draft -03, 4.1)."""
    _viewer_of(request)
    return web.Response(status=204)


async def options_resource(request: web.Request) -> web.Response:
    """Tell what may be patched; as `options_endpoint`."""
    if is_covered(request, request.match_info["avatar"]):
        _viewer_of(request)
    return web.Response(
        status=204, headers={"Accept-Patch": FRAGMENT, hdrs.ALLOW: "OPTIONS, GET, HEAD, PATCH, DELETE"}
    )


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    endpoint, resource = "/api/v1/avatars/{avatar}/whep", "/api/v1/avatars/{avatar}/whep/{viewer}"
    return [
        web.post(endpoint, post_offer),
        web.get(endpoint, get_endpoint),
        web.options(endpoint, options_endpoint),
        web.patch(resource, patch_resource),
        web.delete(resource, delete_resource),
        web.get(resource, get_resource),
        web.options(resource, options_resource),
    ]


def layout_of(name: str) -> Layout:
    """The layout of that name.

    Raises:
        InputError: neither "alpha" nor "matte".
    """
    for layout in get_args(Layout):
        if name == layout:
            return layout  # type: ignore[no-any-return]
    raise InputError(f"video is {name!r:.40}, but must be 'alpha' or 'matte'")


def _viewer_of(request: web.Request) -> Viewer:
    viewer = avatar_of(request).viewers.find(request.match_info["viewer"])
    if viewer is None:
        # Not named back: whoever guesses at resources learns nothing from the answer.
        raise NotFound("WHEP resource", "of that id")
    return viewer
