"""How loud a sound is."""

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.timeline import GAIN_STEP_S
from avatar_rtc.sound.pcm import Pcm, as_floats

FLOOR_DB = -60.0
"""No level is lower."""
_WINDOW_S = 0.020


def levels_db(pcm: Pcm, rate: int) -> NDArray[np.float64]:
    """(frames,) RMS over 20 ms around every 10 ms, in dB below full scale, at least -60."""
    step, half = round(GAIN_STEP_S * rate), round(_WINDOW_S * rate / 2)
    count = -(-len(pcm) // step)
    energy = np.concatenate([[0.0], np.cumsum(as_floats(pcm).astype(np.float64) ** 2)])
    centres = np.arange(count) * step + step // 2
    low, high = np.clip(centres - half, 0, len(pcm)), np.clip(centres + half, 0, len(pcm))
    power = (energy[high] - energy[low]) / np.maximum(high - low, 1)
    levels: NDArray[np.float64] = np.maximum(10 * np.log10(power + 1e-12), FLOOR_DB)
    return levels
