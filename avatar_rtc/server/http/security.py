"""Who may talk to the server: the Host header, foreign origins, and CORS for allowed ones.

Even a server on loopback is reachable by every web page that its user opens. Two defences: a Host header
outside the list is refused, so a foreign name that was re-pointed to this machine (DNS rebinding) opens
nothing; and a foreign page may only load static files, unless the operator allows its origin.

Why it is refused, a foreign page may read: who has embedded an avatar has to learn which setting is missing.
The refusal holds nothing but that sentence. It never goes with `Access-Control-Allow-Credentials`, and no
handler has run.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from avatar_rtc.config import LOOPBACK, Config
from avatar_rtc.errors import MAX_SHOWN, AvatarRtcError, Refused
from avatar_rtc.server.http.keys import CONFIG
from avatar_rtc.server.http.other_sites import asking_origin, embedding_headers, is_from_elsewhere
from avatar_rtc.server.http.places import FORWARDED_HOST
from avatar_rtc.server.http.routes.pages import is_static

_WILDCARDS = ("0.0.0.0", "::", "")
_EXPOSED = (
    "Location, Link, ETag, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate, "
    "x-audio-duration, x-word-timestamps, x-word-timestamps-truncated, x-speech-id, x-request-id"
)
_ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOWED_HEADERS = (
    "Content-Type, If-Match, Authorization, Last-Event-ID, X-Avatar, X-Avatar-Speak, "
    "Mcp-Protocol-Version, Mcp-Method, Mcp-Name, "
    # what OpenAI's own client in a page sends
    "OpenAI-Organization, OpenAI-Project, OpenAI-Beta, X-Stainless-Arch, X-Stainless-Lang, X-Stainless-OS, "
    "X-Stainless-Package-Version, X-Stainless-Retry-Count, X-Stainless-Runtime, X-Stainless-Runtime-Version, "
    "X-Stainless-Timeout, X-Stainless-Helper-Method"
)
_PREFLIGHT_S = "600"
_PORTS = {"http": 80, "https": 443}
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
    """True for loopback names, the address bound to, the registered one, and names the operator lists."""
    name = host_name(authority)
    if name is None:
        return False
    named = (config.host, *config.allowed_hosts, urlsplit(config.registry.address).hostname or "")
    if name in LOOPBACK or name in map(str.lower, named):
        return True
    # A re-pointed name is a name: whoever writes the address itself has not been tricked by DNS.
    return config.host in _WILDCARDS and _is_address(name)


def is_same_origin(origin: str, scheme: str, authority: str, behind_tls: bool = False) -> bool:
    """True if the origin is this server as the browser sees it: scheme, host and port.

    Args:
        scheme: by which we are asked, as far as we know.
        behind_tls: a proxy may end TLS before us and not tell.

    >>> [is_same_origin(f"{scheme}://a.example", "https", "a.example:443") for scheme in ("https", "http")]
    [True, False]
    """
    asked = (_origin(origin), _origin(f"{scheme}://{authority}"))
    if behind_tls and scheme == "http":
        return asked[0] is not None and asked[0] in (asked[1], _origin(f"https://{authority}"))
    return asked[0] is not None and asked[0] == asked[1]


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host, port; None if it is no origin of a page."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port


def may_be_behind_tls(authority: str, config: Config) -> bool:
    """True if a proxy that tells nothing may end TLS before us: the host is one that only others have."""
    own = config.tls_cert is not None or bool(config.trusted_proxies)
    return not own and host_name(authority) in {name.lower().rstrip(".") for name in config.allowed_hosts}


def is_origin_allowed(origin: str, config: Config) -> bool:
    """True if the operator lets that site embed and drive avatars."""
    if len(origin) > _MAX_ORIGIN:
        return False
    return "*" in config.allowed_origins or origin.lower() in map(str.lower, config.allowed_origins)


def create_security(config: Config) -> Middleware:
    """The middleware that checks Host and Origin before anything else runs."""

    @web.middleware
    async def security(request: web.Request, handler: Handler) -> web.StreamResponse:
        authority: str = request.get(FORWARDED_HOST, "") or request.headers.get(hdrs.HOST, "")
        origin = request.headers.get(hdrs.ORIGIN)
        asks_first = (
            request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        )
        if not is_host_allowed(authority, config):
            request[_READER] = origin or ""
            return _refuse(
                f"this server does not answer to the host name {authority!r:.90}; see allowed_hosts",
                asks_first,
            )
        if origin is None and is_from_elsewhere(request):
            origin = asking_origin(request)
            if "*" not in config.allowed_origins and not (origin and is_origin_allowed(origin, config)):
                raise Refused("pages of other sites may not show this; see allowed_origins")
            request[_READER], request[_ALLOWED] = "", True
            return await handler(request)
        behind_tls = may_be_behind_tls(authority, config)
        if (
            origin is None
            or is_static(request)
            or is_same_origin(origin, request.scheme, authority, behind_tls)
        ):
            request[_READER] = ""
            return await handler(request)
        request[_READER] = origin if len(origin) <= _MAX_ORIGIN else ""
        if not is_origin_allowed(origin, config):
            return _refuse(origin_refusal(origin), asks_first)
        request[_ALLOWED] = True
        return await (_preflight(request, handler) if asks_first else handler(request))

    return security


_READER = web.RequestKey("_READER", str)
"""The foreign origin that may read the answer; "" if there is none."""
_ALLOWED = web.RequestKey("_ALLOWED", bool)
"""Set if the page that asks is of an allowed origin."""


def _refuse(why: str, asks_first: bool) -> web.StreamResponse:
    # A browser hides why it may not even ask. So it may, and is refused then, and tells the page.
    if asks_first:
        return _may_ask(web.Response(status=204))
    raise Refused(why)


def origin_refusal(origin: str) -> str:
    """Why a foreign page may do nothing here, and what its operator can do about it."""
    if origin == "null":
        return (
            "pages without an origin, such as a file or a sandboxed frame, may not use this server; serve "
            "the page over http, or let the operator allow every page: avatar-rtc serve --allow-origin '*'"
        )
    origin = origin if len(origin) <= MAX_SHOWN else f"{origin[:MAX_SHOWN]}…"
    return (
        f"pages of {origin} may not use this server; its operator can allow them with "
        f'"--allow-origin {origin}" on the command line, or with allowed_origins in the settings'
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what other sites may do with the answer, errors included."""
    for name, value in embedding_headers(
        request, response, request.get(_ALLOWED, False), request.app[CONFIG]
    ).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    # Who was refused before it was known whence it came, for asking too fast, may read that, too.
    if origin := request.get(_READER, request.headers.get(hdrs.ORIGIN)):
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)


async def _preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)  # WHEP answers OPTIONS itself
    except (web.HTTPException, AvatarRtcError):
        response = web.Response(status=204)  # the request itself is told, in words that a page can read
    return _may_ask(response)


def _may_ask(response: web.StreamResponse) -> web.StreamResponse:
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
