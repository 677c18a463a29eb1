"""Lips from sound alone: a small network that tells the class of every 10 ms, whole or streamed.

    rows of `features` ─► less the mean colour of the voice ─► 14 rows at once ─► two layers ─► 11 classes

It sees 87.5 ms before the row and 57.5 ms after it. What is far under the running peak, or no louder than the
room, is silence whatever the network says: a mouth that flaps in silence is noticed most.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from avatar_rtc.errors import SetupError
from avatar_rtc.resources import resource
from avatar_rtc.sound.pcm import Floats, Pcm
from avatar_rtc.speech.phonemes.classes import CLASS_IPA, CLASSES, CLOSED, SILENCE, opening_of
from avatar_rtc.speech.phonemes.features import BANDS, COLUMNS, HOP_S, FeatureStream
from avatar_rtc.speech.spoken import TimedPhoneme

BACK, AHEAD = 8, 5
"""Rows before and after that are seen."""
SILENT_DB, NOISE_DB = -38.0, -18.0
"""What is under the first is silence; under the second, if it is no louder than the room."""
HANG = 4
"""Rows that count as sound after the last one that was loud enough: the closure of a stop is no silence."""
SHORTEST = 3
"""Rows; a shorter run belongs to the one before it, unless the lips close in it."""
SCALE_DB = 20.0
"""The network reads 1 for so much."""

_ABOVE_ROOM_DB = 8.0
_RISE_DB = 3.0 * HOP_S
"""By how much the level of the room rises per row where nothing is quieter; the peak falls as fast."""
_LOUD_DB = -30.0
"""Rows that tell the colour of the voice."""
_MEMORY = 1 - 1 / 150
"""What a loud row counts after the next one: the colour is a mean of 1.5 s."""
_PRIOR = 100.0
"""How many loud rows the mean colour of all voices stands for at first."""
_BLOCK = 128

Posteriors = NDArray[np.float32]
"""(rows, classes), each row adding up to 1; the order is that of CLASSES."""


class Equalizer:
    """Takes the colour of voice and room out of rows: the bands less their mean over what was loud."""

    def __init__(self, colour: NDArray[np.floating]) -> None:
        """
        Args:
            colour: (BANDS,) dB, the mean of many voices: where the running mean starts.
        """
        self._sums = colour.astype(np.float64) * _PRIOR
        self._count = _PRIOR

    def feed(self, rows: Floats) -> Floats:
        """(n, COLUMNS) → the same with other bands, whatever the pieces they come in."""
        blocks = [self._block(rows[at : at + _BLOCK]) for at in range(0, len(rows), _BLOCK)]
        return np.concatenate([np.zeros((0, COLUMNS), np.float32), *blocks])

    def _block(self, rows: Floats) -> Floats:
        bands = rows[:, :BANDS].astype(np.float64)
        loud = rows[:, BANDS] > _LOUD_DB
        seen = np.cumsum(loud)
        ages: NDArray[np.int64] = seen[:, np.newaxis] - seen
        # Row i is the mean's memory of every loud row up to i; later ones have a negative age.
        memory = np.tril(_MEMORY ** np.maximum(ages, 0)) * loud
        faded = _MEMORY**seen
        sums = memory @ bands + faded[:, np.newaxis] * self._sums
        counts = memory.sum(axis=1) + faded * self._count
        self._sums, self._count = sums[-1], float(counts[-1])
        return np.column_stack([bands - sums / counts[:, np.newaxis], rows[:, BANDS]]).astype(np.float32)


class Gate:
    """Tells silence by the level alone."""

    def __init__(self) -> None:
        self._room = 0.0
        self._since_sound = HANG + 1

    def feed(self, levels: Floats) -> NDArray[np.bool_]:
        """(n,) dB under the running peak → (n,) whether it is silent, whatever the pieces they come in."""
        risen = np.arange(1, len(levels) + 1) * _RISE_DB
        room = risen + np.minimum(self._room, np.minimum.accumulate(levels - risen))
        sounds = levels >= np.clip(room + _ABOVE_ROOM_DB, SILENT_DB, NOISE_DB)
        rows = np.arange(len(levels))
        last = np.maximum.accumulate(np.where(sounds, rows, -1 - self._since_sound))
        if len(levels):
            self._room, self._since_sound = float(room[-1]), int(rows[-1] - last[-1])
        return np.asarray(rows - last > HANG)


@dataclass(frozen=True, eq=False)
class VisemeNetwork:
    """The weights; see `load_visemes`."""

    colour: Floats
    """(BANDS,) dB: the mean colour of the voices it was trained on."""
    layers: tuple[tuple[Floats, Floats], ...] = field(repr=False)
    """Weights (in, out) and biases of each layer; the first takes BACK + 1 + AHEAD rows, oldest first."""

    def classify(self, rows: Floats) -> Posteriors:
        """Equalized rows (BACK + n + AHEAD, COLUMNS) → the posteriors of the n in the middle."""
        at_once = BACK + 1 + AHEAD
        windows = sliding_window_view(rows / np.float32(SCALE_DB), at_once, axis=0)
        values = windows.transpose(0, 2, 1).reshape(-1, at_once * COLUMNS)
        for number, (weights, biases) in enumerate(self.layers):
            values = values @ weights + biases
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0)
        values = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)


@cache
def load_visemes(path: Path | None = None) -> VisemeNetwork:
    """The shipped network, or another of the same shape.

    Raises:
        SetupError: the file is not there, or is no such network.
    """
    path = path or resource("assets", "visemes", "network.safetensors")
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise SetupError(f"cannot read the viseme network {path}: {error}") from None
    try:
        layers = [
            (tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in ("window", "hidden", "classes")
        ]
        sizes = [(BACK + 1 + AHEAD) * COLUMNS, *(len(bias) for _, bias in layers)]
        fits = all(w.shape == (sizes[i], sizes[i + 1]) for i, (w, _) in enumerate(layers))
        if not fits or sizes[-1] != len(CLASSES) or tensors["colour"].shape != (BANDS,):
            raise SetupError(f"{path} is no viseme network of this version: its shapes differ")
        return VisemeNetwork(tensors["colour"], tuple(layers))
    except KeyError as error:
        raise SetupError(f"{path} is no viseme network: it lacks {error}") from None


class PosteriorStream:
    """The posteriors of a sound that comes piece by piece: the same as for the whole."""

    def __init__(self, rate: int, network: VisemeNetwork) -> None:
        self._network = network
        self._features = FeatureStream(rate)
        self._equalizer, self._gate = Equalizer(network.colour), Gate()
        self._rows = np.zeros((0, COLUMNS), np.float32)

    def feed(self, pcm: Pcm) -> Posteriors:
        """(n, classes) of the rows that are settled by this piece, 57.5 ms behind the sound; n may be 0."""
        return self._classify(self._features.feed(pcm))

    def finish(self) -> Posteriors:
        """Those of the rows at the end. The stream cannot be fed any more."""
        last = self._classify(self._features.finish())
        if not len(self._rows):
            return last
        self._rows = np.concatenate([self._rows, self._rows[-1:].repeat(AHEAD, axis=0)])
        return np.concatenate([last, self._given()])

    def _classify(self, rows: Floats) -> Posteriors:
        if len(rows):
            equalized = self._equalizer.feed(rows)
            before = self._rows if len(self._rows) else equalized[:1].repeat(BACK, axis=0)
            self._rows = np.concatenate([before, equalized])
        return self._given()

    def _given(self) -> Posteriors:
        count = len(self._rows) - BACK - AHEAD
        if count <= 0:
            return np.zeros((0, len(CLASSES)), np.float32)
        found = self._network.classify(self._rows)
        silent = self._gate.feed(self._rows[BACK : BACK + count, BANDS])
        found[silent] = np.eye(len(CLASSES), dtype=np.float32)[SILENCE]
        self._rows = self._rows[count:]
        return found


def posteriors(pcm: Pcm, rate: int, network: VisemeNetwork) -> Posteriors:
    """The posteriors of every 10 ms of a whole sound.

    Raises:
        OutOfRange: no rate of speech.
    """
    stream = PosteriorStream(rate, network)
    return np.concatenate([stream.feed(pcm), stream.finish()])


def openness(found: Posteriors) -> Floats:
    """(rows,) how far the mouth opens: the mean of the classes' openings."""
    return found @ np.array([opening_of(ipa) for ipa in CLASS_IPA], np.float32)


def phonemes_of(found: Posteriors) -> tuple[TimedPhoneme, ...]:
    """The sounds that stand for the classes heard, joined and without gaps, in s from the first row."""
    runs = Runs()
    return merged_neighbours([*runs.feed(found), *runs.finish()])


def merged_neighbours(phonemes: Iterable[TimedPhoneme]) -> tuple[TimedPhoneme, ...]:
    """The same with neighbours of the same sound made one."""
    groups = [list(group) for _, group in groupby(phonemes, key=lambda phoneme: phoneme.ipa)]
    return tuple(replace(group[0], end=group[-1].end) for group in groups)


class Runs:
    """Makes sounds of posteriors as they come: the likeliest class, but nothing shorter than SHORTEST.

    A class is believed once it is the likeliest in SHORTEST rows in a row; closed lips and the last class
    believed need one.
    """

    def __init__(self) -> None:
        self._likeliest: list[int] = []
        self._class = SILENCE
        self._row = 0

    def feed(self, found: Posteriors) -> list[TimedPhoneme]:
        """The sounds up to SHORTEST - 1 rows before the last; one that goes on comes in parts."""
        self._likeliest += found.argmax(axis=1).tolist()
        return self._settle(len(self._likeliest) - SHORTEST + 1)

    def finish(self) -> list[TimedPhoneme]:
        """The sounds that are left."""
        left = len(self._likeliest)
        self._likeliest += self._likeliest[-1:] * (SHORTEST - 1)
        return self._settle(left)

    def _settle(self, count: int) -> list[TimedPhoneme]:
        if count <= 0:
            return []
        settled = [self._believed(self._likeliest[at : at + SHORTEST]) for at in range(count)]
        del self._likeliest[:count]
        rows = range(self._row, self._row + count)
        self._row += count
        sounds = (
            TimedPhoneme(row * HOP_S, (row + 1) * HOP_S, CLASS_IPA[number])
            for row, number in zip(rows, settled, strict=True)
        )
        return list(merged_neighbours(sounds))

    def _believed(self, ahead: list[int]) -> int:
        if ahead[0] == CLOSED or len(set(ahead)) == 1:
            self._class = ahead[0]
        return self._class


class Listener:
    """Hears phonemes in a sound as it comes, about 80 ms behind it."""

    def __init__(self, rate: int, network: VisemeNetwork | None = None) -> None:
        """
        Raises:
            OutOfRange: no rate of speech.
            SetupError: the shipped network cannot be read.
        """
        self._stream = PosteriorStream(rate, network or load_visemes())
        self._runs = Runs()

    def hear(self, pcm: Pcm) -> list[TimedPhoneme]:
        """The phonemes settled by this piece, in s from the first sample of all, without gaps.

        One that goes on comes in parts; `merged_neighbours` puts them together.
        """
        return self._runs.feed(self._stream.feed(pcm))

    def finish(self) -> list[TimedPhoneme]:
        """The phonemes that are left; they end with the sound, or up to 10 ms after it."""
        return [*self._runs.feed(self._stream.finish()), *self._runs.finish()]
