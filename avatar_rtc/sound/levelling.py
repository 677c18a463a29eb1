"""Every voice as loud as every other: sentences brought to one loudness, and never clipped."""

import math
from dataclasses import dataclass

import numpy as np

from avatar_rtc.sound.loudness_lufs import SILENT_LUFS, loudness_lufs, true_peaks
from avatar_rtc.sound.pcm import Floats, Pcm, as_floats, from_floats

TARGET_LUFS = -19.0
"""Of speech in one channel: as loud as -16 LUFS, the usual of podcasts, in two that carry the same."""
CEILING_DBTP = -1.0
"""No peak is higher, between samples either: codecs overshoot."""
MOST_GAIN_DB = 24.0
"""What is softer than that needs is noise."""
MEMORY_S = 20.0
"""A sentence counts half after so much speech."""
_MOST_RISE_DB = 3.0
"""Between a sentence and the next one of the same voice. Down it goes at once: too loud is worse."""
_MOST_OVER_LU = 3.0
"""A shout may be so much over the target, and no more."""
_HOP_S = 0.002
_LOOK_HOPS = 4
"""The limiter turns down 8 ms before a peak, and up again as slowly."""


@dataclass
class Leveller:
    """Brings what one voice says, sentence by sentence, to TARGET_LUFS.

    Within a sentence nothing is turned but single peaks, so nothing pumps. The gain follows the loudness of
    all sentences so far, the late ones more: a short cry stays a cry, and a voice comes out at the target.
    """

    _power: float = 0.0
    _weight: float = 0.0
    _gain_db: float | None = None

    def push(self, pcm: Pcm, rate: int) -> Pcm:
        """A sentence at its level. Silence stays what it is."""
        sound = as_floats(pcm)
        loudness = loudness_lufs(sound, rate)
        if loudness <= SILENT_LUFS:
            return pcm
        seconds = len(pcm) / rate
        kept = 0.5 ** (seconds / MEMORY_S)
        self._power = self._power * kept + seconds * 10 ** (loudness / 10)
        self._weight = self._weight * kept + seconds
        wanted = min(MOST_GAIN_DB, TARGET_LUFS - 10 * math.log10(self._power / self._weight))
        if self._gain_db is not None:
            wanted = min(wanted, self._gain_db + _MOST_RISE_DB, TARGET_LUFS + _MOST_OVER_LU - loudness)
        self._gain_db = wanted
        return from_floats(limited(sound * np.float32(10 ** (wanted / 20)), rate))


class VoiceLevels:
    """The levellers of the voices of one utterance."""

    def __init__(self) -> None:
        self._levellers: dict[tuple[str, ...], Leveller] = {}

    def of(self, *voice: str) -> Leveller:
        """That of a voice; another name, another voice."""
        return self._levellers.setdefault(voice, Leveller())


def limited(sound: Floats, rate: int, ceiling_dbtp: float = CEILING_DBTP) -> Floats:
    """The same sound without true peaks over a ceiling; untouched, to the bit, where there are none.

    It is turned down around a peak and not cut, so no new tones arise.
    """
    ceiling = np.float32(10 ** (ceiling_dbtp / 20))
    # Between samples a peak is at most twice as high, for anything that was sound before it was samples.
    if np.abs(sound).max(initial=0.0) <= ceiling / 2:
        return sound
    peaks = true_peaks(sound)
    if peaks.max() <= ceiling:
        return sound
    hop = max(1, round(_HOP_S * rate))
    hops = -(-len(sound) // hop)
    highest = np.pad(peaks, (0, hops * hop - len(sound))).reshape(hops, hop).max(axis=1)
    share = np.minimum(1.0, ceiling / np.maximum(highest, 1e-9))
    # A mean of least values that all hold a hop is no more than the hop bears, so no peak comes through; one
    # hop more, for a line between two means holds the hops on both sides.
    least = np.lib.stride_tricks.sliding_window_view(
        np.pad(share, 2 * _LOOK_HOPS + 1, mode="edge"), 2 * _LOOK_HOPS + 3
    ).min(axis=1)
    window = np.hanning(2 * _LOOK_HOPS + 3)[1:-1]
    turned = np.convolve(least, window / window.sum(), mode="valid")
    places = (np.arange(len(sound)) + 0.5) / hop - 0.5
    return sound * np.interp(places, np.arange(hops), turned).astype(np.float32)
