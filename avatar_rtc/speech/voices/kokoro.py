"""Kokoro: a good voice on this machine, through the package kokoro-onnx, with the time of every phoneme."""

import asyncio
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from avatar_rtc.errors import EngineFailed, SetupError, UnknownName
from avatar_rtc.sound.pcm import from_floats
from avatar_rtc.speech.languages.scripts import HAN, LATIN
from avatar_rtc.speech.phonemes.ipa_signs import read_signs
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.gapless import gapless
from avatar_rtc.speech.voices.kokoro_files import installed, kokoro_folder
from avatar_rtc.speech.voices.voice_aliases import KOKORO_LANGUAGES
from avatar_rtc.speech.word_ranges import counted_words

KOKORO_VOICE = "af_heart"
KOKORO_LAG_S = 0.060
"""The network dates a sound so much later than it is heard, measured on English sentences with the weights of
the extra `japanese`: correlation of low frequencies with the signs is 0.65 then, and 0.15 without."""
PACKAGE = "kokoro_onnx"
T = TypeVar("T")


def language_of_kokoro(voice: str) -> str:
    """What a voice speaks by its name, "af_heart" American English; "" for a name that is not Kokoro's."""
    return KOKORO_LANGUAGES.get(voice[:1], "") if voice[1:3] in ("f_", "m_") else ""


def absence(folder: Path | None = None) -> str:
    """Why it cannot speak here, and what mends that; "" if it can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return "kokoro is not installed; run: pip install 'avatar-rtc[kokoro]'"
    if installed(folder or kokoro_folder()) is None:
        return "the Kokoro model is not here; run: avatar-rtc voices fetch"
    return ""


class Kokoro:
    """The engine: one text at a time, in a thread of its own; the model is loaded at the first."""

    name = "kokoro"
    ssml = False
    longest = 20_000

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds the model; None is the user's cache."""
        self._folder = folder or kokoro_folder()
        self._thread = ThreadPoolExecutor(1, "kokoro")
        self._model: Any = None

    def reads(self, script: str, language: str) -> bool:
        """No kanji: espeak makes its phonemes, of kana alone."""
        return language != "ja" or script not in (HAN, LATIN)

    async def language(self, voice: str) -> str:
        """What a voice speaks, by its name."""
        return language_of_kokoro(voice or KOKORO_VOICE) or "en-us"

    async def voices(self) -> Sequence[Voice]:
        """All voices of the file; the model is not loaded for it."""
        names = await self._in_thread(self._names)
        return [Voice(name, language_of_kokoro(name), self.name) for name in names]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is DEFAULT_VOICE. A cancelled call is finished and thrown away: it cannot be stopped."""
        return await self._in_thread(partial(self._speak, text, voice or KOKORO_VOICE, speed))

    async def close(self) -> None:
        """End the thread and let go of the model."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._model = None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _files(self) -> tuple[Path, Path]:
        if why := absence(self._folder):
            raise SetupError(why)
        files = installed(self._folder)
        assert files is not None
        return files

    def _names(self) -> list[str]:
        file = self._files()[1]
        try:
            with np.load(file) as voices:
                return sorted(voices.files)
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise SetupError(f"cannot read {file} ({error}); run: avatar-rtc voices fetch --again") from None

    def _loaded(self) -> Any:
        if self._model is None:
            model, voices = self._files()
            try:
                self._model = importlib.import_module(PACKAGE).Kokoro(str(model), str(voices))
            except Exception as error:  # onnxruntime has exceptions of its own for every kind of damage
                raise SetupError(
                    f"cannot load the Kokoro model in {self._folder} ({error}); "
                    "run: avatar-rtc voices fetch --again"
                ) from None
        return self._model

    def _speak(self, text: str, voice: str, speed: float) -> Speech:
        model = self._loaded()
        names = list(model.get_voices())
        if voice not in names:
            raise UnknownName("voice of kokoro", voice, names)
        language = KOKORO_LANGUAGES.get(voice[:1], "en-us")
        try:
            audio, rate, timings = model.create_timed(text, voice, speed=speed, lang=language)
        except Exception as error:
            raise EngineFailed(f"kokoro could not say {text[:60]!r}: {error}") from error
        pcm = from_floats(np.asarray(audio, np.float32))
        # Models of older releases give no times.
        sounds = read_signs(
            (t.phoneme, max(0.0, t.start - KOKORO_LAG_S), max(0.0, t.end - KOKORO_LAG_S)) for t in timings
        )
        phonemes = gapless(sounds.spans, len(pcm) / rate)
        return Speech(pcm, rate, phonemes, counted_words(text, sounds.words) if phonemes else ())
