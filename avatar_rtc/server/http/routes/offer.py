"""The JSON offer/answer that aiortc's sample pages speak, and Pipecat's web client, who trickles by PATCH.

POST   {sdp, type, pc_id?, restart_pc?}                                   → {sdp, type, pc_id}
PATCH  {pc_id, candidates: [{candidate, sdp_mid, sdp_mline_index}]}       → {status: "success"}
"""

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.errors import NotFound
from avatar_rtc.media.addresses.candidates import MAX_CANDIDATES
from avatar_rtc.server.http.admission import admit
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import AVATARS, find_avatar, is_covered
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import NOT_ADMITTED, OFFER, TEXT, an_object
from avatar_rtc.server.live.viewers import Viewer
from avatar_rtc.stream.frame import Layout


class Offer(BaseModel):
    """An SDP offer as JSON: fields of RTCSessionDescription, two of our own, and one of Pipecat's client."""

    # Sample pages send fields of their own along (`video_transform`, …), which are no mistake here.
    model_config = ConfigDict(frozen=True, extra="ignore")

    sdp: str
    type: Literal["offer"]
    avatar: str = "main"
    video: Layout = "matte"
    pc_id: str | None = Field(None, max_length=100)
    """The connection that this one takes the place of, which ends."""


class OneCandidate(BaseModel):
    """An address, as a browser names it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    candidate: str = Field(max_length=1000)
    sdp_mid: str | None = Field(None, max_length=100)
    sdp_mline_index: int | None = None


class Trickled(BaseModel):
    """Further addresses of a connection."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pc_id: str = Field(max_length=100)
    candidates: list[OneCandidate] = Field(max_length=MAX_CANDIDATES)


@described(
    "watching",
    body=Offer,
    answer=an_object(sdp=TEXT, type={"const": "answer"}, pc_id=TEXT),
    statuses={404: "There is no such avatar.", **NOT_ADMITTED},
    example={"type": "offer", "sdp": OFFER},
)
async def post_offer(request: web.Request) -> web.Response:
    """Answer an offer. One that names an earlier connection of the caller's takes its place."""
    offer = await read_model(request, Offer)
    avatar = find_avatar(request, offer.avatar)
    viewer, answer = await admit(request, avatar, offer.sdp, offer.video)
    if offer.pc_id is not None and (former := _find(request, offer.pc_id)) is not None:
        former.peer.end("has connected anew")
    return web.json_response({"sdp": answer, "type": "answer", "pc_id": viewer.id})


@described(
    "watching",
    body=Trickled,
    answer=an_object(status=TEXT),
    statuses={404: "There is no such connection."},
    example={"pc_id": "x", "candidates": []},
)
async def patch_offer(request: web.Request) -> web.Response:
    """Take trickled candidates."""
    trickled = await read_model(request, Trickled)
    viewer = _find(request, trickled.pc_id)
    if viewer is None:
        # Not named back: whoever guesses at connections learns nothing from the answer.
        raise NotFound("connection", "of that pc_id")
    await viewer.peer.add_candidates("".join(map(_lines, trickled.candidates)))
    return web.json_response({"status": "success"})


def _lines(named: OneCandidate) -> str:
    """As a fragment has it; a section without a name is the first, which all share."""
    value = " ".join(named.candidate.split())
    mid = "" if named.sdp_mid is None else f"a=mid:{' '.join(named.sdp_mid.split())}\r\n"
    return f"{mid}a={value}\r\n" if value.startswith("candidate:") else ""


def _find(request: web.Request, viewer_id: str) -> Viewer | None:
    """The viewer of that id, of an avatar that the caller may know of."""
    avatars = (avatar for name, avatar in request.app[AVATARS].items() if is_covered(request, name))
    return next((found for avatar in avatars if (found := avatar.viewers.find(viewer_id))), None)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    paths = ("/offer", "/api/offer", "/api/v1/offer")
    return [web.post(path, post_offer) for path in paths] + [web.patch(path, patch_offer) for path in paths]
