"""One voice of hibari, in the process that calls: text to sound, and when each phoneme of it is heard."""

import contextlib
import gc
import importlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.sound.pcm import Pcm, from_floats, silence
from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.spoken import Speech
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.voices.hibari_times import (
    AS_IT_IS,
    HIBARI_PACKAGE,
    ReadWord,
    Sign,
    Token,
    portions,
    read_words,
    timed_signs,
    written_words,
)
from avatar_rtc.speech.voices.onnx_output import with_output
from avatar_rtc.speech.voices.packed_dict import PackedDict

RATE = 24_000
DURATIONS = "/Round_output_0"
"""The tensor with the number of frames of every sign; the only one that is rounded in the graph."""
LONGEST_SIGNS = 160
"""That the network sees at once, 9 s. Its memory grows with them: 400, as in the package, take 150 MB."""
_SPECTRA = 6
"""Outputs the graph has of itself."""
_PACE = 1.6
"""A speaker of size s is asked to be s ** 1.6 faster, to be as quick in the end: the network takes less than
all of a speed back from its shortest sounds."""
SENTENCE_PAUSE_S = 0.25
"""Between sentences of one text, at speed 1."""
_EDGE_DB, _EDGE_S = -50.0, 0.03
"""A sentence begins and ends so long before and after what is louder than this under its peak: the network
puts a third of a second of silence before each."""


class HibariVoice:
    """A loaded voice. Twice the same text is twice the same sound, to the bit."""

    def __init__(self, voice: str, model: Path) -> None:
        """Load it; takes a second or two.

        Args:
            voice: a name in the package's registry, which tells whether it is British.
            model: its file.

        Raises:
            Exception: whatever the package and onnxruntime have for files that are missing or damaged.
        """
        self._dsp = importlib.import_module(f"{HIBARI_PACKAGE}.dsp")
        self._normalize = importlib.import_module(f"{HIBARI_PACKAGE}.g2p.normalize").normalize
        self._tts = _loaded(voice, model.read_bytes())
        _pack(self._tts.g2p)

    @property
    def tells_times(self) -> bool:
        """Whether its graph tells when each sound is heard; else the caller has to find out."""
        return len(self._tts.sess.get_outputs()) > _SPECTRA

    def say(self, text: str, speed: float = 1.0, size: Fraction = AS_IT_IS) -> Speech:
        """Speak: mono 24 kHz; without phonemes and words if `tells_times` is false.

        Args:
            speed: 1 is normal; in 0.5..2.
            size: of its speaker, see `HibariFile`.
        """
        sounds: list[Pcm] = []
        signs: list[Sign] = []
        words: list[ReadWord] = []
        length = 0
        random = np.random.default_rng(0)
        for sentence in self._tts.split_sentences(text):
            for number, row in enumerate(portions(self._tokens(sentence), LONGEST_SIGNS)):
                if sounds and not number:
                    sounds.append(silence(round(RATE * SENTENCE_PAUSE_S / speed)))
                    length += len(sounds[-1])
                sound, row_signs = self._row(row, speed, size, random)
                row_signs = [(s, t + length / RATE, end + length / RATE) for s, t, end in row_signs]
                if row_signs:
                    words += read_words(row, row_signs)
                signs += row_signs
                sounds.append(sound)
                length += len(sound)
        pcm = np.concatenate(sounds) if sounds else silence()
        phonemes = gapless(read_signs(signs).spans, len(pcm) / RATE)
        return Speech(pcm, RATE, phonemes, written_words(text, words) if phonemes else ())

    def _tokens(self, sentence: str) -> list[Token]:
        """What is read, without signs that the network does not know."""
        reader, known = self._tts.g2p, self._tts.vocab
        found = reader.phonemize_tokens(reader.tokenize(self._normalize(sentence)))
        tokens = [
            Token(t.text, "".join(s for s in t.phonemes or "" if s in known), bool(t.whitespace))
            for t in found
        ]
        return [*tokens[:-1], replace(tokens[-1], is_spaced=False)] if tokens else []

    def _row(
        self, row: Sequence[Token], speed: float, size: Fraction, random: np.random.Generator
    ) -> tuple[Pcm, list[Sign]]:
        """What the network sees at once, from its first sound to its last, and the times of its signs."""
        row = [*row[:-1], replace(row[-1], is_spaced=False)]
        signs = "".join(token.signs + " " * token.is_spaced for token in row)
        if not signs.strip():
            return silence(), []
        ids = np.asarray([self._tts.ids(signs)], np.int64)
        pace = np.asarray([speed * float(size) ** _PACE], np.float32)
        out = self._tts.sess.run(None, {"ids": ids, "speed": pace})
        sound = np.asarray(self._dsp.synth(*(part[0] for part in out[:_SPECTRA]), random), np.float32)
        sound = _slowed(sound, size)
        begin, end = _edges(sound)
        pcm = from_floats(sound[begin:end])
        if not self.tells_times:
            return pcm, []
        frames = np.rint(out[_SPECTRA]).astype(int).tolist()[:-1]  # the last is the pause behind it
        times = timed_signs(signs, frames, float(size))
        least, most = begin / RATE, end / RATE
        times = [(s, min(max(t, least), most), min(max(t_end, least), most)) for s, t, t_end in times]
        return pcm, [(s, t - least, t_end - least) for s, t, t_end in times]


def _loaded(voice: str, data: bytes) -> Any:
    """The package's own object, with a session that tells times, and gives back the memory of a sentence."""
    tts = importlib.import_module(HIBARI_PACKAGE).Hibari(voice, model=data, threads=1)
    tts.sess = _session(data)
    return tts


def _session(data: bytes) -> Any:
    """That of onnxruntime, with the times of the signs if this version of the graph has them."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # a refusal is looked for below
    options.enable_cpu_mem_arena = False  # it keeps 27 MB more, and is no quicker
    if DURATIONS.encode() in data:
        with contextlib.suppress(Exception):  # onnxruntime has exceptions of its own
            return runtime.InferenceSession(with_output(data, DURATIONS), options, ["CPUExecutionProvider"])
    return runtime.InferenceSession(data, options, ["CPUExecutionProvider"])


def _pack(reader: Any) -> None:
    """Its lexicons and the weights of its tagger in 20 MB and not 97; they are looked up and nothing else."""
    with contextlib.suppress(AttributeError, TypeError, ValueError):  # another version keeps them otherwise
        for words in (reader.lexicon.golds, reader.lexicon.silvers):
            words.d = PackedDict(words.d)
        reader.tagger.weights = PackedDict(reader.tagger.weights)
    gc.collect()


def _slowed(sound: NDArray[np.float32], by: Fraction) -> NDArray[np.float32]:
    """The sound so many times as long and as low, as a tape that runs slower."""
    if by == AS_IT_IS:
        return sound
    steps = -(-len(sound) // by.denominator)
    whole = np.pad(sound, (0, steps * by.denominator - len(sound)))
    samples = steps * by.numerator
    longer: NDArray[np.float32] = np.fft.irfft(np.fft.rfft(whole), samples).astype(np.float32)
    return longer * np.float32(by)


def _edges(sound: NDArray[np.float32]) -> tuple[int, int]:
    """First and last sample of what is heard of it."""
    level = np.abs(sound)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (_EDGE_DB / 20))
    if not loud.size:
        return 0, 0
    edge = round(_EDGE_S * RATE)
    return max(0, int(loud[0]) - edge), min(len(sound), int(loud[-1]) + edge)
