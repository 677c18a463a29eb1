"""Events of OpenAI's Realtime API, as its server writes them, of today's names or the beta's."""

import base64
import json
from collections.abc import Iterator

import numpy as np

RATE = 24_000


def tone(seconds: float, rate: int = RATE) -> bytes:
    t = np.arange(round(seconds * rate)) / rate
    return (
        (np.sin(2 * np.pi * 180 * t) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * t)) * 9_000)
        .astype("<i2")
        .tobytes()
    )


def event(type_: str, **fields) -> str:
    return json.dumps({"type": type_, "event_id": "event_1", **fields})


def created(response: str = "r1", **fields) -> str:
    return event("response.created", response={"id": response, "status": "in_progress", **fields})


def delta(sound: bytes, item: str = "i1", response: str = "r1", beta: bool = False) -> str:
    return event(
        "response.audio.delta" if beta else "response.output_audio.delta",
        response_id=response, item_id=item, output_index=0, content_index=0,
        delta=base64.b64encode(sound).decode(),
    )  # fmt: skip


def words(text: str, item: str = "i1", response: str = "r1", done: bool = False, beta: bool = False) -> str:
    name = f"response.{'audio' if beta else 'output_audio'}_transcript.{'done' if done else 'delta'}"
    return event(
        name, response_id=response, item_id=item, output_index=0, content_index=0,
        **{"transcript" if done else "delta": text},
    )  # fmt: skip


def sound_done(item: str = "i1", response: str = "r1", beta: bool = False) -> str:
    name = "response.audio.done" if beta else "response.output_audio.done"
    return event(name, response_id=response, item_id=item, output_index=0, content_index=0)


def done(response: str = "r1", status: str = "completed") -> str:
    return event("response.done", response={"id": response, "status": status})


def speech_started() -> str:
    return event("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u1")


def truncate(audio_end_ms: int, item: str = "i1") -> str:
    return json.dumps(
        {
            "event_id": "mine",
            "type": "conversation.item.truncate",
            "item_id": item,
            "content_index": 0,
            "audio_end_ms": audio_end_ms,
        }
    )


def cut(sound: bytes, *sizes: int) -> Iterator[bytes]:
    """In pieces of these sizes, again and again."""
    at = number = 0
    while at < len(sound):
        yield sound[at : at + sizes[number % len(sizes)]]
        at += sizes[number % len(sizes)]
        number += 1
