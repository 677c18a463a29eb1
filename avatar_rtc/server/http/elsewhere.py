"""Avatars that another server has: who asks for one here is led there (307), to registered addresses alone.

request ─► the avatar is here ─► handler
        └► its owner, by the registry ─► 307 to OWNER/same path?same query
                                     ├─► none of that name ─► handler, which says so
                                     ├─► its server is lost, or the registry is away ─► 503: again in a moment
                                     └─► this server, which has it no more ─► handler
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc.config import AnimatorName
from avatar_rtc.errors import AlreadyThere
from avatar_rtc.server.http.keys import AVATARS, REGISTRY
from avatar_rtc.server.http.problems import RequestRefused
from avatar_rtc.server.live.avatars import MAIN
from avatar_rtc.server.live.state_file import KeptAvatar
from avatar_rtc.server.registry.ledger import Away
from avatar_rtc.server.registry.member import GOING, LOST, RegistryMember
from avatar_rtc.server.registry.records import ServerRecord

HERE = "here"
"""In the query of a request for a new avatar: `true` makes it on this very server."""
LOST_RETRY_S = 1
"""After which a lost avatar may be back, or the registry."""
_AVATARS = "/api/v1/avatars/{avatar}"
_WHERE = f"{_AVATARS}/where"


@web.middleware
async def elsewhere_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lead a request for an avatar of another server there; the caller may ask, or it would not be here."""
    registry = request.app.get(REGISTRY)
    resource = request.match_info.route.resource
    if registry is None or resource is None or not _is_of_an_avatar(resource.canonical):
        return await handler(request)
    name = request.match_info["avatar"]
    if name in request.app[AVATARS]:
        if not registry.answers(name):
            raise unavailable(LOST)
        return await handler(request)
    if name != MAIN and request.method != hdrs.METH_OPTIONS:  # browsers follow none from a preflight
        owner = await owner_of(registry, name)
        if owner is not None and owner.address != registry.address:
            raise led_to(request, registry, owner)
    return await handler(request)


async def owner_of(registry: RegistryMember, name: str) -> ServerRecord | None:
    """The server that has an avatar; None if there is none of that name.

    Raises:
        RequestRefused: 503, the registry is away, or the avatar has lost its server and comes back soon.
    """
    try:
        owner = await registry.find(name)
    except Away:
        raise unavailable(GOING) from None
    if owner == "":
        raise unavailable(f"the server of the avatar {name!r} is lost; another one takes it over")
    return owner if isinstance(owner, ServerRecord) else None


async def lead_to_the_least_loaded(request: web.Request) -> None:
    """Lead a request for a new avatar to the server that has least to do, if that is not this one.

    Raises:
        HTTPTemporaryRedirect: it is another.
    """
    registry = request.app.get(REGISTRY)
    if registry is None or request.query.get(HERE) == "true":
        return
    least = await registry.place()
    if least is not None and least.address != registry.address:
        # Loads change from one moment to the next: there it is made, or the two could send it to and fro.
        raise led_to(request, registry, least, **{HERE: "true"})


def led_to(
    request: web.Request, registry: RegistryMember, owner: ServerRecord, **more: str
) -> web.HTTPTemporaryRedirect:
    """A redirect to the same path and query at another server, with `more` in the query."""
    registry.redirected += 1
    path = request.rel_url.update_query(more) if more else request.rel_url
    return web.HTTPTemporaryRedirect(f"{owner.address}{path.raw_path_qs}")


@asynccontextmanager
async def claiming(
    request: web.Request, name: str | None, source: str, animator: AnimatorName | None
) -> AsyncIterator[str | None]:
    """While an avatar is made inside, its name is owned by this server; gives the name.

    Args:
        name: None is one that cannot be guessed.
        source: where its character can be read again.

    Raises:
        AlreadyThere: an avatar of that name, here or elsewhere.
        SetupError: the registry is away, and the settings allow no shared avatar without it.
    """
    registry = request.app.get(REGISTRY)
    if registry is None:
        yield name
        return
    if name is not None and name in request.app[AVATARS]:
        raise AlreadyThere("avatar", name)
    name = name or secrets.token_hex(16)
    kept = KeptAvatar(id=name, character=source, animator=animator)
    async with registry.claiming(name, kept.model_dump_json()):
        yield name


def unavailable(why: str) -> RequestRefused:
    """503, and that it is worth another try soon."""
    return RequestRefused(503, why, {hdrs.RETRY_AFTER: str(LOST_RETRY_S)})


def _is_of_an_avatar(path: str) -> bool:
    return path.startswith(_AVATARS) and path != _WHERE
