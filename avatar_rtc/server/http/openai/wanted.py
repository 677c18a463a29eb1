"""A request for a reply: which avatar speaks it, whether it does, and the body that goes upstream."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from avatar_rtc.errors import BadMessage
from avatar_rtc.server.http.openai.errors import OpenAiRefused

_AVATAR_MODEL = re.compile(r"avatar/([^/:]+)(:silent)?(?:/(.+))?", re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
Speaks = Literal["streamed", "all", "none"]


@dataclass(frozen=True)
class ModelName:
    """What the name of a model says."""

    avatar: str | None
    """Whose it is; None if it names none."""
    model: str
    """The upstream's; "" if it names none."""
    is_silent: bool = False


def model_name(name: str) -> ModelName:
    """Both parts of a name.

    >>> model_name("avatar/main/qwen3:8b")
    ModelName(avatar='main', model='qwen3:8b', is_silent=False)
    >>> model_name("gpt-5").avatar
    """
    found = _AVATAR_MODEL.fullmatch(name)
    if found is None:
        return ModelName(None, name)
    return ModelName(found[1], found[3] or "", bool(found[2]))


@dataclass(frozen=True)
class WantedReply:
    """What of a request counts here; all else is the upstream's to judge."""

    text: str
    """The body as it was sent."""
    model: str
    model_at: tuple[int, int] | None
    """Where the value of `model` stands in the text; None if it is missing."""
    is_streamed: bool
    is_plain: bool
    """No JSON is asked for."""
    goes_on: bool
    """It brings what a tool has answered: the reply before it goes on."""

    def body(self, model: str) -> bytes:
        """What goes upstream: the same bytes, but for another model."""
        if self.model_at is None or model == self.model:
            return self.text.encode()
        begin, end = self.model_at
        return f"{self.text[:begin]}{json.dumps(model, ensure_ascii=False)}{self.text[end:]}".encode()

    def is_spoken(self, by_default: Speaks, header: str | None) -> bool:
        """Whether its reply is spoken.

        Args:
            header: `X-Avatar-Speak`.

        Raises:
            OpenAiRefused: the header is neither yes nor no.
        """
        if header is not None:
            if (word := header.strip().lower()) not in ("yes", "no"):
                raise OpenAiRefused(400, f"X-Avatar-Speak is {header[:40]!r}, but must be yes or no")
            return word == "yes"
        return by_default == "all" or (by_default == "streamed" and self.is_streamed and self.is_plain)


def read_wanted(body: bytes) -> WantedReply:
    """Read a body; takes time in proportion to it.

    Raises:
        BadMessage: it is no JSON object, or `model` is no text.
    """
    try:
        text = body.decode()
        told, model_at = _object(text)
    except UnicodeDecodeError as error:
        raise BadMessage(f"the body is not UTF-8: {error.reason}") from None
    except RecursionError:
        raise BadMessage("the body is nested too deeply") from None
    except ValueError as error:
        raise BadMessage(f"the body is no JSON object: {error}") from None
    model = told.get("model", "")
    if not isinstance(model, str):
        raise BadMessage("model must be a text")
    return WantedReply(text, model, model_at, told.get("stream") is True, _is_plain(told), _goes_on(told))


def _object(text: str) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """The object, and where the value of its last `model` stands."""
    told: dict[str, Any] = {}
    model_at = None
    at = _after_space(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("it does not begin with {")
    at = _after_space(text, at + 1)
    is_first = True
    while text[at : at + 1] != "}":
        if not is_first:
            at = _after_space(text, _past(text, at, ","))
        _past(text, at, '"')
        key, at = _DECODER.raw_decode(text, at)
        begin = _after_space(text, _past(text, _after_space(text, at), ":"))
        try:
            told[key], end = _DECODER.raw_decode(text, begin)
        except StopIteration as stop:  # what some versions raise where nothing begins
            raise ValueError(f"nothing that is JSON at character {stop.value}") from None
        if key == "model":
            model_at = begin, end
        at, is_first = _after_space(text, end), False
    if _after_space(text, at + 1) < len(text):
        raise ValueError("there is more behind it")
    return told, model_at


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _past(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign} is missing at character {at}")
    return at + 1


def _is_plain(told: Mapping[str, Any]) -> bool:
    """Neither `response_format` (chat) nor `text.format` (responses) asks for JSON."""
    text = told.get("text")
    shapes = (told.get("response_format"), text.get("format") if isinstance(text, dict) else None)
    return all(shape.get("type") == "text" if isinstance(shape, dict) else not shape for shape in shapes)


def _goes_on(told: Mapping[str, Any]) -> bool:
    spoken = told.get("messages", told.get("input"))
    last = spoken[-1] if isinstance(spoken, list) and spoken else None
    if not isinstance(last, dict):
        return False
    return last.get("role") in ("tool", "function") or str(last.get("type", "")).endswith("_call_output")
