"""Poses from a caller that sends many of them a second, and the way back when it stops."""

import numpy as np

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.control.state import LivePose
from avatar_rtc.curves import hermite
from avatar_rtc.face.pose import INDEX, MORPHS, MOUTH_OPEN, Pose, neutral

TAKE, GIVE_BACK = 0.15, 0.5
"""Seconds in which a morph becomes the caller's, and the avatar's again."""
FOLLOW_POSE = 0.010
"""Time constant in s of following from pose to pose: 95 % after 30 ms, which hides the steps of 30 Hz."""

_OPEN = [INDEX[name] for name in MOUTH_OPEN]
_LIDS = slice(INDEX["eye_wink_left"], INDEX["eye_raised_lower_eyelid_right"] + 1)


class Live:
    """Blends a caller's poses into the avatar's; its state is a value and how far it is held, per morph."""

    def __init__(self) -> None:
        self._values, self._target = neutral(), neutral()
        self._held = neutral()
        """On its way from 0 to 1 and back at a constant speed."""
        self._names: tuple[str, ...] = ()
        self._slots: list[int] = []
        self._named = np.zeros(len(MORPHS), bool)
        self._settled = False
        """Whether what is named is wholly held, and nothing else is."""

    @property
    def has_mouth(self) -> bool:
        """Whether any of the open mouth is the caller's."""
        return bool(self._held[_OPEN].any())

    @property
    def has_lids(self) -> bool:
        """Whether any of the lids is the caller's."""
        return bool(self._held[_LIDS].any())

    def apply(self, pose: Pose, live: LivePose | None, t: float, dt: float) -> None:
        """Change `pose` (45,) in place for media time t, dt seconds after the last call."""
        if live is not None and live.holds(t):
            self._name(tuple(live.morphs))
            self._target[self._slots] = list(live.morphs.values())
        elif self._held.any():
            self._name(())
        else:
            return
        step = np.float32(step_of_constant(FOLLOW_POSE, dt))
        if self._settled:
            self._values += step * (self._target - self._values)
            np.copyto(pose, self._values, where=self._named)
            return
        # A morph that was not held has nothing to come from, and one let go stays where it was.
        steps = np.where(self._held > 0, step, np.float32(1))
        self._values = np.where(
            self._named, self._values + steps * (self._target - self._values), self._values
        )
        self._held += np.where(self._named, np.float32(dt / TAKE), np.float32(-dt / GIVE_BACK))
        np.minimum(np.maximum(self._held, 0, out=self._held), 1, out=self._held)
        share = hermite(self._held)
        pose[:] = (1 - share) * pose + share * self._values
        self._settled = bool((self._held == self._named).all())

    def _name(self, names: tuple[str, ...]) -> None:
        """Take what is named from now on."""
        if names != self._names:
            self._names, self._slots, self._settled = names, [INDEX[name] for name in names], False
            self._named = np.zeros(len(MORPHS), bool)
            self._named[self._slots] = True
