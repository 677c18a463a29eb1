"""Work beside the render thread: on threads of their own that yield to it, few at once.

loop ──submit──► thread ──► work ──Ended──► inbox ──► loop: what to do then
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from avatar_rtc.render.device.current import ThreadPlace
from avatar_rtc.worker.system import give_back_memory, yield_to_frames

Result = TypeVar("Result")
Task = TypeVar("Task")
IDLE_THREAD_S = 10.0
"""A thread without work for so long gives back the memory that work has left."""


@dataclass(frozen=True)
class WorkDone:
    """A piece of work is over; `then` goes on where it was asked for."""

    then: Callable[[], None]


class Beside:
    """Threads that are started when there is work for them. All methods are called on one thread."""

    def __init__(self, count: int, name: str, ended: Callable[[WorkDone], None]) -> None:
        """
        Args:
            count: of threads, at most; 0 does all work at once, on the thread that asks.
            ended: takes what is to be done when work is over, on the thread of the work.
        """
        self._count, self._name, self._ended = count, name, ended
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy, self._place = 0, ThreadPlace.here()

    @property
    def is_here(self) -> bool:
        """Whether work is done on the thread that asks."""
        return self._count == 0

    @property
    def has_room(self) -> bool:
        """Whether work would begin at once."""
        return self._count == 0 or self._busy < self._count

    def submit(self, work: Callable[[], Result], then: Callable[["Future[Result]"], None]) -> None:
        """Do this; `then` gets what came of it, an exception included."""
        if self._count == 0:
            then(outcome(work))
            return
        self._busy += 1

        def over(result: "Future[Result]") -> None:
            self._busy -= 1
            then(result)

        if self._busy > len(self._threads) and len(self._threads) < self._count:
            # A daemon: work that never ends must not keep the process.
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._inbox.put(lambda: self._ended(_over(outcome(work), over)))

    def close(self, within_s: float) -> None:
        """End the threads after the work under way; waits so long for it and no longer."""
        until = time.monotonic() + within_s
        for _ in self._threads:
            self._inbox.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        yield_to_frames(is_live=True)
        self._place.take()
        while (work := taken(self._inbox)) is not None:
            work()
            del work  # or what came of it would stay until the next


def taken(inbox: queue.SimpleQueue[Task]) -> Task:
    """The next of the inbox; who waits long for it gives back the memory that the last ones left."""
    try:
        return inbox.get(timeout=IDLE_THREAD_S)
    except queue.Empty:
        give_back_memory()
        return inbox.get()


def outcome(work: Callable[[], Result]) -> "Future[Result]":
    """What comes of work that is done here and now, an exception included."""
    future: Future[Result] = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future


def let_go(error: BaseException) -> None:
    """Free what the frames hold that an error came through, once it was told.

    They hold whoever called them, and these what came of their work, the error itself included: half of a
    picture's memory would stay until the collector comes.
    """
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__context__


def _over(result: "Future[Result]", then: Callable[["Future[Result]"], None]) -> WorkDone:
    return WorkDone(lambda: then(result))
