"""How strongly each cel on the character shows: eased with the emotion, or driven by the clock."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.drivers import cycle
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import DataEyes
from avatar_rtc.curves import smooth_transition
from avatar_rtc.face.cels import CELS

WAVER = ("waver1", "waver2")
DATA = ("data1", "data2", "data3", "data4")
_SLOT = {name: i for i, name in enumerate(CELS)}
_DRIVEN = [_SLOT[name] for name in (*WAVER, *DATA)]
_WAVERS = _SLOT[WAVER[0]]

Opacities = NDArray[np.float32]
"""(25,), in the order of CELS."""


def opacities(cels: Mapping[str, float]) -> Opacities:
    """The vector of a {cel: opacity} mapping; cels not named are 0."""
    return np.array([cels.get(name, 0.0) for name in CELS], np.float32)


def shown_cels(cels: Opacities, have: Collection[str]) -> dict[str, float]:
    """Cel → opacity of those in `have` that show anything."""
    return {
        name: value for name, value in zip(CELS, cels.tolist(), strict=True) if value > 0 and name in have
    }


def drive(
    cels: Opacities,
    target: Opacities,
    data: DataEyes | None,
    settings: AnimatorSettings,
    t: float,
    have: Collection[str],
) -> None:
    """Change the emotion's eased `cels` in place: wavering and data eyes at media time t.

    Args:
        target: what `cels` are on their way to. Wavering takes its value at once: catchlights that tremble
            at half strength look like a fault.
        have: the cels that can take their turn.
    """
    cels[_DRIVEN] = 0
    _cycle(cels, WAVER, settings.eye_waver_fps, float(target[_WAVERS]), t, have)
    strength = data_strength(data, t, settings.data_eyes_fadeout_duration)
    _cycle(cels, DATA, settings.data_eyes_fps, strength, t, have)


def data_strength(data: DataEyes | None, t: float, fade_s: float) -> float:
    """Opacity of data eyes: full while on, then fading for `fade_s` seconds."""
    if data is None:
        return 0.0
    if data.on:
        return 1.0
    return 1.0 - smooth_transition((t - data.since) / fade_s) if fade_s else 0.0


def _cycle(
    cels: Opacities, names: tuple[str, ...], fps: float, strength: float, t: float, have: Collection[str]
) -> None:
    if strength > 0 and fps > 0 and (there := [name for name in names if name in have]):
        cels[_SLOT[cycle(there, fps, t)]] = strength
