"""The second render worker: interpreter and torch are there, no model is; it takes over within a blink."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.attended import Attended
from avatar_rtc.server.rendering.backoff import Backoff

log = logging.getLogger(__name__)

_DELAY_S = 4.0
"""The spare starts when the first start is over, so as not to slow it."""
_BACKOFF_S = (0.5, 0.5, 2.0, 10.0, 30.0)
"""Waits before another one, after the 1st, 2nd, … that was lost within _FORGIVEN_S."""
_FORGIVEN_S = 120.0


class Spare:
    """Keeps one worker ready, once wanted. `close` ends it."""

    def __init__(self, start: Callable[[], Awaitable[Attended]]) -> None:
        self._start = start
        self._ready: Attended | None = None
        self._task: asyncio.Task[None] | None = None
        self._backoff = Backoff(_BACKOFF_S, _FORGIVEN_S)
        self._trouble = ""
        """Why there is none."""

    @property
    def ailment(self) -> str:
        """What is wrong with it; "" if nothing is, or none is wanted."""
        if self._ready is not None and self._ready.booted:
            return self._ready.ailment and f"the spare is not well: {self._ready.ailment}"
        return self._trouble

    @property
    def worker(self) -> Worker | None:
        """The spare itself, if there is one."""
        return None if self._ready is None else self._ready.worker

    def want(self) -> None:
        """Have one soon, if there is none."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name="spare render worker")

    def take(self) -> Attended | None:
        """The spare, which is nobody's spare from now on; None if there is none that is well."""
        taken = self._ready
        if taken is None or not taken.is_well:
            return None
        self._ready, self._trouble = None, ""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        return taken

    async def close(self) -> None:
        """End the spare."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._ready is not None:
            await self._ready.close()

    async def _keep(self) -> None:
        await asyncio.sleep(_DELAY_S)
        while True:
            try:
                spare = self._ready = self._ready or await self._start()
                await asyncio.wait([spare.life])
                self._ready, why = None, spare.life.result()
                self._trouble = f"the spare render worker is being replaced: {why}"
                await spare.close()
            except Exception as error:
                log.exception("no spare render worker can be started")
                self._trouble = f"no spare render worker can be started ({type(error).__name__})"
            wait = self._backoff.failed()
            log.warning("%s; again in %g s", self._trouble, wait)
            await asyncio.sleep(wait)
