"""A render worker whose pulse is felt, in charge or spare: what it says is passed on, and it does not outlive
its silence."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from avatar_rtc.link.orders import Beat, Booted, BootFailed, Broken, Up
from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.pulse import HANG_TIMEOUT_S, Pulse

log = logging.getLogger(__name__)

_LATE_S = 1.0
"""An event loop that wakes up so late cannot say who was silent meanwhile."""
_CLOSE_S = 10.0
"""Within which a worker that was killed has to be gone; beyond, the system keeps it."""


def _nobody(message: Up) -> None:
    """Hears what a spare says."""


class Attended:
    """Made on a running loop; `close` ends it."""

    def __init__(self, worker: Worker, hang_timeout_s: float = HANG_TIMEOUT_S) -> None:
        self.worker = worker
        self.booted: Booted | None = None
        """What it said when it was up."""
        self.ailment = ""
        """What is wrong with it; "" if nothing is."""
        self._last_words = ""
        """Why it ends, as it says itself."""
        self._hear: Callable[[Up], None] = _nobody
        self._owes: Callable[[], bool] = lambda: False
        self._pulse = Pulse(time.monotonic(), hang_timeout_s)
        self.life = asyncio.create_task(self._live(), name="render worker")
        """Done when the worker is gone; gives why, in words for the operator."""

    @property
    def is_well(self) -> bool:
        """Whether it lives, as far as is known."""
        return not self.life.done() and not self.ailment and self._pulse.is_fresh(time.monotonic())

    def put_in_charge(self, hear: Callable[[Up], None], owes: Callable[[], bool]) -> None:
        """From now on somebody hears it.

        Args:
            hear: gets all it says but beats, from `Booted` on.
            owes: whether it has pictures to bring.
        """
        self._hear, self._owes = hear, owes
        if self.booted is not None:
            self._pass_on(self.booted)

    def expect_pictures(self) -> None:
        """It owes pictures only from now on."""
        self._pulse.news_at = time.monotonic()

    def kill(self) -> None:
        """End the worker at once, without waiting."""
        try:
            self.worker.kill()
        except Exception:
            log.exception("the render worker cannot be killed")

    async def close(self, *, politely: bool = False) -> None:
        """End the worker, and wait until it is gone."""
        self.life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.life
        if not politely:
            self.kill()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.worker.close()
        except TimeoutError:
            log.error("a render worker does not end")
        except Exception:
            log.exception("a render worker cannot be closed")

    async def _live(self) -> str:
        watch = asyncio.create_task(self._watch(), name="watch of the render worker")
        try:
            async for message in self.worker.messages():
                self._pulse.hear(message, time.monotonic())
                self.ailment = ""
                if isinstance(message, Booted):
                    self.booted = message
                elif isinstance(message, BootFailed | Broken):
                    self._last_words = message.detail
                if not isinstance(message, Beat):
                    self._pass_on(message)
        except Exception as error:
            log.exception("what the render worker says cannot be read")
            return f"what it said could not be read ({type(error).__name__})"
        finally:
            watch.cancel()
        return self._last_words or self.ailment or "it ended"

    def _pass_on(self, message: Up) -> None:
        try:
            self._hear(message)
        except Exception:
            log.exception("%s of the render worker cannot be handled", type(message).__name__)

    async def _watch(self) -> None:
        """Kill the worker when it is lost; wakes only when it could be."""
        while True:
            wait = self._pulse.look_in(asked := time.monotonic())
            await asyncio.sleep(wait)
            try:
                if self._is_lost(time.monotonic(), asked + wait):
                    log.error("%s; replacing it", self.ailment)
                    self.kill()
                    return
            except Exception:
                log.exception("the render worker cannot be watched")
                await asyncio.sleep(_LATE_S)

    def _is_lost(self, now: float, due: float) -> bool:
        if now - due > _LATE_S:
            self._pulse.excuse(now)
            return False
        finding = self._pulse.look(now, self._owes(), self.worker.busy_s())
        self.ailment = finding.ailment
        return finding.is_lost
