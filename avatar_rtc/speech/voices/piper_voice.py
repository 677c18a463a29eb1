"""A voice of Piper in the process that calls: text to sound, and when each phoneme of it is heard.

Its graph rounds the length of every sound up to whole frames. That tensor is made an output of it, so times
need neither another file nor the package onnx.
"""

import contextlib
import importlib
import json
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from avatar_rtc.sound.pcm import Pcm, from_floats, silence
from avatar_rtc.speech.languages.plain_letters import knows, plain_letters
from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.spoken import Speech, TimedWord
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.voices.hibari_times import Sign
from avatar_rtc.speech.voices.onnx_output import outputs_of, with_output
from avatar_rtc.speech.voices.piper_files import PIPER_PACKAGE, heard_at
from avatar_rtc.speech.word_ranges import counted_words

PIPER_MARKERS = "^$_"
"""Begin, end and padding of its sentences."""
_ROUNDED_UP = "Ceil"


class PiperVoice:
    """A loaded voice."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        """Load it; takes a second.

        Args:
            model: NAME.onnx, with NAME.onnx.json beside it.

        Raises:
            Exception: whatever the package and onnxruntime have for files that are missing or damaged.
        """
        package = importlib.import_module(PIPER_PACKAGE)
        config = importlib.import_module(f"{PIPER_PACKAGE}.config")
        self._settings = config.SynthesisConfig
        card = json.loads(Path(f"{model}.json").read_bytes())
        # Resources that a voice of Chinese needs are looked for beside it.
        self._voice = package.PiperVoice(
            config=config.PiperConfig.from_dict(card),
            session=_session(model.read_bytes(), threads),
            download_dir=model.parent,
        )
        self.is_known = lru_cache(4096)(self._is_known)

    @property
    def tells_times(self) -> bool:
        """Whether its graph tells when each sound is heard; else the caller has to find out."""
        return len(self._voice.session.get_outputs()) > 1

    def say(self, text: str, slower: float = 1.0, speaker: int | None = None) -> Speech:
        """Speak; without phonemes and words if `tells_times` is false.

        Args:
            slower: how many times as long every sound is, the voice's own pace included.
            speaker: of a voice with several; None is the first.
        """
        plain = plain_letters(text.replace("[[", "[ ["), self.is_known).text  # "[[" begins phonemes there
        rate = self._voice.config.sample_rate
        sounds: list[Pcm] = []
        signs: list[Sign] = []
        length = 0
        is_timed = self.tells_times
        settings = self._settings(speaker_id=speaker, length_scale=slower)
        for part in self._voice.synthesize(plain, settings, include_alignments=True):
            is_timed = is_timed and part.phoneme_alignments is not None
            if is_timed:
                signs += _timed(part.phoneme_alignments, length, rate)
            sounds.append(from_floats(np.asarray(part.audio_float_array, np.float32)))
            length += len(sounds[-1])
        pcm = np.concatenate(sounds) if sounds else silence()
        if not is_timed:
            return Speech(pcm, rate)
        found = read_signs(signs, PIPER_MARKERS)
        phonemes = gapless(found.spans, len(pcm) / rate)
        words: tuple[TimedWord, ...] = counted_words(text, found.words) if phonemes else ()
        return Speech(pcm, rate, phonemes, words)

    def _is_known(self, letter: str) -> bool:
        return knows(letter, self._voice.config.espeak_voice, self._sounds)

    def _sounds(self, text: str) -> int:
        sentences: Iterable[list[str]] = self._voice.phonemize(text)
        return sum(_is_sound(sign) for signs in sentences for sign in signs)


def _session(data: bytes, threads: int) -> Any:
    """That of onnxruntime, with the lengths of the sounds where the graph has them."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # a refusal is looked for below
    options.enable_cpu_mem_arena = False
    with contextlib.suppress(Exception):  # onnxruntime has exceptions of its own
        (lengths,) = outputs_of(data, _ROUNDED_UP)
        return runtime.InferenceSession(with_output(data, lengths), options, ["CPUExecutionProvider"])
    return runtime.InferenceSession(data, options, ["CPUExecutionProvider"])


def _timed(alignments: Iterable[Any], before: int, rate: int) -> Iterator[Sign]:
    at = before
    for alignment in alignments:
        end = at + int(alignment.num_samples)
        yield alignment.phoneme, heard_at(at / rate), heard_at(end / rate)
        at = end


def _is_sound(sign: str) -> bool:
    kind = unicodedata.category(sign[:1] or " ")
    return kind[0] == "L" and kind != "Lm"
