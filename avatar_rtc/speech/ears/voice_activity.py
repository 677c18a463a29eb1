"""Voice or no voice, chunk by chunk: by a network where it is installed, else by loudness alone."""

import logging
from collections.abc import Callable
from functools import cache

import numpy as np

from avatar_rtc.errors import SetupError
from avatar_rtc.sound.pcm import Floats
from avatar_rtc.speech.ears.voice_network import VoiceDetector, load_voice_network

log = logging.getLogger(__name__)

VOICE_DB = -38.0
"""Without a network all that is louder counts as a voice, in dB of full scale."""
QUIET_DB, LOUD_DB = -50.0, -14.0
"""What counts as silence, and as a loud voice."""
_FLOOR = 1e-9


def chunk_db(chunk: Floats) -> float:
    """RMS of some samples in dB of full scale; of silence -90."""
    return float(10 * np.log10(np.mean(np.square(chunk, dtype=np.float64)) + _FLOOR)) if len(chunk) else -90.0


def loudness(chunk: Floats) -> float:
    """How loud samples in [-1, 1] are: 0 is silence, 1 a loud voice.

    >>> loudness(np.zeros(512, np.float32)), loudness(np.ones(512, np.float32))
    (0.0, 1.0)
    """
    return float(np.clip((chunk_db(chunk) - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0, 1.0))


def is_loud(chunk: Floats) -> float:
    """1 if it is louder than VOICE_DB, else 0: what stands in for a network."""
    return float(chunk_db(chunk) > VOICE_DB)


def create_detector() -> Callable[[Floats], float]:
    """What tells the probability of a voice in the next chunk of one sound (16 kHz, 512 samples)."""
    return is_loud if _missing() else VoiceDetector(load_voice_network())


@cache
def _missing() -> str:
    """Why there is no network; said once."""
    try:
        load_voice_network()
    except SetupError as error:
        log.warning("%s; until then whatever is loud counts as a voice", error)
        return str(error)
    return ""
