"""hibari: a natural English voice on this machine, with the time of every phoneme, in a process of its own.

synthesize ──► one exchange at a time ──pipe──► hibari_child ──► HibariVoice
                 └─ it ended or hangs: EngineFailed, and the next text starts another
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avatar_rtc.errors import EngineFailed, SetupError, UnknownName
from avatar_rtc.sound.pcm import pcm_from_bytes
from avatar_rtc.speech.languages.scripts import LATIN
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord, Voice
from avatar_rtc.speech.voices.hibari_child import LENGTH_HEAD
from avatar_rtc.speech.voices.hibari_files import (
    HIBARI_VOICE,
    NOT_INSTALLED,
    HibariFile,
    hibari_voices,
    listed_voices,
)

_ANSWER_S = 25.0
"""For one text, on a machine that is busy with much else; usual is a tenth of a second."""
_END_S = 2.0
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
        self._folder, self._command = folder, tuple(command)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._is_closed = False

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
        return await asyncio.shield(asyncio.ensure_future(self._exchange(asked)))

    async def close(self) -> None:
        """End the process."""
        self._is_closed = True
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_S):
                await process.wait()
        except TimeoutError:
            await _end(process)

    def _file(self, voice: str) -> HibariFile:
        known = hibari_voices(self._folder)
        if not known:
            raise SetupError(NOT_INSTALLED)
        if (voice or HIBARI_VOICE) not in known:
            raise UnknownName("voice of hibari", voice, list(known))
        return known[voice or HIBARI_VOICE]

    async def _exchange(self, asked: dict[str, object]) -> Speech:
        async with self._turn:
            process = await self._running()
            is_whole = False
            try:
                async with asyncio.timeout(_ANSWER_S):
                    told, samples = await _ask(process, asked)
                is_whole = True
            except TimeoutError:
                raise EngineFailed(f"hibari did not answer within {_ANSWER_S:g} s") from None
            except (OSError, asyncio.IncompleteReadError):
                raise EngineFailed("the process of hibari ended while it spoke") from None
            finally:
                if not is_whole:  # what it still says would be taken for the next answer
                    self._process = None
                    await _end(process)
        if "error" in told:
            raise EngineFailed(f"hibari could not say {str(asked['text'])[:60]!r}: {told['error']}")
        return Speech(
            pcm_from_bytes(samples),
            told["rate"],
            tuple(TimedPhoneme(*phoneme) for phoneme in told["phonemes"]),
            tuple(TimedWord(*word) for word in told["words"]),
        )

    async def _running(self) -> asyncio.subprocess.Process:
        if self._is_closed:
            raise EngineFailed("hibari is closed")
        if self._process is not None and self._process.returncode is None:
            return self._process
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | one_thread,
            )
        except OSError as error:
            raise EngineFailed(f"cannot start a process for hibari: {error.strerror or error}") from None
        if self._is_closed:  # meanwhile
            await _end(self._process)
            raise EngineFailed("hibari is closed")
        return self._process


async def _ask(process: asyncio.subprocess.Process, asked: dict[str, object]) -> tuple[dict[str, Any], bytes]:
    """What the process tells, and its samples."""
    assert process.stdin is not None and process.stdout is not None
    body = json.dumps(asked).encode()
    process.stdin.write(LENGTH_HEAD.pack(len(body)) + body)
    await process.stdin.drain()
    size = LENGTH_HEAD.unpack(await process.stdout.readexactly(LENGTH_HEAD.size))[0]
    told: dict[str, Any] = json.loads(await process.stdout.readexactly(size))
    return told, await process.stdout.readexactly(2 * told.get("samples", 0))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
