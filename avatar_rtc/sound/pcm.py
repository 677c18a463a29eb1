"""Samples of sound as numbers: their type, the rates that are taken, the ways from bytes and floats."""

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.errors import InputError, OutOfRange

Pcm = NDArray[np.int16]
"""(samples,) mono, 16 bit; of 48 kHz where nothing else is said."""
Floats = NDArray[np.float32]
"""(samples,) mono, in [-1, 1]."""
MIN_RATE, MAX_RATE = 4_000, 192_000
"""Samples per second that are taken in."""
MAX_SOUND_CHANNELS = 8
_FULL_SCALE = 32_768


def check_rate(rate: int) -> None:
    """
    Raises:
        OutOfRange: no rate of speech.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise OutOfRange("sample rate", rate, MIN_RATE, MAX_RATE)


def check_channels(channels: int) -> None:
    """
    Raises:
        InputError: none, or more than are taken.
    """
    if not 1 <= channels <= MAX_SOUND_CHANNELS:
        raise InputError(f"the sound has {channels} channels; 1 to {MAX_SOUND_CHANNELS} are taken")


def silence(samples: int = 0) -> Pcm:
    """So many zeros."""
    return np.zeros(samples, np.int16)


def pcm_from_bytes(data: bytes) -> Pcm:
    """Bare 16-bit little-endian samples.

    Raises:
        ValueError: the bytes do not come in pairs.
    """
    if len(data) % 2:
        raise ValueError(f"{len(data)} bytes are no 16 bit samples")
    return np.frombuffer(data, "<i2").astype(np.int16)


def pcm_to_bytes(pcm: Pcm) -> bytes:
    """16-bit little-endian samples."""
    return pcm.astype("<i2").tobytes()


def from_floats(samples: NDArray[np.floating]) -> Pcm:
    """Samples in [-1, 1]; what is louder is cut off."""
    pcm: Pcm = np.rint(np.clip(samples, -1, 1) * (_FULL_SCALE - 1)).astype(np.int16)
    return pcm


def as_floats(pcm: Pcm) -> Floats:
    """In [-1, 1), exactly."""
    return pcm.astype(np.float32) / np.float32(_FULL_SCALE)


def saturated(samples: NDArray[np.int32]) -> Pcm:
    """Sums of sounds; what is louder than 16 bit can hold is cut off."""
    return np.clip(samples, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
