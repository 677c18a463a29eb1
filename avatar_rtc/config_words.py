"""What is wrong with a setting, in a sentence: which one, what it is, and what is wanted."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from avatar_rtc.errors import UnknownName

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ICE = re.compile(r"(?P<scheme>\w+):(?P<host>[^\s:?/@#\[\]]+)(?::(?P<port>\d{1,5}))?"
                  r"(?P<query>\?transport=(?:udp|tcp))?")  # fmt: skip
_MAX_SHOWN = 60


def check_name(name: str) -> str:
    """A host name or an address, as it is.

    Raises:
        ValueError: says what is wanted.
    """
    if not _is_host(name):
        raise ValueError("wanted is a host name or an address alone, such as 'avatar.example.org'")
    return name


def check_origin(origin: str) -> str:
    """An origin, or "*", as it is; raises as `check_name`."""
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
    """A STUN or TURN URL, as it is; raises as `check_name`."""
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


def sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first complaint about settings.

    Args:
        model: of the settings; tells the names there are.
    """
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return str(UnknownName("setting", where, setting_names(model)))
    limits = _wanted(first["type"], first.get("ctx", {})) or first["msg"].removeprefix("Value error, ")
    is_secret = any(word in where for word in ("secret", "key"))
    shown = "" if is_secret or isinstance(first["input"], dict) else f" is {first['input']!r:.{_MAX_SHOWN}}"
    return f"setting {where}{shown}: {limits}" if where else limits


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The full names of all settings, tables and what is in them."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, f"{prefix}{name}.")


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "greater_than_equal":
            return f"wanted is at least {context['ge']:g}"
        case "less_than_equal":
            return f"wanted is at most {context['le']:g}"
        case "literal_error":
            return f"wanted is {context['expected']}"
        case "bool_type" | "bool_parsing":
            return "wanted is true or false"
        case "string_type":
            return 'wanted is a text in quotes, such as "name"'
        case "int_type" | "int_parsing" | "int_from_float":
            return "wanted is a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            return "wanted is a number"
        case "tuple_type":
            return 'wanted is a list of texts, such as ["a", "b"]'
        case "model_type" | "model_attributes_type":
            return "wanted is a table of settings"
        case "path_type":
            return "wanted is a path in quotes"
    return ""


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _HOST.fullmatch(name) is not None and len(name) < 254
    return True
