"""A few at work, some waiting, and the rest are refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """Work of one kind. Used on the event loop."""

    def __init__(self, at_once: int, most: int, refusal: Callable[[], Exception]) -> None:
        """
        Args:
            at_once: so many work.
            most: so many work or wait.
            refusal: the error to raise for one more.
        """
        self._free = asyncio.Semaphore(at_once)
        self._most, self._refusal = most, refusal
        self._here = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it; raises the refusal."""
        if self._here >= self._most:
            raise self._refusal()
        self._here += 1
        try:
            async with self._free:
                yield
        finally:
            self._here -= 1
