"""Work that is done beside the thread that asks for it: in order, and never far behind."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

_MOST_WAITING = 4


class FileThread:
    """One thread that does what it is given, in order; a context manager that waits for all of it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="film file")
        self._waiting: deque[Future[object]] = deque()

    def __enter__(self) -> Self:
        return self

    def __call__(self, do: Callable[[], object]) -> None:
        """Have it done; waits while four things wait already.

        Raises:
            Whatever something that was given before has raised.
        """
        self._waiting.append(self._thread.submit(do))
        while self._waiting and (len(self._waiting) > _MOST_WAITING or self._waiting[0].done()):
            self._waiting.popleft().result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._thread.shutdown(cancel_futures=True)
            return
        try:
            for future in self._waiting:
                future.result()
        finally:
            self._thread.shutdown(cancel_futures=True)
