"""Where avatars are: which of several servers has one, by which address."""

from aiohttp import web

from avatar_rtc.errors import NotFound
from avatar_rtc.server.http.elsewhere import owner_of, unavailable
from avatar_rtc.server.http.keys import AVATARS, REGISTRY, avatar_of, is_covered
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, one
from avatar_rtc.server.live.avatars import MAIN
from avatar_rtc.server.registry.ledger import Away
from avatar_rtc.server.registry.member import GOING

WHEREABOUTS = {"id": TEXT, "server": TEXT, "address": TEXT}
"""An avatar, the name of its server, and the address by which that is reached."""


async def everywhere(request: web.Request) -> list[dict[str, str]]:
    """Which avatars that the caller may see are where, of all servers together; without a registry none.

    Raises:
        RequestRefused: 503, the registry is away.
    """
    registry = request.app.get(REGISTRY)
    if registry is None:
        return []
    try:
        found = await registry.everywhere()
    except Away:
        raise unavailable(GOING) from None
    return [each.json() for each in found if is_covered(request, each.id)]


@described(
    "avatars",
    answer=an_object(**WHEREABOUTS, here=one("boolean")),
    statuses={503: "Its server is lost, or the registry cannot be reached: ask again."},
)
async def get_where(request: web.Request) -> web.Response:
    """Which server has it, and by which address; for who cannot follow a redirect, as pages of a browser.

    `address` is "" where servers know of no others.
    """
    name, registry = request.match_info["avatar"], request.app.get(REGISTRY)
    if registry is None or name in request.app[AVATARS] or name == MAIN:
        avatar_of(request)
        own = (registry.name, registry.address) if registry is not None else ("", "")
        return web.json_response({"id": name, "here": True, "server": own[0], "address": own[1]})
    owner = await owner_of(registry, name)
    if owner is None:
        raise NotFound("avatar", name)
    return web.json_response({"id": name, "here": False, "server": owner.name, "address": owner.address})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/avatars/{avatar}/where", get_where)]
