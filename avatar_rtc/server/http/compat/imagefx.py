"""Filters and enlarging of single pictures, in the shape the predecessor had: `/api/imagefx/…`.

A form has a part `file`, the picture, and a part `json` with the rest.
"""

import asyncio
import random
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_rtc.characters.image import MAX_PICTURE_BYTES, PICTURE_KINDS, read_picture, write_picture
from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, json_object
from avatar_rtc.errors import BadMessage, InputError, TooLarge, UnknownName
from avatar_rtc.filters_schema.anime4k_files import is_folder_given
from avatar_rtc.filters_schema.chain import OPERATIONS, Chain, enlargement
from avatar_rtc.filters_schema.params import Params
from avatar_rtc.intake.complaints import complaint
from avatar_rtc.link.orders import ProcessStill, Still
from avatar_rtc.server.http.bodies import read_form, require_type
from avatar_rtc.server.http.keys import RENDERER, UPLOADS, payer_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import BYTES, an_object, many, one
from avatar_rtc.server.http.spool import Spool

_MAX_SIDE, _MAX_PIXELS = 4096, 4096 * 2304
"""Before and after; the most of 16:9. Beyond, an operation takes over 10 s, and 2 GB."""
_MOMENTS_S = 3600.0
"""Within so many seconds lies the moment of a picture that names none: glitches come and go."""
_UNTOLD = ("upscale", "label")
_NO_WORKER = {503: "No render worker is up, or it has too much to do."}
_CONTENT_TYPES = {"jpg": "image/jpeg", "tga": "image/x-tga"}
_PICTURES = tuple(_CONTENT_TYPES.get(kind, f"image/{kind}") for kind in PICTURE_KINDS)


class Process(BaseModel):
    """What to do with a picture; other fields are ignored, as they were."""

    model_config = ConfigDict(allow_inf_nan=False)

    format: str = "png"
    filters: Chain = ()
    t: float | None = Field(
        None, ge=0.0, le=1e6, description="Moment in s of filters that move; a random one if not given."
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Of filters that are random.")


class Enlarge(BaseModel):
    """How to enlarge a picture."""

    model_config = ConfigDict(allow_inf_nan=False)

    format: str = "png"
    upscaled_width: int = Field(ge=1, le=_MAX_SIDE)
    upscaled_height: int = Field(ge=1, le=_MAX_SIDE)
    preset: Literal["A", "B", "C"] = "C"
    """Of Anime4K's networks, if the server was given them; else without effect."""
    quality: Literal["low", "high", "bilinear", "bicubic"] = "low"


@described(
    "predecessor",
    form={"file": BYTES, "json": Process},
    answer=_PICTURES,
    statuses=_NO_WORKER,
    example={"json": {"format": "png", "filters": [["desaturate", {}]]}},
)
async def process(request: web.Request) -> web.Response:
    """A picture through a chain of filters, at its own size unless the chain enlarges it."""
    picture, options = await _form(request)
    wanted = _checked(Process, options)
    t = random.uniform(0.0, _MOMENTS_S) if wanted.t is None else wanted.t
    message = ProcessStill(0, _EMPTY, wanted.filters, t=t, seed=wanted.seed)
    return await _answer(request, picture, wanted.format, message)


@described(
    "predecessor",
    form={"file": BYTES, "json": Enlarge},
    answer=_PICTURES,
    statuses=_NO_WORKER,
    example={"json": {"upscaled_width": 256, "upscaled_height": 256, "quality": "bicubic"}},
)
async def enlarge(request: web.Request) -> web.Response:
    """A picture at another size."""
    picture, options = await _form(request)
    wanted = _checked(Enlarge, options)
    message = ProcessStill(0, _EMPTY, size=(wanted.upscaled_width, wanted.upscaled_height))
    if wanted.quality not in ("low", "high"):
        message = replace(message, method=wanted.quality)
    elif is_folder_given():
        message = replace(message, method="anime4k", quality=wanted.quality, preset=wanted.preset)
    else:
        message = replace(message, method="anime", quality=wanted.quality)
    return await _answer(request, picture, wanted.format, message)


@described("predecessor", answer=an_object(filters=many(one("array"))))
async def get_available_filters(request: web.Request) -> web.Response:
    """All filters, each with defaults, ranges and a sentence, as the predecessor's editors read them.

    Not `upscale`, which they have apart, and not `label`: they have no field for a text.
    """
    filters = [[name, _described(params)] for name, params in OPERATIONS.items() if name not in _UNTOLD]
    return web.json_response({"filters": filters})


def _described(params: type[Params]) -> dict[str, object]:
    schema = params.model_json_schema()["properties"]
    schema.pop("enabled")
    return {
        "defaults": {key: declared["default"] for key, declared in schema.items()},
        "ranges": {key: _range(declared) for key, declared in schema.items()},
        "docstring": params.__doc__ or "",
    }


def _range(declared: dict[str, Any]) -> list[object]:
    if "enum" in declared:
        return list(declared["enum"])
    if declared.get("type") == "boolean":
        return [False, True]
    if declared.get("type") == "array":
        return ["!RGB"]
    return [declared["minimum"], declared["maximum"]]


_EMPTY = Still(b"", 0, 0)
Model = TypeVar("Model", bound=BaseModel)


async def _form(request: web.Request) -> tuple[Spool, dict[str, Any]]:
    require_type(request, "multipart/form-data")
    parts = await read_form(request, {"file": MAX_PICTURE_BYTES, "json": MAX_MESSAGE_BYTES})
    if missing := {"file", "json"} - parts.keys():
        raise InputError(f"the form lacks the part {sorted(missing)[0]!r}")
    return parts["file"], json_object(parts["json"].read())


def _checked(model: type[Model], options: dict[str, Any]) -> Model:
    try:
        found = model.model_validate(options)
    except ValidationError as error:
        raise complaint(error, model, "json: ", otherwise=BadMessage) from None
    kind: str = found.format  # type: ignore[attr-defined]
    if kind.lower() not in PICTURE_KINDS:
        raise UnknownName("image format", kind, PICTURE_KINDS)
    return found


async def _answer(request: web.Request, picture: Spool, kind: str, message: ProcessStill) -> web.Response:
    async with request.app[UPLOADS].turn(payer_of(request)):
        rgba = await asyncio.to_thread(lambda: read_picture(picture.read(), _MAX_PIXELS))
    height, width = rgba.shape[:2]
    wide, high = message.size or (width, height)
    pixels_out = round(wide * high * enlargement(message.chain) ** 2)
    if max(width * height, pixels_out) > _MAX_PIXELS:
        raise TooLarge(
            f"from {width}x{height} the picture would have {pixels_out} pixels; before and after it may have "
            f"{_MAX_PIXELS}"
        )
    still = Still(rgba.tobytes(), width, height)
    done = await request.app[RENDERER].process(ProcessStill(**{**vars(message), "still": still}))
    pixels = np.frombuffer(done.rgba, np.uint8).reshape(done.height, done.width, 4)
    body = await asyncio.to_thread(write_picture, pixels, kind)
    return web.Response(body=body, content_type=_CONTENT_TYPES.get(kind.lower(), f"image/{kind.lower()}"))


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.post("/api/imagefx/process", process),
        web.post("/api/imagefx/upscale", enlarge),
        web.get("/api/avatar/get_available_filters", get_available_filters),
    ]
