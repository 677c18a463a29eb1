"""Presets, those of one's own among them, and how a character looks in each."""

import asyncio

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from avatar_rtc.errors import InputError, NotFound, OutOfRange
from avatar_rtc.filters_schema.chain import Chain, Operation
from avatar_rtc.filters_schema.presets import Preset
from avatar_rtc.intake.names import check_name
from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import LIMITS, LOOKS, PRESETS, avatar_of, payer_of
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import (
    CHAIN,
    FLAG,
    TEXT,
    an_object,
    one,
    ref,
    values_by_name,
)

NO_LOOK = "none"
"""The character without a look; no preset has this name."""
_SIDES = (16, 512)
_PRESET = an_object(title=TEXT, description=TEXT, chain=ref(CHAIN), own=FLAG)


class PresetSave(BaseModel):
    """A chain to keep under a name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field("", max_length=80)
    """For people; left out, it is the name."""
    description: str = Field("", max_length=400)
    chain: Chain


@described("server", answer=an_object(presets=values_by_name(_PRESET)))
async def list_presets(request: web.Request) -> web.Response:
    """Name → title, description and chain of each preset; `own` are those that somebody saved."""
    own = await asyncio.to_thread(request.app[PRESETS].all)
    presets = await asyncio.to_thread(request.app[PRESETS].with_shipped)
    told = {name: {**preset.json(), "own": own.get(name) == preset} for name, preset in presets.items()}
    return web.json_response({"presets": told})


@described(
    "server",
    body=PresetSave,
    answer=_PRESET,
    statuses={403: "It is a shipped one, or as many are kept as may be.", 503: "The disk is full."},
    example={"title": "Evening", "chain": [["bloom", {"exposure": 1.5}]]},
)
async def put_preset(request: web.Request) -> web.Response:
    """Keep a chain under a name, in the place of one's own of that name."""
    name = check_name(request.match_info["name"])
    if name == NO_LOOK:
        raise InputError(f"{NO_LOOK!r} is the picture without a look; choose another name")
    wanted = await read_model(request, PresetSave)
    preset = Preset(wanted.title or name.replace("_", " "), wanted.description, wanted.chain)
    limits = request.app[LIMITS]
    limits.charge("uploads_per_minute", payer_of(request))
    await asyncio.to_thread(request.app[PRESETS].save, name, preset, limits.config.presets)
    return web.json_response({**preset.json(), "own": True})


@described("server", statuses={204: "It is gone.", 403: "It is a shipped one."})
async def delete_preset(request: web.Request) -> web.Response:
    """Forget a preset that somebody saved; avatars that have its chain keep that."""
    name = request.match_info["name"]
    try:
        await asyncio.to_thread(request.app[PRESETS].delete, name)
    except InputError:
        raise NotFound("preset", name) from None
    return web.Response(status=204)


@described(
    "avatars",
    query={"size": {**one("integer", default=160), "minimum": _SIDES[0], "maximum": _SIDES[1]}},
    answer="image/png",
    statuses={503: "No render worker is up, or it has too much to do."},
)
async def get_look(request: web.Request) -> web.Response:
    """The avatar's character with the chain of a preset, at rest; `none` is without any.

    `Server-Timing` tells as `chain` what that chain takes of each frame, in ms, as measured beside the
    frames. `size` is the longest side in px.
    """
    avatar, side = avatar_of(request), _side(request.query.get("size", "160"))
    chain = await asyncio.to_thread(_chain_of, request, request.match_info["name"])
    limits, payer = request.app[LIMITS], payer_of(request)
    look = await request.app[LOOKS].of(
        avatar, chain, side, lambda: limits.charge("snapshots_per_minute", payer)
    )
    headers = {"Server-Timing": f"chain;dur={look.chain_ms:.1f}", hdrs.CACHE_CONTROL: "private, no-cache"}
    return web.Response(body=look.png, content_type="image/png", headers=headers)


@described("avatars", answer="image/png")
async def get_picture(request: web.Request) -> web.Response:
    """The picture of the avatar's character as it is kept, a square of 512 to 2048 px, nothing cut off."""
    png = await asyncio.to_thread(encode_image, avatar_of(request).actor.character.original, "png")
    return web.Response(body=png, content_type="image/png", headers={hdrs.CACHE_CONTROL: "private, no-cache"})


def _side(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InputError(f"size is {text[:20]!r}; wanted is a number of px in {_SIDES[0]}..{_SIDES[1]}")
    if not _SIDES[0] <= int(text) <= _SIDES[1]:
        raise OutOfRange("size", int(text), *_SIDES)
    return int(text)


def _chain_of(request: web.Request, name: str) -> tuple[Operation, ...]:
    if name == NO_LOOK:
        return ()
    preset = request.app[PRESETS].with_shipped().get(name)
    if preset is None:
        raise NotFound("preset", name)
    return preset.chain


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    presets, avatar = "/api/v1/presets", "/api/v1/avatars/{avatar}"
    return [
        web.get(presets, list_presets),
        web.put(f"{presets}/{{name}}", put_preset),
        web.delete(f"{presets}/{{name}}", delete_preset),
        web.get(f"{avatar}/looks/{{name}}", get_look),
        web.get(f"{avatar}/picture.png", get_picture),
    ]
