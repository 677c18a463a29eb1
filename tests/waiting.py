"""Waiting for what tells nobody when it happens."""

import asyncio
import time
from collections.abc import Callable

_EVERY_S = 0.01


async def until(happened: Callable[[], object], within_s: float = 30.0) -> None:
    """Look again and again.

    Raises:
        TimeoutError: it has not happened in time.
    """
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(_EVERY_S)


def wait_until(
    happened: Callable[[], object], within_s: float = 60.0, instead: Callable[[], object] = lambda: ""
) -> None:
    """The same for tests without a loop, of threads, processes and pages; `instead` tells what there was."""
    deadline = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not happen within {within_s:g} s {instead()}")
        time.sleep(_EVERY_S)
