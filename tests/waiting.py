"""Waiting for what tells nobody when it happens."""

import asyncio
import time
from collections.abc import Callable


async def until(happened: Callable[[], object], within_s: float = 10.0) -> None:
    """Look again every 10 ms.

    Raises:
        TimeoutError: it has not happened in time.
    """
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def until_now(happened: Callable[[], object], within_s: float = 60.0) -> None:
    """The same for tests without a loop, of threads, processes and pages."""
    deadline = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {within_s:g} s")
        time.sleep(0.01)
