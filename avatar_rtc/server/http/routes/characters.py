"""Stored characters over HTTP."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import hdrs, web

from avatar_rtc.characters.own import NoRoom, Room
from avatar_rtc.errors import InputError, NotFound
from avatar_rtc.server.http.bodies import PART_FILES, UPLOAD_TYPES, read_upload
from avatar_rtc.server.http.keys import LIMITS, STORE, UPLOADS
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import BYTES, TEXT, an_object, many, one

Found = TypeVar("Found")


@described("characters", answer=an_object(characters=many(TEXT)))
async def list_characters(request: web.Request) -> web.Response:
    """The names of the stored characters."""
    return web.json_response({"characters": await asyncio.to_thread(request.app[STORE].names)})


@described(
    "characters",
    body=UPLOAD_TYPES,
    form={"image": BYTES},
    optional={"name": TEXT, **dict.fromkeys(PART_FILES, BYTES)},
    query={"name": one("string", default="")},
    answer=an_object(name=TEXT),
    statuses={
        201: "It is stored; `Location` is its path.",
        403: "It would replace a shipped one.",
        503: "As many are stored as may be, or the disk is full.",
    },
)
async def post_character(request: web.Request) -> web.Response:
    """Check an uploaded picture, or zip of a character's folder, and keep it.

    A form has the parts `name` and `image`, and may have cels under their names (`blush1`, `fx_heart1`, …),
    `toml` and `student`.
    """
    upload = await read_upload(request)
    store, limits = request.app[STORE], request.app[LIMITS]
    room = Room(limits.config.characters, limits.config.characters_mb)
    async with request.app[UPLOADS].turn():
        try:
            await asyncio.to_thread(lambda: store.save(upload.name, *upload.read(), room))
        except NoRoom as full:
            limits.count(full.setting)
            raise
    location = f"/api/v1/characters/{upload.name}"
    return web.json_response({"name": upload.name}, status=201, headers={hdrs.LOCATION: location})


@described("characters", answer="image/png")
async def get_character(request: web.Request) -> web.Response:
    """The PNG of a stored character."""
    name, store = request.match_info["name"], request.app[STORE]
    png = await asyncio.to_thread(_found, store.png, name)
    return web.Response(body=png, content_type="image/png")


@described("characters", statuses={204: "It is gone.", 403: "It is a shipped one."})
async def delete_character(request: web.Request) -> web.Response:
    """Forget a character somebody uploaded; avatars that show it go on."""
    name, store = request.match_info["name"], request.app[STORE]
    await asyncio.to_thread(_found, store.delete, name)
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    characters = "/api/v1/characters"
    return [
        web.get(characters, list_characters),
        web.post(characters, post_character),
        web.get(f"{characters}/{{name}}", get_character),
        web.delete(f"{characters}/{{name}}", delete_character),
    ]


def _found(do: Callable[[str], Found], name: str) -> Found:
    """What `do` gives of a character that a path names.

    Raises:
        NotFound: there is none of that name, or no longer.
    """
    try:
        return do(name)
    except InputError:
        raise NotFound("character", name) from None
