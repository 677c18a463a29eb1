"""hibari: a natural English voice here, with the time of every phoneme, in a process of its own."""

import sys
from collections.abc import Sequence
from pathlib import Path

from avatar_rtc.errors import SetupError, UnknownName
from avatar_rtc.speech.languages.scripts import LATIN
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.hibari_files import (
    HIBARI_VOICE,
    NOT_INSTALLED,
    HibariFile,
    hibari_voices,
    listed_voices,
)
from avatar_rtc.speech.voices.voice_process import VoiceProcess

_ANSWER_S = 25.0
"""For one text, on a machine that is busy with much else; usual is a tenth of a second."""
_WARM_UP = "Hello, it is nice to see you."
_CHILD = "avatar_rtc.speech.voices.hibari_child"


def hibari_absence() -> str:
    """Why it cannot speak here, and what mends that; "" if it can."""
    return "" if hibari_voices() else NOT_INSTALLED


class Hibari:
    """The engine: one text at a time; the network is loaded at the first."""

    name = "hibari"
    ssml = False
    longest = 1_000

    def __init__(
        self, folder: Path | None = None, command: Sequence[str] = (sys.executable, "-m", _CHILD)
    ) -> None:
        """
        Args:
            folder: of fetched voices; None is in the user's cache.
            command: what is started to speak.
        """
        self._folder = folder
        self._process = VoiceProcess(self.name, command, answer_s=_ANSWER_S)

    def reads(self, script: str, language: str) -> bool:
        """Latin letters alone."""
        return script == LATIN

    async def language(self, voice: str) -> str:
        """What a voice speaks."""
        return self._file(voice).language

    async def voices(self) -> Sequence[Voice]:
        """The one in the package, those that were fetched, and what is made of them; nothing is loaded."""
        if not (voices := listed_voices(self._folder)):
            raise SetupError(NOT_INSTALLED)
        return voices

    async def warm(self, voice: str = "") -> None:
        """Load a voice before it is needed: the first text takes 2 to 4 s more than others.

        Raises:
            As `synthesize`.
        """
        await self.synthesize(_WARM_UP, voice, 1.0)

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is HIBARI_VOICE. A cancelled call is finished and thrown away, which takes little."""
        file = self._file(voice)
        asked = {
            "text": text,
            "voice": file.base,
            "model": str(file.path),
            "size": str(file.size),
            "speed": speed,
        }
        return await self._process.ask(asked)

    async def close(self) -> None:
        """End the process."""
        await self._process.close()

    def _file(self, voice: str) -> HibariFile:
        known = hibari_voices(self._folder)
        if not known:
            raise SetupError(NOT_INSTALLED)
        if (voice or HIBARI_VOICE) not in known:
            raise UnknownName("voice of hibari", voice, list(known))
        return known[voice or HIBARI_VOICE]
