"""Blinks: when they come, and how the lids move.

The wait before a blink is U(2, 5) s, and after it each 25th of a second brings the blink with probability
0.03, by default. Drawn at once as a sum of both waits, so the moments do not depend on the frame rate.
"""

import math
from collections.abc import Mapping

import numpy as np

from avatar_rtc.animation.easing import CALIBRATION_FPS
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.pose import INDEX, Pose

CLOSE, HOLD, OPEN = 0.08, 0.04, 0.15
"""Seconds; the hold makes one frame show closed lids at any rate from 25 fps up."""
DURATION = CLOSE + HOLD + OPEN
BETWEEN = 0.06
"""Seconds between the two of a double blink."""
PARTIAL = (0.4, 0.8)
"""How far a partial blink closes the lids, uniform."""
BLINK_RATES: Mapping[str, float] = {
    "nervousness": 2.0, "fear": 1.5, "embarrassment": 1.5, "confusion": 1.4, "excitement": 1.4,
    "remorse": 1.3, "grief": 1.3, "annoyance": 1.2, "joy": 1.1, "amusement": 1.1,
    "sadness": 0.85, "relief": 0.85, "curiosity": 0.8, "desire": 0.75, "anger": 0.7, "disapproval": 0.7,
    "love": 0.7, "surprise": 0.65, "admiration": 0.6, "realization": 0.6,
}  # fmt: skip
"""How often eyes blink in an emotion, as a multiple of calm ones: unrest quickens them, attention holds them
back. Own choice; emotions not named are calm."""

_LOST = 30.0
"""A jump of media time by more seconds than this starts the schedule afresh."""
_LIVELIER = 0.25
"""What liveliness adds to the rate, per 1."""
_WINK = slice(INDEX["eye_wink_left"], INDEX["eye_wink_right"] + 1)
_HAPPY_WINK = slice(INDEX["eye_happy_wink_left"], INDEX["eye_happy_wink_right"] + 1)
_RELAXED = slice(INDEX["eye_relaxed_left"], INDEX["eye_relaxed_right"] + 1)
_WIDE = slice(INDEX["eye_surprised_left"], INDEX["eye_surprised_right"] + 1)


def lid(age: float) -> float:
    """How closed the lids are, in [0, 1], `age` seconds after the blink began."""
    if age < CLOSE + HOLD:
        return smoothstep(age / CLOSE)
    return 1.0 - smoothstep((age - CLOSE - HOLD) / OPEN)


def rate_of(emotions: Mapping[str, float], intensity: float) -> float:
    """How often eyes blink under weighted emotions, as a multiple of calm ones.

    >>> rate_of({"nervousness": 0.5}, 1.0)
    1.5
    """
    more = sum(weight * (BLINK_RATES.get(name, 1.0) - 1.0) for name, weight in emotions.items())
    return 1.0 + intensity * more / max(1.0, sum(emotions.values()))


class Blink:
    """The schedule of one avatar's blinks; the same seed and times give the same blinks."""

    def __init__(self, seed: int, settings: AnimatorSettings = DEFAULTS) -> None:
        self._random = np.random.default_rng([seed, 1])
        self._kinds = np.random.default_rng([seed, 6])
        self._start = math.inf  # of the blink that runs or comes next
        self._depth = 1.0
        self._doubled = False
        """Whether this blink is the second one already."""
        self._rapid_until = -math.inf
        self._last_t: float | None = None
        self._rate = self._mood = self._attention = 1.0
        self._settings = settings
        self.configure(settings)

    def configure(self, settings: AnimatorSettings) -> None:
        """Follow other settings; the next blink is set anew."""
        self._settings = settings
        self._set_rate()
        if self._last_t is not None and self._last_t <= self._start:
            self._plan(self._last_t)

    def feel(self, mood: float) -> None:
        """Blink more or less often from now on, as a multiple of calm eyes; see `rate_of`."""
        self._mood = mood
        self._set_rate()

    def attend(self, rate: float) -> None:
        """Blink more or less often for what it is doing, as a multiple, whatever the mood."""
        self._attention = rate
        self._set_rate()

    def confuse(self, t: float) -> None:
        """Blink rapidly for a while from media time t on."""
        self._rapid_until = t + self._settings.blink_confusion_duration
        if t < self._start and t < self._rapid_until:
            self._plan(t)

    def invite(self, t: float) -> None:
        """Blink now rather than later, unless a blink is under way, or eyes never do."""
        if t < self._start < math.inf:
            self._start = t

    def at(self, t: float) -> float:
        """How closed the lids are at media time t, in [0, 1]; called with increasing t."""
        if self._last_t is None or not -_LOST < t - self._last_t < _LOST:
            self._plan(t)
        self._last_t = t
        while t >= self._start + DURATION:
            self._go_on(self._start + DURATION)
        return self._depth * lid(t - self._start)

    def _go_on(self, end: float) -> None:
        """After a blink that ended: its double, or a wait."""
        settings = self._settings
        self._doubled = not self._doubled and self._kinds.random() < settings.blink_double_probability
        if self._doubled:
            self._start = end + BETWEEN
        else:
            self._plan(end)
            partial = self._kinds.random() < settings.blink_partial_probability
            self._depth = float(self._kinds.uniform(*PARTIAL)) if partial else 1.0

    def _plan(self, t: float) -> None:
        """Set the next blink, seen from media time t."""
        settings = self._settings
        if settings.blink_probability == 0:
            self._start = math.inf
            return
        low, high = settings.blink_interval_min, settings.blink_interval_max
        first = 0.0 if t < self._rapid_until else self._random.uniform(low, high)
        self._start = t + float(first + self._random.exponential(self._mean_extra())) / self._rate

    def _mean_extra(self) -> float:
        """Seconds a blink is late after its wait, on average; 1.31 by default."""
        p = self._settings.blink_probability
        return -1.0 / (CALIBRATION_FPS * math.log1p(-p)) if p < 1 else 0.0

    def _set_rate(self) -> None:
        before = self._rate
        self._rate = self._mood * self._attention * (1.0 - _LIVELIER + _LIVELIER * self._settings.liveliness)
        if self._last_t is not None and self._last_t < self._start < math.inf:
            self._start = self._last_t + (self._start - self._last_t) * before / self._rate


def close_lids(pose: Pose, closed: float) -> None:
    """Blink in place: the lids go the rest of the way from where the emotion left them."""
    if closed == 0.0:
        return
    share = np.float32(closed)
    # Lids that an emotion has closed by another morph are not closed a second time.
    already: Pose = np.minimum(pose[_HAPPY_WINK] + pose[_RELAXED], 1)
    pose[_WINK] = np.maximum(pose[_WINK], share * (1 - already))
    pose[_WIDE] *= 1 - share
