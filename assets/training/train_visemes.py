"""Train the viseme network on espeak, which tells what it says and when.

    python assets/training/train_visemes.py --out assets/visemes/network.safetensors

A formant synthesizer is far from a human voice, so what all voices share has to be learnt from what varies:
many timbres, accents and languages, speeds and pitches; then, in the mel bands and anew in every epoch, the
length of the vocal tract, how each sound is coloured, the room, noise and the limits of the line. The draws
are seeded; espeak itself varies its pitch a little from run to run.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn

from avatar_rtc.resources import resource
from avatar_rtc.sound.pcm import Floats
from avatar_rtc.speech.phonemes.classes import CLASSES, SILENCE, class_numbers, with_closures
from avatar_rtc.speech.phonemes.features import BANDS, COLUMNS, HOP_S, RunningPeak, mel_power
from avatar_rtc.speech.phonemes.viseme_network import (
    AHEAD,
    BACK,
    SCALE_DB,
    Equalizer,
    VisemeNetwork,
    load_visemes,
)
from avatar_rtc.speech.spoken import TimedPhoneme
from avatar_rtc.speech.voices.espeak import render

ACCENTS = (
    "en-us", "en-us", "en-us", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-us-nyc", "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
)  # fmt: skip
TIMBRES = (
    "", *(f"+f{n}" for n in (1, 2, 3, 5)), *(f"+m{n}" for n in (1, 2, 3, 4, 5, 7, 8)),
    *"+Annie +Andy +klatt +klatt3 +klatt4 +Denis +Jacky +Lee +Mario +Michael +Storm +adam +anika".split(),
    *"+belinda +benjamin +caleb +david +ed +edward +grandma +grandpa +iven +max +michel +miguel".split(),
    *"+norbert +pablo +paul +quincy +rob +sandro +shelby +steph +travis +victor +zac +whisper".split(),
)  # fmt: skip
HELD_TIMBRES = ("+f4", "+m6", "+klatt2", "+linda", "+Gene")
"""Never trained on, like the last tenth of every section of the sentences."""
ENGLISH = 0.8
"""The share of English."""
_PAUSED = 0.25
"""The share of utterances that have a longer silence before them, and after them: rooms without a voice."""
WIDTHS = (96, 32)
"""Of the two hidden layers."""
_DROPPED, _SMOOTHED = 0.1, 0.05
_WEIGHTS = {"PP": 1.7, "FF": 2.5}
"""Of rows of these classes, others 1: lips that miss a closure are noticed more than a wrong vowel."""
_BATCH, _RATE = 1024, 2e-3
_LOUD_DB = -30.0


@dataclass(frozen=True, eq=False)
class Utterance:
    """One rendering."""

    power: Floats = field(repr=False)
    """(rows, BANDS)"""
    labels: NDArray[np.int64] = field(repr=False)
    """(rows,) class of the middle of each row."""
    sounds: NDArray[np.int64] = field(repr=False)
    """(rows,) the number of the phoneme."""


def sentences(path: Path | None = None) -> dict[str, list[str]]:
    """Language → its sentences."""
    found: dict[str, list[str]] = {}
    text = (path or resource("assets", "visemes", "sentences.txt")).read_text("utf-8")
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            section.append(line)
    return found


def parted(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences to train on, and the last tenth."""
    cut = len(lines) - max(1, len(lines) // 10)
    return list(lines[:cut]), list(lines[cut:])


def utterance(text: str, voice: str, random: np.random.Generator) -> Utterance:
    """A sentence spoken with a drawn pitch, melody, speed, and length of the vocal tract."""
    pitch, melody = random.integers(-35, 60), random.integers(-40, 80)
    ssml = f'<speak><prosody pitch="{pitch:+d}%" range="{melody:+d}%">{escape(text)}</prosody></speak>'
    speech = render(ssml, voice, float(random.uniform(0.75, 1.4)))
    # Played faster, a voice is higher, and its formants with it.
    faster = float(np.exp(random.uniform(np.log(0.84), np.log(1.19))))
    power = mel_power(speech.pcm, round(speech.rate * faster))
    phonemes = [TimedPhoneme(p.start / faster, p.end / faster, p.ipa) for p in with_closures(speech.phonemes)]
    middles = (np.arange(len(power)) + 0.5) * HOP_S
    sounds = np.searchsorted([p.end for p in phonemes[:-1]], middles, side="right")
    around = tuple(round(random.uniform(0.3, 1.5) / HOP_S) * int(random.random() < _PAUSED) for _ in "<>")
    return Utterance(
        np.pad(power, (around, (0, 0))),
        np.pad(class_numbers(phonemes, len(power)), around, constant_values=SILENCE),
        np.pad(sounds, around, mode="edge"),
    )


def drawn(count: int, random: np.random.Generator) -> Iterator[Utterance]:
    """Utterances to train on."""
    lines = {language: parted(found)[0] for language, found in sentences().items()}
    others = sorted(set(lines) - {"en"})
    for _ in range(count):
        english = random.random() < ENGLISH
        language = "en" if english else str(random.choice(others))
        accent = str(random.choice(ACCENTS)) if english else language
        yield utterance(str(random.choice(lines[language])), accent + str(random.choice(TIMBRES)), random)


def held_out(count: int, random: np.random.Generator) -> Iterator[Utterance]:
    """English utterances of sentences and timbres that were never trained on."""
    lines = parted(sentences()["en"])[1]
    for _ in range(count):
        yield utterance(str(random.choice(lines)), "en-us" + str(random.choice(HELD_TIMBRES)), random)


def varied(spoken: Utterance, random: np.random.Generator) -> Floats:
    """(rows, BANDS) the power as another speaker, room, microphone and line would have made it."""
    bands = np.arange(BANDS, dtype=np.float32)
    level = _warped(_decibels(spoken.power), 1 + random.normal(0, 0.06))
    narrower = random.uniform(-0.08, 0.2)  # formants of another width
    padded = np.pad(level, ((0, 0), (1, 1)), mode="edge")
    level = level * (1 - 2 * narrower) + narrower * (padded[:, :-2] + padded[:, 2:])
    own = _curves(random, len(CLASSES), 5, 3.0)[spoken.labels]
    own += _curves(random, int(spoken.sounds.max()) + 1, 3, 2.0)[spoken.sounds]
    own[1:-1] = (own[:-2] + own[1:-1] + own[2:]) / 3
    line = _curves(random, 1, 6, 5.0)[0] + np.linspace(-1, 1, BANDS) * random.normal(0, 5)
    if random.random() < 0.2:
        line -= 6 * np.maximum(0, bands - random.integers(16, 25))
    if random.random() < 0.15:
        line -= 6 * np.maximum(0, random.integers(1, 5) - bands)
    power = 10 ** ((level + own + line + random.normal(0, 1, level.shape)) / 10)
    if random.random() < 0.5:
        power = _echoing(power, random.uniform(0, 0.25), random.uniform(0.1, 0.6))
    noise = 10 ** ((_curves(random, 1, 4, 5.0)[0] + np.linspace(1, -1, BANDS) * random.uniform(0, 10)) / 10)
    noise *= power.sum(axis=1).max() * 10 ** (-random.uniform(10, 60) / 10) / noise.sum()
    power += noise * random.gamma(3, 1 / 3, power.shape)
    return np.asarray(power * 10 ** (random.uniform(-30, 10) / 10), np.float32)


def _decibels(power: Floats) -> Floats:
    return np.asarray(10 * np.log10(power + 1e-9), np.float32)


def _warped(level: Floats, by: float) -> Floats:
    """Band b becomes what was at b · by."""
    at = np.clip(np.arange(BANDS) * by, 0, BANDS - 1.001)
    low = at.astype(int)
    share = (at - low).astype(np.float32)
    return np.asarray(level[:, low] * (1 - share) + level[:, low + 1] * share, np.float32)


def _curves(random: np.random.Generator, count: int, points: int, deviation_db: float) -> NDArray[np.float64]:
    """(count, BANDS) smooth curves over the bands through drawn points, in dB."""
    at = np.linspace(0, points - 1, BANDS)
    low = np.minimum(at.astype(int), points - 2)
    drawn = random.normal(0, deviation_db, (count, points))
    return np.asarray(drawn[:, low] * (1 - at + low) + drawn[:, low + 1] * (at - low))


def _echoing(power: NDArray[np.float64], share: float, t60: float) -> NDArray[np.float64]:
    """Power with the tail of a room that fades by 60 dB in t60 s."""
    ages = np.arange(len(power))[:, np.newaxis] - np.arange(len(power))
    fading = np.where(ages > 0, 10 ** (-6 * HOP_S * np.maximum(ages, 0) / t60), 0)
    return np.asarray(power + share * (fading @ power))


def equalized(powers: Sequence[Floats], colour: Floats) -> list[Floats]:
    """What the network reads of each: rows as in `features`, less the running colour."""
    return [Equalizer(colour).feed(RunningPeak().feed(power)) for power in powers]


def mean_colour(powers: Sequence[Floats]) -> Floats:
    """(BANDS,) dB over what is loud in all of them."""
    rows = np.concatenate([RunningPeak().feed(power) for power in powers])
    return np.asarray(rows[rows[:, BANDS] > _LOUD_DB, :BANDS].mean(axis=0), np.float32)


class Windows:
    """Windows of BACK + 1 + AHEAD rows around any row of many utterances, their ends repeated."""

    def __init__(self, rows: Sequence[Floats], labels: Sequence[NDArray[np.int64]]) -> None:
        padded = [np.pad(r, ((BACK, AHEAD), (0, 0)), mode="edge") for r in rows]
        starts = np.cumsum([0] + [len(p) for p in padded[:-1]])
        self._rows = torch.from_numpy(np.concatenate(padded) / np.float32(SCALE_DB))
        self._at = torch.from_numpy(
            np.concatenate([s + np.arange(len(r)) for s, r in zip(starts, rows, strict=True)])
        )
        self._labels = torch.from_numpy(np.concatenate(labels))

    def __len__(self) -> int:
        return len(self._at)

    def batch(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(n, window · COLUMNS), oldest row first, and (n,) labels."""
        rows = self._rows[self._at[numbers, None] + torch.arange(BACK + 1 + AHEAD)]
        return rows.flatten(1), self._labels[numbers]


def create_module() -> nn.Sequential:
    """The network as torch trains it."""
    sizes = ((BACK + 1 + AHEAD) * COLUMNS, *WIDTHS)
    hidden = [
        layer
        for i in range(len(WIDTHS))
        for layer in (nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU(), nn.Dropout(_DROPPED))
    ]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], len(CLASSES)))


def train(spoken: Sequence[Utterance], epochs: int, seed: int) -> Mapping[str, NDArray[np.float32]]:
    """The tensors of a network file."""
    torch.manual_seed(seed)
    random = np.random.default_rng([seed, 1])
    colour = mean_colour([varied(one, random) for one in spoken[:200]])
    module = create_module().train()
    optimizer = torch.optim.AdamW(module.parameters(), _RATE, weight_decay=1e-3)
    steps = epochs * (sum(len(one.labels) for one in spoken) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.1)
    weights = torch.tensor([_WEIGHTS.get(name, 1.0) for name in CLASSES])
    cost = nn.CrossEntropyLoss(weights, label_smoothing=_SMOOTHED)
    for epoch in range(epochs):
        rows = equalized([varied(one, random) for one in spoken], colour)
        windows = Windows(rows, [one.labels for one in spoken])
        losses = []
        for numbers in torch.split(torch.randperm(len(windows))[: steps // epochs * _BATCH], _BATCH):
            inputs, labels = windows.batch(numbers)
            loss = cost(module(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}", flush=True)
    return {"colour": colour, **tensors_of(module)}


def tensors_of(module: nn.Sequential) -> dict[str, NDArray[np.float32]]:
    """The layers of the module as they are called in a network file."""
    layers = [layer for layer in module if isinstance(layer, nn.Linear)]
    found = {}
    for name, layer in zip(("window", "hidden", "classes"), layers, strict=True):
        found[f"{name}.weight"] = layer.weight.detach().numpy().T.copy()
        found[f"{name}.bias"] = layer.bias.detach().numpy().copy()
    return found


def accuracy(network: VisemeNetwork, spoken: Sequence[Utterance]) -> float:
    """The share of rows whose class is right, without the gate for silence."""
    right = rows = 0
    for one, equal in zip(spoken, equalized([one.power for one in spoken], network.colour), strict=True):
        found = network.classify(np.pad(equal, ((BACK, AHEAD), (0, 0)), mode="edge"))
        right += int((found.argmax(axis=1) == one.labels).sum())
        rows += len(equal)
    return right / rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and write the file; five minutes on one core."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--utterances", type=int, default=2400, help="how many sentences espeak speaks")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--held", type=int, default=100, help="how many more to measure with")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    spoken = list(drawn(asked.utterances, np.random.default_rng(asked.seed)))
    print(f"{sum(len(one.labels) for one in spoken) * HOP_S / 60:.0f} minutes of speech", flush=True)
    tensors = train(spoken, asked.epochs, asked.seed)
    told = {"format": "avatar_rtc viseme network 1", "classes": " ".join(CLASSES), "licence": "CC BY 4.0"}
    save_file(dict(tensors), asked.out, told)
    asked.out.chmod(0o644)  # safetensors makes files that nobody else may read
    unseen = list(held_out(asked.held, np.random.default_rng([asked.seed, 2])))
    print(f"{accuracy(load_visemes(asked.out), unseen):.1%} right of voices and sentences never trained on")


if __name__ == "__main__":
    main()
