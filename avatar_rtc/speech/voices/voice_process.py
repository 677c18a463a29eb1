"""An engine that speaks in a process of its own: one text at a time, over its pipes.

ask ──► one exchange at a time ──pipe──► voice_child.serve ──► the engine's own code
         └─ it ended or hangs: EngineFailed, and the next text starts another
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from avatar_rtc.errors import EngineFailed
from avatar_rtc.sound.pcm import pcm_from_bytes
from avatar_rtc.speech.spoken import Speech, TimedPhoneme, TimedWord
from avatar_rtc.speech.voices.voice_child import LENGTH_HEAD

_END_S = 2.0


class VoiceProcess:
    """The process of one engine, started at the first text; it ends no server when it ends."""

    def __init__(self, name: str, command: Sequence[str], *, answer_s: float, threads: int = 1) -> None:
        """
        Args:
            name: of the engine, for errors.
            command: what is started; it speaks as `voice_child.serve` does.
            answer_s: how long one text may take on a machine that is busy with much else.
            threads: of its arithmetic.
        """
        self._name, self._command, self._answer_s = name, tuple(command), answer_s
        self._environment = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._is_closed = False

    @property
    def running(self) -> asyncio.subprocess.Process | None:
        """What was started and not given up; None before the first text and after `close`."""
        return self._process

    async def ask(self, asked: Mapping[str, object]) -> Speech:
        """What it makes of a request. A cancelled one is finished and thrown away, which takes little.

        Args:
            asked: of JSON; its "text" is named in errors.

        Raises:
            EngineFailed: it cannot start, ended, hangs, or refuses.
        """
        return await asyncio.shield(asyncio.ensure_future(self._exchange(asked)))

    async def close(self) -> None:
        """End it."""
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

    async def _exchange(self, asked: Mapping[str, object]) -> Speech:
        async with self._turn:
            process = await self._started()
            is_whole = False
            try:
                async with asyncio.timeout(self._answer_s):
                    told, samples = await _ask(process, asked)
                is_whole = True
            except TimeoutError:
                raise EngineFailed(f"{self._name} did not answer within {self._answer_s:g} s") from None
            except (OSError, asyncio.IncompleteReadError):
                raise EngineFailed(f"the process of {self._name} ended while it spoke") from None
            finally:
                if not is_whole:  # what it still says would be taken for the next answer
                    self._process = None
                    await _end(process)
        if "error" in told:
            raise EngineFailed(f"{self._name} could not say {str(asked['text'])[:60]!r}: {told['error']}")
        return Speech(
            pcm_from_bytes(samples),
            told["rate"],
            tuple(TimedPhoneme(*phoneme) for phoneme in told["phonemes"]),
            tuple(TimedWord(*word) for word in told["words"]),
            notes=tuple(told["notes"]),
        )

    async def _started(self) -> asyncio.subprocess.Process:
        if self._is_closed:
            raise EngineFailed(f"{self._name} is closed")
        if self._process is not None and self._process.returncode is None:
            return self._process
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | self._environment,
            )
        except OSError as error:
            why = error.strerror or error
            raise EngineFailed(f"cannot start a process for {self._name}: {why}") from None
        if self._is_closed:  # meanwhile
            await _end(self._process)
            raise EngineFailed(f"{self._name} is closed")
        return self._process


async def _ask(
    process: asyncio.subprocess.Process, asked: Mapping[str, object]
) -> tuple[dict[str, Any], bytes]:
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
