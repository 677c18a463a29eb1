"""What the worker is doing and for how long, and the thread that tells it: its heartbeat."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from avatar_rtc.link.orders import BEAT_S, Beat

Doing = Literal["opening", "rendering"]


class StepClock:
    """The steps under way, on any threads; read by the heart."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._begun: dict[object, tuple[Doing, float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def step(self, doing: Doing) -> Iterator[None]:
        """Does one thing inside."""
        key = object()
        with self._lock:
            self._begun[key] = doing, self._now()
        try:
            yield
        finally:
            with self._lock:
                del self._begun[key]

    def beat(self) -> Beat:
        """How long each kind of step has taken that is under way longest."""
        with self._lock:
            begun, now = list(self._begun.values()), self._now()

        def longest(kind: Doing) -> float:
            return max((now - since for doing, since in begun if doing == kind), default=0.0)

        return Beat(longest("opening"), longest("rendering"))


@contextmanager
def heartbeat(progress: StepClock, emit: Callable[[Beat], None]) -> Iterator[None]:
    """Tell every BEAT_S, from a thread of its own, that the process lives."""
    over = threading.Event()

    def beat() -> None:
        emit(progress.beat())
        while not over.wait(BEAT_S):
            emit(progress.beat())

    heart = threading.Thread(target=beat, name="heart", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join(BEAT_S)
