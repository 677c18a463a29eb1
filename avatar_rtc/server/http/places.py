"""Where the server lies for who asks: below `base_path`, and below what a proxy cuts off.

Routes know nothing of it. A request comes without the base path, and what leads back here gets it again.
"""

import re

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from avatar_rtc.server.http.keys import CONFIG

ASKED: web.RequestKey[str] = web.RequestKey("ASKED", str)
"""The raw path with the base path; only of requests below it."""
FORWARDED_HOST: web.RequestKey[str] = web.RequestKey("FORWARDED_HOST", str)
"""The host that the caller asked, as a trusted proxy tells it."""
_PREFIX = re.compile(r"(/[\w.~-]{1,64}){1,8}/?", re.ASCII)


@web.middleware
async def places_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer nothing beside the base path, and lead from there into it."""
    base = request.app[CONFIG].base_path
    if not base or ASKED in request:
        return await handler(request)
    if request.path == base and request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
        # Without the slash, what the page names would be looked for beside it.
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        return web.Response(status=308, headers={hdrs.LOCATION: f"{outward(request, '/')}{query}"})
    raise web.HTTPNotFound


def outward(request: web.Request, path: str) -> str:
    """The path under which the caller finds `path` of this server; without a host, which proxies change."""
    outer = outer_path(request.headers.get("X-Forwarded-Prefix"))
    return f"{outer}{request.app[CONFIG].base_path}{path}"


def asked_path(request: web.Request) -> str:
    """The path as it was asked for."""
    return f"{request.app[CONFIG].base_path}{request.path}" if ASKED in request else request.path


def outer_path(prefix: str | None) -> str:
    """The path that a proxy says it has cut off, in `X-Forwarded-Prefix`; "" if it says none, or no path.

    Whoever writes the header misleads nobody but itself: it is in no answer but its own, which nobody keeps.

    >>> outer_path("/live/"), outer_path(None), outer_path("//other.example")
    ('/live', '', '')
    """
    return prefix.rstrip("/") if prefix and _PREFIX.fullmatch(prefix) else ""
