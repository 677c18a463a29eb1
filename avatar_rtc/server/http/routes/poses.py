"""Pictures of an avatar's character in poses: one, or a pack of all emotions; and files of poses read."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.animation.still import alone
from avatar_rtc.control.envelope import json_object
from avatar_rtc.errors import AvatarRtcError, BadMessage, InputError, OutOfRange
from avatar_rtc.face.cels import CelValues
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import MORPHS, MorphValues, Pose
from avatar_rtc.face.pose_files import read_poses
from avatar_rtc.face.sprites import PACKINGS, Packing, Sprite, check_packing, notes_of, sprites_of
from avatar_rtc.link.orders import TakePose
from avatar_rtc.link.stages import RESULT, STAGES, check_stage
from avatar_rtc.server.http.admission import require_shown
from avatar_rtc.server.http.bodies import MAX_TEMPLATES_BYTES, read_body, read_model, require_type
from avatar_rtc.server.http.keys import LIMITS, MARKER, RENDERER, SPRITES, avatar_of, payer_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import NUMBER, TEXT, an_object, many, one, values_by_name
from avatar_rtc.server.http.zips import ZipStream
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.stream.crop import NO_OWN_CROP, Crop
from avatar_rtc.stream.framing import FRAMINGS, Framing, FramingName

log = logging.getLogger(__name__)

PICTURE_SIDES = (16, 2048)
"""Least and most px of a picture's longer side."""
PACKS_AT_ONCE = 2
"""Packs that are made at the same time."""
_FACES = values_by_name(an_object(pose=values_by_name(NUMBER), cels=values_by_name(NUMBER)))


class PoseWanted(BaseModel):
    """A pose to be pictured; all may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pose: MorphValues = {}
    """Morph → value; what is not named is 0."""
    cels: CelValues = {}
    """Cel → opacity; one that the character lacks does not show."""
    size: int | None = Field(None, ge=PICTURE_SIDES[0], le=PICTURE_SIDES[1])
    """Px of the longer side, made at that size; left out, 512, some stages less."""
    framing: FramingName = "whole"
    """How much of the figure is shown."""
    stage: str = RESULT
    """One of the `stages` of `GET …/poses`: a picture on the way to the finished one."""


@described(
    "poses",
    body=PoseWanted,
    answer="image/png",
    statuses={409: "The avatar has failed.", 503: "No render worker is up, or it has too much to do."},
    example={"pose": {"mouth_aaa": 1, "head_x": -0.5}, "cels": {"blush1": 0.5}},
)
async def post_pose(request: web.Request) -> web.Response:
    """A PNG of the avatar's character in a pose, as it is: no idle life, no filters, no effects.

    What the avatar shows meanwhile stays as it is; see `PUT …/still` for that.
    """
    wanted = await read_model(request, PoseWanted)
    avatar = avatar_of(request)
    require_shown(avatar)
    check_stage(avatar.status.animator, wanted.stage)
    request.app[LIMITS].charge("poses_per_minute", payer_of(request))
    crop = _crop(avatar, wanted.framing)
    message = TakePose(avatar.name, 0, wanted.pose, wanted.cels, crop, wanted.size, wanted.stage)
    png = await request.app[RENDERER].pose(message)
    marked = await request.app[MARKER].marked_beside(png, "image/png", "figure")
    return web.Response(body=marked, content_type="image/png")


@described(
    "poses", answer=an_object(animator=TEXT, stages=many(an_object(name=TEXT, means=TEXT))), statuses={}
)
async def get_stages(request: web.Request) -> web.Response:
    """The pictures on the way to a posed one, in the order in which they are made.

    THA3 has one for each of its networks, a student fewer.
    """
    animator = avatar_of(request).status.animator
    told = [{"name": n, "means": means} for n, means in STAGES.get(animator, STAGES["static"]).items()]
    return web.json_response({"animator": animator, "stages": told})


@described(
    "poses",
    query={
        "packing": one("string", enum=[*PACKINGS], default="plain"),
        "emotion": one("string", default=""),
        "size": one("integer", minimum=PICTURE_SIDES[0], maximum=PICTURE_SIDES[1], default=512),
        "framing": one("string", enum=[*FRAMINGS], default="whole"),
    },
    answer="application/zip",
    statuses={409: "The avatar has failed.", 503: "No render worker is up, or too many packs wait."},
)
async def get_sprites(request: web.Request) -> web.StreamResponse:
    """A zip with a PNG for each emotion, and its templates as JSON; it is sent while it is being made.

    `packing` is `plain`, `sillytavern` or `airi`; `emotion` may name some, with commas between. The header
    `X-Entries` says how many files it will have. A zip that ends early could not be made to its end.
    """
    avatar = avatar_of(request)
    packing, size = check_packing(request.query.get("packing", "plain")), _size(request)
    framing = _framing(request.query.get("framing", "whole"))
    named = [name for name in request.query.get("emotion", "").split(",") if name.strip()]
    templates = avatar.templates
    sprites = sprites_of(packing, templates, named)
    require_shown(avatar)
    if request.method == hdrs.METH_HEAD:
        entries = len(sprites) + len(notes_of(packing, templates, sprites))
        return web.Response(headers=_headers(avatar, packing, entries))
    request.app[LIMITS].charge("poses_per_minute", payer_of(request), len(sprites))
    async with request.app[SPRITES].turn(payer_of(request)):
        return await _sent(request, avatar, packing, templates, sprites, size, framing)


@described(
    "poses",
    body=_FACES,
    answer=an_object(faces=_FACES),
    example={"joy": {"pose": {"mouth_aaa_index": 1}, "cels": {"blush1": 0.5}}},
)
async def read_pose_files(request: web.Request) -> web.Response:
    """What a file of poses or emotion templates holds, ours or the predecessor's, by name.

    The body is the file: `{morph: value}`, `{"pose", "cels"}`, a list of them, or `{name: {"pose", "cels"}}`.
    """
    require_type(request, "application/json")
    data = await read_body(request, MAX_TEMPLATES_BYTES)
    faces = read_poses(_content(data), "the file").faces
    return web.json_response({"faces": {name: face.json() for name, face in faces.items()}})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    avatar = "/api/v1/avatars/{avatar}"
    return [
        web.get(f"{avatar}/poses", get_stages),
        web.post(f"{avatar}/poses", post_pose),
        web.get(f"{avatar}/sprites", get_sprites),
        web.post("/api/v1/poses/read", read_pose_files),
    ]


async def _sent(
    request: web.Request,
    avatar: Avatar,
    packing: Packing,
    templates: Mapping[str, EmotionTemplate],
    sprites: list[Sprite],
    size: int,
    framing: FramingName,
) -> web.StreamResponse:
    renderer, character, crop = request.app[RENDERER], avatar.actor.character, _crop(avatar, framing)
    notes, marker = notes_of(packing, templates, sprites), request.app[MARKER]
    archive = ZipStream()
    response: web.StreamResponse | None = None
    try:
        for sprite in sprites:
            pose, cels = alone(templates[sprite.emotion], character.cels, character.keep_eyes_open)
            png = await renderer.pose(TakePose(avatar.name, 0, _by_name(pose), cels, crop, size))
            png = await marker.marked_beside(png, "image/png", "figure")
            if response is None:  # not before: until then a refusal can be told
                response = web.StreamResponse(headers=_headers(avatar, packing, len(sprites) + len(notes)))
                await response.prepare(request)
            await response.write(archive.file(sprite.file, png))
        assert response is not None
        for file, data in notes.items():
            await response.write(archive.file(file, data))
        await response.write(archive.end())
        await response.write_eof()
    except AvatarRtcError as error:
        if response is None:
            raise
        log.warning("a pack of sprites of %s ended early: %s", avatar.name, error)
        if request.transport is not None:
            request.transport.abort()  # or it would look like a whole one
        return response
    return response


def _headers(avatar: Avatar, packing: Packing, entries: int) -> dict[str, str]:
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", avatar.actor.character.name)  # it may be that of a file
    return {
        hdrs.CONTENT_TYPE: "application/zip",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}-{packing}.zip"',
        hdrs.CACHE_CONTROL: "no-store",
        "X-Entries": str(entries),
    }


def _by_name(pose: Pose) -> dict[str, float]:
    return {each.name: float(value) for each, value in zip(MORPHS, pose.tolist(), strict=True) if value}


def _crop(avatar: Avatar, framing: FramingName) -> Crop:
    return avatar.actor.character.views.shown(NO_OWN_CROP, Framing(framing))


def _framing(name: str) -> FramingName:
    for each in FRAMINGS:
        if each == name:
            return each
    raise InputError(f"'framing' is {name!r:.80}, but must be one of {', '.join(FRAMINGS)}")


def _size(request: web.Request) -> int:
    text, (low, high) = request.query.get("size", "512"), PICTURE_SIDES
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InputError(f"'size' is {text!r:.80}, but must be a whole number in {low}..{high}")
    if not low <= int(text) <= high:
        raise OutOfRange("size", int(text), low, high)
    return int(text)


def _content(data: bytes) -> Any:
    """The JSON in a body: an object, or a list, which is judged as one value of an object."""
    if not data.lstrip().startswith(b"["):
        return json_object(data, MAX_TEMPLATES_BYTES)
    try:
        listed = json.dumps({"list": json.loads(data)}).encode()
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"the body is no JSON: {error}") from None
    return json_object(listed, 2 * MAX_TEMPLATES_BYTES)["list"]
