"""Sway: head and body are never quite still.

Every few seconds a new stance around the emotion's own. Whoever changes it looks first, then turns the head,
then the neck, then the body (the order of Hollands, Ziavra and Bronstein, A new paradigm to investigate the
roles of head and eye movements in the coordination of whole-body movements, 2004), each axis in its own time,
along a curve that starts and ends at rest. Not every stance moves every axis. About every half minute the
weight shifts: then the body moves too, slowly. Between stances all wanders: `drift.py`. Shifts, and drift
between them, are what people do who stand for long (Duarte and Zatsiorsky, Patterns of center of pressure
migration during prolonged unconstrained standing, 1999); times and sizes are own choices.

An emotion's own pose wins: what it wants of an axis keeps its sign and at least half its size.
"""

import math
from dataclasses import dataclass

import numpy as np

from avatar_rtc.animation.drift import Axes, drifting, trembling
from avatar_rtc.animation.easing import Eased
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.curves import hermite
from avatar_rtc.face.pose import INDEX

SWAYED = ("head_x", "head_y", "neck_z", "body_y", "body_z")
AXES = np.array([INDEX[name] for name in SWAYED])
ORDER = ((0, 1), (2,), (3, 4))
"""Who follows whom: head, neck, body; within each by lot."""
LAG = (0.14, 0.3)
"""Seconds from the eyes to the head, and from each axis to the next, uniform."""
STANCE_REACH = np.array([0.8, 1.0, 0.6, 0.8, 0.5])
"""How far stances go on each axis, of the bound: a head that is held askew reads as doubt."""
TAKES_PART = np.array([0.7, 0.9, 0.6, 0.2, 0.2])
"""How likely a stance that is no shift moves each axis."""
MOVE = np.array([[0.9, 0.9, 1.1, 1.4, 1.4], [1.6, 1.6, 1.9, 2.6, 2.6]])
"""Least and most seconds a move takes, on each axis."""
SHIFT_S, SHIFT_SPREAD, SHIFT_RANGE = 30.0, 0.4, (12.0, 75.0)
"""Median seconds between shifts of weight, log-normal with this sigma, and their bounds."""
DRIFT = 0.2
"""What of the bound is left to drift."""
WANDERS = np.array([1.0, 1.0, 0.6, 0.5, 0.5])
"""How much of drift and tremor each axis has: what carries the most is the steadiest."""
SWAY_HELD_BACK = 0.65
"""How much of the sway an emotion that shows wholly takes away."""
OWN_SHARE, OWN_LEAST = 0.5, 0.08
"""How much of what an emotion wants of an axis may be swayed away; less than the least is no wish."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""
_PACE = 9.0
"""1/s, from rest to rest, of a change of strength: half there after 0.19 s."""


@dataclass(frozen=True)
class _Move:
    """A change of stance."""

    begins: Axes
    """(5,) media time in s."""
    takes: Axes
    """(5,) seconds."""
    by: Axes
    """(5,)."""
    over: float
    """When the last axis has come."""

    def at(self, t: float) -> Axes:
        gone: Axes = np.minimum(np.maximum((t - self.begins) / self.takes, 0.0), 1.0)
        moved: Axes = self.by * hermite(gone)
        return moved


class Sway:
    """Offsets of one avatar's head and body; the same seed, emotions and times give the same sway."""

    def __init__(self, seed: int, settings: AnimatorSettings = DEFAULTS) -> None:
        self._random = np.random.default_rng([seed, 2])
        self._drift = drifting(self._random, len(SWAYED))
        self._tremor = trembling(self._random, len(SWAYED))
        self._taken: Axes = np.zeros(len(SWAYED))
        """The stance before the moves under way, as a share of the bound."""
        self._moves: list[_Move] = []
        self._next = self._shift = self._last_t = -math.inf
        self._strength: Eased | None = None
        """(10,) of stance and drift, then of the tremor; None before the first time."""
        self._allowed: tuple[Axes, float] | None = None
        self._aim = np.zeros(2 * len(SWAYED), np.float32)
        self.begun: tuple[float, Axes] | None = None
        """If the last call began a new stance: when, and by how much (5,) it moves. Eyes go first."""
        self.configure(settings)

    def configure(self, settings: AnimatorSettings) -> None:
        """Follow other settings; a stance they allow is taken at once."""
        moved = np.array([name in settings.sway_morphs for name in SWAYED], float)
        self._macro = moved * min(1.0, settings.sway_macro_strength * settings.liveliness)
        self._micro = moved * settings.sway_micro_strength * settings.liveliness
        self._interval = (settings.sway_interval_min, settings.sway_interval_max)
        self._next, self._allowed = -math.inf, None

    def at(self, t: float, emotion: Axes, changed: bool, shown: float = 0.0) -> Axes:
        """The offsets (5,) to add to the pose at media time t; called with increasing t.

        Args:
            emotion: what the emotion wants of the five axes, (5,).
            changed: another emotion has come; a stance around it is taken at once.
            shown: how much the face shows an emotion, 0..1.
        """
        self._go_on(t, changed)
        dt, self._last_t = max(t - self._last_t, 0.0), t
        strength = self._eased(emotion, shown, dt)
        count = len(SWAYED)
        stance = (1 - DRIFT) * self._stance(t) + DRIFT * WANDERS * self._drift.at(t)
        offsets: Axes = strength[:count] * stance + strength[count:] * WANDERS * self._tremor.at(t)
        return offsets

    def _go_on(self, t: float, changed: bool) -> None:
        """Begin what is due at t: at its own time, whatever the frame rate."""
        self.begun = None
        lost = not -_LOST < t - self._last_t < _LOST
        if lost or t < self._last_t:  # moves of a time that is not to come, or is long gone
            self._taken, self._moves = self._taken + sum(move.by for move in self._moves), []
        if lost:
            self._shift = t + self._until_shift()
        if changed or lost or self._next == -math.inf:
            self._turn(t, everything=True)
        while t >= self._next:
            self._turn(self._next, everything=False)

    def _turn(self, t: float, everything: bool) -> None:
        """Begin another stance at t."""
        if shifts := t >= self._shift:
            self._shift = t + self._until_shift()
        # All is drawn, whatever of it is used: what follows must not depend on it.
        order = [axis for group in ORDER for axis in self._random.permutation(group)]
        lags = np.cumsum(self._random.uniform(*LAG, len(order)))
        takes = self._random.uniform(*MOVE)
        # The sum of two: near the middle more often than far from it.
        to = STANCE_REACH * self._random.uniform(-0.5, 0.5, (2, len(order))).sum(axis=0)
        part = self._random.random(len(order)) < TAKES_PART
        begins = np.empty(len(order))
        begins[order] = t + lags
        here = self._taken + sum(move.by for move in self._moves)
        by = np.where(part | shifts | everything, to - here, 0.0)
        self._moves.append(_Move(begins, takes, by, float((begins + takes).max())))
        self._next = t + self._random.uniform(*self._interval)
        self.begun = t, by

    def _until_shift(self) -> float:
        wait = SHIFT_S * math.exp(SHIFT_SPREAD * self._random.standard_normal())
        return min(max(wait, SHIFT_RANGE[0]), SHIFT_RANGE[1])

    def _stance(self, t: float) -> Axes:
        """Moves overlap, each from rest to rest, so that even one broken off by the next has no jerk."""
        while self._moves and t >= self._moves[0].over:
            self._taken = self._taken + self._moves.pop(0).by
        stance = self._taken
        for move in self._moves:
            stance = stance + move.at(t)
        return stance

    def _eased(self, emotion: Axes, shown: float, dt: float) -> Axes:
        """(10,) how strong stance and drift are now, then the tremor."""
        if self._allowed is None or shown != self._allowed[1] or (emotion != self._allowed[0]).any():
            self._allowed = emotion.copy(), shown
            aim = np.concatenate(allowed(emotion, shown, self._macro, self._micro))
            self._aim = aim.astype(np.float32)
        if self._strength is None:
            self._strength = Eased(self._aim)
        return self._strength.advance(self._aim, _PACE, dt)


def allowed(emotion: Axes, shown: float, macro: Axes, micro: Axes) -> tuple[Axes, Axes]:
    """How far stances with their drift, and the tremor, may go around an emotion: all (5,).

    Args:
        emotion: what it wants of the axes.
        shown: how much the face shows of it, 0..1.
        macro, micro: the bounds of the settings.
    """
    wish = np.abs(emotion)
    room = np.where(wish > OWN_LEAST, OWN_SHARE * wish, np.inf)
    room = np.minimum(room, np.maximum(1 - wish, 0.0))
    together = (1 - SWAY_HELD_BACK * shown) * (macro + micro)
    # Both alike, so that together they keep within the room.
    part = np.minimum(together, room) / np.maximum(macro + micro, 1e-9)
    return part * macro, part * micro
