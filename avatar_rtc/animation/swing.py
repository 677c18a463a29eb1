"""Hair and hems follow: a damped spring for each group of soft parts, pulled along by head and body.

A pendulum in still air, y'' = -w^2 (y - z) - 2 d w y', hangs from z, a point of the head or the body, in px
of the picture. Between frames z moves in a straight line, and there the solution is exact; so the motion
depends on the poses shown, and not on the frame rate. What is told is where y is beside where the picture's
own warp takes the place already. Frequencies are those of strands of 6 to 19 cm, 1 / (2 pi) sqrt(g / l).
"""

import math

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.face.pose import ROTATION, Pose
from avatar_rtc.face.swing import GROUPS, MOVED, Swing, at_rest

_Points = NDArray[np.float64]
"""(5, 2): a point (x, y) for each group, in px."""

_HZ: _Points = np.array([[1.6, 2.3], [1.15, 1.9], [2.0, 2.8], [1.45, 2.3], [1.7, 2.5]])
"""Sideways and up and down, never twice the same: what swings in step looks like jelly."""
_DAMPING: _Points = np.array([[0.30, 0.45], [0.28, 0.45], [0.32, 0.45], [0.30, 0.45], [0.40, 0.5]])
_LIMIT: _Points = np.array([[9.0, 4.0], [11.0, 4.0], [9.0, 4.0], [11.0, 4.0], [6.0, 2.0]])
"""No group gets farther than this, and so no picture is torn: weights change by at most 1 in 12 px."""
_RIGID = np.array(
    [
        # head_x, head_y, neck_z, body_y, body_z, breathing: px to the right and down at 1
        [[0, -5, -11, -1, -19, 0], [-7, 0, 9, 0, 3.5, 0]],
        [[0, 0, 0, 0, -12, 0], [0, 0, 0, 0, 6, 0]],
        [[0, -5, -11, -1, -19, 0], [-7, 0, -9, 0, -3.5, 0]],
        [[0, 0, 0, 0, -12, 0], [0, 0, 0, 0, -6, 0]],
        [[0, 0, 0, -4, 3, 0], [0, 0, 0, 0, 0, 0]],
    ]
)
"""(5, 2, 6): how the warp itself moves each group, read off THA3's on four characters."""
_STAYS = np.zeros((2, 6))
_FOLLOWED = np.array(
    [
        _STAYS,
        [[0, -2.5, -5.5, 0, 0, 0], [-1.4, 0, 1.8, 0, 0, 0]],
        _STAYS,
        [[0, -2.5, -5.5, 0, 0, 0], [-1.4, 0, -1.8, 0, 0, 0]],
        _STAYS,
    ]
)
"""(5, 2, 6): how the head takes along what the warp leaves where it is, which is all that hangs below the
shoulders: half of its own way, and a fifth of its height."""
_EXCESS = np.array([2.2, 2.2, 2.2, 2.2, 2.5])[:, None]
"""How much farther than a point of the head its hair is thrown: the tip of what is a strand."""
_BREEZE: _Points = np.array([[0.5, 0.15], [0.9, 0.2], [0.5, 0.15], [0.9, 0.2], [0.4, 0.1]])
"""Of the air that is never quite still, px."""
_BREEZE_HZ = (0.08, 0.4)
_WAVES = 3
_SHIFT = 0.3
"""Time constant in s of another strength."""
_LOST = 1.0
"""A jump of media time by more seconds than this starts at rest."""
_TRUNK, _LIFTS_WHOLLY = MOVED.index("trunk"), 0.5
_RESTS_PX, _RESTS_PX_S = 0.005, 0.03
"""Nearer and slower than this it rests: nobody sees it, and a picture that stands is not made anew."""


class Springs:
    """Damped springs on points that move; where they are follows from where those points were."""

    def __init__(self, hz: _Points, damping: _Points) -> None:
        """
        Args:
            hz: of each spring without damping.
            damping: as a share of the critical one, in (0, 1).
        """
        self._omega, self._damping = 2 * math.pi * hz, damping
        self._decay = self._omega * damping
        self._turning = self._omega * np.sqrt(1 - damping**2)
        self._behind = 2 * damping / self._omega
        """Seconds that a spring is behind a point of steady speed."""
        self.value = np.zeros_like(hz)
        """(…) where the springs are; not to be written to."""
        self._speed = np.zeros_like(hz)
        self._point = self.value

    def rest(self, point: _Points) -> None:
        """Hang still from there."""
        self.value = self._point = point
        self._speed = np.zeros_like(point)

    def advance(self, point: _Points, dt: float) -> _Points:
        """Where the springs are dt > 0 seconds later, their points having moved there in a straight line."""
        pace = (point - self._point) / dt
        off = self.value - self._point + self._behind * pace
        speed = self._speed - pace
        cosine, sine = np.cos(self._turning * dt), np.sin(self._turning * dt) / self._turning
        still = np.exp(-self._decay * dt)
        later = still * (off * cosine + (speed + self._decay * off) * sine)
        self._speed = pace + still * (speed * cosine - (self._decay * speed + self._omega**2 * off) * sine)
        self.value = point - self._behind * pace + later
        self._point = point
        if (np.abs(self.value - point) < _RESTS_PX).all() and (np.abs(self._speed) < _RESTS_PX_S).all():
            self.rest(point)
        return self.value


class HairSway:
    """How the soft parts of one avatar swing; the same seed, poses and times give the same swing."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng([seed, 9])
        shape = (_WAVES, len(GROUPS), 2)
        self._omega = 2 * math.pi * random.uniform(*_BREEZE_HZ, shape)
        self._phase = random.uniform(0, 2 * math.pi, shape)
        self._springs = Springs(_HZ, _DAMPING)
        self._t: float | None = None
        self._strength = self._breeze = 0.0

    def at(self, pose: Pose, t: float, strength: float, liveliness: float, lift: float = 0.0) -> Swing:
        """The swing at media time t, called with increasing t and the pose (45,) that is shown then.

        Args:
            strength: in [0, 1]; at 0 nothing swings.
            liveliness: below 1 it calms the breeze.
            lift: how far a breath lifts the shoulders, px; less where hair hardly swings, for one warp does
                both and is off at 0.
        """
        turned = pose[ROTATION].astype(np.float64)
        rigid = _EXCESS * (_RIGID @ turned)
        point = rigid + _FOLLOWED @ turned
        dt = math.inf if self._t is None else t - self._t
        breeze = strength and min(liveliness, 1.0)
        if not 0 <= dt <= _LOST:
            self._strength, self._breeze = strength, breeze
            self._springs.rest(point)
        elif dt > 0:
            self._strength = _towards(self._strength, strength, dt)
            self._breeze = _towards(self._breeze, breeze, dt)
            self._springs.advance(point, dt)
        self._t = t
        if self._strength == 0:
            return at_rest()
        swing = self._springs.value - rigid
        if self._breeze:
            waves = np.add.reduce(np.sin(self._omega * t + self._phase)) / _WAVES
            swing = swing + self._breeze * _BREEZE * waves
        bounded = at_rest()
        bounded[: len(GROUPS)] = self._strength * _LIMIT * np.tanh(swing / _LIMIT)
        bounded[_TRUNK, 1] = -lift * min(1.0, self._strength / _LIFTS_WHOLLY)
        return bounded


def _towards(value: float, target: float, dt: float) -> float:
    """A setting on its way; it arrives, for at 0 nothing may be left."""
    moved = value + (target - value) * step_of_constant(_SHIFT, dt)
    return target if abs(moved - target) < 1e-3 else moved
