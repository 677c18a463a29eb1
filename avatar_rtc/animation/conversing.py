"""How a face shows that it listens or thinks, over its emotion; where it looks meanwhile, the gaze knows.

Both come and go within half a second, from rest to rest. A face that shows an emotion shows less of them, so
the emotion stays what is seen.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.easing import Eased
from avatar_rtc.animation.hearing import HearingBrows, Nods
from avatar_rtc.face.activity import ActivityName, Hearing
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import INDEX

DOING_PACE = 9.5
"""1/s: an activity has come by 95 % after half a second."""
BLINKS: Mapping[ActivityName, float] = {"idle": 1.0, "speaking": 1.0, "listening": 0.85, "thinking": 0.55}
"""How often eyes blink, as a multiple of what they did anyway: attention and thought hold blinks back."""
LEFT_TO_EMOTION = 0.7
"""How much of the face of an activity an emotion that shows wholly takes away."""
TILT_WAIT = 3.0, 7.0
"""Seconds a listener's head keeps its tilt; uniform."""
TILT = 0.22, 0.42
"""How far it tilts, 1 is 15 degrees; uniform."""
UPRIGHT = 0.35
"""How likely it is held upright instead."""
THINKING_TILT = 0.3

_NECK, _CHIN = INDEX["neck_z"], INDEX["head_x"]
_RAISED = slice(INDEX["eyebrow_raised_left"], INDEX["eyebrow_raised_right"] + 1)


def _face(cels: Mapping[str, float], **morphs: float) -> NDArray[np.float32]:
    """(45 + number of cels,); a morph of both sides by its name without them."""
    face = np.zeros(len(INDEX) + len(CELS), np.float32)
    for name, value in morphs.items():
        for known in (name,) if name in INDEX else (f"{name}_left", f"{name}_right"):
            face[INDEX[known]] = value
    for name, value in cels.items():
        face[len(INDEX) + CELS.index(name)] = value
    return face


LISTENING = _face({"mouth_smile": 0.75}, eyebrow_raised=0.2, eye_surprised=0.08)
"""Brows up, eyes a little wider, a mouth that means well."""
THINKING = _face(
    {"mouth_pout": 0.75},
    eyebrow_raised_left=0.35,
    eyebrow_lowered_right=0.2,
    eyebrow_troubled=0.3,
    eye_raised_lower_eyelid=0.15,
)
"""One brow higher than the other, and a small pout."""


class Conversing:
    """What one avatar is doing, as its face shows it; the same seed and times give the same."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 15])
        self._doing: ActivityName = "idle"
        self._target = np.zeros(3, np.float32)
        """How far it listens, thinks, and tilts its head."""
        self._eased = Eased(self._target)
        self._tilts = math.inf
        """When a listener tilts its head anew."""
        self._side = 1.0
        self._rests = True
        """It shows nothing, and wants to show nothing."""
        self._nods, self._brows = Nods(seed), HearingBrows()
        self.attention = 0.0
        """How far it listens, in [0, 1]."""

    def apply(
        self,
        face: NDArray[np.float32],
        doing: ActivityName,
        hearing: Hearing | None,
        blink: Blink,
        t: float,
        dt: float,
        calm: float,
        strength: float,
    ) -> None:
        """Change the face (45 + number of cels,) in place for media time t, dt seconds after the last call.

        Args:
            calm: 1 less how much it shows an emotion.
            strength: of what moves by itself meanwhile; 0 leaves the face alone that an activity has.
        """
        if doing != self._doing:
            self._change(doing, blink, t)
        elif self._tilts <= t:
            self._tilt(t)
        if self._rests:
            return
        listens, thinks, tilt = self._eased.advance(self._target, DOING_PACE, dt).tolist()
        self.attention = listens
        self._rests = not (listens or thinks or tilt or self._target.any())
        share = 1.0 - LEFT_TO_EMOTION * (1.0 - calm)
        face += np.float32(share * listens) * LISTENING + np.float32(share * thinks) * THINKING
        face[_NECK] += share * tilt * min(strength, 1.0)
        if listens:
            brows = listens * strength * self._brows.at(hearing, t, dt)
            face[_RAISED] += np.float32(brows)
            face[_CHIN] -= listens * strength * self._nods.at(hearing, t, doing == "listening")
        np.minimum(face, 1.0, out=face)

    def _change(self, doing: ActivityName, blink: Blink, t: float) -> None:
        self._doing, self._rests, self._tilts = doing, False, math.inf
        blink.attend(BLINKS[doing])
        if doing == "listening":
            self._tilts = t + self._random.uniform(*TILT_WAIT)
        tilt = 0.0
        if doing == "thinking":
            self._side = -self._side
            tilt = self._side * THINKING_TILT
        self._target = np.array([doing == "listening", doing == "thinking", tilt], np.float32)

    def _tilt(self, t: float) -> None:
        """A listener's head to the other side, or upright."""
        self._tilts = t + self._random.uniform(*TILT_WAIT)
        self._side = -self._side
        upright = self._random.random() < UPRIGHT
        tilt = 0.0 if upright else self._side * self._random.uniform(*TILT)
        self._target = np.array([1.0, 0.0, tilt], np.float32)
