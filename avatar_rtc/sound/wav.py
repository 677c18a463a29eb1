"""A WAV from a server of speech, or a program: as it is, at its own rate."""

import math
import struct
from contextlib import closing

from avatar_rtc.errors import InputError, TooLarge
from avatar_rtc.sound.decode import SoundReader
from avatar_rtc.sound.format import WAV, format_of
from avatar_rtc.sound.pcm import Pcm

_HEAD_BYTES = 12
_STREAMED_BYTES = 0x7FFF_0000
"""A WAV that is sent while it is made has a length of this or more in its header, for want of a better."""


def read_wav(data: bytes, max_seconds: float = math.inf) -> tuple[Pcm, int]:
    """The samples as mono 16 bit, whatever they were, and their rate in Hz.

    Raises:
        InputError: it is none, is cut off, or holds numbers that are none (NaN).
        OutOfRange: its rate is no rate of speech.
        TooLarge: it lasts longer than `max_seconds`.
    """
    if format_of(data)[0] is not WAV:
        raise InputError("it is no WAV")
    _check_whole(data)
    with closing(SoundReader(data, rate=None)) as reader:
        most = min(max_seconds * reader.rate, len(data))
        pcm = reader.read(math.floor(most) + 1)
        if reader.damage is not None:
            raise reader.damage
    if len(pcm) > most:
        raise TooLarge(f"the WAV lasts longer than {max_seconds:g} s")
    return pcm, reader.rate


def _check_whole(data: bytes) -> None:
    at = _HEAD_BYTES
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if kind == b"data":
            if len(data) - at < size < _STREAMED_BYTES:
                raise InputError(f"the WAV is cut off: {len(data) - at} of {size} bytes")
            return
        at += size + size % 2
    raise InputError("the WAV is cut off before its sound begins")
