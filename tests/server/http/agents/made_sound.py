"""Sound for agents to say, and what is heard of it."""

import numpy as np

AUDIBLE = 500
"""Opus makes less than 20 out of silence."""


def hum(seconds: float, rate: int = 16_000) -> bytes:
    """A voice-like hum: 16 bit, mono."""
    t = np.arange(round(seconds * rate)) / rate
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * t) ** 2
    return (np.sin(2 * np.pi * 180 * t) * swell * 9_000).astype("<i2").tobytes()


def is_audible(sound: np.ndarray) -> bool:
    """Whether anybody would hear it."""
    return bool(np.abs(sound.astype(np.int32)).max(initial=0) > AUDIBLE)
