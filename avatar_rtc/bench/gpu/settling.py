"""Waiting for what is made ready beside the calls: functions that are compiled, graphs."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from avatar_rtc.render.device.preparing import PREPARING, Later

Found = TypeVar("Found")
_LEAST_S = 2.0
"""That a wait may take when all the time there was is used up."""
_WORK_S = 120.0
"""That one piece of work may take at the least."""


class Settler:
    """Waits for the thread that makes things ready; all its waits together take no longer than they may."""

    def __init__(self, within_s: float, later: Later = PREPARING, least_s: float = _LEAST_S) -> None:
        """
        Args:
            within_s: what all waits together may take.
            least_s: what each may, even when that is used up.
        """
        self._left_s, self._later, self._least_s = within_s, later, least_s
        self.waited_s = 0.0
        """So far."""

    def __call__(self) -> bool:
        """Return when all that was asked for is there, or time is used up; False if it is not there."""
        done, begun = threading.Event(), time.monotonic()
        self._later(done.set)
        is_done = done.wait(max(self._least_s, self._left_s))
        self._spend(time.monotonic() - begun)
        return is_done

    def do(self, work: Callable[[], Found]) -> Found:
        """Do this there: neither torch's compiler nor a capture may run twice at a time.

        Raises:
            TimeoutError: it takes too long.
            Exception: what the work raises.
        """
        future: Future[Found] = Future()
        begun = time.monotonic()
        self._later(lambda: _fulfil(future, work))
        try:
            return future.result(max(_WORK_S, self._left_s))
        finally:
            self._spend(time.monotonic() - begun)

    def _spend(self, seconds: float) -> None:
        self.waited_s += seconds
        self._left_s -= seconds


def _fulfil(future: "Future[Found]", work: Callable[[], Found]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # whoever waits is told
        future.set_exception(error)
