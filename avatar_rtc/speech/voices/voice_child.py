"""What the process of an engine does: answer what is asked on its input until that ends.

stdin:  a length (4 bytes, little endian), and JSON, of which the engine knows what it means
stdout: a length, JSON (times and samples, or "error"), and the samples, 16 bit little endian

A process of its own: a network that ends it ends no server, what it computes takes no turn from the event
loop, and it is nicer than the pictures. It ends with its input.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Generic, TypeVar

from avatar_rtc.sound.pcm import pcm_to_bytes
from avatar_rtc.speech.spoken import Speech

LENGTH_HEAD = struct.Struct("<I")
NICENESS = 2
"""A little under the render workers: a sentence takes a part of its length of a core, and somebody waits."""

Key = TypeVar("Key")
Loaded = TypeVar("Loaded")


class Kept(Generic[Key, Loaded]):
    """Voices that stay loaded: the last few that were asked for."""

    def __init__(self, load: Callable[[Key], Loaded], most: int) -> None:
        self._load, self._most = load, most
        self._voices: OrderedDict[Key, Loaded] = OrderedDict()

    def get(self, key: Key) -> Loaded:
        """The voice, loaded if it is not here."""
        voice = self._voices.pop(key) if key in self._voices else self._load(key)
        self._voices[key] = voice
        if len(self._voices) > self._most:
            self._voices.popitem(last=False)
        return voice


def serve(say: Callable[[dict[str, Any]], Speech]) -> None:
    """Answer until the input ends; whatever `say` raises is told, for a text may end nothing but itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends this
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not stand between answers
    while (asked := _next(sys.stdin.buffer)) is not None:
        for part in _answer(asked, say):
            answers.write(part)
        answers.flush()
        trim_memory()


def trim_memory() -> None:
    """Return what is free to the system, which glibc else keeps for later: up to 30 MB after a sentence."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _next(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(LENGTH_HEAD.size)
    if len(head) < LENGTH_HEAD.size:
        return None
    asked: dict[str, Any] = json.loads(stream.read(LENGTH_HEAD.unpack(head)[0]))
    return asked


def _answer(asked: dict[str, Any], say: Callable[[dict[str, Any]], Speech]) -> tuple[bytes, ...]:
    try:
        speech = say(asked)
    except Exception as error:
        return _headed({"error": f"{type(error).__name__}: {error}"})
    return (*_headed(_told(speech)), pcm_to_bytes(speech.pcm))


def _told(speech: Speech) -> dict[str, object]:
    return {
        "rate": speech.rate,
        "samples": len(speech.pcm),
        "phonemes": [(p.start, p.end, p.ipa) for p in speech.phonemes],
        "words": [(w.start, w.end, w.begin, w.stop) for w in speech.words],
        "notes": speech.notes,
    }


def _headed(told: dict[str, object]) -> tuple[bytes, bytes]:
    body = json.dumps(told).encode()
    return LENGTH_HEAD.pack(len(body)), body
