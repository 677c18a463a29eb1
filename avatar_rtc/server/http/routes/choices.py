"""What there is to choose from, as JSON: filters and settings."""

from aiohttp import web

from avatar_rtc.control import settings
from avatar_rtc.filters_schema import chain
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import one, values_by_name


@described("server", answer=values_by_name(one("object")))
async def get_filters(request: web.Request) -> web.Response:
    """A JSON schema per operation of the chain."""
    return web.json_response(chain.operations_schema())


@described("server", answer=one("object"))
async def get_settings_schema(request: web.Request) -> web.Response:
    """The JSON schema of an avatar's settings: type, range, default, help."""
    return web.json_response(settings.settings_schema())


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    api = "/api/v1"
    return [
        web.get(f"{api}/filters", get_filters),
        web.get(f"{api}/settings/schema", get_settings_schema),
    ]
