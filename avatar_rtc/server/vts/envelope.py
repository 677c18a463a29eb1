"""Requests of VTube Studio's API and their answers: read leniently, written strictly.

{"apiName", "apiVersion", "requestID"?, "messageType": "XRequest", "data"?} ──► XResponse │ APIError
"""

import json
import math
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NoReturn

API_NAME, API_VERSION = "VTubeStudioPublicAPI", "1.0"
MAX_REQUEST_ID = 64
_REQUEST, _RESPONSE, _ERROR = "Request", "Response", "APIError"
_MOST_SHOWN = 64


class Fault(IntEnum):
    """The errors of that API which we have, by its numbers."""

    INTERNAL = 0
    JSON = 2
    API_NAME = 3
    API_VERSION = 4
    REQUEST_ID = 5
    NO_TYPE = 6
    UNKNOWN_TYPE = 7
    NOT_AUTHENTICATED = 8
    TOKEN_DENIED = 50
    ALREADY_ASKING = 51
    PLUGIN_NAME = 52
    DEVELOPER_NAME = 53
    PLUGIN_ICON = 54
    NO_TOKEN = 100
    NO_PLUGIN_NAME = 101
    NO_DEVELOPER = 102
    NO_MODEL_ID = 150
    MODEL_ID = 151
    MODEL_NOT_FOUND = 152
    MODEL_TOO_SOON = 153
    MODEL_BUSY = 154
    HOTKEYS_FULL = 200
    HOTKEY_NO_MODEL = 201
    HOTKEY_NOT_FOUND = 202
    HOTKEY_FAILED = 206
    MOVE_NO_MODEL = 300
    MOVE_MISSING = 301
    MOVE_RANGE = 302
    PARAMETER_NAME = 350
    PARAMETER_VALUES = 351
    PARAMETER_TAKEN = 352
    PARAMETER_EXPLANATION = 353
    PARAMETER_DEFAULT = 354
    PARAMETERS_OF_ONE = 355
    PARAMETERS_OF_ALL = 356
    DELETION_NAME = 400
    DELETION_NOT_FOUND = 401
    DELETION_OF_ANOTHER = 402
    DELETION_OF_DEFAULT = 403
    NO_VALUES = 450
    VALUE = 451
    WEIGHT = 452
    UNKNOWN_PARAMETER = 453
    HELD_BY_ANOTHER = 454
    MODE = 455
    PARAMETER_NOT_FOUND = 500
    EXPRESSION_STATE_FILE = 600
    EXPRESSION_STATE_NOT_FOUND = 601
    EXPRESSION_FILE = 650
    EXPRESSION_NOT_FOUND = 651
    EXPRESSION_NO_MODEL = 652
    UNKNOWN_EVENT = 950
    UNKNOWN_PERMISSION = 1100
    TEST_MESSAGE = 100_000


class VtsError(Exception):
    """What a plugin is told instead of an answer."""

    def __init__(self, fault: Fault, sentence: str, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.fault, self.sentence = fault, sentence
        self.request_id = request_id
        """Of what it is about, where that was readable."""


@dataclass(frozen=True)
class VtsRequest:
    """One request."""

    id: str
    type: str
    """Without "Request" at its end."""
    data: Mapping[str, Any] = field(default_factory=dict)


def read_request(text: str | bytes) -> VtsRequest:
    """The request in a message.

    Raises:
        VtsError: it is none, with its id where that could be read.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise VtsError(Fault.JSON, "the message is no JSON") from None
    if not isinstance(found, dict):
        raise VtsError(Fault.JSON, "the message is no JSON object")
    request_id = _request_id(found.get("requestID"))
    name, version = found.get("apiName"), found.get("apiVersion")
    if name != API_NAME:
        raise VtsError(Fault.API_NAME, f"apiName has to be {API_NAME!r}", request_id)
    if version not in (API_VERSION, 1, 1.0) or isinstance(version, bool):
        raise VtsError(Fault.API_VERSION, f"apiVersion has to be {API_VERSION!r}", request_id)
    kind = found.get("messageType")
    if not isinstance(kind, str) or not kind.strip():
        raise VtsError(Fault.NO_TYPE, "messageType is missing", request_id)
    data = found.get("data")
    if data is not None and not isinstance(data, dict):
        raise VtsError(Fault.JSON, "data has to be an object", request_id)
    if not kind.endswith(_REQUEST):
        raise VtsError(Fault.UNKNOWN_TYPE, f"there is no request {shown(kind)}", request_id)
    return VtsRequest(request_id, kind.removesuffix(_REQUEST), data or {})


def response_text(request: VtsRequest, data: Mapping[str, Any]) -> str:
    """The answer to a request."""
    return _written(request.type + _RESPONSE, request.id, data)


def error_text(error: VtsError, request_id: str | None = None) -> str:
    """The answer to what was refused."""
    found = request_id or error.request_id or new_request_id()
    return _written(_ERROR, found, {"errorID": int(error.fault), "message": error.sentence})


def event_text(name: str, data: Mapping[str, Any]) -> str:
    """An event; nobody has asked for it, so its id is a new one."""
    return _written(name, new_request_id(), data)


def new_request_id() -> str:
    """For who has sent none."""
    return uuid.uuid4().hex


def shown(text: object) -> str:
    """What somebody sent, short enough to be told back.

    >>> shown("a" * 80)[:4], len(shown("a" * 80))
    ("'aaa", 67)
    """
    found = text if isinstance(text, str) else json.dumps(text, default=str)
    return repr(found) if len(found) <= _MOST_SHOWN else repr(f"{found[:_MOST_SHOWN]}…")


def lenient_number(data: Mapping[str, Any], name: str, default: float | None = None) -> float | None:
    """A number, also one that was sent as a text; None if it is neither, or no finite one.

    >>> lenient_number({"a": "0.5"}, "a"), lenient_number({"a": True}, "a"), lenient_number({}, "a", 1.0)
    (0.5, None, 1.0)
    """
    if (value := data.get(name)) is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def lenient_text(data: Mapping[str, Any], name: str) -> str:
    """A text, "" if there is none."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def lenient_truth(data: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """Yes or no, also as a text or a number.

    >>> lenient_truth({"a": "True"}, "a"), lenient_truth({"a": 0}, "a", True)
    (True, False)
    """
    value = data.get(name)
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes")
    return default if value is None else bool(value)


def _request_id(given: object) -> str:
    if given is None or given == "":
        return new_request_id()
    text = str(given) if isinstance(given, int) and abs(given) < 1e18 else given
    if (
        not isinstance(text, str)
        or not text.isascii()
        or not text.isprintable()
        or len(text) > MAX_REQUEST_ID
    ):
        raise VtsError(Fault.REQUEST_ID, f"requestID has to be 1 to {MAX_REQUEST_ID} ASCII characters")
    return text


def _written(kind: str, request_id: str, data: Mapping[str, Any]) -> str:
    return json.dumps(
        {
            "apiName": API_NAME,
            "apiVersion": API_VERSION,
            "timestamp": int(time.time() * 1000),
            "messageType": kind,
            "requestID": request_id,
            "data": data,
        }
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
