"""How loud a packet of sound is, as RTP's header tells it (RFC 6464): servers choose by it whom to show."""

import math

from avatar_rtc.sound.pcm import Pcm, as_floats

SPEECH_DB = -50.0
"""What is louder is speech; between its sounds an avatar is all silent."""
_SPEECH, _QUIETEST = 0x80, 127


def told_level(block: Pcm) -> int:
    """The byte of a block: 0 (as loud as can be) to 127 (silent), in dB below full scale; 128 more is speech.

    >>> import numpy as np
    >>> told_level(np.zeros(960, np.int16)), told_level(np.full(960, -32768, np.int16))
    (127, 128)
    """
    samples = as_floats(block)
    power = float(samples @ samples) / max(1, len(samples))
    level_db = 10 * math.log10(power) if power > 0 else -float(_QUIETEST)
    below = min(_QUIETEST, max(0, round(-level_db)))
    return below | (_SPEECH if level_db > SPEECH_DB else 0)
