"""Piper on this machine: any of its voices by file, with the time of every phoneme, in a process of its own.

The package is under the GPL-3, so it is an extra, and loaded in that process alone. `piper` is the same over
HTTP.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from avatar_rtc.errors import SetupError, UnknownName
from avatar_rtc.speech.languages.scripts import LATIN
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.espeak_given import SPELL_LATIN
from avatar_rtc.speech.voices.piper_files import (
    NO_PIPER,
    PiperFile,
    piper_files,
    piper_is_installed,
    speaker_of,
    split_speaker,
)
from avatar_rtc.speech.voices.voice_process import VoiceProcess

_ANSWER_S = 40.0
"""For one text, and to load a large voice, on a machine that is busy with much else."""
_CHILD = "avatar_rtc.speech.voices.piper_child"


class PiperHere:
    """The engine: one text at a time; a voice is loaded at its first."""

    name = "piper"
    ssml = False
    longest = 1_000

    def __init__(self, place: Path, command: Sequence[str] = (sys.executable, "-m", _CHILD)) -> None:
        """
        Args:
            place: of voices, as `piper_files` takes it.
            command: what is started to speak.

        Raises:
            InputError: there is no voice.
        """
        self._files = piper_files(place)
        self._process = VoiceProcess(self.name, command, answer_s=_ANSWER_S)

    def reads(self, script: str, language: str) -> bool:
        """All that its language is written in; its espeak spells Latin words in some languages."""
        return script != LATIN or language not in SPELL_LATIN

    async def language(self, voice: str) -> str:
        """What a voice speaks, as the file beside it tells."""
        return self._file(voice)[0].language

    async def voices(self) -> Sequence[Voice]:
        """All voices of the place; nothing is loaded."""
        if not piper_is_installed():
            raise SetupError(NO_PIPER)
        return [Voice(file.name, file.language, self.name) for file in self._files.values()]

    async def warm(self, voice: str = "") -> None:
        """Load a voice before it is needed.

        Raises:
            As `synthesize`.
        """
        await self.synthesize("1", voice, 1.0)

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is the first voice. A voice with several speakers is named with one, "NAME#speaker"."""
        file, speaker = self._file(voice)
        if not piper_is_installed():
            raise SetupError(NO_PIPER)
        asked = {
            "text": text,
            "model": str(file.path),
            "slower": file.pace / speed,
            "speaker": speaker_of(file, speaker),
        }
        return await self._process.ask(asked)

    async def close(self) -> None:
        """End the process."""
        await self._process.close()

    def _file(self, voice: str) -> tuple[PiperFile, str]:
        name, speaker = split_speaker(voice)
        if name and name not in self._files:
            raise UnknownName("voice of piper", name, list(self._files))
        return self._files[name or next(iter(self._files))], speaker
