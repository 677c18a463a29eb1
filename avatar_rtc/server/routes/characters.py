"""Stored characters over HTTP."""

import asyncio

from aiohttp import hdrs, web

from avatar_rtc.errors import NotFound
from avatar_rtc.server.bodies import FILES, UPLOAD_TYPES, read_upload
from avatar_rtc.server.keys import STORE, UPLOADS
from avatar_rtc.server.routes.openapi import described
from avatar_rtc.server.routes.openapi_schemas import BYTES, TEXT, an_object, many, one


@described("characters", answer=an_object(characters=many(TEXT)))
async def list_characters(request: web.Request) -> web.Response:
    """The names of the stored characters."""
    return web.json_response({"characters": await asyncio.to_thread(request.app[STORE].names)})


@described(
    "characters",
    body=UPLOAD_TYPES,
    form={"image": BYTES},
    optional={"name": TEXT, **dict.fromkeys(FILES, BYTES)},
    query={"name": one("string", default="")},
    answer=an_object(name=TEXT),
    statuses={201: "It is stored; `Location` is its path.", 403: "It would replace a shipped one."},
)
async def post_character(request: web.Request) -> web.Response:
    """Check an uploaded picture, or zip of a character's folder, and keep it.

    A form has the parts `name` and `image`, and may have cels under their names (`blush1`, `fx_heart1`, …),
    `toml` and `student`.
    """
    upload = await read_upload(request)
    async with request.app[UPLOADS]:
        await asyncio.to_thread(request.app[STORE].save, upload.name, upload.data, upload.more)
    location = f"/api/v1/characters/{upload.name}"
    return web.json_response({"name": upload.name}, status=201, headers={hdrs.LOCATION: location})


@described("characters", answer="image/png")
async def get_character(request: web.Request) -> web.Response:
    """The PNG of a stored character."""
    name, store = request.match_info["name"], request.app[STORE]
    if name not in await asyncio.to_thread(store.names):
        raise NotFound("character", name)
    png = await asyncio.to_thread(store.png, name)
    return web.Response(body=png, content_type="image/png")


@described("characters", statuses={204: "It is gone.", 403: "It is a shipped one."})
async def delete_character(request: web.Request) -> web.Response:
    """Forget a character somebody uploaded; avatars that show it go on."""
    name, store = request.match_info["name"], request.app[STORE]
    if name not in await asyncio.to_thread(store.names):
        raise NotFound("character", name)
    async with request.app[UPLOADS]:
        await asyncio.to_thread(store.delete, name)
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
