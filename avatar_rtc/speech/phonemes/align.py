"""When each phoneme is heard in a sound without times: it is laid beside a rendering of the same text.

The idea is aeneas's: an engine that knows its times (espeak) speaks the text, dynamic time warping finds
which moment of that rendering sounds like which moment of the sound, and the times follow.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.errors import InputError
from avatar_rtc.sound.pcm import Floats, Pcm
from avatar_rtc.speech.phonemes.features import BANDS, HOP_S, features
from avatar_rtc.speech.phonemes.viseme_network import VisemeNetwork, posteriors
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.voices.gapless import gapless

CELLS = 10_000_000
"""Of the table of costs, 5 bytes each: two sounds of 30 s in rows of 10 ms; longer ones have longer rows."""
_DIAGONAL = 1.4
"""The cost of a step in both sounds, where a step in one costs 1: 1 makes the path cut corners, 2 stray."""
_LEVEL = 3.0
"""What the level counts against one band: it knows pauses and closures whatever the voice."""
_UNLIKELY = 0.02
"""Probabilities far under this are all the same."""
_EPSILON_S = 1e-6

_DIAGONALLY, _DOWN, _RIGHT = range(3)


def align(
    reference: Speech, pcm: Pcm, rate: int, network: VisemeNetwork | None = None
) -> tuple[tuple[TimedPhoneme, ...], tuple[TimedWord, ...]]:
    """The phonemes and words of the reference at their times in another sound of the same text.

    Takes 0.1 s for 3 s of sound, and time and memory grow with the product of both lengths up to CELLS.
    Whatever the reference dates, the result dates: with espeak's, p, t and k begin at their burst.

    Args:
        network: what it hears in both sounds is compared too, which helps where the voices differ much.

    Returns:
        Phonemes without gaps from 0 to the end of the sound, and words; both in order.

    Raises:
        InputError: the reference has no phonemes, or one of the sounds is empty.
        OutOfRange: no rate of speech.
    """
    if not reference.phonemes:
        raise InputError("cannot align with a reference that has no phonemes")
    if len(pcm) == 0 or len(reference.pcm) == 0:
        raise InputError("cannot align an empty sound")
    known, heard = _described(reference.pcm, reference.rate, network), _described(pcm, rate, network)
    pooled = math.ceil(math.sqrt(len(known) * len(heard) / CELLS))
    path = cheapest_path(_distances(_pooled(known, pooled), _pooled(heard, pooled)))
    to = _time_map(path, HOP_S * pooled, reference.seconds, len(pcm) / rate)
    seconds = len(pcm) / rate
    phonemes = gapless(((to(p.start), to(p.end), p.ipa) for p in reference.phonemes), seconds)
    return phonemes, tuple(replace(w, start=to(w.start), end=to(w.end)) for w in reference.words)


def align_words(reference: Speech, words: Sequence[TimedWord], seconds: float) -> tuple[TimedPhoneme, ...]:
    """The phonemes of the reference in a sound of so many seconds of which only the words' times are known.

    Within each word, and between words, time is stretched evenly. Words are the same if they begin or stop at
    the same character; a pause is put where words are apart that the reference speaks in one go.

    Returns:
        Phonemes without gaps from 0 to `seconds`.

    Raises:
        InputError: the reference has no phonemes.
    """
    if not reference.phonemes:
        raise InputError("cannot align with a reference that has no phonemes")
    begins = {word.begin: word.start for word in words}
    stops = {word.stop: word.end for word in words}
    # A word's end and the start of the next are one moment of the reference, but may be two of the sound.
    knots = [
        (word.start + _EPSILON_S, begins[word.begin]) for word in reference.words if word.begin in begins
    ]
    knots += [(word.end - _EPSILON_S, stops[word.stop]) for word in reference.words if word.stop in stops]
    to = _through([(0.0, 0.0), *sorted(knots), (reference.seconds, seconds)])
    inner = 2 * _EPSILON_S
    spans = ((to(p.start + inner), to(p.end - inner), p.ipa) for p in reference.phonemes)
    return gapless(spans, seconds)


def cheapest_path(costs: Floats) -> NDArray[np.int64]:
    """The cheapest way through a table of costs (rows, columns) from corner to corner.

    Plain dynamic time warping (Sakoe and Chiba 1978) without a window; all cells of an anti-diagonal are
    worked out at once, since each needs the two anti-diagonals before only.

    Returns:
        (steps, 2) row and column, neither ever falling.
    """
    rows, columns = costs.shape
    flat, stride = costs.ravel(), max(1, columns - 1)
    came = np.empty(costs.size, np.uint8)
    # Sums along the two anti-diagonals before, by row + 1; a border of infinity stands for "outside".
    last, last_but_one = np.full((2, rows + 1), np.inf, np.float32)
    last_but_one[0] = 0.0  # so that the first cell comes from nowhere
    for diagonal in range(rows + columns - 1):
        first, end = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        at = first * (columns - 1) + diagonal
        cells = slice(at, at + (end - first - 1) * stride + 1, stride)
        cost = flat[cells]
        ways = np.stack(
            [
                last_but_one[first:end] + _DIAGONAL * cost,
                last[first:end] + cost,
                last[first + 1 : end + 1] + cost,
            ]
        )
        came[cells] = ways.argmin(axis=0)
        current = np.full(rows + 1, np.inf, np.float32)
        current[first + 1 : end + 1] = ways.min(axis=0)
        last, last_but_one = current, last
    return _back(came.reshape(costs.shape))


def _back(came: NDArray[np.uint8]) -> NDArray[np.int64]:
    row, column = came.shape[0] - 1, came.shape[1] - 1
    path = [(row, column)]
    while row or column:
        way = came[row, column]
        row -= way != _RIGHT
        column -= way != _DOWN
        path.append((row, column))
    return np.array(path[::-1], np.int64)


def _described(pcm: Pcm, rate: int, network: VisemeNetwork | None) -> Floats:
    """(rows, columns) shape of the spectrum, level, classes; each of mean 0 and variance 1 over the sound."""
    found = features(pcm, rate)
    shape, level = found[:, :BANDS] - found[:, BANDS:], found[:, BANDS]
    told = [_standard(shape), _LEVEL * _standard(level[:, np.newaxis])]
    if network is not None:
        told.append(_standard(np.log(posteriors(pcm, rate, network) + _UNLIKELY)))
    return np.concatenate(told, axis=1)


def _standard(columns: Floats) -> Floats:
    return np.asarray((columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-3), np.float32)


def _pooled(rows: Floats, by: int) -> Floats:
    """Means of every `by` rows."""
    whole = np.pad(rows, ((0, -len(rows) % by), (0, 0)), mode="edge")
    return np.asarray(whole.reshape(-1, by, rows.shape[1]).mean(axis=1))


def _distances(a: Floats, b: Floats) -> Floats:
    """(len(a), len(b)) Euclidean."""
    found = a @ (-2 * b.T)
    found += np.square(a).sum(axis=1)[:, np.newaxis]
    found += np.square(b).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(found, 0, out=found), out=found))


_To = Callable[[float], float]


def _time_map(path: NDArray[np.int64], row_s: float, known_s: float, heard_s: float) -> _To:
    """Seconds of the reference → of the sound: each row goes to the mean of the rows it was laid on."""
    counts = np.bincount(path[:, 0])
    means = np.bincount(path[:, 0], weights=path[:, 1]) / counts
    middles = (np.arange(len(means)) + 0.5) * row_s
    inside = [
        (x, y) for x, y in zip(middles, (means + 0.5) * row_s, strict=True) if x < known_s and y < heard_s
    ]
    return _through([(0.0, 0.0), *inside, (known_s, heard_s)])


def _through(knots: Sequence[tuple[float, float]]) -> _To:
    """Piecewise linear through the knots, made to never fall."""
    x, y = np.array(knots).T
    y = np.minimum(np.maximum.accumulate(y), y[-1])
    return lambda t: float(np.interp(t, x, y))
