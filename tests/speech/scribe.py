"""An engine that keeps what it is asked, and says it as a tone."""

from collections.abc import Callable, Sequence

import numpy as np

from avatar_rtc.speech.spoken import Speech, Voice

RATE = 8_000


def spoken(text: str) -> Speech:
    return Speech(np.full(len(text) * RATE // 10, 500, np.int16), RATE)


class Scribe:
    """An engine of some languages that keeps what it is asked."""

    ssml = False

    def __init__(
        self, name: str, *languages: str, longest: int = 1_000, say: Callable[[str], Speech] = spoken
    ) -> None:
        self.name, self.languages, self.longest, self._say = name, languages, longest, say
        self.asked: list[tuple[str, str]] = []

    def reads(self, script: str, language: str) -> bool:
        return True

    async def language(self, voice: str) -> str:
        return voice or self.languages[0]

    async def voices(self) -> Sequence[Voice]:
        return [Voice(language, language, self.name) for language in self.languages]

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        self.asked.append((text, voice))
        return self._say(text)

    async def close(self) -> None: ...
