"""The STUN and TURN servers this end of a peer connection uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aiortc.rtcicetransport import parse_stun_turn_uri

from avatar_rtc.errors import InputError
from avatar_rtc.media.addresses.gathering import Gathering


@dataclass(frozen=True)
class IceServer:
    """One server, as its URL tells."""

    url: str
    host: str
    port: int
    transport: str
    """"udp" or "tcp"."""
    is_relay: bool
    """TURN, not STUN."""
    is_secure: bool
    """By TLS; its certificate is for the host's name."""


@dataclass(frozen=True)
class IceServers:
    """STUN and TURN servers this end asks for addresses, and its login at those that relay.

    Raises:
        InputError: a URL that is none of stun:, turn:, turns:.
    """

    urls: tuple[str, ...] = ()
    username: str = ""
    credential: str = ""
    gathering: Gathering = field(default_factory=Gathering, compare=False)
    """Asks them; shared by the peers of a process."""
    ipv6: bool = True
    """Relays are asked by IPv6, too."""

    def __post_init__(self) -> None:
        _ = self.servers  # read now, so that it raises here

    @cached_property
    def servers(self) -> tuple[IceServer, ...]:
        """Those that this end can use: it knows no STUN by TLS, and no TURN by DTLS."""
        return tuple(server for url in self.urls if (server := _read(url)) is not None)


def ice_servers_from(entries: Iterable[Mapping[str, Any]]) -> IceServers:
    """Of a list of W3C RTCIceServer objects, as a server gives it; the login is the last one named."""
    urls: list[str] = []
    login = ("", "")
    for entry in entries:
        named = entry.get("urls", ())
        urls += [named] if isinstance(named, str) else named
        if "username" in entry:
            login = entry["username"], entry.get("credential", "")
    return IceServers(tuple(urls), *login)


def _read(url: str) -> IceServer | None:
    try:
        parts = parse_stun_turn_uri(url)
    except ValueError as error:
        raise InputError(f"{url!r} is no STUN or TURN URL: {error}") from None
    is_relay, is_secure = parts["scheme"].startswith("turn"), parts["scheme"].endswith("s")
    transport = parts.get("transport", "udp")
    if transport not in ("udp", "tcp") or (is_secure and not (is_relay and transport == "tcp")):
        return None
    return IceServer(url, parts["host"], parts["port"], transport, is_relay, is_secure)
