"""Pictures that stand behind avatars: those that are shipped, and those that somebody brings."""

import asyncio

from aiohttp import hdrs, web

from avatar_rtc.characters.own import NoRoom
from avatar_rtc.errors import InputError, NotFound, UnknownName
from avatar_rtc.server.http.bodies import MAX_IMAGE_BYTES, read_spool, require_plain, require_type
from avatar_rtc.server.http.keys import AVATARS, BACKDROPS, LIMITS, UPLOADS, payer_of
from avatar_rtc.server.http.places import outward
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import FLAG, TEXT, an_object, many, one

_BACKDROP = an_object(name=TEXT, url=TEXT, thumbnail=TEXT, own=FLAG)
_PATH = "/api/v1/backdrops"
_KEPT = {hdrs.CACHE_CONTROL: "private, no-cache"}


@described("server", answer=an_object(backdrops=many(_BACKDROP)))
async def list_backdrops(request: web.Request) -> web.Response:
    """The pictures that can stand behind an avatar, and where they and their small copies can be seen."""
    known, folder = request.app[BACKDROPS].known, "/assets/backdrops"
    shipped = [
        {"name": name, "url": f"{folder}/{file.name}", "thumbnail": f"{folder}/thumbnails/{file.name}"}
        for name, file in known.shipped_files().items()
    ]
    own = await asyncio.to_thread(known.own_files)
    found = [{**each, "own": False} for each in shipped]
    found += [_told(name) for name in own if name not in known.shipped_files()]
    return web.json_response({"backdrops": found})


@described(
    "server",
    body=("image/*", "application/octet-stream"),
    query={"name": one("string")},
    answer=_BACKDROP,
    statuses={
        201: "It is kept; `Location` is its path.",
        403: "It is the name of a shipped one.",
        409: "There is one of that name.",
        503: "As many are kept as may be, or the disk is full.",
    },
)
async def post_backdrop(request: web.Request) -> web.Response:
    """Keep a picture that can stand behind avatars; any that can be read, 16 MiB, without transparency then.

    It is made smaller, if a side of it has more than 2048 px.
    """
    if request.content_type.startswith("image/"):
        require_plain(request, "image/*")
    else:
        require_type(request, "image/*", "application/octet-stream")
    body = await read_spool(request, MAX_IMAGE_BYTES)
    limits, own, name = request.app[LIMITS], request.app[BACKDROPS], request.query.get("name", "")
    async with request.app[UPLOADS].turn(payer_of(request)):
        try:
            await asyncio.to_thread(lambda: own.save(name, body.read(), limits.config.backdrops))
        except NoRoom as full:
            limits.count(full.setting)
            raise
    location = {hdrs.LOCATION: outward(request, f"{_PATH}/{name}")}
    return web.json_response(_told(name), status=201, headers=location)


@described("server", answer="image/webp")
async def get_backdrop(request: web.Request) -> web.Response:
    """A picture that somebody brought; where the shipped ones are, their list says."""
    return await _picture(request, small=False)


@described("server", answer="image/webp")
async def get_backdrop_thumbnail(request: web.Request) -> web.Response:
    """A small copy of it."""
    return await _picture(request, small=True)


@described(
    "server",
    statuses={
        204: "It is gone.",
        403: "It is a shipped one.",
        409: "It stands behind an avatar, which `detail` names.",
    },
)
async def delete_backdrop(request: web.Request) -> web.Response:
    """Forget a picture that somebody brought, and that stands behind no avatar."""
    name, own = request.match_info["name"], request.app[BACKDROPS]
    shown_by = [each for each, avatar in request.app[AVATARS].items() if avatar.state.backdrop.name == name]
    if shown_by and name in own.known.own_files():
        raise RequestRefused(
            409,
            f"the backdrop {name!r} stands behind {', '.join(map(repr, shown_by))}; show another one there"
            " first",
        )
    try:
        await asyncio.to_thread(own.delete, name)
    except InputError:
        raise NotFound("backdrop", name) from None
    return web.Response(status=204)


async def _picture(request: web.Request, small: bool) -> web.Response:
    name = request.match_info["name"]
    try:
        data = await asyncio.to_thread(request.app[BACKDROPS].picture, name, small)
    except (InputError, UnknownName):
        raise NotFound("backdrop", name) from None
    return web.Response(body=data, content_type="image/webp", headers=_KEPT)


def _told(name: str) -> dict[str, object]:
    path = f"{_PATH}/{name}"
    return {"name": name, "url": path, "thumbnail": f"{path}/thumbnail", "own": True}


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [
        web.get(_PATH, list_backdrops),
        web.post(_PATH, post_backdrop),
        web.get(f"{_PATH}/{{name}}", get_backdrop),
        web.get(f"{_PATH}/{{name}}/thumbnail", get_backdrop_thumbnail),
        web.delete(f"{_PATH}/{{name}}", delete_backdrop),
    ]
