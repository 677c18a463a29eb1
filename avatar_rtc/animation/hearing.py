"""What a listener's face does by what it hears: nods in a speaker's pauses, brows that rise with loud sounds.

Listeners nod where a speaker pauses (Dittmann and Llewellyn, Relationship between vocalizations and head nods
as listener responses, 1968). How often and how far are own choices.
"""

import math

import numpy as np

from avatar_rtc.animation.easing import step_of_constant
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.activity import Hearing

NOD_AFTER = 0.3, 1.0
"""Seconds of a pause after which a nod comes; uniform."""
NODS_APART = 2.5
"""Seconds from one nod to the next, at least."""
NOD_LIKELY = 0.75
"""Of a nod in a pause."""
LEAST_SAID = 0.4
"""Seconds of voice, without a pause of NOD_AFTER, that are worth a nod."""
NOD_DEPTH = 0.22, 0.36
"""How far the head goes down, 1 is 15 degrees; uniform."""
NOD_DOWN, NOD_UP = 0.20, 0.34
"""Seconds."""

BROWS_MOST = 0.35
"""How far brows rise at most."""
ONSET_GAIN = 1.4
"""How far they want to for a level that is 1 louder than lately."""
LATELY = 0.7
"""Time constant in s of what is loud lately."""
RISE, FALL = 0.05, 0.22
"""Time constants in s of brows that rise and fall: a rise is there by 95 % after 0.15 s."""


class Nods:
    """When one listener nods; the same seed and sounds give the same nods, to within a frame."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 14])
        self._voiced = self._began = -math.inf
        """When there was a voice last, and since when there has been, but for short gaps."""
        self._wait, self._nods = NOD_AFTER[0], False
        """After which pause a nod comes, and whether one does."""
        self._due = math.inf
        self._begun, self._depth = -math.inf, 0.0

    def at(self, hearing: Hearing | None, t: float, welcome: bool) -> float:
        """How far down the head is at media time t, 1 is 15 degrees; called with increasing t.

        Args:
            welcome: whether a nod may begin.
        """
        if hearing is None:
            return 0.0
        if hearing.voice and hearing.holds(t):
            self._hear(hearing.t)
        elif self._due <= t:
            self._nod(t, welcome)
        age = t - self._begun
        if not 0.0 <= age < NOD_DOWN + NOD_UP:
            return 0.0
        return self._depth * smoothstep(age / NOD_DOWN) * (1.0 - smoothstep((age - NOD_DOWN) / NOD_UP))

    def _hear(self, t: float) -> None:
        """A voice was heard at t: the pause after it may bring a nod, drawn once a stretch of voice."""
        if t == self._voiced:
            return
        if not 0.0 <= t - self._voiced < NOD_AFTER[0]:
            self._began, self._wait = t, self._random.uniform(*NOD_AFTER)
            self._nods = self._random.random() < NOD_LIKELY
        self._voiced = t
        self._due = t + self._wait if self._nods and t - self._began >= LEAST_SAID else math.inf

    def _nod(self, t: float, welcome: bool) -> None:
        due, self._due = self._due, math.inf
        if welcome and t - due < NOD_AFTER[1] and not 0.0 <= t - self._begun < NODS_APART:
            self._begun, self._depth = t, self._random.uniform(*NOD_DEPTH)


class HearingBrows:
    """How far loud onsets raise a listener's brows."""

    def __init__(self) -> None:
        self._lately = self._raised = 0.0

    def at(self, hearing: Hearing | None, t: float, dt: float) -> float:
        """In [0, BROWS_MOST], at media time t, dt seconds after the last call."""
        if hearing is None:
            return 0.0
        level = hearing.level if hearing.voice and hearing.holds(t) else 0.0
        wanted = min(BROWS_MOST, max(0.0, ONSET_GAIN * (level - self._lately)))
        self._lately += (level - self._lately) * step_of_constant(LATELY, dt)
        constant = RISE if wanted > self._raised else FALL
        self._raised += (wanted - self._raised) * step_of_constant(constant, dt)
        return self._raised
