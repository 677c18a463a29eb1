"""JSON texts of any door: read within limits, answered by `ok` or `error` with the id of the request."""

import json
from typing import Any

from pydantic import ValidationError

from avatar_rtc.errors import BadMessage

MAX_MESSAGE_BYTES = 64 * 1024


def explain(error: ValidationError) -> str:
    """The first complaint of a validation error in one line."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def ok(message_id: str | int | None, **fields: object) -> dict[str, object]:
    """The answer to a message that was taken."""
    return {"type": "ok", "id": message_id, **fields}


def error(message_id: str | int | None, detail: str) -> dict[str, object]:
    """The answer to a message that was refused, and why."""
    return {"type": "error", "id": message_id, "detail": detail}


def id_of(text: str | bytes) -> str | int | None:
    """The id in a message that may be broken otherwise, so that its error finds home."""
    try:
        found = json_object(text).get("id")
    except BadMessage:
        return None
    return found if isinstance(found, str | int) else None


def json_object(text: str | bytes, limit: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """The JSON object in a text.

    Raises:
        BadMessage: longer than `limit` bytes, or no JSON object.
    """
    if len(text) > limit:
        raise BadMessage(f"a message is at most {limit} bytes, not {len(text)}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadMessage("a message is a JSON object: {'type': 'noun.verb', …}")
    return data
