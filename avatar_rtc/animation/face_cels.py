"""Mouths and closed eyes that are drawn: which of them shows, how far, and what the face below does.

One mouth and one pair of eyes show at a time, and wholly: two half-transparent mouths are a fault, and so is
an arc over an open eye. So a cel comes when its emotion has come by half, quickly; another one comes when it
has gone. Between two, and below its threshold, the morphs that come nearest to it stand in.

```
 emotion ─► strengths ─► chosen ─► mouth   comes in 80 ms, and goes before another one comes
                 │          │      eyes    lids shut, then the arc; the arc gone, then lids open
                 └─ morphs ◄┘ as far as it does not show
```
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.blink import close_lids
from avatar_rtc.animation.easing import approach, step_of_constant
from avatar_rtc.animation.mouth import OPEN
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.cels import CELS, EYE_CELS, FALLBACKS, REPLACING
from avatar_rtc.face.pose import MORPHS, Pose, pose_from

DISSOLVE = 0.08
"""Seconds in which a mouth comes or goes: short enough that nobody reads the two of a dissolve."""
SWITCH = 0.04
"""… and in which eyes do: under lids that are shut, where a blink hides it."""
SHUT, PART = 0.08, 0.15
"""Seconds in which lids close before an arc, and open after it: those of a blink."""
PATIENCE = 0.3
"""Seconds a mouth waits after speech has let go of it: in a pause between two words nothing comes."""
SHOWS, HIDES = 0.45, 0.35
"""From which share of an emotion its cel shows, and below which it does not any more."""
BETTER = 0.1
"""By how much another cel must be stronger to take the place of one that shows."""
FOLLOW = 0.04
"""Time constant in s of following the strengths: that of overrides."""

_LONG = 10.0
"""Seconds after which all has come."""

COUNT = len(REPLACING)
_EYES, _MOUTHS = slice(0, len(EYE_CELS)), slice(len(EYE_CELS), COUNT)
_FALLBACKS: NDArray[np.float32] = np.stack([pose_from(FALLBACKS[name]) for name in REPLACING])
"""(COUNT, 45)."""
LID_MORPHS = frozenset(m.name for m in MORPHS if m.name.startswith("eye_"))
MOUTH_MORPHS = frozenset(m.name for m in MORPHS if m.name.startswith("mouth_"))
assert CELS[:COUNT] == REPLACING

Strengths = NDArray[np.float32]
"""(COUNT,), in the order of REPLACING."""


@dataclass(frozen=True)
class Held:
    """What a caller's overrides say of drawn mouths and eyes."""

    cels: Mapping[str, float] = field(default_factory=dict)
    """Replacing cel → opacity."""
    lids: bool = False
    """A lid is held, so it is to be seen."""
    mouth: bool = False
    """A morph of the mouth is."""
    others: Mapping[str, float] = field(default_factory=dict)
    """All but the cels."""


def held_by(overrides: Mapping[str, float]) -> Held:
    """The parts of overrides that concern this, and the rest."""
    cels = {name: value for name, value in overrides.items() if name in REPLACING}
    return Held(
        cels,
        not LID_MORPHS.isdisjoint(overrides),
        not MOUTH_MORPHS.isdisjoint(overrides),
        {name: value for name, value in overrides.items() if name not in cels} if cels else overrides,
    )


@dataclass
class _Place:
    """One place of the face, and the cel in it; at most one shows."""

    comes_s: float
    """Seconds in which it comes or goes."""
    shut_s: float = 0.0
    part_s: float = 0.0
    """Seconds in which lids close before anything shows, and open when nothing does; 0 is a place without."""
    shown: int | None = None
    """Its slot in REPLACING."""
    level: float = 0.0
    """Its opacity."""
    lids: float = 0.0
    """Of eyes: how far the lids below are on their way to be shut, in [0, 1]."""

    def go(self, wanted: int | None, opacity: float, dt: float) -> None:
        """Be dt seconds nearer to showing `wanted` at an opacity."""
        if self.shown != wanted:
            self.level, dt = _moved(self.level, 0.0, self.comes_s, dt)
            if self.level:
                return
            self.shown = wanted
        if wanted is None:
            self.lids, dt = _moved(self.lids, 0.0, self.part_s, dt)
            return
        self.lids, dt = _moved(self.lids, 1.0, self.shut_s, dt)
        if self.lids == 1.0:
            self.level, dt = _moved(self.level, opacity, self.comes_s, dt)


def _moved(value: float, target: float, whole_s: float, dt: float) -> tuple[float, float]:
    """A value on its way to a target at a speed of 1 in `whole_s`, and what is left of dt once there."""
    takes = abs(target - value) * whole_s
    if takes <= dt:
        return target, dt - takes
    return value + (dt / whole_s if target > value else -dt / whole_s), 0.0


class FaceCels:
    """The drawn mouth and eyes of one avatar over time."""

    def __init__(self) -> None:
        self._strengths: Strengths = np.zeros(COUNT, np.float32)
        self._eyes, self._mouth = _Place(SWITCH, SHUT, PART), _Place(DISSOLVE)
        self._waited = PATIENCE
        """Seconds since anything else had the mouth."""
        self._idle = True
        """Nothing shows, and nothing wants to."""

    def advance(
        self,
        emotion: Strengths,
        held: Held,
        have: Collection[str],
        *,
        mouth_is_taken: bool,
        lids_are_taken: bool,
        dt: float,
    ) -> None:
        """Move on by dt seconds.

        Args:
            emotion: (COUNT,) how strongly the emotion wants each cel, eased.
            have: the cels the character has.
            mouth_is_taken: something else has the mouth: speech, a cue, a face tracker.
            lids_are_taken: something else has the lids.
        """
        self._waited = 0.0 if mouth_is_taken else self._waited + dt
        self._idle = not (
            held.cels or emotion.any() or self._strengths.any() or self._eyes.lids or self._mouth.level
        )
        if self._idle:
            self._eyes.shown = self._mouth.shown = None
            return
        wanted = emotion.copy()
        for name, value in held.cels.items():
            wanted[REPLACING.index(name)] = value
        self._strengths = approach(self._strengths, wanted, step_of_constant(FOLLOW, dt))
        free = not (lids_are_taken or held.lids)
        self._eyes.go(*self._chosen(_EYES, self._eyes, held.cels, have, free), dt)
        free = self._waited >= PATIENCE and not held.mouth
        self._mouth.go(*self._chosen(_MOUTHS, self._mouth, held.cels, have, free), dt)

    def stand_in(self, pose: Pose) -> None:
        """Raise the morphs of an emotion (45,), in place, that come nearest to what it wants and does not
        show."""
        if not self._idle and self._strengths.any():
            missing = self._strengths * (1 - self.opacities())
            if missing.any():
                wanted = (missing[:, None] * _FALLBACKS).max(0)
                np.maximum(pose, wanted, out=pose, where=wanted > 0)  # a head turned below 0 stays there

    def close_below(self, pose: Pose) -> None:
        """Shut the lids and the mouth of a pose (45,), in place, below what shows."""
        if self._idle:
            return
        if self._eyes.lids:
            close_lids(pose, smoothstep(self._eyes.lids))
        if self._mouth.level:
            pose[OPEN] *= np.float32(1 - self._mouth.level)

    def opacities(self) -> Strengths:
        """(COUNT,): at most one of the eyes and one of the mouths is not 0."""
        found = np.zeros(COUNT, np.float32)
        for place in (self._eyes, self._mouth):
            if place.shown is not None:
                found[place.shown] = place.level
        return found

    def _chosen(
        self, slots: slice, place: _Place, held: Mapping[str, float], have: Collection[str], free: bool
    ) -> tuple[int | None, float]:
        """The slot that is to show, if any, and its opacity. A caller's is before an emotion's."""
        there = [slot for slot in range(slots.start, slots.stop) if REPLACING[slot] in have]
        callers = [slot for slot in there if held.get(REPLACING[slot], 0.0) > 0]
        if callers:
            best = max(callers, key=lambda slot: held[REPLACING[slot]])
            return best, held[REPLACING[best]]
        if not free:
            return None, 0.0
        strengths = self._strengths.tolist()

        def worth(slot: int) -> float:
            strength: float = strengths[slot]
            is_shown = slot == place.shown
            if strength < (HIDES if is_shown else SHOWS) or REPLACING[slot] in held:
                return 0.0
            return strength + BETTER * is_shown

        wanted = [slot for slot in there if worth(slot)]
        return (max(wanted, key=worth), 1.0) if wanted else (None, 0.0)


def settled(pose: Pose, cels: Mapping[str, float], have: Collection[str]) -> tuple[Pose, dict[str, float]]:
    """An emotion that has wholly come, as a face shows it that does nothing else.

    Args:
        pose: (45,) of the emotion.
        cels: its cels, replacing ones and others.
        have: the cels the character has.
    """
    drawn, shown = FaceCels(), pose.copy()
    wanted = np.array([cels.get(name, 0.0) for name in REPLACING], np.float32)
    drawn.advance(wanted, Held(), have, mouth_is_taken=False, lids_are_taken=False, dt=_LONG)
    drawn.stand_in(shown)
    drawn.close_below(shown)
    levels = {**cels, **dict(zip(REPLACING, drawn.opacities().tolist(), strict=True))}
    return shown, {name: value for name, value in levels.items() if value > 0 and name in have}
