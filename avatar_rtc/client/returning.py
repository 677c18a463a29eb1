"""A connection that is made anew whenever it was lost, by the page's law of waiting."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from avatar_rtc.errors import NotFound, Unreachable

WAIT_S, WAIT_MAX_S = 0.5, 5.0
"""From one try to the next."""
WAIT_SHARE = 1 / 6
"""Of the time it has been away: who restarts in seconds is found within one."""
HELD_S = 3.0
"""A connection that held not so long was no return."""
MISSED_S = 60.0
"""An avatar that was there and is not known any more is asked for so long: who made it may make it again."""

Caller = TypeVar("Caller", bound=AbstractAsyncContextManager[object])


def wait_s(away_s: float, chance: float) -> float:
    """How long to wait before the next try; the page's law, `waitMs` of `web/faults.js`.

    Args:
        away_s: since there was a connection.
        chance: in [0, 1]; the viewers of a server that restarts must not all come back in the same instant.
    """
    return min(WAIT_MAX_S, max(WAIT_S, away_s * WAIT_SHARE)) * (0.5 + chance / 2)


async def returning(make: Callable[[], Caller]) -> AsyncGenerator[Caller, None]:
    """Connected callers, one after the other: the next when the one before was lost.

    Each is closed when the next is asked for, or the loop ends.

    Args:
        make: one that is not connected yet.

    Raises:
        NotFound: there is no such avatar; one that was there has been missing for a minute.
    """
    away_since, seen_at = time.monotonic(), -MISSED_S
    while True:
        caller = make()
        try:
            async with caller:
                begun = time.monotonic()
                yield caller
                seen_at = time.monotonic()
            if seen_at - begun > HELD_S:
                away_since = seen_at
        except Unreachable:
            pass
        except NotFound:
            if time.monotonic() - seen_at >= MISSED_S:
                raise
        await asyncio.sleep(wait_s(time.monotonic() - away_since, random.random()))
