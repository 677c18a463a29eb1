"""Hosts, origins, servers, devices, as the settings name them: what can be one, and what is wanted."""

import ipaddress
import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Disclosure = Literal["off", "page", "picture"]
"""How it is told that what one sees was made: not at all; on pages and in files; in every picture, too."""
NarrationWay = Literal["act", "skip", "speak"]
"""What is done with `*waves slowly*` in a text: a character acts it, nobody hears it, or a voice says it."""
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ICE = re.compile(r"(?P<scheme>\w+):(?P<host>[^\s:?/@#\[\]]+)(?::(?P<port>\d{1,5}))?"
                  r"(?P<query>\?transport=(?:udp|tcp))?")  # fmt: skip
_BASE = re.compile(r"(/[\w.~-]{1,64}){1,8}", re.ASCII)
_SOURCE = re.compile(r"env:[A-Za-z_]\w*|file:.+")
_HASHED = re.compile(r"sha256:[0-9a-fA-F]{64}")
_PORTS_RANGE = re.compile(r"([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?", re.ASCII)
_REALM = re.compile(r"[A-Za-z0-9._-]{1,127}")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?")


def disclosure_of(value: object) -> object:
    """A word of `Disclosure`, where true is "page" and false is "off".

    >>> disclosure_of(True), disclosure_of("picture")
    ('page', 'picture')
    """
    return {True: "page", False: "off"}[value] if isinstance(value, bool) else value


def check_devices(names: str) -> str:
    """One device, or several with commas between, without blanks; raises as `check_host`.

    >>> check_devices("cuda:0, cuda:1")
    'cuda:0,cuda:1'
    """
    devices = [name.strip() for name in names.split(",")]
    if not all(map(_DEVICE.fullmatch, devices)):
        raise ValueError("wanted is auto, cpu, mps, cuda or cuda:N, or several such as 'cuda:0,cuda:1'")
    if len(devices) > 1 and "auto" in devices:
        raise ValueError("auto is one device; wanted is auto alone, or the names of several")
    # Two workers on one card would each hold the models, and render in two batches what fits into one.
    if len({"cuda:0" if name == "cuda" else name for name in devices}) < len(devices):
        raise ValueError("wanted is each device once; cuda is cuda:0")
    return ",".join(devices)


def check_host(name: str) -> str:
    """A host name or an address, as it is.

    Raises:
        ValueError: says what is wanted.
    """
    if not _is_host(name):
        raise ValueError("wanted is a host name or an address alone, such as 'avatar.example.org'")
    return name


def check_network(name: str) -> str:
    """An address, or a network of them; raises as `check_host`.

    >>> check_network("10.0.0.0/8"), check_network("::1")
    ('10.0.0.0/8', '::1/128')
    """
    try:
        return str(ipaddress.ip_network(name))
    except ValueError as error:
        raise ValueError(f"wanted is an address or a network, such as '10.0.0.0/8': {error}") from None


def check_address(text: str) -> str:
    """An IP address, as Python writes it; "" is none; raises as `check_host`."""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise ValueError(f"{text!r} is no IP address, such as 127.0.0.1 or 0.0.0.0") from None


def check_translated(text: str) -> str:
    """An address, perhaps with the local one that is translated into it; "" is none; raises as `check_host`.

    >>> check_translated("203.0.113.7/10.0.0.5")
    '203.0.113.7/10.0.0.5'
    """
    outer, slash, inner = text.partition("/")
    found = check_address(outer), check_address(inner)
    if not (outer if inner else not slash):
        raise ValueError(
            "wanted is an address such as '203.0.113.7', or also the local one, '203.0.113.7/10.0.0.5'"
        )
    if inner and (":" in outer) != (":" in inner):
        raise ValueError("wanted are two addresses of IPv4, or two of IPv6")
    return "/".join(filter(None, found))


def check_ports(text: str) -> str:
    """The first and the last of some ports; "" is none; raises as `check_host`.

    >>> check_ports("40000-40100"), check_ports("40000")
    ('40000-40100', '40000-40000')
    """
    if not text:
        return ""
    found = _PORTS_RANGE.fullmatch(text.replace(" ", ""))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if not first <= last < 65_536:
        raise ValueError("wanted are the first and the last port, such as '40000-40100', within 1..65535")
    return f"{first}-{last}"


def ports_of(text: str) -> range | None:
    """The ports that `check_ports` has taken; None if it is none."""
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1) if text else None


def check_realm(text: str) -> str:
    """A realm, as it is; raises as `check_host`."""
    if not _REALM.fullmatch(text):
        raise ValueError("wanted are letters, digits and ._-, such as 'avatar-rtc'")
    return text


def check_base_path(path: str) -> str:
    """A path without a slash at its end; "" is none; raises as `check_host`.

    >>> check_base_path("/avatars/"), check_base_path("/")
    ('/avatars', '')
    """
    bare = path.removesuffix("/")
    if bare and (not _BASE.fullmatch(bare) or {".", ".."}.intersection(bare.split("/"))):
        raise ValueError("wanted is a path of letters, digits and -._~, such as '/avatars'")
    return bare


def check_origin(origin: str) -> str:
    """An origin as browsers write it, or "*"; raises as `check_host`, and names the origin that may be meant.

    >>> check_origin("HTTPS://Example.org:443")
    'https://example.org'
    """
    if origin == "*":
        return origin
    found = _origin_of(origin)
    # What urlsplit has dropped on the way (a path, a name, line breaks) was there.
    if found is None or not _is_host(found.host) or origin.lower() not in found.ways:
        raise ValueError(
            "wanted is an origin: scheme, host and perhaps port, such as 'https://example.org', "
            f"or '*'{_meant(origin)}"
        )
    return found.ways[0]


class _Origin(NamedTuple):
    host: str
    ways: tuple[str, ...]
    """To write it, that of browsers first: lower case, without the scheme's own port."""


_PORTS = {"http": 80, "https": 443}


def _origin_of(url: str) -> _Origin | None:
    """The origin of a URL; None if it has none."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or port == 0:
        return None
    bare = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}"
    if port in (None, _PORTS[parts.scheme]):
        return _Origin(host, (bare, f"{bare}:{_PORTS[parts.scheme]}"))
    return _Origin(host, (f"{bare}:{port}",))


def _meant(origin: str) -> str:
    """The origin of what was written instead, as a question; "" if there is none."""
    scheme = "http" if re.match(r"localhost\b|[\d\[]", origin) else "https"
    near = _origin_of(origin if "://" in origin else f"{scheme}://{origin}")
    return f"; did you mean {near.ways[0]!r}?" if near and _is_host(near.host) and origin != "null" else ""


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


def check_source(text: str) -> str:
    """Where a secret stands, as it is: in the environment, or in a file; raises as `check_host`.

    The secret itself has no place in settings, which are shown and shared.
    """
    if text and not _SOURCE.fullmatch(text):
        raise ValueError(
            "wanted is not the secret itself, but where it stands: 'env:NAME' of the environment, or "
            "'file:PATH'"
        )
    return text


def check_key(text: str) -> str:
    """A fixed key as its hash, or where it stands; raises as `check_host`."""
    if not _HASHED.fullmatch(text) and not _SOURCE.fullmatch(text):
        raise ValueError(
            "wanted is not the key itself, but 'sha256:' and its SHA-256 in 64 digits of hexadecimal, "
            "or where it stands: 'env:NAME' of the environment, or 'file:PATH'"
        )
    return text.lower() if _HASHED.fullmatch(text) else text


def check_jwks_url(url: str) -> str:
    """An address of public keys, as it is: whoever is on the way could put in keys of their own, so with TLS.

    Raises:
        ValueError: as `check_host`.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    is_near = host in ("127.0.0.1", "localhost", "::1")
    if url and not (host and (parts.scheme == "https" or (parts.scheme == "http" and is_near))):
        raise ValueError("wanted is a URL such as 'https://login.example.org/.well-known/jwks.json'")
    return url


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _HOST.fullmatch(name) is not None and len(name) < 254
    return True
