"""JSON texts of any door: read within limits, answered by `ok` or `error` with the id of the request."""

import json
import math
from collections import Counter
from typing import Any, NoReturn

from avatar_rtc.errors import BadMessage

MAX_MESSAGE_BYTES = 64 * 1024
MAX_VALUES = 25_000
"""200 emotions that name every morph and cel have fewer; to read them takes 15 ms."""
MAX_DEPTH = 32


def ok(message_id: str | int | None, **fields: object) -> dict[str, object]:
    """The answer to a message that was taken."""
    return {"type": "ok", "id": message_id, **fields}


def error(message_id: str | int | None, detail: str) -> dict[str, object]:
    """The answer to a message that was refused, and why."""
    return {"type": "error", "id": message_id, "detail": detail}


def id_of(text: str | bytes) -> str | int | None:
    """The id in a message that may be broken otherwise, so that its error finds home."""
    if len(text) > MAX_MESSAGE_BYTES:
        return None
    try:
        found = json.loads(text)["id"]
        _check_scalar(found)
    except (ValueError, RecursionError, LookupError, TypeError, BadMessage):
        return None
    return found if isinstance(found, str | int) else None


def json_object(text: str | bytes, limit: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The JSON object in a text.

    Stricter than `json`: no infinities, no key twice, nothing that other programs could not read or write.

    Raises:
        BadMessage: longer than `limit` bytes, with too many values or too deep, or no JSON object.
    """
    if len(text) > limit:
        raise BadMessage(f"a message is at most {limit} bytes, not {len(text)}")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        if sum(map(text.count, ",[{")) > MAX_VALUES:
            raise BadMessage(f"a message has at most {MAX_VALUES} values")
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadMessage("a message is a JSON object: {'type': 'noun.verb', …}")
    _check_values(data)
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadMessage(f"the key {twice!r:.60} is there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise BadMessage(f"not JSON: {name} is no number")


def _check_values(data: dict[str, Any]) -> None:
    """Refuse numbers and characters that only Python knows."""
    layer: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        if not layer:
            return
        inner: list[Any] = []
        for value in layer:
            if isinstance(value, dict):
                inner += value
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            else:
                _check_scalar(value)
        layer = inner
    raise BadMessage(f"a message is at most {MAX_DEPTH - 1} levels deep")


def _check_scalar(value: str | float | None) -> None:
    if isinstance(value, str):
        if "\0" in value or not _is_writable(value):
            raise BadMessage("a text may have neither NUL nor halves of characters (lone surrogates)")
    elif isinstance(value, float) and not math.isfinite(
        value
    ):  # whole numbers are judged where they are used
        raise BadMessage("a number is too large")


def _is_writable(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
