"""Gestures that are acted, mixed over all that moves by itself.

```
 played ─► ways at t ─► sum within ranges ─┬─► cels                 before it is chosen what is drawn
                                           ├─► lids, brows, mouth   after it
                                           ├─► head and body        before the gaze, which holds on
                                           └─► where the eyes go    after it
```
What is 0 or more is not added to what is there, so closed eyes are not closed twice: brows take the larger of
both, lids and the open mouth are faded from one to the other. Heads add up. Mouths give way to speech. What
comes later wins as ever: a caller's pose, lids kept open, speech, overrides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.breathing import Breath
from avatar_rtc.animation.easing import Eased
from avatar_rtc.animation.face_cels import MOUTH_MORPHS
from avatar_rtc.animation.gesture_tracks import GestureWays
from avatar_rtc.animation.overrides import SLOT, Face
from avatar_rtc.control.state import PlayedGesture
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.cels import EYE_CELS, MOUTH_CELS
from avatar_rtc.face.pose import INDEX, LOW, MORPHS, MOUTH_OPEN, Pose

BROKEN_OFF = 0.25
"""Seconds in which a gesture goes that is ended early, such as by the same one anew."""
BREATH_TAKEN = 0.3
"""Seconds in which a gesture takes the breath, and in which it gives it back."""
MOUTH_FREE = 0.25
"""How far a gesture opens the mouth until nothing drawn of an emotion shows there."""
LIFTS = 2.5
"""How much farther a gesture's breath lifts the shoulders than a calm one."""

_PACE = 20.0
"""1/s, in which its mouth makes way for speech: half gone after 0.08 s."""


def _slots(*names: str) -> NDArray[np.intp]:
    return np.array([SLOT[name] for name in names])


_SIDES = ("left", "right")
_CLOSING = np.array([_slots(*(f"eye_{kind}_{side}" for kind in ("wink", "happy_wink", "relaxed")))
                     for side in _SIDES])  # fmt: skip
"""(2, 3): of each eye, what closes it."""
_NARROWED, _WIDE = (
    _slots(*(f"eye_{kind}_{side}" for side in _SIDES)) for kind in ("unimpressed", "surprised")
)
_OPEN = _slots(*MOUTH_OPEN)
_RAISED, _LOWERED = (
    _slots(*(f"mouth_{way}_corner_{side}" for side in _SIDES)) for way in ("raised", "lowered")
)
_MOUTH = _slots(*sorted(MOUTH_MORPHS), *MOUTH_CELS)
_EYES_DRAWN, _MOUTHS_DRAWN = _slots(*EYE_CELS), _slots(*MOUTH_CELS)
_HEAD = np.array([INDEX[m.name] for m in MORPHS if m.low < 0 and not m.name.startswith("iris")])
_IRIS = _slots("iris_rotation_x", "iris_rotation_y")
_TURNED = frozenset([*_HEAD.tolist(), *_IRIS.tolist()])
_BREATH = INDEX["breathing"]
_ADDED = np.concatenate([_HEAD, _IRIS, [_BREATH]])
_CELS = slice(len(MORPHS), len(SLOT))
_LEAST: Face = np.concatenate([LOW, np.zeros(len(SLOT) - len(LOW), np.float32)])


@dataclass(frozen=True, eq=False)
class Acted:
    """What gestures do to a face at one moment."""

    values: Face
    """(70,) of the sum, but where heads are turned along with the eyes."""
    turned: Pose
    """(45,) of those that say where the eyes go: their heads and irises."""
    breath: float = 0.0
    """How much of the breath is theirs, 0..1."""
    fx: Mapping[str, float] = field(default_factory=dict)
    """Effect → opacity."""

    @cached_property
    def opens(self) -> float:
        """How much an eye is to be seen open that an emotion or a blink would close, 0..1."""
        left, right = self.values[_CLOSING].sum(1)
        return float(min(max(abs(left - right), self.values[_WIDE].max()), 1.0))

    def on_cels(self, face: Face) -> None:
        """Change the cels of a face (70,), in place: before it is chosen what is drawn."""
        values, others = self.values, np.float32(1 - self.opens)
        eyes, mouths = values[_EYES_DRAWN], values[_MOUTHS_DRAWN]
        free = 1 - min(values[_OPEN].sum() / np.float32(MOUTH_FREE), 1)
        face[_EYES_DRAWN] *= others * (1 - eyes.max())
        face[_MOUTHS_DRAWN] *= free * (1 - mouths.max())
        np.maximum(face[_CELS], values[_CELS], out=face[_CELS])

    def on_face(self, pose: Pose) -> None:
        """Change lids, brows and mouth of a pose (45,), in place, and what stands in for drawn ones."""
        values = self.values[: len(pose)]
        closed, opens = values[_CLOSING].sum(1), np.float32(1 - self.opens)
        lids = pose[_CLOSING] * (opens * (1 - closed))[:, None] + values[_CLOSING]
        mouth = pose[_OPEN] * (1 - values[_OPEN].sum()) + values[_OPEN]
        kept = pose[_ADDED]
        pose[_NARROWED] *= opens * (1 - closed)
        pose[_WIDE] *= 1 - closed
        for corners, against in ((_RAISED, _LOWERED), (_LOWERED, _RAISED)):
            pose[corners] *= 1 - values[against]
        np.maximum(pose, values, out=pose)
        pose[_ADDED], pose[_CLOSING], pose[_OPEN] = kept, lids, mouth

    def on_head(self, pose: Pose) -> None:
        """Move the head of a pose (45,), in place; the eyes are to stay where they look."""
        pose[_HEAD] += self.values[_HEAD]

    def on_eyes(self, pose: Pose) -> None:
        """Turn the eyes of a pose (45,), in place, and the head that goes with them."""
        pose += self.turned

    def on_breath(self, breath: Breath) -> Breath:
        """The breath, as far as it is left alone, and what is acted of it."""
        own, acted = 1 - self.breath, float(self.values[_BREATH])
        return Breath(own * breath.chest + acted, own * breath.shoulders + LIFTS * acted, own * breath.head)


@dataclass
class _Playing:
    """A gesture under way."""

    ways: GestureWays
    begun: float
    """Media time in s from which it is seen."""
    strength: float
    left: float = inf
    """When it was broken off."""

    def over(self, t: float) -> bool:
        return t >= min(self.begun + self.ways.seconds, self.left + BROKEN_OFF)

    def amount(self, t: float) -> float:
        return self.strength * (1.0 - smoothstep((t - self.left) / BROKEN_OFF))

    def breath(self, t: float) -> float:
        if not self.ways.breathes:
            return 0.0
        age, left = t - self.begun, self.begun + self.ways.seconds - t
        return self.amount(t) * smoothstep(age / BREATH_TAKEN) * smoothstep(left / BREATH_TAKEN)


class GestureLayer:
    """The gestures of one avatar; the same states and times give the same."""

    def __init__(self) -> None:
        self._told: Sequence[PlayedGesture] = ()
        self._playing: dict[tuple[str, float], _Playing] = {}
        """By name and when it was begun."""
        self._last_t: float | None = None
        self._free: Eased | None = None
        self._aims = np.zeros(1, np.float32), np.ones(1, np.float32)

    def at(self, played: Sequence[PlayedGesture], t: float, dt: float, speaking: bool) -> Acted | None:
        """What those that are played do at media time t, dt seconds after the last call; None is nothing.

        Args:
            speaking: their mouths give way then.
        """
        if played is not self._told:
            self._take(played, t)
        self._last_t = t
        aim = self._aims[not speaking]
        if not self._playing:
            self._free = None
            return None
        self._playing = {key: each for key, each in self._playing.items() if not each.over(t)}
        if self._free is None:
            self._free = Eased(aim)
        free = np.float32(self._free.advance(aim, _PACE, dt)[0])
        return self._summed(t, free) if self._playing else None

    def _take(self, played: Sequence[PlayedGesture], t: float) -> None:
        """Begin what is new, and break off what is not played any more."""
        self._told = played
        wanted = {(each.template.name, each.begun): each for each in played}
        for key, playing in self._playing.items():
            if key not in wanted:
                playing.left = min(playing.left, t if self._last_t is None else self._last_t)
        for key, each in wanted.items():
            if key not in self._playing and each.end > t:
                # One that comes late begins late: nothing jumps into its middle.
                begun = each.begun if self._last_t is None else max(each.begun, self._last_t)
                self._playing[key] = _Playing(GestureWays(each.template), begun, each.strength)

    def _summed(self, t: float, free: np.float32) -> Acted:
        # Lists, for single numbers of an array are slow.
        sums, turns = [0.0] * len(SLOT), [0.0] * len(MORPHS)
        fx: dict[str, float] = {}
        breath = 0.0
        for each in self._playing.values():
            amount, age = each.amount(t), t - each.begun
            for slot, value in each.ways.slots(age):
                moved = turns if each.ways.looks and slot in _TURNED else sums
                moved[slot] += amount * value
            for name, opacity in each.ways.fx(age).items():
                fx[name] = max(fx.get(name, 0.0), amount * opacity)
            breath = max(breath, each.breath(t))
        values: Face = np.minimum(np.maximum(np.array(sums, np.float32), _LEAST), 1)
        turned: Pose = np.minimum(np.maximum(np.array(turns, np.float32), -1), 1)
        values[_MOUTH] *= free
        for together in (*_CLOSING, _OPEN):
            values[together] /= max(values[together].sum(), np.float32(1))
        return Acted(values, turned, breath, fx)


def with_fx(shown: Mapping[str, float], acted: Acted | None, have: Collection[str]) -> Mapping[str, float]:
    """Effect → opacity of what an emotion shows, and of what gestures do besides."""
    if acted is None or not acted.fx:
        return shown
    more = {name: opacity for name, opacity in acted.fx.items() if opacity > 0 and name in have}
    return {**shown, **{name: max(opacity, shown.get(name, 0.0)) for name, opacity in more.items()}}
