"""What a render worker is told, handed on as fast as it takes it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from avatar_rtc.link.orders import Down
from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.outbox import Outbox

log = logging.getLogger(__name__)

GiveUp = Callable[[Down, str], None]
"""(message, why) of one that will not be sent."""


class Writing:
    """An outbox, and whoever empties it. Used on the event loop."""

    def __init__(self, outbox: Outbox, give_up: GiveUp) -> None:
        self._outbox, self._give_up = outbox, give_up
        self._news = asyncio.Event()

    @property
    def superseded(self) -> int:
        """Characters that were never handed on, for a newer one had come."""
        return self._outbox.superseded

    def put(self, message: Down, *, paced: bool = True) -> None:
        """Take a message; never waits."""
        for dropped in self._outbox.put(message, paced=paced):
            self._give_up(dropped, "the avatar is gone")
        self._news.set()

    def clear(self) -> None:
        """The worker is gone; the next one knows nothing."""
        self._outbox.clear()

    async def write(self, worker: Worker) -> None:
        """Send what comes, until the worker takes nothing any more."""
        while True:
            message = self._outbox.take()
            if message is None:
                await self._wait()
                continue
            try:
                await worker.send(message)
            except OSError:
                log.info("the render worker takes nothing any more")
                return
            except Exception as error:
                log.exception("%s cannot be sent to the render worker", type(message).__name__)
                self._give_up(message, f"it cannot be sent to the render worker ({type(error).__name__})")

    async def _wait(self) -> None:
        """Until there may be something to send."""
        self._news.clear()
        # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._outbox.wait()):
                await self._news.wait()
