"""Lips without times from the engine: how often the right class of sound is shown, on voices of flite.

flite's voices are cut from or modelled on recorded people, and it tells when each of its phones ends. Nothing
here was made with them: the network has only heard espeak, and the alignment compares with espeak. flite's
own segmentation counts as the truth, so part of what is wrong is two engines reading a word differently.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.bench.measurement import Measurement, at_least, at_most, skipped, told
from avatar_rtc.errors import SetupError
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.speech.phonemes.align import align
from avatar_rtc.speech.phonemes.classes import CLASS_IPA, class_numbers, opening_of, with_closures
from avatar_rtc.speech.phonemes.features import HOP_S
from avatar_rtc.speech.phonemes.viseme_network import (
    PosteriorStream,
    VisemeNetwork,
    load_visemes,
    openness,
    posteriors,
)
from avatar_rtc.speech.spoken import Speech, TimedPhoneme
from avatar_rtc.speech.voices.espeak import render

FLITE_VOICES = ("slt", "rms", "awb", "kal16")
ALIGNED, HEARD = 70.0, 45.0
"""Percent of frames that must be in the right class, by text and sound, and by sound alone."""
OPENNESS_R = 0.6
FRAME_MS = 0.1
"""Of one core, per 10 ms of sound."""
ALIGNING = ("lips aligned with the text", "lips aligned with the text, the network helping")
HEARING = ("lips from the sound alone", "mouth opening from the sound alone")

PLAIN_SENTENCES = (
    "The winter sun was low above the frozen harbour.",
    "Please move the big blue vase away from the window.",
    "She showed us a short film about wild sheep.",
    "My father found five old photographs in the attic.",
    "Which of these two roads goes up to the village?",
    "A loud voice called our names from the other shore.",
    "Nobody thought that the judge would change her mind.",
    "We usually have soup and brown bread for supper.",
    "The young teacher poured a cup of hot tea.",
    "Put your wet gloves on top of the warm oven.",
    "Both of the puppies barked at the passing bus.",
    "I would rather stay at home and read a good book.",
    "Every Thursday they measure the depth of the river.",
    "Could anyone explain how this machine works?",
)
"""Own, and none of those the network was trained on."""

_PHONES = {
    "pau": "", "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "axr": "ɚ", "ay": "aɪ",
    "eh": "ɛ", "er": "ɝ", "ey": "eɪ", "ih": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u",
    "b": "b", "ch": "tʃ", "d": "d", "dh": "ð", "dx": "ɾ", "el": "l", "em": "m", "en": "n", "f": "f", "g": "ɡ",
    "hh": "h", "hv": "h", "jh": "dʒ", "k": "k", "l": "l", "m": "m", "n": "n", "ng": "ŋ", "nx": "n", "p": "p",
    "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip
_OPENINGS = np.array([opening_of(ipa) for ipa in CLASS_IPA])

Labels = NDArray[np.int64]


def measure(quick: bool) -> list[Measurement]:
    """All figures of lips; one without flite or espeak is skipped."""
    found = []
    if shutil.which("flite") is None:
        found += [skipped(name, "flite is not installed") for name in ALIGNING + HEARING]
    else:
        spoken = {
            voice: [flite(text, voice) for text in PLAIN_SENTENCES[: 2 if quick else None]]
            for voice in FLITE_VOICES
        }
        found += [*_aligned(spoken, None), *_aligned(spoken, load_visemes()), *_heard(spoken)]
    return [*found, *_cost(2 if quick else 20)]


def flite(text: str, voice: str) -> Speech:
    """Speak a sentence with flite.

    Raises:
        SetupError: it fails, or does not tell its phones.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise SetupError(f"flite cannot speak with {voice}: {done.stderr.strip()}")
        pcm, rate = read_sound(path.read_bytes(), 60.0)
    start, phonemes = 0.0, []
    for phone, end in (segment.split(":") for segment in done.stdout.split()):
        phonemes.append(TimedPhoneme(start, float(end), _PHONES[phone]))
        start = float(end)
    return Speech(pcm, rate, tuple(phonemes))


@dataclass
class _Score:
    """What was right with one voice."""

    truths: list[Labels] = field(default_factory=list)
    found: list[Labels] = field(default_factory=list)
    opened: list[NDArray[np.floating]] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100 * float(np.mean(np.concatenate(self.truths) == np.concatenate(self.found)))

    @property
    def openness(self) -> float:
        return float(np.corrcoef(_OPENINGS[np.concatenate(self.truths)], np.concatenate(self.opened))[0, 1])


Judge = Callable[[str, Speech, int], tuple[Labels, NDArray[np.floating]]]
"""Text, sound and number of frames → class and mouth opening of each."""


def _scored(spoken: Mapping[str, Sequence[Speech]], judge: Judge) -> dict[str, _Score]:
    scores = {voice: _Score() for voice in spoken}
    for voice, sounds in spoken.items():
        for text, sound in zip(PLAIN_SENTENCES, sounds, strict=False):
            frames = int(sound.seconds / HOP_S)
            found, opened = judge(text, sound, frames)
            scores[voice].truths.append(class_numbers(sound.phonemes, frames))
            scores[voice].found.append(found)
            scores[voice].opened.append(opened)
    return scores


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _percent(name: str, scores: Mapping[str, _Score], reach: float) -> Measurement:
    by_voice = {voice: round(score.percent, 1) for voice, score in scores.items()}
    openness = {voice: round(score.openness, 2) for voice, score in scores.items()}
    mean = _mean([score.percent for score in scores.values()])
    return at_least(name, mean, "% of frames", reach, voices=by_voice, openness_r=openness)


def _aligned(spoken: Mapping[str, Sequence[Speech]], network: VisemeNetwork | None) -> list[Measurement]:
    name, seconds = ALIGNING[network is not None], []

    def judge(text: str, sound: Speech, frames: int) -> tuple[Labels, NDArray[np.floating]]:
        reference = render(text)
        reference = replace(reference, phonemes=with_closures(reference.phonemes))
        begun = time.perf_counter()
        phonemes, _ = align(reference, sound.pcm, sound.rate, network)
        seconds.append((time.perf_counter() - begun) / sound.seconds)
        labels = class_numbers(phonemes, frames)
        return labels, _OPENINGS[labels]

    try:
        scores = _scored(spoken, judge)
    except SetupError as error:
        return [skipped(name, str(error))]
    return [
        _percent(name, scores, ALIGNED),
        told(f"{name}: time", 1000 * _mean(seconds), "ms per s of sound"),
    ]


def _heard(spoken: Mapping[str, Sequence[Speech]]) -> list[Measurement]:
    network = load_visemes()

    def judge(text: str, sound: Speech, frames: int) -> tuple[Labels, NDArray[np.floating]]:
        found = posteriors(sound.pcm, sound.rate, network)[:frames]
        return found.argmax(axis=1), openness(found)

    scores = _scored(spoken, judge)
    by_voice = {voice: score.openness for voice, score in scores.items()}
    rounded = {voice: round(r, 2) for voice, r in by_voice.items()}
    return [
        _percent(HEARING[0], scores, HEARD),
        at_least(HEARING[1], _mean(list(by_voice.values())), "correlation", OPENNESS_R, voices=rounded),
    ]


def _cost(seconds: int) -> list[Measurement]:
    """On noise, which costs what speech costs: the quickest of five runs, for the machine may be busy."""
    network, rate = load_visemes(), 24_000
    pcm = (np.random.default_rng(1).normal(0, 3000, seconds * rate)).astype(np.int16)
    return [
        at_most(f"network, {what}", _quickest(pcm, rate, piece_s, network), "ms per 10 ms", FRAME_MS)
        for what, piece_s in (("whole sounds", float(seconds)), ("streamed in pieces of 40 ms", 0.040))
    ]


def _quickest(pcm: Pcm, rate: int, piece_s: float, network: VisemeNetwork) -> float:
    pieces = np.split(pcm, range(round(piece_s * rate), len(pcm), round(piece_s * rate)))
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        stream = PosteriorStream(rate, network)
        for piece in pieces:
            stream.feed(piece)
        stream.finish()
        spent.append(time.perf_counter() - begun)
    return 1000 * min(spent) / (len(pcm) / rate / HOP_S)
