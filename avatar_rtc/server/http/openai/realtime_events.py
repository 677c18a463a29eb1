"""What the events of OpenAI's Realtime API say to an avatar, by their names of today and of the beta.

Pure: a text becomes an object, an object what is to be done. What nobody here knows is nothing.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.sound.g711 import G711_RATE, CompandingLaw, from_g711
from avatar_rtc.sound.pcm import check_rate, pcm_to_bytes

AUDIO_DELTA = ("response.output_audio.delta", "response.audio.delta")
AUDIO_DONE = ("response.output_audio.done", "response.audio.done")
TRANSCRIPT_DELTA = ("response.output_audio_transcript.delta", "response.audio_transcript.delta")
TRANSCRIPT_DONE = ("response.output_audio_transcript.done", "response.audio_transcript.done")
TEXT_DELTA = ("response.output_text.delta", "response.text.delta")
TEXT_DONE = ("response.output_text.done", "response.text.done")
SESSION = ("session.created", "session.updated")
CALL_DELTA = "response.function_call_arguments.delta"
ITEM_ADDED = "response.output_item.added"
TRUNCATE = "conversation.item.truncate"
REALTIME_RATE = 24_000
"""Hz, where nobody says another."""
_LAWS: Mapping[str, CompandingLaw] = {
    "audio/pcmu": "mulaw", "g711_ulaw": "mulaw",
    "audio/pcma": "alaw", "g711_alaw": "alaw",
}  # fmt: skip
_PCM = ("audio/pcm", "pcm16")

RealtimeEvent = Mapping[str, Any]


@dataclass(frozen=True)
class OutputFormat:
    """How the sound of replies is written."""

    rate: int = REALTIME_RATE
    law: CompandingLaw | None = None
    """None is 16-bit little-endian samples."""

    @property
    def sample_bytes(self) -> int:
        """Of one sample."""
        return 2 if self.law is None else 1

    def samples_of(self, data: bytes) -> bytes:
        """16-bit little-endian samples."""
        return data if self.law is None else pcm_to_bytes(from_g711(data, self.law))


def event_of(text: str) -> dict[str, Any] | None:
    """The event that a frame holds; None if it is none."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("type"), str) else None


def sound_in(event: RealtimeEvent) -> bytes | None:
    """The bytes of a piece of sound; None if they are not written as they should be."""
    try:
        return base64.b64decode(text_in(event, "delta"), validate=True)
    except (binascii.Error, ValueError):
        return None


def text_in(event: RealtimeEvent, *path: str) -> str:
    """The text that stands there; "" if none does.

    >>> text_in({"response": {"id": "r1"}}, "response", "id"), text_in({"response": None}, "response", "id")
    ('r1', '')
    """
    found: object = event
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def format_in(told: object, before: OutputFormat) -> OutputFormat:
    """The format of replies that a session, or a response, names; `before` if it names none that is known.

    >>> format_in({"audio": {"output": {"format": {"type": "audio/pcmu"}}}}, OutputFormat())
    OutputFormat(rate=8000, law='mulaw')
    >>> format_in({"output_audio_format": "pcm16"}, OutputFormat(8000, "alaw"))
    OutputFormat(rate=24000, law=None)
    """
    if not isinstance(told, Mapping):
        return before
    output = _inside(told, "audio", "output", "format")
    name = text_in(output, "type") or text_in(told, "output_audio_format")
    if name in _LAWS:
        return OutputFormat(G711_RATE, _LAWS[name])
    return OutputFormat(_rate_in(output)) if name in _PCM else before


def is_call(event: RealtimeEvent) -> bool:
    """Whether the model begins to call a function."""
    if event["type"] == ITEM_ADDED:
        return text_in(event, "item", "type") in ("function_call", "mcp_call")
    return bool(event["type"] == CALL_DELTA)


def is_call_output(event: RealtimeEvent) -> bool:
    """Whether the caller tells what a function gave."""
    return event["type"] == "conversation.item.create" and (
        text_in(event, "item", "type") == "function_call_output"
    )


def without_sound(event: RealtimeEvent) -> str:
    """A frame of the same event whose sound is empty."""
    return json.dumps({**event, "delta": ""}, separators=(",", ":"))


def truncation(item: str, content_index: int, heard_ms: int, event_id: str) -> str:
    """A frame that tells how much of an item was heard."""
    return json.dumps(
        {
            "type": TRUNCATE,
            "event_id": event_id,
            "item_id": item,
            "content_index": content_index,
            "audio_end_ms": heard_ms,
        }
    )


def _inside(told: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: object = told
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _rate_in(output: Mapping[str, Any]) -> int:
    rate = output.get("rate")
    if not isinstance(rate, int) or isinstance(rate, bool):
        return REALTIME_RATE
    try:
        check_rate(rate)
    except AvatarRtcError:
        return REALTIME_RATE
    return rate
