"""What a body of a plugin says: texts at places, and perhaps a picture."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from avatar_rtc.characters.image import MAX_PICTURE_BYTES
from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, json_object
from avatar_rtc.errors import InputError, OutOfRange
from avatar_rtc.server.http.agents.launch.dialects import LaunchDialect
from avatar_rtc.server.http.bodies import read_body, read_lenient_form, read_text, require_type, text_of
from avatar_rtc.server.http.spool import Spool

MAX_FACE = 200
"""Letters of the id of a face."""
MAX_S = 86_400.0
_MOST_WITH_PICTURE = MAX_PICTURE_BYTES * 4 // 3 + MAX_MESSAGE_BYTES
"""Bytes of JSON that may have a picture in it, in base64."""
_MOST_FIELD = 16 * 1024
_MOST_FIELDS = 64
_JSON, _FORM = "application/json", "multipart/form-data"
_PLAIN_FORM = "application/x-www-form-urlencoded"
"""What aiohttp makes of a form that turns out to have no file."""


@dataclass(frozen=True)
class LaunchBody:
    """What came."""

    fields: Mapping[str, Any]
    picture: Spool | None = None
    """The file of one that came as a part of a form."""

    def at(self, place: str) -> Any:
        """What lies at a place; None if nothing does.

        >>> LaunchBody({"avatar": {"id": "mina"}}).at("avatar.id")
        'mina'
        """
        node: Any = self.fields
        for key in place.split("."):
            node = node.get(key) if isinstance(node, Mapping) else None
        return node

    def text(self, place: str, most: int, what: str = "") -> str:
        """The text at a place.

        Args:
            what: it is, for the sentence about one that is missing; "" if it may be.

        Raises:
            InputError: it is missing, no text, or longer than `most` letters.
        """
        found = self.at(place) if place else None
        if found is None or found == "":
            if what:
                raise InputError(f"{place} is missing; wanted is {what}")
            return ""
        if not isinstance(found, str):
            raise InputError(f"{place} must be a text")
        if len(found) > most:
            raise InputError(f"{place} has {len(found)} letters, but may have {most} at most")
        return found

    def seconds(self, place: str) -> float | None:
        """The number of seconds at a place; None if there is none.

        Raises:
            InputError: it is no number.
            OutOfRange: it lies outside of 1..86400.
        """
        found = self.at(place) if place else None
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise InputError(f"{place} must be a number of seconds")
        if not (math.isfinite(found) and 1 <= found <= MAX_S):
            raise OutOfRange(place, found, 1, MAX_S)
        return float(found)


async def read_launch(request: web.Request, dialect: LaunchDialect) -> LaunchBody:
    """What a plugin has sent, as JSON or as a form.

    Raises:
        RequestRefused: 415, it is neither.
        BadMessage, InputError, TooLarge, CapacityExceeded: as `read_body`, `json_object` and
            `read_lenient_form`.
    """
    in_path = {f"{{{name}}}": value for name, value in request.match_info.items()}
    if dialect.form is not None and request.content_type == _FORM:
        return await _read_parts(request, dialect)
    require_type(request, _JSON, *([_FORM, _PLAIN_FORM] if dialect.form else []))
    if request.content_type == _PLAIN_FORM:
        return _of_plain_form(dialect, await read_text(request, MAX_MESSAGE_BYTES))
    fields = await read_fields(request, _MOST_WITH_PICTURE if dialect.pictures else MAX_MESSAGE_BYTES)
    return LaunchBody({**fields, **in_path})


async def read_fields(request: web.Request, limit: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The JSON object in a body, whatever it is called; raises as `read_launch`."""
    body = await read_body(request, limit)
    if len(body) <= MAX_MESSAGE_BYTES:
        return json_object(body)
    return await asyncio.to_thread(json_object, body, limit)


def _of_plain_form(dialect: LaunchDialect, text: str) -> LaunchBody:
    try:
        pairs = dict(parse_qsl(text, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise InputError(f"the form cannot be read: {error}") from None
    form = dialect.form
    if form is None or not form.payload:
        return LaunchBody(pairs)
    return LaunchBody(json_object(pairs.get(form.payload, "")))


async def _read_parts(request: web.Request, dialect: LaunchDialect) -> LaunchBody:
    form = dialect.form
    assert form is not None
    texts = (form.payload,) if form.payload else dialect.places
    limits = {**dict.fromkeys(texts, MAX_MESSAGE_BYTES if form.payload else _MOST_FIELD)}
    limits[form.part] = MAX_PICTURE_BYTES
    parts, _ = await read_lenient_form(request, limits.get, sum(limits.values()))
    picture = parts.pop(form.part, None)
    if not form.payload:
        return LaunchBody({name: text_of(part) for name, part in parts.items()}, picture)
    if form.payload not in parts:
        raise InputError(f"the form lacks the part {form.payload!r}")
    return LaunchBody(json_object(parts[form.payload].read()), picture)
