"""Recordings over HTTP: begun, listed, ended, downloaded, deleted; films, too, once they are made."""

import asyncio
from typing import Annotated, Self

from aiohttp import hdrs, web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from avatar_rtc.errors import InputError, NotFound, OutOfRange
from avatar_rtc.filters_schema.backdrops import Backdrops
from avatar_rtc.media.wanted_recording import WantedRecording
from avatar_rtc.server.http.admission import require_shown
from avatar_rtc.server.http.answers import KeptTold
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import (
    AVATARS,
    BACKDROPS,
    KEPT_FILES,
    LIMITS,
    PERFORMANCES,
    RECORDINGS,
    avatar_of,
    payer_of,
    require_covered,
)
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import an_object, many, one
from avatar_rtc.server.live.kept_files import KeptFile, KeptFormat

_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".zip": "application/zip",
    ".vtt": "text/vtt",
    ".jsonl": "application/x-ndjson",
}
_SIDES = (16, 4096)
_LARGEST = 4096 * 2304
"""Pixels of a picture that is encoded anew: what H.264 level 5.1 holds."""


def _check_size(text: str) -> str:
    width, height = _sides(text)
    low, high = _SIDES
    for side in (width, height):
        if not low <= side <= high or side % 2:
            raise ValueError(f"wanted are even sides in {low}..{high} px, such as '1280x720'")
    if width * height > _LARGEST:
        raise ValueError(f"wanted are {_LARGEST} pixels at most, such as '4096x2304'")
    return text


def _sides(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


PictureSize = Annotated[str, AfterValidator(_check_size), Field(pattern="^[0-9]{2,4}x[0-9]{2,4}$")]
"""Such as "1280x720"."""


class RecordingBackdrop(BaseModel):
    """What stands behind the avatar in the file: a picture, or a colour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(None, max_length=64)
    """As listed under `backdrops`."""
    colour: str | None = Field(None, pattern="^#[0-9a-fA-F]{6}$")
    """sRGB, `#rrggbb`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.colour is None):
            raise ValueError("give 'name' or 'colour'")
        return self

    def fields(self) -> dict[str, str]:
        """As `backdrop.set` takes it."""
        return {"name": self.name} if self.name is not None else {"colour": str(self.colour)}


class RecordingStart(BaseModel):
    """How it is to be recorded; all may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: KeptFormat = "mp4"
    """mp4 has what stands behind the avatar, webm and png (a zip of pictures) are transparent. performance
    keeps what the avatar is told and says, for `avatar-rtc render --performance`."""
    max_s: float | None = Field(None, ge=0.1, strict=True)
    """After so long it ends by itself; left out, as long as the server allows."""
    size: PictureSize | None = None
    """Of the picture in px, such as "1280x720"; left out, as viewers get it. It takes a second encoding."""
    backdrop: RecordingBackdrop | None = None
    """Behind the avatar in the file alone; left out, as it stands there, or nothing. It takes a second
    encoding."""

    def wanted(self, fps: float, backdrops: Backdrops) -> WantedRecording:
        """What is to become of it.

        Args:
            backdrops: those that there are.

        Raises:
            UnknownName: there is no such backdrop.
            InputError: a performance is wanted.
        """
        behind, colour, picture = self.backdrop, None, None
        if behind is not None and behind.colour is not None:
            red, green, blue = bytes.fromhex(behind.colour[1:])
            colour = red, green, blue
        elif behind is not None and behind.name is not None:
            picture = str(backdrops.file(behind.name))
        if self.format == "performance":
            raise InputError("a performance has no picture of its own; leave out 'size' and 'backdrop'")
        is_plain = self.format == "mp4" and behind is None
        size = None if self.size is None else _sides(self.size)
        return WantedRecording(self.format, "matte" if is_plain else "alpha", fps, size, colour, picture)


@described(
    "recordings",
    body=RecordingStart,
    answer=KeptTold,
    statuses={
        201: "It is recording; `Location` is its path.",
        409: "The avatar has failed.",
        503: "As many are recorded as may be.",
        507: "There is no room for it.",
    },
    example={"format": "mp4", "max_s": 10.0},
)
async def post_recording(request: web.Request) -> web.Response:
    """Record the avatar with its sound, as viewers see and hear it.

    It ends with `DELETE`, after `max_s`, or where there is no more room; then it is finished, and can be
    downloaded. The avatar is rendered meanwhile, though nobody may watch.
    """
    avatar = avatar_of(request)
    asked = await read_model(request, RecordingStart)
    require_shown(avatar)
    most_s = request.app[LIMITS].config.recording_s
    if asked.max_s is not None and asked.max_s > most_s:
        raise OutOfRange("max_s", asked.max_s, 0.1, most_s)
    length_s, caller = asked.max_s or most_s, payer_of(request)
    if asked.format == "performance" and asked.size is None and asked.backdrop is None:
        kept = await request.app[PERFORMANCES].start(avatar, length_s, caller)
    else:
        wanted = asked.wanted(avatar.fps, request.app[BACKDROPS].known)
        kept = await request.app[RECORDINGS].start(avatar, wanted, length_s, caller)
    where = outward(request, f"/api/v1/avatars/{avatar.name}/recordings/{kept.id}")
    return web.json_response(kept.told(), status=201, headers={hdrs.LOCATION: where})


@described("recordings", answer=an_object(recordings=many(KeptTold)))
async def list_recordings(request: web.Request) -> web.Response:
    """Recordings and films of an avatar, oldest first; those of one that was deleted, too."""
    name = request.match_info["avatar"]
    found = request.app[KEPT_FILES].of(name)
    if not found and name not in request.app[AVATARS]:
        raise NotFound("avatar", name)
    return web.json_response({"recordings": [kept.told() for kept in found]})


@described("recordings", answer=KeptTold, query={"download": one("string", default="")})
async def get_recording(request: web.Request) -> web.StreamResponse:
    """How far it is; with `?download` its file, in ranges if asked for, once `is_ready` is true.

    `?download=NAME` gives a file of its list `beside`.
    """
    kept = _kept(request)
    if "download" not in request.query:
        return web.json_response(kept.told())
    path = request.app[KEPT_FILES].path_of(kept, name := request.query["download"])
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("file of", kept.id)
    stem = kept.download_name.rpartition(".")[0]
    saved_as = f"{stem}{path.suffix}" if name else kept.download_name
    kind = _TYPES.get(path.suffix, "application/octet-stream")
    headers = {
        hdrs.CONTENT_TYPE: kind,
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{saved_as}"',
        hdrs.CACHE_CONTROL: "private, no-cache",
    }
    return web.FileResponse(path, headers=headers)


@described("recordings", answer=KeptTold)
async def delete_recording(request: web.Request) -> web.Response:
    """End one that is recording; of one that has ended, delete the file.

    The answer is what it is now: `finishing`; or what it was, if it is gone.
    """
    kept, files = _kept(request), request.app[KEPT_FILES]
    was_at_work = kept.state not in ("finishing", "done", "failed")
    if await files.stop(kept) and was_at_work:
        return web.json_response(files.find(kept.avatar, kept.id).told())
    await files.remove(kept)
    return web.json_response(kept.told())


def _kept(request: web.Request) -> KeptFile:
    name = request.match_info["avatar"]
    require_covered(request, name)
    return request.app[KEPT_FILES].find(name, request.match_info["recording"])


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    recordings = "/api/v1/avatars/{avatar}/recordings"
    recording = f"{recordings}/{{recording}}"
    return [
        web.get(recordings, list_recordings),
        web.post(recordings, post_recording),
        web.get(recording, get_recording),
        web.delete(recording, delete_recording),
    ]
