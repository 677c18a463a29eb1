"""What an agent and its avatar say to one another in a room: the names, and how each of them is written.

agent ─► byte stream `lk.audio_stream`, one for each thing that it says; RPC `lk.clear_buffer`
avatar ─► RPC `lk.playback_started`, `lk.playback_finished`, one of the latter for each stream
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avatar_rtc.errors import InputError

AUDIO_TOPIC = "lk.audio_stream"
TEXT_TOPIC = "lk.transcription"
CLEAR = "lk.clear_buffer"
STARTED = "lk.playback_started"
FINISHED = "lk.playback_finished"
AGENT_STATE = "lk.agent.state"
"""Attribute of an agent: what it is doing."""
SEGMENT_ID = "lk.segment_id"
IS_FINAL = "lk.transcription_final"
EXPRESSION = "lk.expression"
"""Attributes of a text."""
FRAMING = "kfl.framing"
"""Attribute of a byte stream that is made of records; "1" is the only way known."""
FRAMING_OFFER = {"kfl.protocol": "2"}
"""Attributes by which an avatar says that it reads records."""
CONTROL_TOPIC = "lk.control"
APP_TOPIC = "app_messages"

ANSWER_TAKEN, ANSWER_REJECTED = "ok", "reject"
UNSUPPORTED = 1400
"""Code of an RPC that nobody takes."""
MOST_MESSAGE_BYTES = 16_000
"""Of a data message that is read; none that means something here has a tenth of it."""


@dataclass(frozen=True)
class StreamFormat:
    """How the samples of a stream are written: 16 bit, little-endian."""

    rate: int
    channels: int
    is_framed: bool = False
    """Whether it is made of records, with emotions between the sound."""


def stream_format_of(attributes: Mapping[str, str]) -> StreamFormat:
    """The format that a stream's attributes tell.

    Raises:
        InputError: one is missing, or is no number.
    """
    rate, channels = (_whole(attributes, name) for name in ("sample_rate", "num_channels"))
    return StreamFormat(rate, channels, attributes.get(FRAMING) == "1")


def finished_payload(position_s: float, is_interrupted: bool) -> str:
    """The payload of FINISHED. One key more, and an agent takes none of it.

    >>> finished_payload(1.25, False)
    '{"playback_position": 1.25, "interrupted": false, "synchronized_transcript": null}'
    """
    told = {"playback_position": position_s, "interrupted": is_interrupted, "synchronized_transcript": None}
    return json.dumps(told)


@dataclass(frozen=True)
class AgentWish:
    """What a data message asks of an avatar."""

    emotion: str = ""
    """The name of an emotion, in whoever's words; "" is none."""
    is_now: bool = True
    """Whether it is to be shown at once, and not with what is said next."""
    leaves: bool = False
    """Whether the avatar is to leave the room."""


def asked_by(topic: str, data: bytes) -> AgentWish | None:
    """What a data message of an agent asks; None is nothing that is known here.

    >>> asked_by("lk.control", b"emotion_now:happy")
    AgentWish(emotion='happy', is_now=True, leaves=False)
    >>> asked_by("", b'{"type": "END_CALL"}')
    AgentWish(emotion='', is_now=True, leaves=True)
    """
    if len(data) > MOST_MESSAGE_BYTES:
        return None
    text = data.decode(errors="replace").strip()
    if topic == CONTROL_TOPIC:
        kind, _, name = text.partition(":")
        known = kind in ("emotion", "emotion_now") and name.strip()
        return AgentWish(name.strip(), kind == "emotion_now") if known else None
    told = _object(text)
    if told.get("type") == "END_CALL":
        return AgentWish(leaves=True)
    properties = told.get("properties")
    if told.get("event_type") == "conversation.set_emotion" and isinstance(properties, dict):
        emotion = properties.get("emotion")
        return AgentWish(emotion) if isinstance(emotion, str) and emotion else None
    return None


def words_in(chunk: str) -> str:
    """The words of a piece of a transcription: as they are, or the `text` of JSON objects, one a line.

    >>> words_in('{"text": "Good "}\\n{"text": "day."}\\n'), words_in("Good day.")
    ('Good day.', 'Good day.')
    """
    if not chunk.startswith("{"):
        return chunk
    lines = [_object(line) for line in chunk.splitlines() if line.strip()]
    texts = [line.get("text") for line in lines]
    if not all(isinstance(text, str) for text in texts):
        return chunk
    return "".join(map(str, texts))


def _whole(attributes: Mapping[str, str], name: str) -> int:
    told = attributes.get(name, "")
    if not told.isascii() or not told.isdigit() or len(told) > 6:
        raise InputError(f"{name} of the stream is {told!r:.40}; wanted is a whole number")
    return int(told)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
