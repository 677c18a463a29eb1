"""Who may talk to the server: the Host header, foreign origins, and CORS for allowed ones.

Even a server on loopback is reachable by every web page that its user opens. Two defences: a Host header
outside the list is refused, so a foreign name that was re-pointed to this machine (DNS rebinding) opens
nothing; and a foreign page may only load static files, unless the operator allows its origin.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from avatar_rtc.config import LOOPBACK, Config
from avatar_rtc.errors import Refused
from avatar_rtc.server.http.keys import CONFIG
from avatar_rtc.server.http.other_sites import asking_origin, embedding_headers, is_from_elsewhere
from avatar_rtc.server.http.routes.pages import is_static

_WILDCARDS = ("0.0.0.0", "::", "")
_EXPOSED = (
    "Location, Link, ETag, Retry-After, x-audio-duration, x-word-timestamps, x-word-timestamps-truncated"
)
_ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOWED_HEADERS = "Content-Type, If-Match, Authorization"
_PREFLIGHT_S = "600"
_MAX_ORIGIN = 300
"""A name has 253 characters. What is allowed comes back in the answer, whose head must stay short."""


def host_name(authority: str) -> str | None:
    """The lower-case name in a `Host` header, without port and brackets; None if it is malformed.

    >>> host_name("[::1]:8080")
    '::1'
    """
    if not authority or any(c in authority for c in "/@?#\\ \t"):
        return None
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises for "a:b"
    except ValueError:
        return None
    return parts.hostname.rstrip(".") if parts.hostname else None


def is_host_allowed(authority: str, config: Config) -> bool:
    """True for loopback names, the address bound to, and the names the operator lists."""
    name = host_name(authority)
    if name is None:
        return False
    if name in LOOPBACK or name == config.host.lower() or name in map(str.lower, config.allowed_hosts):
        return True
    # A re-pointed name is a name: whoever writes the address itself has not been tricked by DNS.
    return config.host in _WILDCARDS and _is_address(name)


def is_same_origin(origin: str, authority: str) -> bool:
    """True if the origin is this server as the browser sees it.

    The scheme is not compared: behind a proxy that ends TLS the browser says https, and we see http.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == authority.lower()


def is_origin_allowed(origin: str, config: Config) -> bool:
    """True if the operator lets that site embed and drive avatars."""
    if len(origin) > _MAX_ORIGIN:
        return False
    return "*" in config.allowed_origins or origin.lower() in map(str.lower, config.allowed_origins)


def create_security(config: Config) -> Middleware:
    """The middleware that checks Host and Origin before anything else runs."""

    @web.middleware
    async def security(request: web.Request, handler: Handler) -> web.StreamResponse:
        authority = request.headers.get(hdrs.HOST, "")
        if not is_host_allowed(authority, config):
            raise Refused(f"this server does not answer to the host name {authority!r}; see allowed_hosts")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None and is_from_elsewhere(request):
            origin = asking_origin(request)
            if "*" not in config.allowed_origins and not (origin and is_origin_allowed(origin, config)):
                raise Refused("pages of other sites may not show this; see allowed_origins")
            request[_SHOWN] = True
            return await handler(request)
        if origin is None or is_same_origin(origin, authority) or is_static(request):
            return await handler(request)
        if not is_origin_allowed(origin, config):
            raise Refused(f"pages of {origin[:_MAX_ORIGIN]!r} may not drive this server; see allowed_origins")
        request[_FOREIGN] = origin
        if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
            return await _preflight(request, handler)
        return await handler(request)

    return security


_FOREIGN = web.RequestKey("_FOREIGN", str)
_SHOWN = web.RequestKey("_SHOWN", bool)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what other sites may do with the answer, errors included."""
    allowed = _FOREIGN in request or _SHOWN in request
    for name, value in embedding_headers(
        request, response.content_type, allowed, request.app[CONFIG]
    ).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if origin := request.get(_FOREIGN):
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
        response.headers[hdrs.VARY] = hdrs.ORIGIN


async def _preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)  # WHEP answers OPTIONS itself
    except web.HTTPMethodNotAllowed:
        response = web.Response(status=204)
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = _ALLOWED_METHODS
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ALLOWED_HEADERS
    response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _PREFLIGHT_S
    return response


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
