"""How somebody who listens or thinks looks about; numbers are own choices where no source is named.

Listeners look at whom they listen to for nearly all of the time (Argyle and Cook, Gaze and Mutual Gaze,
1976), and are stiller about it. Who thinks about an answer looks away (Glenberg, Schroeder and Robertson,
Averting the gaze disengages the environment and facilitates remembering, 1998): here up and to the side, as
drawings do.
"""

import cmath
import math
from collections.abc import Mapping

import numpy as np

from avatar_rtc.animation.fixation import Angle
from avatar_rtc.face.activity import ActivityName

LISTENING_CONTACT, LISTENING_AWAY = 16.0, 0.4
"""Seconds, on average: of eye contact, and of a look away."""
THINKING_AWAY = 0.9, 1.3
"""Seconds at one place, at least and, beyond that, on average."""
GLANCE = 0.25, 0.2
"""The same of a glance back at the viewer."""
GLANCES_BACK = 0.35
"""How likely a thinker glances back before looking elsewhere."""
THINKING_FAR = 30.0, 37.0
"""Degrees from the viewer; uniform."""
THINKING_UP = math.radians(28.0), math.radians(45.0)
"""Above the horizon; uniform."""
THINKING_HEAD = 0.3
"""The share of a look up and away that the head turns: mostly the eyes do it."""
LEAPS: Mapping[ActivityName, float] = {"idle": 1.0, "speaking": 1.0, "listening": 2.0, "thinking": 1.5}
"""How much longer eyes rest between small leaps than they do of their own accord."""


def listening_mean(away: bool) -> float:
    """Seconds, on average, until a listener looks elsewhere."""
    return LISTENING_AWAY if away else LISTENING_CONTACT


class ThinkingEyes:
    """Where one avatar looks while it thinks, one place after the other; the same seed, the same places."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 13])
        self._side = 1.0 if self._random.random() < 0.5 else -1.0

    def place(self) -> Angle:
        """Up and to the other side than last time, in degrees."""
        self._side = -self._side
        far, up = self._random.uniform(*THINKING_FAR), self._random.uniform(*THINKING_UP)
        angle = cmath.rect(far, up)
        return Angle(self._side * angle.real, angle.imag)

    def goes_back(self) -> bool:
        """Whether the viewer is glanced at before the next place."""
        return bool(self._random.random() < GLANCES_BACK)

    def stay(self, away: bool) -> float:
        """Seconds until it looks elsewhere."""
        least, more = THINKING_AWAY if away else GLANCE
        return least + float(self._random.exponential(more))
