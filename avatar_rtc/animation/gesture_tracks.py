"""How gestures go between their keys: the monotone cubics of Fritsch and Butland.

The slope at a key is 0 where the way turns or ends, else the weighted harmonic mean of the slopes on both
sides (Fritsch and Butland, A method for constructing local monotone piecewise cubic interpolants, 1984). So a
way passes each key, never leaves the range of the two keys around it, and has no corner.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from avatar_rtc.animation.overrides import SLOT
from avatar_rtc.face.gestures import GestureTemplate, Track


class TrackWay:
    """The way of one track."""

    def __init__(self, keys: Track) -> None:
        """From its keys: (s, value), in order of time."""
        self._times, self._values = [t for t, _ in keys], [value for _, value in keys]
        self._slopes = slopes(self._times, self._values)

    def at(self, t: float) -> float:
        """Its value at t seconds; what is before its first key or behind its last is as there."""
        times, values = self._times, self._values
        n = bisect_right(times, t)
        if n == 0 or n == len(times):
            return values[max(n - 1, 0)]
        width = times[n] - times[n - 1]
        x = (t - times[n - 1]) / width
        y = 1 - x
        ends = values[n - 1] * y * y * (1 + 2 * x) + values[n] * x * x * (1 + 2 * y)
        return ends + width * x * y * (self._slopes[n - 1] * y - self._slopes[n] * x)


def slopes(times: Sequence[float], values: Sequence[float]) -> list[float]:
    """The slope at each key, per second.

    >>> slopes([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 0.0])
    [0.0, 1.0, 0.0, 0.0]
    """
    found = [0.0] * len(times)
    for n in range(1, len(times) - 1):
        before, after = times[n] - times[n - 1], times[n + 1] - times[n]
        rise, next_rise = (values[n] - values[n - 1]) / before, (values[n + 1] - values[n]) / after
        if rise * next_rise > 0:
            a, b = 2 * after + before, after + 2 * before
            found[n] = (a + b) / (a / rise + b / next_rise)
    return found


class GestureWays:
    """All that a gesture moves."""

    def __init__(self, template: GestureTemplate) -> None:
        """From its template."""
        self.seconds = template.seconds
        ways = {name: TrackWay(keys) for name, keys in template.tracks.items()}
        self._morphs = [(SLOT[name], way) for name, way in ways.items() if name in SLOT]
        self._fx = [(name, way) for name, way in ways.items() if name not in SLOT]
        self.breathes = "breathing" in template.tracks
        self.looks = not template.tracks.keys().isdisjoint(("iris_rotation_x", "iris_rotation_y"))
        """Whether it says where the eyes go; else they stay where they look, however the head moves."""

    def slots(self, age: float) -> list[tuple[int, float]]:
        """(slot of a face, value) of its morphs and cels, `age` seconds after it began."""
        return [(slot, way.at(age)) for slot, way in self._morphs]

    def fx(self, age: float) -> Mapping[str, float]:
        """Effect → opacity."""
        return {name: way.at(age) for name, way in self._fx}
