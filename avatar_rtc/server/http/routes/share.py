"""Where an avatar can be seen from elsewhere: addresses of this server, and one of them as a QR code.

The code is made of no text of the caller's, so nobody uses this server as a maker of codes.
"""

import asyncio
import io
import ipaddress
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, urlsplit

import segno
from aiohttp import hdrs, web

from avatar_rtc.config import LOOPBACK
from avatar_rtc.errors import InputError
from avatar_rtc.media.addresses.interfaces import own_addresses
from avatar_rtc.server.http.keys import CONFIG, avatar_of
from avatar_rtc.server.http.places import FORWARDED_HOST, outward
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one

FoundBy = Literal["machine", "network"]
_PLACES = {"view": "/view/{}", "page": "/?avatar={}", "whep": "/api/v1/avatars/{}/whep"}
_EVERY = ("", "0.0.0.0", "::")


@described(
    "watching",
    answer=an_object(
        links=many(an_object(origin=TEXT, reach=one("string", enum=["machine", "network"]), view=TEXT,
                             page=TEXT, whep=TEXT, qr=TEXT)),
        advice=TEXT,
    ),
)  # fmt: skip
async def get_share(request: web.Request) -> web.Response:
    """Addresses at which others find the avatar, the one that was asked first.

    `reach` is "machine" where that machine alone gets there. `advice` says what to do if no other one does,
    else it is empty. `qr` is a path: the address of the bare page as a QR code.
    """
    avatar = _name(request)
    told = []
    for origin in await asyncio.to_thread(_origins, request):
        root = f"{origin}{outward(request, '')}"
        told.append(
            {
                "origin": origin,
                "reach": reach_of(origin),
                **{name: root + place.format(avatar) for name, place in _PLACES.items()},
                "qr": outward(request, f"/api/v1/avatars/{avatar}/share.svg?origin={quote(origin, safe='')}"),
            }
        )
    is_alone = all(each["reach"] == "machine" for each in told)
    return web.json_response({"links": told, "advice": _ADVICE if is_alone else ""})


_ADVICE = (
    "Only this machine reaches this address. To let a phone in, start the server with "
    "--host 0.0.0.0 and a secret; see docs/deploy.md."
)


@described(
    "watching",
    answer="image/svg+xml",
    query={"origin": one("string", default=None)},
    statuses={400: "It is no origin of this server."},
)
async def get_share_code(request: web.Request) -> web.Response:
    """The address of the avatar's bare page as a QR code: one of `share`'s origins, by default the first."""
    avatar = _name(request)
    origins = await asyncio.to_thread(_origins, request)
    origin = request.query.get("origin", origins[0])
    if origin not in origins:
        raise InputError(f"origin is {origin[:80]!r}, but must be one of {', '.join(origins)}")
    text = f"{origin}{outward(request, _PLACES['view'].format(avatar))}"
    return web.Response(body=_code(text), content_type="image/svg+xml")


@lru_cache(64)
def _code(text: str) -> bytes:
    """The QR code of a text as an SVG that grows with its place, with the quiet zone of ISO 18004."""
    file = io.BytesIO()
    segno.make(text, micro=False, error="m").save(
        file, kind="svg", border=4, light="#fff", dark="#1c2140", omitsize=True, xmldecl=False
    )
    return file.getvalue()


def reach_of(origin: str) -> FoundBy:
    """Who gets there.

    >>> [reach_of(f"http://{host}:8080") for host in ("127.0.0.1", "[::1]", "localhost", "192.0.2.7")]
    ['machine', 'machine', 'machine', 'network']
    """
    name = urlsplit(origin).hostname or ""
    if name in LOOPBACK:
        return "machine"
    try:
        return "machine" if ipaddress.ip_address(name).is_loopback else "network"
    except ValueError:
        return "network"


def _name(request: web.Request) -> str:
    avatar_of(request)  # there is one
    return quote(request.match_info["avatar"])


def _origins(request: web.Request) -> list[str]:
    """Where this server is found, as it was asked first; others only if it listens there."""
    config = request.app[CONFIG]
    authority = request.get(FORWARDED_HOST, "") or request.headers.get(hdrs.HOST, "")
    asked = f"{request.scheme}://{authority}"
    if config.host not in _EVERY or reach_of(asked) == "network":
        return [asked]
    port = f":{urlsplit(asked).port}" if urlsplit(asked).port else ""
    return [asked, *(f"{request.scheme}://{_bracketed(address)}{port}" for address in own_addresses())]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    avatar = "/api/v1/avatars/{avatar}"
    return [web.get(f"{avatar}/share", get_share), web.get(f"{avatar}/share.svg", get_share_code)]
