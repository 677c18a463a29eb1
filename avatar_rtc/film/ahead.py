"""Items that are made asynchronously, read by a thread that has no event loop."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
_MOST_AHEAD = 2


class _End:
    """Behind the last item."""


class Ahead(Iterator[T], Generic[T]):
    """An iterator over an asynchronous generator, which runs in a thread and is two items ahead.

    A context manager: leaving it closes the generator, wherever it is.
    """

    def __init__(self, make: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._make = make
        self._items: queue.Queue[T | BaseException | _End] = queue.Queue()
        self._room = threading.Semaphore(_MOST_AHEAD)
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speech ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop)
        self._room.release()
        self._thread.join()

    def __next__(self) -> T:
        item = self._items.get()
        if isinstance(item, _End):
            self._items.put(item)
            raise StopIteration
        if isinstance(item, BaseException):
            self._items.put(_End())
            raise item
        self._room.release()
        return item

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._begun.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._begun.set()
        end: BaseException | _End = _End()
        items = self._make()
        try:
            async for item in items:
                self._items.put(item)
                await asyncio.to_thread(self._room.acquire)
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            end = error
        finally:
            with suppress(Exception):
                await items.aclose()
        self._items.put(end)
