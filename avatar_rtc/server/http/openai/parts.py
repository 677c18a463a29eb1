"""What is to be said of a language model's reply: the text of its first choice, no reasoning, no arguments.

Both shapes that OpenAI has for replies, each as a stream of events and as a whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from avatar_rtc.server.http.openai.events import SentEvent

End = Literal["", "text", "stream"]
_REASONING = ("thinking", "reasoning", "reasoning_text", "summary_text")
_TERMINAL = ("response.completed", "response.failed", "response.incomplete", "error")
_TEXTS = ("response.output_text.delta", "response.refusal.delta")
_TEXT_ENDS = ("response.output_text.done", "response.refusal.done")


@dataclass(frozen=True)
class ReplyPart:
    """What one event says."""

    text: str = ""
    tool: bool = False
    """A tool is called."""
    ends: End = ""
    """"text": what was said so far is complete. "stream": so is the whole reply."""


NOTHING = ReplyPart()


def part_of_chat(event: SentEvent) -> ReplyPart:
    """An event of `/v1/chat/completions`.

    >>> part_of_chat(SentEvent('{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}'))
    ReplyPart(text='Hi', tool=False, ends='')
    """
    if event.data.strip() == "[DONE]":
        return ReplyPart(ends="stream")
    told = object_of(event.data)
    if told.get("error"):
        return ReplyPart(ends="text")
    choice = _first_choice(told)
    delta = _mapping(choice.get("delta"))
    ends: End = "text" if choice.get("finish_reason") else ""
    return ReplyPart(_said(delta), _calls(delta), ends)


def whole_chat(told: Mapping[str, Any]) -> ReplyPart:
    """The answer of `/v1/chat/completions` that was not streamed."""
    message = _mapping(_first_choice(told).get("message"))
    return ReplyPart(_said(message), _calls(message), "stream")


def part_of_response(event: SentEvent) -> ReplyPart:
    """An event of `/v1/responses`."""
    told = object_of(event.data)
    kind = told.get("type")
    if kind in _TEXTS:
        return ReplyPart(_text(told.get("delta")))
    if kind in _TEXT_ENDS:
        return ReplyPart(ends="text")
    if kind == "response.output_item.added":
        return ReplyPart(tool=_is_call(_mapping(told.get("item"))))
    if kind in _TERMINAL or event.data.strip() == "[DONE]":
        return ReplyPart(ends="stream")
    return NOTHING


def whole_response(told: Mapping[str, Any]) -> ReplyPart:
    """The answer of `/v1/responses` that was not streamed."""
    items = [_mapping(item) for item in _list(told.get("output"))]
    texts = [_said(item) for item in items if item.get("type", "message") == "message"]
    return ReplyPart("\n".join(filter(None, texts)), any(map(_is_call, items)), "stream")


def object_of(data: str) -> Mapping[str, Any]:
    """The JSON object in a text; an empty one if it is none."""
    try:
        return _mapping(json.loads(data))
    except (ValueError, RecursionError):
        return {}


def _first_choice(told: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = (_mapping(choice) for choice in _list(told.get("choices")))
    return next((choice for choice in choices if choice.get("index", 0) == 0), {})


def _said(message: Mapping[str, Any]) -> str:
    """Its content, as a text or in parts, and its refusal."""
    return "".join((*_parts(message.get("content")), _text(message.get("refusal"))))


def _parts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in map(_mapping, _list(content)):
        if part.get("type") not in _REASONING:
            yield _text(part.get("text")) or _text(part.get("refusal"))


def _calls(message: Mapping[str, Any]) -> bool:
    return bool(message.get("tool_calls") or message.get("function_call"))


def _is_call(item: Mapping[str, Any]) -> bool:
    return str(item.get("type", "")).endswith("_call")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
