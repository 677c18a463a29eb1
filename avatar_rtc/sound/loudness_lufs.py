"""How loud a listener finds a sound: ITU-R BS.1770-5, in LUFS; and its true peak, between the samples too.

sound ──► K-weighting (a head: +4 dB above 2 kHz; an ear: less below 100 Hz) ──► blocks of 400 ms
      ──► those over -70 LUFS ──► those over 10 LU below the mean of these ──► their mean
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import Floats

SILENT_LUFS = -70.0
"""What is softer counts as silence: the absolute gate."""
_RELATIVE_LU = -10.0
_BLOCK_S, _STEP_S = 0.4, 0.1
_OFFSET = -0.691
"""So that a sine of 997 Hz at full scale is -3.01 LUFS."""
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""Corner in Hz, (gain in dB,) Q of the two filters, from which those of BS.1770 at 48 kHz follow (De Man,
"Evaluation of implementations of the EBU R128 loudness measurement", 2018)."""
_TAIL_S = 0.1
"""After which nothing is left of what a filter was given."""
_PIECE = 1 << 17
"""Samples that are filtered at once."""
_OVERSAMPLING, _TAPS = 4, 12
"""As in Annex 2 of BS.1770."""


def loudness_lufs(sound: Floats, rate: int) -> float:
    """The integrated loudness of mono sound in LUFS; -inf where there is none.

    Sound that is shorter than a block is one block.
    """
    weighted = _k_weighted(sound, rate)
    block, step = round(_BLOCK_S * rate), round(_STEP_S * rate)
    if len(weighted) <= block:
        powers = np.array([np.mean(weighted**2)]) if len(weighted) else np.zeros(0)
    else:
        sums = np.concatenate([[0.0], np.cumsum(weighted**2)])
        starts = np.arange(0, len(weighted) - block + 1, step)
        powers = (sums[starts + block] - sums[starts]) / block
    loud = powers[powers > _power(SILENT_LUFS)]
    if not loud.size:
        return -math.inf
    gated = loud[loud > loud.mean() * 10 ** (_RELATIVE_LU / 10)]
    return float(_OFFSET + 10 * np.log10(gated.mean()))


def true_peaks(sound: Floats) -> Floats:
    """(samples,) the highest level between each sample and the one before it, by four times the samples.

    A sine is told within 0.1 dB up to a quarter of the rate.
    """
    peaks = np.abs(sound)
    for phase in _phases():
        between = np.convolve(sound, phase)[_TAPS // 2 - 1 :][: len(sound)]
        np.maximum(peaks, np.abs(between), out=peaks)
    return peaks


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _k_weighted(sound: Floats, rate: int) -> NDArray[np.float64]:
    """Both filters at once, as products of spectra: numpy has no filters that look back.

    Long sound is filtered in pieces, and what each leaves in the next is added there.
    """
    tail = round(_TAIL_S * rate)
    size = min(_PIECE, 1 << (len(sound) + tail).bit_length())
    response, step = _response(rate, size), size - tail
    weighted = np.zeros(len(sound) + tail)
    for start in range(0, len(sound), step):
        piece = np.fft.irfft(np.fft.rfft(sound[start : start + step], size) * response, size)
        end = min(start + size, len(weighted))
        weighted[start:end] += piece[: end - start]
    return weighted[: len(sound)]


@lru_cache(maxsize=16)
def _response(rate: int, size: int) -> NDArray[np.complex128]:
    """(size / 2 + 1,) of both filters."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response: NDArray[np.complex128] = np.ones_like(z)
    for up, down in (_shelf(rate), _high_pass(rate)):
        response *= np.polyval(up[::-1], z) / np.polyval(down[::-1], z)
    return response


_Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]


def _shelf(rate: int) -> _Biquad:
    corner, gain, q = _SHELF
    k = math.tan(math.pi * corner / rate)
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    up = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    return up, (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)


def _high_pass(rate: int) -> _Biquad:
    corner, q = _HIGH_PASS
    k = math.tan(math.pi * corner / rate)
    whole = 1 + k / q + k * k
    return (1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / whole, (1 - k / q + k * k) / whole)


def _phases() -> list[Floats]:
    """The filters for one, two and three quarters of a sample: windowed sines over their angles."""
    taps = np.arange(_TAPS) - _TAPS // 2 + 1
    phases = []
    for quarter in range(1, _OVERSAMPLING):
        at = taps - quarter / _OVERSAMPLING
        window = np.cos(np.pi * at / (_TAPS + 1)) ** 2
        phase = np.sinc(at) * window
        phases.append((phase / phase.sum())[::-1].astype(np.float32))
    return phases
