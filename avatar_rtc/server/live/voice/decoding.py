"""Sound files, decoded away from everything else: looked at where they come in, heard as they are spoken.

Threads of their own, for others wait in the common ones; and one kind does not wait for the other, for a file
that takes long to look at must not make an avatar stutter.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from avatar_rtc.errors import TooLarge
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.voice.hearing import MAX_SECONDS
from avatar_rtc.sound.decode import SoundReader, examine
from avatar_rtc.sound.pcm import Pcm
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ

THREADS = 2
WAITING = 16
"""Files that may wait to be looked at."""
T = TypeVar("T")


class Decoding:
    """The threads. Used on the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._door = ThreadPoolExecutor(THREADS, "examine")
        self._stage = ThreadPoolExecutor(THREADS, "decode")
        self._coming = 0

    async def examine(self, data: bytes) -> float:
        """How long a sound file lasts, in s.

        Raises:
            InputError: it is none that is taken, or damaged at its beginning.
            TooLarge: it lasts too long, or takes too long to decode.
            CapacityExceeded: too many wait for it.
        """
        if self._coming >= THREADS + WAITING:
            raise self._limits.refuse("decode_s", "sounds that wait to be decoded", WAITING)
        self._coming += 1
        try:
            return await self._run(self._door, partial(examine, data, MAX_SECONDS))
        finally:
            self._coming -= 1

    async def read(self, work: Callable[[float], T]) -> T:
        """The result of decoding a stretch; `work` is told the CLOCK_MONOTONIC second to be done by."""
        return await self._run(self._stage, work)

    def close(self) -> None:
        """Take no more."""
        for threads in (self._door, self._stage):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, threads: Executor, work: Callable[[float], T]) -> T:
        limit = self._limits.config.decode_s
        began = time.monotonic()

        def timed() -> T:
            nonlocal began
            began = time.monotonic()
            return work(began + limit)

        try:
            return await asyncio.get_running_loop().run_in_executor(threads, timed)
        except TooLarge:
            if time.monotonic() - began >= limit:
                self._limits.count("decode_s")
            raise


class StoredSound:
    """A sound file that is decoded as it is spoken; a `Source`."""

    def __init__(self, data: bytes, decoding: Decoding) -> None:
        self._data, self._decoding = data, decoding
        self._reader: SoundReader | None = None
        self._left = round(MAX_SECONDS * AUDIO_CLOCK_HZ)

    async def read(self, samples: int) -> tuple[Pcm, bool]:
        """See `Source.read`."""
        return await self._decoding.read(partial(self._read, samples))

    def _read(self, samples: int, until: float) -> tuple[Pcm, bool]:
        reader = self._reader = self._reader or SoundReader(self._data, until)
        pcm = reader.read(samples, until)
        self._left -= len(pcm)
        if self._left < 0:
            raise TooLarge(f"the sound lasts longer than {MAX_SECONDS / 60:.0f} minutes")
        return pcm, reader.is_done
