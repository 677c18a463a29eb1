"""How far loudness lets a mouth open: quiet speech is spoken with small lips."""

from collections import deque
from itertools import pairwise

import numpy as np

from avatar_rtc.face.timeline import GAIN_STEP_S
from avatar_rtc.sound.levels import FLOOR_DB, levels_db
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.spoken import TimedPhoneme

_PEAK_WINDOW_S = 3.0
"""Loudness is judged against the 95th percentile of so much sound before."""
_PEAK_EVERY = 10
"""The percentile is taken anew every so many steps."""
_RANGE_DB = 48.0
_LEAST = 0.5
"""A vowel that is hardly heard is still seen."""
_ATTACK_S, _RELEASE_S = 0.030, 0.120
_SILENT_DB = -38.0
"""Below what is usual: no speech."""
_SHORTEST_STEPS = 5


class Loudness:
    """Gains for sound that comes in pieces; remembers how loud it was before."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._recent: deque[float] = deque(maxlen=round(_PEAK_WINDOW_S / GAIN_STEP_S))
        self._usual = FLOOR_DB
        self._gain: float | None = None

    def push(self, pcm: Pcm) -> tuple[float, ...]:
        """A gain in [0.5, 1] for every 10 ms of mono sound: 1 + L / 48 dB, L its level over the usual."""
        up, down = (1 - np.exp(-GAIN_STEP_S / constant) for constant in (_ATTACK_S, _RELEASE_S))
        gains = []
        for number, level in enumerate(levels_db(pcm, self._rate)):
            self._recent.append(float(level))
            if number % _PEAK_EVERY == 0:
                self._usual = float(np.percentile(self._recent, 95))
            wanted = min(1.0, max(_LEAST, 1 + (float(level) - self._usual) / _RANGE_DB))
            gain = wanted if self._gain is None else self._gain
            self._gain = gain + (wanted - gain) * float(up if wanted > gain else down)
            gains.append(self._gain)
        return tuple(gains)


def loud_phonemes(pcm: Pcm, rate: int) -> tuple[TimedPhoneme, ...]:
    """The last resort: one open vowel wherever there is sound, and pauses; the gains do the rest."""
    levels = levels_db(pcm, rate)
    if not levels.size:
        return ()
    loud = levels > max(float(np.percentile(levels, 95)) + _SILENT_DB, FLOOR_DB + 6)
    edges = [0, *(np.flatnonzero(np.diff(loud)) + 1).tolist(), len(loud)]
    runs: list[tuple[int, int, bool]] = []
    for start, end in pairwise(edges):
        if runs and (end - start < _SHORTEST_STEPS or runs[-1][2] == loud[start]):
            runs[-1] = (runs[-1][0], end, runs[-1][2])
        else:
            runs.append((start, end, bool(loud[start])))
    return tuple(
        TimedPhoneme(start * GAIN_STEP_S, end * GAIN_STEP_S, "ɑ" if sounds else "")
        for start, end, sounds in runs
    )
