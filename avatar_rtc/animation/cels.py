"""How strongly each cel on the character shows: eased with the emotion, or driven by the clock."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.drivers import cycle, smooth_step
from avatar_rtc.look import CELS
from avatar_rtc.state import DataEyes

CEL_FPS = 12.0
"""Pictures per second of wavering and of data eyes."""
DATA_FADE_S = 0.75
WAVER = ("waver1", "waver2")
DATA = ("data1", "data2", "data3", "data4")
_DRIVEN = frozenset((*WAVER, *DATA))

Opacities = NDArray[np.float32]
"""(16,), in the order of CELS."""


def opacities(cels: Mapping[str, float]) -> Opacities:
    """The vector of a {cel: opacity} mapping; cels not named are 0."""
    return np.array([cels.get(name, 0.0) for name in CELS], np.float32)


def strengths(
    eased: Opacities, target: Opacities, data: DataEyes | None, t: float, have: Collection[str]
) -> dict[str, float]:
    """Cel → opacity at media time t, of those in `have` that show anything.

    Args:
        eased: the emotion's, on their way to `target`. Wavering takes the target's value at once:
            catchlights that tremble at half strength look like a fault.
    """
    shown = {
        name: float(value)
        for name, value in zip(CELS, eased, strict=True)
        if value > 0 and name in have and name not in _DRIVEN
    }
    shown |= _cycled(WAVER, float(target[CELS.index(WAVER[0])]), t, have)
    return shown | _cycled(DATA, data_strength(data, t), t, have)


def data_strength(data: DataEyes | None, t: float) -> float:
    """Opacity of data eyes: full while on, then fading for 0.75 s."""
    if data is None:
        return 0.0
    return 1.0 if data.on else 1.0 - smooth_step((t - data.since) / DATA_FADE_S)


def _cycled(names: tuple[str, ...], strength: float, t: float, have: Collection[str]) -> dict[str, float]:
    there = [name for name in names if name in have]
    return {cycle(there, CEL_FPS, t): strength} if there and strength > 0 else {}
