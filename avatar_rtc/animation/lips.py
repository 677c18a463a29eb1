"""Lips that follow speech: the timelines of what is said, blended into one mouth at time t.

Each sound pulls at the lips in proportion to its dominance, more weakly the farther away in time it is
(Cohen and Massaro 1993); closures are kept apart and multiply the mouth away, because a bilabial that stays
open is what people notice first. What is blended are openings; how far this face is moved for them, its
`MouthOpener` knows. Everything is a function of t but a slew limit and an easing.
"""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.mouth import CORNERS, CORNERS_KEPT, OPEN
from avatar_rtc.curves import smoothstep
from avatar_rtc.face.opening import MouthOpener
from avatar_rtc.face.pose import MOUTH_OPEN, Pose
from avatar_rtc.face.timeline import GAIN_STEP_S, Timeline

LEAD = 0.040
"""Seconds by which lips run ahead of the sound: people forgive early lips, not late ones."""
REACH = 0.2
"""Seconds before and after itself in which a sound pulls at the lips."""
ATTACK, ATTACK_ROUNDED = 0.035, 0.070
RELEASE, RELEASE_ROUNDED = 0.045, 0.075
"""Time constants in s of a sound's pull before it begins and after it ends. Short: small openings are shown
large, and with 45 and 60 ms lips were seen to move 10 ms too early and too late."""
CLOSE_RAMP, CLOSE_HOLD = 0.060, 0.050
"""Seconds lips take to shut and to part, and the least they stay shut: a frame at 20 fps."""
SLEW = 1.0 / 0.066
"""How far a shape may move per second, closures apart."""
PAUSE = 0.25
"""A gap of this many seconds or more gives the mouth back to the emotion."""
TAKE, GIVE_BACK = 0.080, 0.150
"""Seconds in which speech takes the mouth, and in which the emotion has it again."""
STOP = 0.080
"""Seconds in which an interrupted mouth closes."""
USUAL_MOUTH = MouthOpener()
"""Of a face that was not measured."""

_KEPT_S = 1.0
"""Timelines are forgotten this long after their end."""


@dataclass(eq=False)
class _Track:
    """One timeline as arrays; times are media times at which lips move, so LEAD is taken off already."""

    begin: float
    """Media time of the first sample."""
    source: Timeline
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.float64]
    """(N, 6)"""
    closures: tuple[tuple[float, float, float, float], ...]
    """When a sound that shuts the lips begins, from when to when they are shut, and how far; in order."""
    dominances: NDArray[np.float64]
    attacks: NDArray[np.float64]
    releases: NDArray[np.float64]
    spans: tuple[tuple[float, float], ...]
    """Where sounds follow each other with gaps below PAUSE."""
    cut: float = math.inf
    """When it was interrupted."""

    @property
    def end(self) -> float:
        """Media time at which the sound is over."""
        return self.begin + self.source.seconds

    def pull(self, t: float) -> tuple[NDArray[np.float64], float]:
        """(6,) what its sounds make of the lips at t, and how strongly they pull together."""
        near = slice(self.ends.searchsorted(t - REACH), self.starts.searchsorted(t + REACH, "right"))
        early, late = np.maximum(self.starts[near] - t, 0), np.maximum(t - self.ends[near], 0)
        pulls = self.dominances[near] * np.exp(-early / self.attacks[near] - late / self.releases[near])
        left = 1 - min(max((t - self.cut) / STOP, 0.0), 1.0)
        return pulls @ self.weights[near] * (self._gain(t) * left), float(pulls.sum())

    def closed(self, t: float, dt: float) -> float:
        """How far the lips are shut on the frame shown from t to t + dt.

        A frame that a closure touches is shut, or it would fall between two frames; lips on their way are
        seen as they are in the middle of it.
        """
        found, middle = 0.0, t + dt / 2
        first = bisect_left(self.closures, t - CLOSE_RAMP, key=_end_of_closure)
        for begin, start, end, closure in self.closures[first:]:
            if begin >= self.cut or start > t + dt + CLOSE_RAMP:
                break
            if start < t + dt and end > t:
                found = max(found, closure)
            else:
                found = max(found, closure * (1 - max(start - middle, middle - end) / CLOSE_RAMP))
        return found

    def held(self, t: float) -> float:
        """How far the mouth is speech's at t, in [0, 1]."""
        ends = self.cut + STOP
        return max(
            (_hold(t, start, min(end, ends)) for start, end in self.spans if start < self.cut), default=0.0
        )

    def _gain(self, t: float) -> float:
        gains = self.source.gains
        if not gains:
            return 1.0
        return gains[min(max(int((t + LEAD - self.begin) / GAIN_STEP_S), 0), len(gains) - 1)]


class Lips:
    """The mouth of one avatar while it speaks."""

    def __init__(self) -> None:
        self._tracks: deque[_Track] = deque()
        self._lips: Pose = np.zeros(len(MOUTH_OPEN), np.float32)

    def append(self, begin: float, timeline: Timeline) -> None:
        """Take up what is said next, from media time `begin` on."""
        self._forget(begin)
        self._tracks.append(_track(begin, timeline))

    def stop(self, t: float) -> None:
        """Fall silent at media time t: what was to be said later is forgotten, and the mouth closes."""
        self._tracks = deque(track for track in self._tracks if track.begin < t)
        for track in self._tracks:
            track.cut = min(track.cut, t)

    def apply(
        self, pose: Pose, t: float, dt: float, opener: MouthOpener = USUAL_MOUTH, articulation: float = 1.0
    ) -> None:
        """Change the mouth of `pose` (45,) in place for the frame shown from media time t to t + dt.

        Args:
            opener: of the face.
            articulation: how far it opens, 0..2; closures close at any.
        """
        self._forget(t)
        if not self._tracks:
            self._lips[:] = 0
            return
        most = np.float32(min(1.0, SLEW * dt))
        self._lips += np.minimum(np.maximum(self._blend(t + dt / 2) - self._lips, -most), most)
        held = max(track.held(t) for track in self._tracks)
        if held == 0:
            return
        shut = max(track.closed(t, dt) for track in self._tracks)
        # Closures come last, so that no opener can part lips that have to meet.
        opened = opener.morphs(self._lips, articulation) * np.float32(1 - shut)
        pose[OPEN] += np.float32(held) * (opened - pose[OPEN])
        pose[CORNERS] *= np.float32(1 - (1 - CORNERS_KEPT) * held)

    def speaks(self, t: float) -> bool:
        """True while something is said; who hums says nothing."""
        return any(
            track.begin <= t + LEAD and t < min(track.end, track.cut) and not track.source.is_hum
            for track in self._tracks
        )

    def holds(self, t: float) -> bool:
        """True while the mouth is speech's, if in part: from just before its first sound, not in pauses."""
        return any(track.held(t) > 0 for track in self._tracks)

    def stresses(self, after: float, until: float) -> bool:
        """True if a stressed sound begins in (after, until]."""
        return any(
            after < at <= until for track in self._tracks for at in _moments(track, track.source.accents)
        )

    def pauses(self, after: float, until: float) -> bool:
        """True if a pause long enough to blink in begins in (after, until]."""
        return any(
            after < at <= until
            for track in self._tracks
            for at in _moments(track, [start for start, _ in track.source.pauses])
        )

    def _forget(self, t: float) -> None:
        """Drop what was over long before t."""
        while self._tracks and self._tracks[0].end + _KEPT_S < t:
            self._tracks.popleft()

    def _blend(self, t: float) -> Pose:
        """(6,) the open shapes, closures apart."""
        total, pulled = np.zeros(len(MOUTH_OPEN)), 0.0
        for track in self._tracks:
            near = track.begin - 2 * REACH < t < track.end + 2 * REACH
            if near and t < track.cut + STOP:
                part, strength = track.pull(t)
                total += part
                pulled += strength
        return (total / pulled if pulled > 1e-6 else total).astype(np.float32)


def _moments(track: _Track, times: Iterable[float]) -> Iterator[float]:
    """Media times of what was not interrupted."""
    return (at for time in times if (at := track.begin + time) < track.cut)


def _track(begin: float, timeline: Timeline) -> _Track:
    segments, moved = timeline.segments, begin - LEAD
    shapes = [segment.shape for segment in segments]
    rounded = np.array([shape.is_rounded for shape in shapes], bool)
    return _Track(
        begin=begin,
        source=timeline,
        starts=moved + np.array([segment.start for segment in segments], float),
        ends=moved + np.array([segment.end for segment in segments], float),
        weights=np.array([shape.weights for shape in shapes], float).reshape(-1, len(MOUTH_OPEN)),
        closures=tuple(_closures(timeline, moved)),
        # Closures have their own channel; here they only keep the vowels around them apart.
        dominances=np.array([0.4 if shape.closure else shape.dominance for shape in shapes], float),
        attacks=np.where(rounded, ATTACK_ROUNDED, ATTACK),
        releases=np.where(rounded, RELEASE_ROUNDED, RELEASE),
        spans=_spans(timeline, moved),
    )


def _end_of_closure(closure: tuple[float, float, float, float]) -> float:
    return closure[2]


def _closures(timeline: Timeline, moved: float) -> Iterator[tuple[float, float, float, float]]:
    for segment in timeline.segments:
        if segment.shape.closure:
            start, end = moved + segment.start, moved + segment.end
            longer = max(CLOSE_HOLD - (end - start), 0.0) / 2
            yield start, start - longer, end + longer, segment.shape.closure


def _spans(timeline: Timeline, moved: float) -> tuple[tuple[float, float], ...]:
    """When lips move for sounds that follow each other within PAUSE."""
    spans: list[tuple[float, float]] = []
    for segment in timeline.segments:
        if not any(segment.shape.weights) and not segment.shape.closure:
            continue
        start, end = moved + segment.start, moved + segment.end
        if spans and start - spans[-1][1] < PAUSE:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def _hold(t: float, start: float, end: float) -> float:
    return smoothstep(1 + (t - start) / TAKE) * (1 - smoothstep((t - end) / GIVE_BACK))
