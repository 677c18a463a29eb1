"""The face trackers of others: which are on, what comes of them, and how their angles are read."""

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import TRACKERS
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.trackers.kinds import TrackerKind
from avatar_rtc.trackers.calibration import AS_SENT, CALIBRATION_STEPS, CalibrationStep


class TrackerTold(BaseModel):
    """One tracker that is on."""

    tracker: TrackerKind
    port: int
    heard: bool = Field(description="Whether a face came within the last second.")
    sender: str | None = Field(description="The address whose turn it is.")
    taken: int = Field(description="Datagrams.")
    ignored: int = Field(description="Those that were not believed, not understood, or not their turn.")
    head: list[float] | None = Field(description="Yaw, pitch and roll in degrees, as they are read.")
    calibrated: bool


class TrackersTold(BaseModel):
    """All that are on."""

    trackers: list[TrackerTold]


class CalibrationTaken(BaseModel):
    """One step of a calibration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: CalibrationStep
    """Where the person looks now: straight, to the own left, up, or leaning to the left shoulder."""


class CalibrationTold(BaseModel):
    """What comes next; null after the last."""

    next: Literal["left", "up", "lean"] | None


@described("trackers", answer=TrackersTold)
async def get_trackers(request: web.Request) -> web.Response:
    """Those that the settings switch on, and whether a face comes from them."""
    return web.json_response({"trackers": [tracker.told() for tracker in request.app[TRACKERS]]})


@described(
    "trackers",
    body=CalibrationTaken,
    answer=CalibrationTold,
    statuses={200: "Taken.", 400: "No head comes now, or it has not moved far enough.", 404: "It is not on."},
    example={"step": "straight"},
)
async def post_calibration(request: web.Request) -> web.Response:
    """Take where the head is now as one step: straight, left, up, lean, in this order.

    After `straight` that is where the avatar looks ahead; after `lean` axes and signs are known, too.
    """
    tracker = request.app[TRACKERS].find(request.match_info["tracker"])
    wanted = await read_model(request, CalibrationTaken)
    tracker.step(wanted.step)
    await request.app[TRACKERS].keep()
    following = CALIBRATION_STEPS.index(wanted.step) + 1
    return web.json_response(
        {"next": CALIBRATION_STEPS[following] if following < len(CALIBRATION_STEPS) else None}
    )


@described("trackers", statuses={204: "It is read as it is sent.", 404: "It is not on."})
async def delete_calibration(request: web.Request) -> web.Response:
    """Forget how its angles are to be read."""
    tracker = request.app[TRACKERS].find(request.match_info["tracker"])
    tracker.follower.calibration = AS_SENT
    await request.app[TRACKERS].keep()
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    calibration = "/api/v1/trackers/{tracker}/calibration"
    return [
        web.get("/api/v1/trackers", get_trackers),
        web.post(calibration, post_calibration),
        web.delete(calibration, delete_calibration),
    ]
