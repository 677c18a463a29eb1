"""Waiting for what tells nobody when it turns: a test says what it waits for, never how long.

Times here only end a test that hangs, so they are far beyond what anything takes, on a busy machine too.
"""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 30.0


async def until(law: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Return once `law()` is true, asked again and again; the loop's own clock counts, virtual or not.

    Raises:
        TimeoutError: it has not become true within `within_s`.
    """
    async with asyncio.timeout(within_s):
        while not law():  # noqa: ASYNC110 (a law of any kind has no event)
            await asyncio.sleep(0.01)


def block_until(law: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """As `until`, where there is no event loop: the thread waits."""
    deadline = time.monotonic() + within_s
    while not law():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {within_s:g} s")
        time.sleep(0.01)
