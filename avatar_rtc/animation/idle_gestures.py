"""What a face at rest does now and then: a small smile, a flash of the brows, a swallow.

Each comes at random, never sooner than its dead time, and only to a calm face that does not speak. Smiles of
enjoyment last half a second to four (Frank, Ekman and Friesen, Behavioral markers and recognizability of
the smile of enjoyment, 1993); brows stay up for a sixth of a second in a flash (Eibl-Eibesfeldt, Similarities
and differences between cultures in expressive movements, 1972). People swallow some 600 times a day (Lear,
Flanagan and Moorrees, The frequency of deglutition in man, 1965), hardly while they sleep: about once a
minute. How often a smile or a flash comes is an own choice.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.easing import Eased
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import INDEX


@dataclass(frozen=True)
class IdleGesture:
    """How one kind comes and goes; times in s."""

    every: float
    """On average, from one to the next; the dead time is in it."""
    dead: float
    rise: float
    hold: tuple[float, float]
    """Uniform."""
    fall: float
    morphs: Mapping[str, float]
    """What is added to the pose at its height."""
    cels: Mapping[str, float]
    """The same of cels; those there are none of are passed over."""


def _both(**morphs: float) -> dict[str, float]:
    return {f"{name}_{side}": value for name, value in morphs.items() for side in ("left", "right")}


SMILE = IdleGesture(
    22.0, 8.0, 0.5, (0.6, 2.0), 0.9,
    _both(mouth_raised_corner=0.7, eye_raised_lower_eyelid=0.25, eyebrow_happy=0.3),
    {"mouth_smile": 0.8},
)  # fmt: skip
BROW_FLASH = IdleGesture(
    26.0, 10.0, 0.12, (0.15, 0.2), 0.3, _both(eyebrow_raised=0.4, eye_surprised=0.1), {}
)  # fmt: skip
SWALLOW = IdleGesture(
    60.0, 20.0, 0.25, (0.08, 0.15), 0.45,
    {"head_x": -0.07, "mouth_uuu": 0.06, **_both(eye_raised_lower_eyelid=0.15)}, {},
)  # fmt: skip
KINDS = (SMILE, BROW_FLASH, SWALLOW)
LEAST = 0.7
"""The weakest of a kind is this strong; they are uniform up to 1."""

_PACE = 20.0
"""1/s, from rest to rest, in which they make way for speech: half gone after 0.08 s."""
_LOST = 30.0
"""A jump of media time by more seconds than this starts afresh."""


class _Course:
    """When one kind comes; the same seed and times give the same gestures."""

    def __init__(self, kind: IdleGesture, random: np.random.Generator) -> None:
        self._kind, self._random = kind, random
        self._begun, self._hold, self._size = -math.inf, 0.0, 0.0
        self._next: float | None = None
        count = len(CELS)
        self.by: NDArray[np.float32] = np.zeros(len(INDEX) + count, np.float32)
        """(45 + number of cels,) at its height."""
        for name, value in kind.morphs.items():
            self.by[INDEX[name]] = value
        for name, value in kind.cels.items():
            if name in CELS:
                self.by[len(INDEX) + CELS.index(name)] = value

    def share(self, t: float, welcome: bool) -> float:
        """How much of it shows at media time t, in [0, 1]; `welcome` is whether one may begin now."""
        if self._next is None or not t - _LOST < self._next < t + _LOST + 20 * self._kind.every:
            self._next, self._begun = t + self._wait(), -math.inf
        while t >= self._next:
            hold, size = self._random.uniform(*self._kind.hold), self._random.uniform(LEAST, 1.0)
            if welcome:
                self._begun, self._hold, self._size = self._next, hold, size
            self._next += self._wait()
        age = t - self._begun
        if not 0.0 <= age < self._kind.rise + self._hold + self._kind.fall:
            return 0.0
        falling = smoothstep((age - self._kind.rise - self._hold) / self._kind.fall)
        return self._size * smoothstep(age / self._kind.rise) * (1.0 - falling)

    def _wait(self) -> float:
        return self._kind.dead + float(self._random.exponential(self._kind.every - self._kind.dead))


class IdleGestures:
    """Those of one avatar."""

    def __init__(self, seed: int) -> None:
        self._courses = [
            _Course(kind, np.random.default_rng([seed, 12, number])) for number, kind in enumerate(KINDS)
        ]
        self._free: Eased | None = None
        self._aims = np.zeros(1, np.float32), np.ones(1, np.float32)

    def apply(
        self, face: NDArray[np.float32], t: float, dt: float, calm: float, speaking: bool, strength: float
    ) -> None:
        """Change the face (45 + number of cels,) in place for media time t, dt seconds after the last call.

        Args:
            calm: 1 less how much it shows an emotion.
            speaking: none begins then, and what is under way ends.
            strength: of all, 0 is none.
        """
        aim = self._aims[not speaking]
        if self._free is None:
            self._free = Eased(aim)
        free = float(self._free.advance(aim, _PACE, dt)[0])
        welcome = calm > 0.5 and not speaking and strength > 0
        for course in self._courses:
            if share := course.share(t, welcome):
                face += np.float32(share * calm * free * strength) * course.by
                np.minimum(face, 1.0, out=face)
