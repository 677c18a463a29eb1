"""Sound with emotions between it, in records: type, length, and what is told. `kfl.framing` 1.

1 byte type │ 4 bytes length, little-endian │ payload          1 is sound, 2 is JSON {"emotion", "at": sample}
"""

import json
import struct
from dataclasses import dataclass

from avatar_rtc.errors import InputError

RECORD_HEADER = struct.Struct("<BI")
SOUND_RECORD, EMOTION_RECORD = 1, 2
MOST_RECORD_BYTES = 4 * 1024 * 1024
"""Of one record: nearly a minute and a half of 24 kHz. What claims more is out of step."""


@dataclass(frozen=True)
class ToldEmotion:
    """An emotion at a sample of the stream."""

    name: str
    at: int
    """From the first sample of the stream."""


class RecordReader:
    """The records of one stream, cut anywhere."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def push(self, data: bytes) -> tuple[bytes, list[ToldEmotion]]:
        """The sound and the emotions that are whole now; records of other types say nothing.

        Raises:
            InputError: a record claims more than any has.
        """
        self._waiting += data
        sound, told = bytearray(), []
        begin = 0
        while len(self._waiting) - begin >= RECORD_HEADER.size:
            kind, length = RECORD_HEADER.unpack_from(self._waiting, begin)
            if length > MOST_RECORD_BYTES:
                raise InputError(f"a record of the stream claims {length} bytes; the stream is out of step")
            first = begin + RECORD_HEADER.size
            if len(self._waiting) - first < length:
                break
            payload = bytes(self._waiting[first : first + length])
            if kind == SOUND_RECORD:
                sound += payload
            elif kind == EMOTION_RECORD and (emotion := _emotion(payload)) is not None:
                told.append(emotion)
            begin = first + length
        del self._waiting[:begin]
        return bytes(sound), told


def _emotion(payload: bytes) -> ToldEmotion | None:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    name, at = (told.get("emotion"), told.get("at", 0)) if isinstance(told, dict) else (None, 0)
    if not isinstance(name, str) or isinstance(at, bool) or not isinstance(at, int | float):
        return None
    return ToldEmotion(name, max(0, int(at))) if abs(at) < 2**53 else None
