"""Where callers may send an avatar: what a caller names is asked by the server, so it has to be granted.

A page or a program that can reach this server could else make it knock at doors of its own network.
"""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from avatar_rtc.config import Config
from avatar_rtc.errors import InputError, Refused

MAX_ADDRESS = 2_000
ANY = "*"
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Destinations:
    """The rule of one server."""

    def __init__(self, config: Config) -> None:
        listed = config.calls.destinations
        self._is_any = ANY in listed or (not listed and config.is_for_this_machine)
        self._allowed = tuple(urlsplit(each) for each in listed if each != ANY)

    def check(self, address: str, schemes: Collection[str]) -> str:
        """The address, if the server may be sent there.

        Args:
            schemes: of "ws", "wss", "http", "https", those that make sense.

        Raises:
            InputError: it is no address of these schemes, or has a user in it.
            Refused: it is not among those that the operator grants.
        """
        parts = _read(address, schemes)
        if not self._is_any and not any(_is_within(parts, allowed) for allowed in self._allowed):
            raise Refused(
                f"this server may not be sent to {shown_place(address)}; its operator can grant it under "
                "[calls] destinations"
            )
        return address


def shown_place(address: str) -> str:
    """Scheme and host of an address: what may be told of it, for the rest may open something.

    >>> shown_place("https://whip.example.org:8443/live/SECRET?token=x")
    'https://whip.example.org:8443'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _read(address: str, schemes: Collection[str]) -> SplitResult:
    wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
    try:
        parts = urlsplit(address) if len(address) <= MAX_ADDRESS else None
        _ = parts and parts.port
    except ValueError:
        parts = None
    if (
        parts is None
        or parts.scheme not in schemes
        or not parts.hostname
        or re.search(r"[\s\x00-\x1f\\]", address)
    ):
        raise InputError(f"{address!r:.80} is no address that begins with {wanted}")
    if "@" in parts.netloc:
        raise InputError("the address has a user in it; a key belongs into its own field")
    return parts


def _is_within(parts: SplitResult, allowed: SplitResult) -> bool:
    host = re.escape(allowed.hostname or "").replace(r"\*", r"[^/]+")
    return (
        parts.scheme == allowed.scheme
        and re.fullmatch(host, parts.hostname or "", re.IGNORECASE) is not None
        and _port(parts) == _port(allowed)
        and _is_below(parts.path, allowed.path)
    )


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _is_below(path: str, allowed: str) -> bool:
    """Whole steps of the path, and none that leads up again."""
    if re.search(r"(^|/)\.\.?(/|$)", re.sub("%2e", ".", path, flags=re.IGNORECASE)):
        return False
    top = allowed.rstrip("/")
    return path == top or path.startswith(f"{top}/") or not top
