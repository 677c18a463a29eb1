"""Kokoro's Japanese voices, in the process that calls: text to sound, and when each phoneme of it is heard.

The graph rounds how many frames each sign lasts. That tensor is made an output of it, so that the lips follow
the voice's own phonemes.
"""

import contextlib
import importlib
import json
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import Pcm, from_floats, silence
from avatar_rtc.speech.languages.completeness import shortened
from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.spoken import Speech, TimedWord
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.voices.hibari_times import Sign
from avatar_rtc.speech.voices.kokoro_ja_files import data_folder, joined_model
from avatar_rtc.speech.voices.kokoro_ja_signs import JapaneseReader
from avatar_rtc.speech.voices.onnx_output import with_output

JA_RATE = 24_000
FRAME = 600
"""Samples of a frame, 25 ms."""
JA_LAG_S = 0.070
"""The graph dates a sound so much later than it is heard: over ten sentences of two voices low frequencies
are loud where the signs say so best 70 ms before their time (correlation 0.65, and none without); 80 ms at
speed 0.7, and 60 at 1.4."""
LENGTHS = "/encoder/Clip_output_0"
"""The tensor with the number of frames of every sign, at least one."""
_LONGEST_SIGNS = 120
"""That the network sees at once; its memory and its first sound grow with them."""
_CLAUSE_ENDS = ".,!?:;—…"
_EDGE_S = 0.05
_EDGE_DB = -50.0
"""What stays before and after what is louder than this under its peak: the network begins with a quarter of a
second of silence."""


class JapaneseVoice:
    """The loaded model with all its voices."""

    def __init__(self, threads: int = 1, lengths: str = LENGTHS) -> None:
        """Load it; takes seconds.

        Args:
            threads: of the network.
            lengths: the tensor that tells times; one that is not there gives none.

        Raises:
            Exception: whatever the package and onnxruntime have for files that are missing or damaged.
        """
        data = data_folder()
        self._numbers: dict[str, int] = json.loads((data / "vocab.json").read_bytes())["vocab"]
        with np.load(data / "voices_ja.npz") as voices:
            self._styles: dict[str, NDArray[np.float32]] = {name: voices[name] for name in voices.files}
        self._reader = JapaneseReader(self._numbers)
        self._session = _session(joined_model(), lengths, threads)

    @property
    def tells_times(self) -> bool:
        """Whether its graph tells when each sound is heard; else the caller has to find out."""
        return len(self._session.get_outputs()) > 1

    def say(self, text: str, voice: str, speed: float = 1.0) -> Speech:
        """Speak: mono 24 kHz; without phonemes and words if `tells_times` is false.

        Raises:
            KeyError: no such voice.
        """
        read = self._reader.read(text)
        notes = (f"no reading is known for {shortened(read.unread)}",) if read.unread else ()
        sounds: list[Pcm] = []
        signs: list[Sign] = []
        length = 0
        for begin, end in clauses(read.signs, _LONGEST_SIGNS):
            sound, timed = self._row(read.signs[begin:end], self._styles[voice], speed)
            before_s = length / JA_RATE
            signs += [(sign, start + before_s, stop + before_s) for sign, start, stop in timed]
            sounds.append(sound)
            length += len(sound)
        pcm = np.concatenate(sounds) if sounds else silence()
        if not self.tells_times:
            return Speech(pcm, JA_RATE, notes=notes)
        phonemes = gapless(read_signs(signs).spans, len(pcm) / JA_RATE)
        words = tuple(_words(text, read.origins, signs)) if phonemes else ()
        return Speech(pcm, JA_RATE, phonemes, words, notes=notes)

    def _row(self, signs: str, style: NDArray[np.float32], speed: float) -> tuple[Pcm, list[Sign]]:
        """What the network sees at once, and the times of its signs; one for each."""
        if not any(map(str.isalpha, signs)):
            return silence(), [(sign, 0.0, 0.0) for sign in signs]
        numbers = [0, *(self._numbers[sign] for sign in signs), 0]
        out = self._session.run(
            None,
            {
                "tokens": np.asarray([numbers], np.int64),
                "style": style[min(len(signs), len(style)) - 1].reshape(1, -1).astype(np.float32),
                "speed": np.asarray([speed], np.float32),
            },
        )
        sound = np.asarray(out[0], np.float32).ravel()
        begin, end = _edges(sound)
        pcm = from_floats(sound[begin:end])
        if not self.tells_times:
            return pcm, []
        ends = [total * FRAME for total in accumulate(np.rint(out[1]).astype(int).ravel().tolist())]
        lag = round(JA_LAG_S * JA_RATE)
        ends = [(min(max(at - lag, begin), end) - begin) / JA_RATE for at in ends]
        return pcm, [(s, start, stop) for s, (start, stop) in zip(signs, pairwise(ends[:-1]), strict=True)]


def clauses(signs: str, longest: int) -> Iterator[tuple[int, int]]:
    """Where to cut signs so that no part is longer: behind a clause, else at a space, else anywhere.

    >>> list(clauses("aa, bb cc", 6)), list(clauses("aaaa", 3))
    ([(0, 4), (4, 9)], [(0, 3), (3, 4)])
    """
    begin = 0
    while len(signs) - begin > longest:
        part = signs[begin : begin + longest]
        cut = max((part.rfind(sign) for sign in _CLAUSE_ENDS), default=-1)
        cut = cut if cut > 0 else part.rfind(" ")
        cut = cut + 1 if cut > 0 else longest
        cut += part[cut : cut + 1] == " "
        yield begin, begin + cut
        begin += cut
    if begin < len(signs):
        yield begin, len(signs)


def _words(text: str, origins: Sequence[int], signs: Sequence[Sign]) -> Iterator[TimedWord]:
    """The phrases between spaces and punctuation, as the dictionary parts them."""
    places = list(zip(origins, signs, strict=True))
    for is_word, group in groupby(places, lambda place: place[1][0].isalpha() or place[1][0] in "ːʲᵝ"):
        heard = list(group)
        if not is_word:
            continue
        begin = heard[0][0]
        stop = next((at for at, _ in places if at > heard[-1][0]), len(text))
        stop = begin + len(text[begin:stop].rstrip()) or stop
        while stop > begin + 1 and not text[stop - 1].isalnum() and text[stop - 1] not in "ー々":
            stop -= 1
        yield TimedWord(heard[0][1][1], heard[-1][1][2], begin, stop)


def _session(data: bytes, lengths: str, threads: int) -> Any:
    """That of onnxruntime, with the lengths of the signs if this version of the graph has them."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # a refusal is looked for below
    options.enable_cpu_mem_arena = False
    if lengths.encode() in data:
        with contextlib.suppress(Exception):  # onnxruntime has exceptions of its own
            return runtime.InferenceSession(with_output(data, lengths), options, ["CPUExecutionProvider"])
    return runtime.InferenceSession(data, options, ["CPUExecutionProvider"])


def _edges(sound: NDArray[np.float32]) -> tuple[int, int]:
    """First and last sample of what is heard of it."""
    level = np.abs(sound)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (_EDGE_DB / 20))
    if not loud.size:
        return 0, 0
    edge = round(_EDGE_S * JA_RATE)
    return max(0, int(loud[0]) - edge), min(len(sound), int(loud[-1]) + edge)
