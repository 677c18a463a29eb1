"""The mouth while a cue is live or it talks at random: those shapes own it, the emotion keeps a hint of its
corners."""

from collections.abc import Mapping

import numpy as np

from avatar_rtc.animation.easing import approach, step_of_constant
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, Pose

FOLLOW_CUE = 0.015
"""Time constant in s of lips following a cue: 96 % of the way, the cross-fade included, after 60 ms."""
RELEASE = 0.06
"""Time constant in s of the mouth going back to the emotion."""
CORNERS_KEPT = 0.3
"""The share of the emotion's mouth corners that stays while speaking."""

OPEN = np.array([INDEX[name] for name in MOUTH_OPEN])
_SLOT = {name: i for i, name in enumerate(MOUTH_OPEN)}
CORNERS = slice(INDEX["mouth_lowered_corner_left"], INDEX["mouth_smirk"] + 1)


class Mouth:
    """Blends visemes into a pose; its state is the lips (6,) and how far they are the cue's, in [0, 1]."""

    def __init__(self) -> None:
        self._lips: Pose = np.zeros(len(MOUTH_OPEN), np.float32)
        self._held = 0.0
        self._soft = False

    def apply(self, pose: Pose, shapes: Mapping[str, float] | None, dt: float, soft: bool = False) -> None:
        """Change the mouth of `pose` (45,) in place, dt seconds after the last call.

        Args:
            shapes: the mouth morphs, those not named are 0; None leaves the mouth to the emotion.
            soft: when they end, the mouth does not shut at once on its way back.
        """
        live = shapes is not None
        visemes = self._lips if self._soft else np.zeros_like(self._lips)
        if shapes is not None:
            visemes, self._soft = _vector(shapes), soft
        quick = step_of_constant(FOLLOW_CUE, dt)
        self._held += (float(live) - self._held) * (quick if live else step_of_constant(RELEASE, dt))
        if self._held < 1e-4:
            self._held = 0.0
            self._lips[:] = 0
            return
        self._lips = approach(self._lips, visemes, quick)
        pose[OPEN] += np.float32(self._held) * (self._lips - pose[OPEN])
        pose[CORNERS] *= np.float32(1 - (1 - CORNERS_KEPT) * self._held)


def _vector(visemes: Mapping[str, float]) -> Pose:
    lips = np.zeros(len(MOUTH_OPEN), np.float32)
    for name, value in visemes.items():
        lips[_SLOT[name]] = value
    return lips
