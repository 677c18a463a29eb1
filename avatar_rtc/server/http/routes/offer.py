"""`POST /offer`: the JSON offer/answer that every aiortc sample page speaks."""

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from avatar_rtc.server.http.admission import admit
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import find_avatar
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import NOT_ADMITTED, OFFER, TEXT, an_object
from avatar_rtc.stream.frame import Layout


class Offer(BaseModel):
    """An SDP offer as JSON; fields of RTCSessionDescription and two of our own."""

    # Sample pages send fields of their own along (`video_transform`, …), which are no mistake here.
    model_config = ConfigDict(frozen=True, extra="ignore")

    sdp: str
    type: Literal["offer"]
    avatar: str = "main"
    video: Layout = "matte"


@described(
    "watching",
    body=Offer,
    answer=an_object(sdp=TEXT, type={"const": "answer"}),
    statuses={404: "There is no such avatar.", **NOT_ADMITTED},
    example={"type": "offer", "sdp": OFFER},
)
async def post_offer(request: web.Request) -> web.Response:
    """Answer an offer."""
    offer = await read_model(request, Offer)
    avatar = find_avatar(request, offer.avatar)
    _, answer = await admit(request, avatar, offer.sdp, offer.video)
    return web.json_response({"sdp": answer, "type": "answer"})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.post("/offer", post_offer), web.post("/api/v1/offer", post_offer)]
