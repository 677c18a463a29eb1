"""What there is to choose from, as JSON: filters, presets, backdrops and settings."""

import asyncio

from aiohttp import web

from avatar_rtc.control import settings
from avatar_rtc.filters_schema import chain
from avatar_rtc.filters_schema.backdrops import backdrop_files
from avatar_rtc.filters_schema.presets import load_presets
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import (
    CHAIN,
    TEXT,
    an_object,
    many,
    one,
    ref,
    values_by_name,
)


@described("server", answer=values_by_name(one("object")))
async def get_filters(request: web.Request) -> web.Response:
    """A JSON schema per operation of the chain."""
    return web.json_response(chain.operations_schema())


@described("server", answer=one("object"))
async def get_settings_schema(request: web.Request) -> web.Response:
    """The JSON schema of an avatar's settings: type, range, default, help."""
    return web.json_response(settings.settings_schema())


@described("server", answer=an_object(backdrops=many(an_object(name=TEXT, url=TEXT, thumbnail=TEXT))))
async def list_backdrops(request: web.Request) -> web.Response:
    """The pictures that can stand behind an avatar, and where they and their small copies can be seen."""
    files, folder = backdrop_files().values(), "/assets/backdrops"
    found = [
        {
            "name": file.stem,
            "url": f"{folder}/{file.name}",
            "thumbnail": f"{folder}/thumbnails/{file.name}",
        }
        for file in files
    ]
    return web.json_response({"backdrops": found})


@described(
    "server",
    answer=an_object(presets=values_by_name(an_object(title=TEXT, description=TEXT, chain=ref(CHAIN)))),
)
async def list_presets(request: web.Request) -> web.Response:
    """Name → title, description and chain of each shipped preset."""
    presets = await asyncio.to_thread(load_presets)
    return web.json_response({"presets": {name: preset.json() for name, preset in presets.items()}})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    api = "/api/v1"
    return [
        web.get(f"{api}/filters", get_filters),
        web.get(f"{api}/settings/schema", get_settings_schema),
        web.get(f"{api}/presets", list_presets),
        web.get(f"{api}/backdrops", list_backdrops),
    ]
