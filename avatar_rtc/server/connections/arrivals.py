"""A request as it arrives: from whom and for which host, behind proxies, and without the base path.

Done where requests are made, so that limits, checks, routes and the access log see the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from aiohttp import hdrs, web

from avatar_rtc.config import Config
from avatar_rtc.server.forwarded import ProxyNetwork, caller_of, is_trusted, last_of, networks
from avatar_rtc.server.http.places import ASKED, FORWARDED_HOST

MakeRequest = Callable[..., web.BaseRequest]
"""aiohttp's factory of requests."""


class _Told(TypedDict, total=False):
    remote: str
    scheme: str
    host: str


def create_arrivals(make: MakeRequest, config: Config) -> MakeRequest:
    """The factory that does so after `make`."""
    trusted, base = networks(config.trusted_proxies), config.base_path

    def arrive(*parts: Any) -> web.BaseRequest:
        request = make(*parts)
        told = _told(request, trusted) if is_trusted(request.remote, trusted) else _Told()
        path = request.rel_url.raw_path
        is_below = bool(base) and path.startswith(f"{base}/")
        if not told and not is_below:
            return request
        inner = path.removeprefix(base) if is_below else path
        rel_url = request.rel_url.with_path(inner, encoded=True, keep_query=True)
        request = request.clone(rel_url=rel_url, **told)
        if is_below:
            request[ASKED] = path
        if "host" in told:
            request[FORWARDED_HOST] = told["host"]
        return request

    return arrive


def _told(request: web.BaseRequest, trusted: Sequence[ProxyNetwork]) -> _Told:
    """Caller, scheme and host, as far as the proxy tells them."""
    told = request.headers
    found: _Told = {"remote": caller_of(request.remote or "", told.getall(hdrs.X_FORWARDED_FOR, ()), trusted)}
    scheme = last_of(told.getall("X-Forwarded-Proto", ())).lower()
    if scheme in ("http", "https"):
        found["scheme"] = scheme
    if host := last_of(told.getall("X-Forwarded-Host", ())):
        found["host"] = host
    return found
