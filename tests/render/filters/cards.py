"""A card's way through the arithmetic, taken without one; and settings of every operation, by its schema."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch

from torch import Tensor

from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.filters_schema.params import Params
from avatar_rtc.render.device import host
from avatar_rtc.render.filters.chain import FILTERS

Settings = dict[str, Any]
PACKAGES = {"anime4k", "pyanime4k"}
"""Methods of `upscale` that need what is not shipped."""
BUSY: dict[str, Settings] = {"digital_glitches": {"unboost": 0.1}, "analog_vhsglitches": {"unboost": 0.1}}
"""Where there is nothing to do in most frames: settings at which there always is."""


@contextmanager
def as_on_a_card() -> Iterator[None]:
    """Whatever runs inside takes the ways of a card, with the CPU's tensors."""
    with patch.object(host, "HOSTS", frozenset()):
        yield


def checked(name: str, settings: Settings) -> Params:
    return check_chain([[name, settings]])[0].params


def run(image: Tensor, name: str, settings: Settings, t: float = 1.25, seed: int = 7) -> Tensor:
    """The operation's function on an image in the space that it wants."""
    found: Tensor = FILTERS[name].function(image, checked(name, settings), t, seed)
    return found


@cache
def at_ends(name: str) -> list[Settings]:
    """Each parameter at either end of its range, or at each of its values, the others as they are."""
    return [{key: value} for key, field in _fields(name).items() for value in _ends(field)]


def all_at_ends(name: str) -> list[Settings]:
    """All parameters at the lower ends of their ranges, and all at the upper ones."""
    return [{key: _ends(field)[end] for key, field in _fields(name).items()} for end in (0, -1)]


def at_random(name: str, count: int, r: Random) -> list[Settings]:
    """All parameters anywhere in their ranges."""
    return [{key: _draw(field)(r) for key, field in _fields(name).items()} for _ in range(count)]


def _fields(name: str) -> dict[str, Any]:
    fields = dict(OPERATIONS[name].model_json_schema()["properties"])
    del fields["enabled"]
    return fields


def _ends(field: dict[str, Any]) -> list[Any]:
    if "enum" in field:
        return [value for value in field["enum"] if value not in PACKAGES]
    if field["type"] == "boolean":
        return [False, True]
    if field["type"] == "string":
        return ["i", "W" * field["maxLength"]]
    return [[0.0] * 3, [1.0] * 3] if field["type"] == "array" else [field["minimum"], field["maximum"]]


def _draw(field: dict[str, Any]) -> Callable[[Random], Any]:
    if "enum" in field or field["type"] in ("boolean", "string"):
        return lambda r: r.choice(_ends(field))
    if field["type"] == "array":
        return lambda r: [r.random() for _ in range(3)]
    low, high = _ends(field)
    return lambda r: r.randint(low, high) if field["type"] == "integer" else r.uniform(low, high)
