"""Where pictures are decoded: one request at a time, for a while, before a short queue."""

import asyncio
from types import TracebackType

from avatar_rtc.characters.decoding import decoding_within
from avatar_rtc.server.limits import Limits

MOST_WAITING = 8


class Desk:
    """An async context manager: a large picture takes hundreds of MB, so there is one at a time.

    What is decoded inside, also by `asyncio.to_thread`, has `decode_s`. Whoever waits longer than that for a
    turn is refused, and so is whoever finds eight waiting.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._lock, self._waiting = limits, asyncio.Lock(), 0
        self._patience = decoding_within(0)

    async def __aenter__(self) -> None:
        """Wait for the turn.

        Raises:
            CapacityExceeded: too many wait, or it takes too long.
        """
        seconds = self._limits.config.decode_s
        if self._waiting >= MOST_WAITING:
            raise self._limits.refuse("decode_s", "pictures that wait to be decoded", MOST_WAITING)
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._lock.acquire()
        except TimeoutError:
            raise self._limits.refuse("decode_s", "seconds to wait for pictures", seconds) from None
        finally:
            self._waiting -= 1
        self._patience = decoding_within(seconds)
        self._patience.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next one in."""
        try:
            self._patience.__exit__(None, None, None)
        finally:
            self._lock.release()
