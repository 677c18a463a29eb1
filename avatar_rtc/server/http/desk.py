"""Where pictures are decoded: one request at a time, for a while, before a short queue."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from avatar_rtc.characters.decoding import decoding_within
from avatar_rtc.server.limits import Limits
from avatar_rtc.server.live.turns import Turns

MOST_WAITING_TURNS = 8


class Desk:
    """A large picture takes hundreds of MB, so there is one at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turns = Turns(
            MOST_WAITING_TURNS + 1,
            lambda: limits.refuse("decode_s", "pictures that wait to be decoded", MOST_WAITING_TURNS),
        )

    @asynccontextmanager
    async def turn(self, caller: str = "") -> AsyncIterator[None]:
        """Wait for the turn, and have `decode_s` for what is decoded inside, also by `asyncio.to_thread`.

        Raises:
            TooSoon: the caller comes too often.
            CapacityExceeded: too many wait, or it takes too long.
        """
        self._limits.charge("uploads_per_minute", caller)
        seconds = self._limits.config.decode_s
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self._turns.turn(caller, seconds))
            except TimeoutError:
                raise self._limits.refuse("decode_s", "seconds to wait for pictures", seconds) from None
            with decoding_within(seconds):
                yield
