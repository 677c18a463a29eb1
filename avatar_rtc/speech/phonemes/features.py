"""What a sound looks like every 10 ms: 26 log-mel bands and its level; whole or streamed, the same rows.

    pcm of any rate ─► 16 kHz ─► windows of 25 ms ─► power in 26 mel bands ─► dB under the running peak

Row k belongs to the 10 ms from k * HOP_S on: its window has the same middle, so it sees 7.5 ms more on either
side. The running peak knows the past only, so a stream can be read as it comes.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import Floats, Pcm, as_floats
from avatar_rtc.sound.resample import Resampler

HEARD_HZ = 16_000
HOP_S, WINDOW_S = 0.010, 0.025
BANDS = 26
COLUMNS = BANDS + 1
"""The bands, from low to high, then the level of all of them together."""
LOWEST_HZ, HIGHEST_HZ = 60.0, 7_800.0
RANGE_DB = 70.0
"""What lies further under the peak is not told apart."""

_HOP, _WINDOW, _FFT = round(HOP_S * HEARD_HZ), round(WINDOW_S * HEARD_HZ), 512
_MARGIN = (_WINDOW - _HOP) // 2
_FALL_DB = 3.0 * HOP_S
"""By how much the running peak sinks per row where nothing is louder: 3 dB a second, so that one bang or a
louder speaker before is forgotten within a sentence or two."""
_QUIETEST_DB = -30.0
"""The running peak never sinks under this (0 is a full square wave): a room that hums is no speech."""


def features(pcm: Pcm, rate: int) -> Floats:
    """The rows of a whole sound.

    Returns:
        (ceil(seconds / HOP_S), COLUMNS) in dB under the running peak of the level, in
        [-RANGE_DB, about 0].

    Raises:
        OutOfRange: no rate of speech.
    """
    return RunningPeak().feed(mel_power(pcm, rate))


def mel_power(pcm: Pcm, rate: int) -> Floats:
    """(ceil(seconds / HOP_S), BANDS) the power in each band of a whole sound; raises as `features`."""
    stream = _PowerStream(rate)
    return np.concatenate([stream.feed(pcm), stream.finish()])


class FeatureStream:
    """The same rows from a sound that comes piece by piece, each once its 17.5 ms are there."""

    def __init__(self, rate: int) -> None:
        self._power, self._peak = _PowerStream(rate), RunningPeak()

    def feed(self, pcm: Pcm) -> Floats:
        """The rows (n, COLUMNS) that this piece completes; n may be 0."""
        return self._peak.feed(self._power.feed(pcm))

    def finish(self) -> Floats:
        """The rows at the end, as if silence followed. The stream cannot be fed any more."""
        return self._peak.feed(self._power.finish())


class RunningPeak:
    """Makes rows of the power in bands: in dB, under the largest level so far."""

    def __init__(self) -> None:
        self._peak = _QUIETEST_DB

    def feed(self, power: Floats) -> Floats:
        """(n, BANDS) → (n, COLUMNS), whatever the pieces they come in."""
        if not len(power):
            return np.zeros((0, COLUMNS), np.float32)
        level = _decibels(power.sum(axis=1))
        sunk = np.arange(1, len(level) + 1) * _FALL_DB
        risen = np.maximum.accumulate(np.maximum(level, _QUIETEST_DB) + sunk)
        peak = np.maximum(risen, self._peak) - sunk
        self._peak = float(peak[-1])
        rows = np.column_stack([_decibels(power), level]) - peak[:, np.newaxis]
        return np.asarray(np.maximum(rows, -RANGE_DB), np.float32)


class _PowerStream:
    def __init__(self, rate: int) -> None:
        self._rate, self._resampler = rate, Resampler(rate, HEARD_HZ)
        self._heard = np.zeros(_MARGIN, np.float32)
        self._fed = self._rows = 0

    def feed(self, pcm: Pcm) -> Floats:
        self._fed += len(pcm)
        return self._take(as_floats(self._resampler.push(pcm)))

    def finish(self) -> Floats:
        last = as_floats(self._resampler.finish())
        # By the sound itself: resampled it may be a sample longer or shorter.
        missing = -(-self._fed * HEARD_HZ // (self._rate * _HOP)) - self._rows
        needed = (missing - 1) * _HOP + _WINDOW - len(self._heard) - len(last)
        return self._take(np.concatenate([last, np.zeros(max(0, needed), np.float32)]))[:missing]

    def _take(self, samples: Floats) -> Floats:
        heard = np.concatenate([self._heard, samples])
        count = max(0, (len(heard) - _WINDOW) // _HOP + 1)
        self._heard, self._rows = heard[count * _HOP :], self._rows + count
        if count == 0:
            return np.zeros((0, BANDS), np.float32)
        windows = sliding_window_view(heard, _WINDOW)[: count * _HOP : _HOP]
        spectrum = np.fft.rfft(windows * _HANN, _FFT)
        return np.asarray(np.square(np.abs(spectrum)) @ _MEL, np.float32)


def _decibels(power: NDArray[np.float32]) -> Floats:
    return np.asarray(10 * np.log10(power + 1e-10), np.float32)


def _mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """O'Shaughnessy's formula, as in HTK."""
    return np.asarray(2595 * np.log10(1 + np.asarray(hz) / 700))


def band_hz() -> NDArray[np.float64]:
    """(BANDS + 2,) edges: band b rises from edge b, is highest at b + 1 and ends at b + 2."""
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    return np.asarray(700 * (10 ** (edges / 2595) - 1))


def _mel_weights() -> Floats:
    """(FFT bins, BANDS): triangles, scaled so that the bands add up to the mean square of the window."""
    bins = np.arange(_FFT // 2 + 1)[:, np.newaxis] * (HEARD_HZ / _FFT)
    low, middle, high = band_hz()[:-2], band_hz()[1:-1], band_hz()[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (_FFT * np.square(_HANN).sum()), np.float32)


_HANN: Floats = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
_MEL = _mel_weights()
