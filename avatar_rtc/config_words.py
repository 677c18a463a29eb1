"""Hosts, origins and servers, as the settings name them: what can be one, and what is wanted instead."""

import ipaddress
import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ICE = re.compile(r"(?P<scheme>\w+):(?P<host>[^\s:?/@#\[\]]+)(?::(?P<port>\d{1,5}))?"
                  r"(?P<query>\?transport=(?:udp|tcp))?")  # fmt: skip


def check_host(name: str) -> str:
    """A host name or an address, as it is.

    Raises:
        ValueError: says what is wanted.
    """
    if not _is_host(name):
        raise ValueError("wanted is a host name or an address alone, such as 'avatar.example.org'")
    return name


def check_origin(origin: str) -> str:
    """An origin, or "*", as it is; raises as `check_host`."""
    if origin == "*":
        return origin
    wanted = ValueError(
        "wanted is an origin: scheme, host and perhaps port, such as 'https://example.org', or '*'"
    )
    try:
        parts = urlsplit(origin)
        is_origin = (
            parts.scheme in ("http", "https") and origin.lower() == f"{parts.scheme}://{parts.netloc}".lower()
        )
        if (
            not is_origin
            or parts.username is not None
            or not _is_host(parts.hostname or "")
            or parts.port == 0
        ):
            raise wanted
    except ValueError:
        raise wanted from None
    return origin


def check_ice_url(url: str, *schemes: str) -> str:
    """A STUN or TURN URL, as it is; raises as `check_host`."""
    found = _ICE.fullmatch(url)
    if (
        found is None
        or found["scheme"] not in schemes
        or not _is_host(found["host"])
        or not 0 < int(found["port"] or 3478) < 65_536
        or (found["query"] and not found["scheme"].startswith("turn"))
    ):
        raise ValueError(f"wanted is a URL such as '{schemes[0]}:{schemes[0]}.example.org:3478'")
    return url


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _HOST.fullmatch(name) is not None and len(name) < 254
    return True
