"""JSON texts of any door: read within limits, answered by `ok` or `error` with the id of the request."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from avatar_rtc.errors import BadMessage

MAX_MESSAGE_BYTES = 64 * 1024
MAX_VALUES = 25_000
"""200 emotions that name every morph and cel have fewer; to read them takes 15 ms."""
MAX_DEPTH = 32
_MOST_ID = 2**63
"""Beyond, a number with a point is no whole one to a message."""


def ok(message_id: str | int | None, **fields: object) -> dict[str, object]:
    """The answer to a message that was taken."""
    return {"type": "ok", "id": message_id, **fields}


def error(message_id: str | int | None, detail: str) -> dict[str, object]:
    """The answer to a message that was refused, and why."""
    return {"type": "error", "id": message_id, "detail": detail}


@dataclass(frozen=True)
class Envelope:
    """What a text holds, read once: also of a broken one the id is known, so that its error finds home."""

    id: str | int | None
    data: dict[str, Any]
    fault: str = ""
    """What is wrong with it, as a sentence; "" if nothing is."""

    def object(self) -> dict[str, Any]:
        """The JSON object.

        Raises:
            BadMessage: there is none, or one that does harm.
        """
        if self.fault:
            raise BadMessage(self.fault)
        return self.data


def envelope_of(text: str | bytes, limit: int = MAX_MESSAGE_BYTES) -> Envelope:
    """What is in a text of at most `limit` bytes; never raises."""
    if len(text) > limit:
        return Envelope(None, {}, f"a message is at most {limit} bytes, not {len(text)}")
    faults: list[str] = []
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        if sum(map(text.count, ",[{")) > MAX_VALUES:
            faults.append(f"a message has at most {MAX_VALUES} values")
            if len(text) > MAX_MESSAGE_BYTES:  # its id is not worth what reading it takes
                return Envelope(None, {}, faults[0])
        data = _loaded(text, faults)
        if not isinstance(data, dict):
            faults.append("a message is a JSON object: {'type': 'noun.verb', …}")
            return Envelope(None, {}, faults[0])
    except (ValueError, RecursionError) as error:
        return Envelope(None, {}, [*faults, f"not JSON: {error}"][0])
    found = _id_in(data)
    try:
        _check_values(data)
    except BadMessage as error:
        faults.append(str(error))
    return Envelope(found, data, faults[0] if faults else "")


def json_object(text: str | bytes, limit: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The JSON object in a text.

    Stricter than `json`: no infinities, no key twice, nothing that other programs could not read or write.

    Raises:
        BadMessage: longer than `limit` bytes, with too many values or too deep, or no JSON object.
    """
    return envelope_of(text, limit).object()


def _loaded(text: str, faults: list[str]) -> object:
    """The value in a JSON text; the first of what `json` lets pass is added to `faults`."""

    def built(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and not faults:
            twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            faults.append(f"the key {twice!r:.60} is there twice")
        return found

    def constant(name: str) -> None:
        if not faults:
            faults.append(f"not JSON: {name} is no number")

    value: object = json.loads(text, object_pairs_hook=built, parse_constant=constant)
    return value


def _id_in(data: dict[str, Any]) -> str | int | None:
    found = data.get("id")
    if isinstance(found, float) and found.is_integer() and abs(found) < _MOST_ID:
        return int(found)  # some languages write 1.0 for 1
    if not isinstance(found, str | int):
        return None
    return found if not isinstance(found, str) or _is_plain(found) else None


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
        if not _is_plain(value):
            raise BadMessage("a text may have neither NUL nor halves of characters (lone surrogates)")
    elif isinstance(value, float) and not math.isfinite(
        value
    ):  # whole numbers are judged where they are used
        raise BadMessage("a number is too large")


def _is_plain(text: str) -> bool:
    try:
        return "\0" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:
        return False
