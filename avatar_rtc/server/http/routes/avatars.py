"""Avatars over HTTP: made, shown, changed and deleted; a picture of one; a student of its character."""

import asyncio
import contextlib
import logging
from typing import Any, Self

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, model_validator

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.shrinking import png_made_small
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import AnimatorName
from avatar_rtc.control.messages import ControlMessage, FramingSet, control_from
from avatar_rtc.control.settings import SettingsValues
from avatar_rtc.errors import InputError, OutOfRange, SetupError
from avatar_rtc.intake.names import Name
from avatar_rtc.server.http.admission import require_shown
from avatar_rtc.server.http.answers import Avatar, DistillationTold
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.elsewhere import HERE, claiming, lead_to_the_least_loaded
from avatar_rtc.server.http.keys import (
    AVATARS,
    CONFIG,
    LESSONS,
    LIMITS,
    MARKER,
    REGISTRY,
    RENDERER,
    STORE,
    avatar_of,
    is_covered,
    payer_of,
    require_covered,
)
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import an_object, many, one
from avatar_rtc.server.http.routes.whereabouts import WHEREABOUTS, everywhere
from avatar_rtc.server.live.avatar import Avatar as LiveAvatar
from avatar_rtc.server.live.distillation import Quality
from avatar_rtc.server.live.recasting import recast
from avatar_rtc.server.registry.ledger import Away
from avatar_rtc.stream.framing import FramingName

log = logging.getLogger(__name__)

MIN_SNAPSHOT_PX, MAX_SNAPSHOT_PX = 16, 2_048
"""Of its longer side."""


class AvatarCreate(BaseModel):
    """A new avatar; all may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name | None = None
    """Its name in paths; left out, it gets one that cannot be guessed."""
    character: str | None = None
    """Name of a stored character; left out, the server's own."""
    animator: AnimatorName | None = None
    """What renders it; left out, as the server is set up."""
    settings: SettingsValues | None = None
    """As `PUT …/settings`."""
    framing: FramingName | None = None
    """How much of the figure is shown; left out, as the server or the character wants it."""
    emotion: str | None = None
    """Shown from the start; left out, the character's default."""

    def messages(self) -> list[ControlMessage]:
        """What the avatar is told once it is there."""
        wanted: list[dict[str, Any]] = []
        if self.settings is not None:
            wanted.append({"type": "settings.set", "settings": self.settings})
        if self.framing is not None:
            wanted.append({"type": "framing.set", "name": self.framing})
        if self.emotion is not None:
            wanted.append({"type": "emotion.set", "name": self.emotion})
        return [control_from(message) for message in wanted]


class AvatarPatch(BaseModel):
    """What may be changed of a running avatar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    character: str | None = None
    """Name of a stored character; left out, it stays."""
    framing: FramingName | None = None
    """How much of the figure is shown; left out, as before."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.character is None and self.framing is None:
            raise ValueError("give 'character', 'framing' or both")
        return self


class DistillationStart(BaseModel):
    """How good the student shall be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Quality = "good"


@described(
    "avatars",
    query={"everywhere": one("boolean", default=False)},
    answer=one(
        "object",
        properties={"avatars": many(Avatar), "everywhere": many(an_object(**WHEREABOUTS))},
        required=["avatars"],
    ),
    statuses={503: "The registry of several servers cannot be reached."},
)
async def list_avatars(request: web.Request) -> web.Response:
    """All avatars here that the caller may see, as objects of `GET /avatars/{id}`.

    With `everywhere=true` also which of them other servers of the registry have, and where those are.
    """
    seen = [avatar for name, avatar in request.app[AVATARS].items() if is_covered(request, name)]
    told: dict[str, Any] = {"avatars": [avatar.describe() for avatar in seen]}
    if request.query.get("everywhere") == "true":
        told["everywhere"] = await everywhere(request)
    return web.json_response(told)


@described(
    "avatars",
    body=AvatarCreate,
    query={HERE: one("boolean", default=False)},
    answer=Avatar,
    statuses={
        201: "It is there; `Location` is its path.",
        307: "Another server of the registry has less to do: `Location`.",
        404: "There is no such character.",
        409: "The name is taken.",
        503: "There are as many avatars as may be.",
    },
    example={"id": "guest", "settings": {"liveliness": 0.5}, "emotion": "joy"},
)
async def post_avatar(request: web.Request) -> web.Response:
    """Make an avatar; it is there at once, and `live` when its character is prepared.

    Of several servers the one makes it that has least to do; `here` is this very one. An avatar that nobody
    watches or asks for anything is deleted after a while.
    """
    wanted = await read_model(request, AvatarCreate)
    require_covered(request, wanted.id)
    avatars, store = request.app[AVATARS], request.app[STORE]
    messages = wanted.messages()
    await lead_to_the_least_loaded(request)
    if wanted.character is None:
        source = request.app[CONFIG].character
        character = await asyncio.to_thread(_own_character, store, source)
    else:
        source = wanted.character
        character = await asyncio.to_thread(store.load_character, source)
    _require_caller(request)
    async with claiming(request, wanted.id, source, wanted.animator) as name:
        avatar = avatars.create(character, name, source, wanted.animator)
        try:
            for message in messages:
                await avatar.apply(message)
            _require_caller(request)
        except BaseException:
            # Also one who has gone: nobody else knows the avatar, or can tell that its name is taken.
            await avatars.delete(avatar.name)
            raise
    return web.json_response(
        avatar.describe(),
        status=201,
        headers={hdrs.LOCATION: outward(request, f"/api/v1/avatars/{avatar.name}")},
    )


@described("avatars", answer=Avatar)
async def get_avatar(request: web.Request) -> web.Response:
    """One avatar: state, animator, viewers, and everything it was told."""
    return web.json_response(avatar_of(request).describe())


@described("avatars", body=AvatarPatch, answer=Avatar, example={"character": "tavi"})
async def patch_avatar(request: web.Request) -> web.Response:
    """Swap the character, or show more or less of it.

    Whatever is wrong with the new one, the running one goes on.
    """
    avatar = avatar_of(request)
    wanted = await read_model(request, AvatarPatch)
    if wanted.character is not None:
        await recast(request.app[STORE], avatar, wanted.character)
    if wanted.framing is not None:
        await avatar.apply(FramingSet(name=wanted.framing))
    return web.json_response(avatar.describe())


@described("avatars", statuses={204: "It is gone.", 403: "It is `main`."})
async def delete_avatar(request: web.Request) -> web.Response:
    """End an avatar; its viewers are told `closing`, and its name is free again. `main` stays."""
    await request.app[AVATARS].delete(request.match_info["avatar"])
    if (registry := request.app.get(REGISTRY)) is not None:
        with contextlib.suppress(Away):  # its name is free with the next heartbeat
            await registry.release_ended()
    return web.Response(status=204)


@described(
    "avatars",
    query={"side": one("integer", minimum=MIN_SNAPSHOT_PX, maximum=MAX_SNAPSHOT_PX, default=MAX_SNAPSHOT_PX)},
    answer="image/png",
    statuses={
        400: "The picture cannot be made.",
        409: "The avatar has failed.",
        503: "No render worker is up, or it has too much to do.",
    },
)
async def get_snapshot(request: web.Request) -> web.Response:
    """A PNG of the avatar as it is now, with transparency, whether anybody watches or not.

    It says that it was made by a machine, unless the setting `disclosure` is "off". With `side` its longer
    side has so many px at most.
    """
    side = read_side(request.query.get("side", ""))
    return web.Response(body=await snapshot_of(request, avatar_of(request), side), content_type="image/png")


def read_side(text: str) -> int | None:
    """The longer side of a snapshot in px; None if there is none in the query.

    Raises:
        InputError, OutOfRange: it is no number, or none that a picture has.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InputError(f"side is {text!r:.40}, but must be a number of px")
    if not MIN_SNAPSHOT_PX <= int(text) <= MAX_SNAPSHOT_PX:
        raise OutOfRange("side", int(text), MIN_SNAPSHOT_PX, MAX_SNAPSHOT_PX)
    return int(text)


async def snapshot_of(request: web.Request, avatar: LiveAvatar, side: int | None) -> bytes:
    """A PNG of an avatar as it is now, at the caller's charge, no side longer than `side` px.

    Raises:
        RequestRefused: it has failed, and there will be none.
        TooSoon: the caller has asked for too many.
    """
    require_shown(avatar)
    request.app[LIMITS].charge("snapshots_per_minute", payer_of(request))
    png = await request.app[RENDERER].snapshot(avatar.name)
    if side is not None:
        png = await asyncio.to_thread(png_made_small, png, side)
    return await request.app[MARKER].marked_beside(png, "image/png", "figure")


@described(
    "avatars",
    body=DistillationStart,
    answer=DistillationTold,
    statuses={
        202: "It is being made, or waits for its turn.",
        404: "There is no such character any more.",
        503: "Too many wait.",
    },
    example={"quality": "draft"},
)
async def post_distillation(request: web.Request) -> web.Response:
    """Make a student of the avatar's character in the background; each that is better is shown at once.

    The server makes one at a time. One that it has begun by itself makes way.
    """
    avatar = avatar_of(request)
    wanted = await read_model(request, DistillationStart)
    await request.app[LESSONS].teach(avatar, wanted.quality, payer_of(request))
    return web.json_response(avatar.schooling.describe(), status=202)


@described("avatars", answer=DistillationTold)
async def get_distillation(request: web.Request) -> web.Response:
    """How far the student is: `state`, `share` of the work, `doing`, `seconds_left`, in the end `figures`.

    `shown` is what moves it now, `THA3`, `rig` or `student`, and `measured` how near that is to THA3, in dB.
    What comes `next`, a `rig` or the `student`, is there in `next_s` seconds.

    Of one that is `queued`, `place` is how many come before it.
    """
    return web.json_response(avatar_of(request).schooling.describe())


@described("avatars", answer=DistillationTold)
async def delete_distillation(request: web.Request) -> web.Response:
    """Stop it; what was done is kept, and the next one goes on from there. None begins by itself any more."""
    avatar = avatar_of(request)
    await avatar.distillation.close()
    return web.json_response(avatar.schooling.describe())


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    avatars = "/api/v1/avatars"
    avatar = f"{avatars}/{{avatar}}"
    return [
        web.get(avatars, list_avatars),
        web.post(avatars, post_avatar),
        web.get(avatar, get_avatar),
        web.patch(avatar, patch_avatar),
        web.delete(avatar, delete_avatar),
        web.get(f"{avatar}/snapshot.png", get_snapshot),
        web.post(f"{avatar}/distillation", post_distillation),
        web.get(f"{avatar}/distillation", get_distillation),
        web.delete(f"{avatar}/distillation", delete_distillation),
    ]


def _own_character(store: CharacterStore, source: str) -> Character:
    """The server's own character, once more.

    Raises:
        SetupError: it is not there any more.
    """
    try:
        return store.load_any_character(source)
    except InputError as error:
        log.error("the server's own character cannot be read any more: %s", error)
        raise SetupError(
            "the server's own character cannot be read any more; name one of /api/v1/characters"
        ) from None


def _require_caller(request: web.Request) -> None:
    """Stop where nobody waits for an answer any more."""
    if request.transport is None:
        raise ConnectionResetError("the caller has gone")
