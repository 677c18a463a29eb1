"""The process in which hibari speaks: `python -m avatar_rtc.speech.voices.hibari_child`.

stdin:  a length (4 bytes, little endian), and JSON: {"text", "voice", "model", "size", "speed"}
stdout: a length, JSON (times and samples, or "error"), and the samples, 16 bit little endian

A process of its own: a network that ends it ends no server, what it computes takes no turn from the event
loop, and it is nicer than the pictures. It ends with its input.
"""

import json
import os
import signal
import struct
import sys
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from avatar_rtc.sound.pcm import pcm_to_bytes
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.hibari_voice import HibariVoice, trim_memory

_Voices = OrderedDict[tuple[str, str], HibariVoice]

LENGTH_HEAD = struct.Struct("<I")
NICENESS = 2
"""A little under the render workers. A sentence takes 40 ms of a core, and somebody waits for it."""
KEPT_VOICES = 2
"""Loaded at the same time; each takes 40 MB."""


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends this
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not stand between answers
    voices: _Voices = OrderedDict()
    while (asked := _next(sys.stdin.buffer)) is not None:
        for part in _answer(asked, voices):
            answers.write(part)
        answers.flush()
        trim_memory()


def _next(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(LENGTH_HEAD.size)
    if len(head) < LENGTH_HEAD.size:
        return None
    asked: dict[str, Any] = json.loads(stream.read(LENGTH_HEAD.unpack(head)[0]))
    return asked


def _answer(asked: dict[str, Any], voices: _Voices) -> tuple[bytes, ...]:
    try:
        key = (asked["voice"], asked["model"])
        voice = voices.pop(key, None) or HibariVoice(key[0], Path(key[1]))
        voices[key] = voice
        if len(voices) > KEPT_VOICES:
            voices.popitem(last=False)
        speech = voice.say(asked["text"], asked["speed"], Fraction(asked["size"]))
    except Exception as error:  # a text may end nothing but itself
        return _headed({"error": f"{type(error).__name__}: {error}"})
    return (*_headed(_told(speech)), pcm_to_bytes(speech.pcm))


def _told(speech: Speech) -> dict[str, object]:
    return {
        "rate": speech.rate,
        "samples": len(speech.pcm),
        "phonemes": [(p.start, p.end, p.ipa) for p in speech.phonemes],
        "words": [(w.start, w.end, w.begin, w.stop) for w in speech.words],
    }


def _headed(told: dict[str, object]) -> tuple[bytes, bytes]:
    body = json.dumps(told).encode()
    return LENGTH_HEAD.pack(len(body)), body


if __name__ == "__main__":
    main()
