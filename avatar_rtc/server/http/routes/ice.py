"""STUN and TURN for the client: `GET /api/v1/ice-servers` and the `Link` headers of WHEP.

TURN credentials are signed, not stored: the user name carries its expiry, the password is its HMAC-SHA1
under the secret shared with coturn (draft-uberti-behave-turn-rest-00; coturn's `use-auth-secret`).
"""

import base64
import hashlib
import hmac
import secrets
import time
from typing import NamedTuple

from aiohttp import hdrs, web

from avatar_rtc.config import Config
from avatar_rtc.media.addresses.gathering import Gathering
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.server.http.keys import CONFIG
from avatar_rtc.server.http.routes.openapi import described
from avatar_rtc.server.http.routes.openapi_schemas import TEXT, an_object, many, one


class Credential(NamedTuple):
    """A TURN user name and its password."""

    username: str
    """`<expiry, Unix seconds>:<name>`."""
    password: str


def turn_credential(secret: str, name: str, expires: int) -> Credential:
    """The credential that coturn accepts until `expires` (Unix seconds).

    >>> turn_credential("north", "viewer", 1_700_000_000).username
    '1700000000:viewer'
    """
    username = f"{expires}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credential(username, base64.b64encode(digest).decode())


def fresh_credential(config: Config) -> Credential:
    """A credential that is valid from now for `ttl_s`.

    Under another name each time, so that a quota per user in coturn is one per viewer.
    """
    expires = int(time.time()) + config.turn.ttl_s
    return turn_credential(config.turn.secret, secrets.token_hex(6), expires)


def ice_servers(config: Config) -> list[dict[str, object]]:
    """The configured servers as W3C RTCIceServer objects, for a client."""
    servers: list[dict[str, object]] = []
    if config.stun_urls:
        servers.append({"urls": list(config.stun_urls)})
    if config.turn.urls:
        username, password = fresh_credential(config)
        servers.append({"urls": list(config.turn.urls), "username": username, "credential": password})
    return servers


def own_ice_servers(config: Config, gathering: Gathering) -> IceServers:
    """The same servers for our end of a connection, asked by `gathering`."""
    username, password = fresh_credential(config) if config.turn.urls else ("", "")
    return IceServers((*config.stun_urls, *config.turn.urls), username, password, gathering, config.ipv6)


def link_headers(config: Config) -> list[str]:
    """One `Link` header value per configured URL (draft-ietf-wish-whep-04)."""
    links = [f'<{url}>; rel="ice-server"' for url in config.stun_urls]
    if config.turn.urls:
        username, password = fresh_credential(config)
        login = f'username="{username}"; credential="{password}"; credential-type="password"'
        links += [f'<{url}>; rel="ice-server"; {login}' for url in config.turn.urls]
    return links


@described(
    "watching",
    answer=an_object(iceServers=many(an_object(urls=many(TEXT))), ttl_s=one("integer")),
)
async def get_ice_servers(request: web.Request) -> web.Response:
    """An RTCConfiguration: `{"iceServers": […]}`, and `ttl_s`, how long its credentials are valid."""
    config = request.app[CONFIG]
    body = {"iceServers": ice_servers(config), "ttl_s": config.turn.ttl_s}
    return web.json_response(body, headers={hdrs.CACHE_CONTROL: "no-store"})


def routes() -> list[web.RouteDef]:
    """What this module answers."""
    return [web.get("/api/v1/ice-servers", get_ice_servers)]
