"""What the rest of the face does while speaking: brows and a nod on stressed sounds, blinks in pauses."""

import numpy as np

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.lips import Lips
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.pose import INDEX, Pose

BROWS, NOD = 0.22, -0.10
"""How far brows rise, and the head nods (1.0 is 15 degrees) on a stressed sound."""
RISE, FALL = 0.10, 0.18
"""Seconds an accent takes to come and to go."""
APART = 0.8
"""Seconds between accents, at least."""
BLINK_PROBABILITY = 0.4
"""Of a blink in a long pause."""

_RAISED = slice(INDEX["eyebrow_raised_left"], INDEX["eyebrow_raised_right"] + 1)
_HEAD = INDEX["head_x"]


class Accents:
    """Gestures of one avatar's face that go with its speech."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 5])
        self._last_t = -np.inf
        self._begun = -np.inf

    def apply(self, pose: Pose, lips: Lips, blink: Blink, t: float, strength: float = 1.0) -> None:
        """Change brows and head of `pose` (45,) in place, `strength` times; called with increasing t."""
        if lips.stresses(self._last_t, t) and t - self._begun >= APART:
            self._begun = t
        if lips.pauses(self._last_t, t) and self._random.random() < BLINK_PROBABILITY:
            blink.invite(t)
        self._last_t = t
        age = t - self._begun
        share = np.float32(strength * smoothstep(age / RISE) * (1 - smoothstep((age - RISE) / FALL)))
        if share:
            pose[_RAISED] += share * np.float32(BROWS)
            pose[_HEAD] += share * np.float32(NOD)
