"""Stages over HTTP: made, shown, rearranged and deleted.

Each is an avatar as well: `/api/v1/avatars/{stage}` watches it, records it, sets its chain, its backdrop and
its crop, and stops whoever speaks on it.
"""

import asyncio
from collections.abc import Sequence
from typing import Self

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar_rtc.characters.character import Character
from avatar_rtc.control.cast import (
    MAX_MEMBERS,
    MAX_STAGE_PX,
    MIN_STAGE_PX,
    STAGE_PX,
    Cast,
    OnStage,
    Placing,
    StageScale,
    StageX,
    StageY,
    with_equal_room,
)
from avatar_rtc.control.messages import BackdropSet, SetupSet
from avatar_rtc.errors import NotFound
from avatar_rtc.filters_schema.chain import Chain, chain_json
from avatar_rtc.intake.names import Name, check_name
from avatar_rtc.server.http.answers import Avatar
from avatar_rtc.server.http.bodies import read_model
from avatar_rtc.server.http.keys import AVATARS, ENSEMBLES, STORE, is_covered, require_covered
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import an_object, many
from avatar_rtc.server.live.avatar import Avatar as LiveAvatar
from avatar_rtc.server.live.ensemble import Ensemble


class _Place(BaseModel):
    """Where somebody stands; what is left out is as usual, or stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: StageX | None = None
    y: StageY | None = None
    scale: StageScale | None = None
    flip: bool | None = Field(None, description="Mirrored.")

    def on(self, place: Placing) -> Placing:
        """The place with what is wanted otherwise."""
        return Placing(
            place.x if self.x is None else self.x,
            place.y if self.y is None else self.y,
            place.scale if self.scale is None else self.scale,
            place.flip if self.flip is None else self.flip,
        )


class StageMember(_Place):
    """One who is to be on a stage: an avatar that is there, or a character that gets one for the stage."""

    avatar: Name | None = Field(None, description="Name of an avatar.")
    character: str | None = Field(None, description="Name of a stored character, in the place of `avatar`.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.avatar is None) == (self.character is None):
            raise ValueError("give 'avatar' or 'character', one of both")
        return self


Members = list[StageMember]


class StageCreate(BaseModel):
    """A new stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name | None = None
    """Its name in paths; left out, it gets one that cannot be guessed."""
    avatars: Members = Field([], max_length=MAX_MEMBERS, description="The hindmost first.")
    width: int = Field(STAGE_PX[0], ge=MIN_STAGE_PX[0], le=MAX_STAGE_PX[0], multiple_of=2)
    height: int = Field(STAGE_PX[1], ge=MIN_STAGE_PX[1], le=MAX_STAGE_PX[1], multiple_of=2)
    turns: bool = Field(True, description="Whether one speaks at a time.")
    backdrop: BackdropSet | None = None
    chain: Chain | None = Field(None, description="On the whole picture; chains of avatars do not show.")


class StagePatch(BaseModel):
    """What is to be otherwise; the rest stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    avatars: Members | None = Field(
        None, max_length=MAX_MEMBERS, description="All who are on it from now on, the hindmost first."
    )
    turns: bool | None = None
    backdrop: BackdropSet | None = None
    chain: Chain | None = None


class StagePlace(_Place):
    """Where an avatar stands; what is left out stays as it is."""


@described("stages", answer=an_object(stages=many(Avatar)))
async def list_stages(request: web.Request) -> web.Response:
    """All stages that the caller may see, as objects of `GET /avatars/{id}`."""
    seen = [each.avatar for name, each in request.app[ENSEMBLES].items() if is_covered(request, name)]
    return web.json_response({"stages": [avatar.describe() for avatar in seen]})


@described(
    "stages",
    body=StageCreate,
    answer=Avatar,
    statuses={
        201: "It is there; `Location` is its path.",
        404: "There is no such avatar.",
        409: "The name is taken.",
        503: "There are as many avatars as may be; a stage is one.",
    },
    example={
        "id": "show",
        "avatars": [{"character": "liora", "x": 0.3}, {"character": "tavi", "x": 0.7, "flip": True}],
        "backdrop": {"name": "night"},
    },
)
async def post_stage(request: web.Request) -> web.Response:
    """Make a stage: one picture of several avatars, under one backdrop and one chain.

    It is watched as an avatar is: `POST /avatars/{stage}/whep`. Its sound is all their voices, and one speaks
    at a time. Each avatar stays what it is, and is on one stage at most.
    """
    wanted = await read_model(request, StageCreate)
    require_covered(request, wanted.id)
    _require_members(request, wanted.avatars, ())
    stages = request.app[ENSEMBLES]
    made = await _made_for(request, wanted.avatars)
    try:
        members = _members(wanted.avatars, made, None)
        ensemble = stages.create(Cast(wanted.width, wanted.height, members, wanted.turns), wanted.id)
        made = []  # they go with the stage from now on
        try:
            await _look(ensemble, wanted.backdrop, wanted.chain)
            if request.transport is None:
                raise ConnectionResetError("the caller has gone")
        except BaseException:
            await request.app[AVATARS].delete(ensemble.avatar.name)
            raise
    except BaseException:
        await _unmake(request, made)
        raise
    name = ensemble.avatar.name
    return web.json_response(
        ensemble.avatar.describe(),
        status=201,
        headers={hdrs.LOCATION: outward(request, f"/api/v1/stages/{name}")},
    )


@described("stages", answer=Avatar)
async def get_stage(request: web.Request) -> web.Response:
    """One stage: as an avatar, and who is on it under `stage`."""
    return web.json_response(_stage_of(request).avatar.describe())


@described("stages", body=StagePatch, answer=Avatar, example={"turns": False})
async def patch_stage(request: web.Request) -> web.Response:
    """Change who is on a stage and where, its backdrop or its chain; if anything is wrong, all stays.

    An avatar that was made for the stage goes when it is not named any more.
    """
    ensemble = _stage_of(request)
    wanted = await read_model(request, StagePatch)
    _require_members(request, wanted.avatars or [], ensemble.cast.names)
    made = await _made_for(request, wanted.avatars or [])
    try:
        ensemble = _stage_of(request)
        cast = ensemble.cast
        members = cast.members if wanted.avatars is None else _members(wanted.avatars, made, cast)
        turns = cast.takes_turns if wanted.turns is None else wanted.turns
        arranged = Cast(cast.width, cast.height, members, turns)
        request.app[ENSEMBLES].check(arranged, ensemble.avatar)
        await _look(ensemble, wanted.backdrop, wanted.chain)
        request.app[ENSEMBLES].arrange(ensemble.avatar.name, arranged)
    except BaseException:
        await _unmake(request, made)
        raise
    return web.json_response(ensemble.avatar.describe())


@described("stages", statuses={204: "It is gone, and the avatars that were made for it."})
async def delete_stage(request: web.Request) -> web.Response:
    """End a stage; its viewers are told `closing`. Those who were on it go on by themselves."""
    ensemble = _stage_of(request)
    await request.app[AVATARS].delete(ensemble.avatar.name)
    return web.Response(status=204)


@described("stages", body=StagePlace, answer=Avatar, example={"x": 0.75, "flip": True})
async def put_member(request: web.Request) -> web.Response:
    """Put an avatar on a stage, before the others; or move one who is on it."""
    wanted = await read_model(request, StagePlace)
    ensemble = _stage_of(request)
    name = check_name(request.match_info["member"])
    if (role := ensemble.cast.of(name)) is None:
        require_covered(request, name)
        role = OnStage(name)
    cast = ensemble.cast.having(OnStage(name, wanted.on(role.place), role.is_own))
    request.app[ENSEMBLES].arrange(ensemble.avatar.name, cast)
    return web.json_response(ensemble.avatar.describe())


@described("stages", answer=Avatar)
async def delete_member(request: web.Request) -> web.Response:
    """Take an avatar off a stage; one that was made for it goes."""
    ensemble = _stage_of(request)
    name = request.match_info["member"]
    if ensemble.cast.of(name) is None:
        raise NotFound("avatar on this stage", name)
    request.app[ENSEMBLES].arrange(ensemble.avatar.name, ensemble.cast.without(name))
    return web.json_response(ensemble.avatar.describe())


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    stages = "/api/v1/stages"
    stage = f"{stages}/{{avatar}}"
    member = f"{stage}/avatars/{{member}}"
    return [
        web.get(stages, list_stages),
        web.post(stages, post_stage),
        web.get(stage, get_stage),
        web.patch(stage, patch_stage),
        web.delete(stage, delete_stage),
        web.put(member, put_member),
        web.delete(member, delete_member),
    ]


def _stage_of(request: web.Request) -> Ensemble:
    """The stage that the path names.

    Raises:
        NotFound: there is no stage of that name.
        Refused: the caller's token is for another.
    """
    name = request.match_info["avatar"]
    require_covered(request, name)
    ensemble = request.app[ENSEMBLES].find(name)
    ensemble.avatar.touch()
    return ensemble


def _require_members(request: web.Request, wanted: Sequence[StageMember], there: Sequence[str]) -> None:
    """Refuse who would bring avatars onto a stage that are not theirs; those who are there may be moved."""
    for each in wanted:
        if each.avatar not in there:
            require_covered(request, each.avatar)


async def _made_for(request: web.Request, wanted: Sequence[StageMember]) -> list[LiveAvatar]:
    """An avatar for each character that is wanted, in order.

    Raises:
        NotFound, InputError: there is no such character, or it cannot be shown; none is made then.
        CapacityExceeded: there are as many avatars as may be.
    """
    store, avatars = request.app[STORE], request.app[AVATARS]
    names = [each.character for each in wanted if each.character is not None]
    characters: list[Character] = [await asyncio.to_thread(store.load_character, name) for name in names]
    made: list[LiveAvatar] = []
    try:
        for name, character in zip(names, characters, strict=True):
            made.append(avatars.create(character, source=name))
    except BaseException:
        await _unmake(request, made)
        raise
    return made


async def _unmake(request: web.Request, made: Sequence[LiveAvatar]) -> None:
    avatars = request.app[AVATARS]
    for avatar in made:
        if avatars.get(avatar.name) is avatar:
            await avatars.delete(avatar.name)


def _members(
    wanted: Sequence[StageMember], made: Sequence[LiveAvatar], before: Cast | None
) -> tuple[OnStage, ...]:
    """Those who are to be on a stage; who is on it already stays where nothing else is said."""
    own = iter(made)
    found = []
    for each, x in zip(wanted, with_equal_room(len(wanted)), strict=True):
        name = each.avatar or next(own).name
        role = before.of(name) if before is not None else None
        place = Placing(x) if role is None else role.place
        is_own = each.avatar is None or (role is not None and role.is_own)
        found.append(OnStage(name, each.on(place), is_own))
    return tuple(found)


async def _look(ensemble: Ensemble, backdrop: BackdropSet | None, chain: Chain | None) -> None:
    """Set both or, if anything is wrong with one of them, neither."""
    operations = None if chain is None else chain_json(chain)
    await ensemble.avatar.apply(SetupSet(chain=operations, backdrop=backdrop))
