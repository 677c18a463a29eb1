"""A bounded queue that keeps the newest items: what a viewer of live pictures wants."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds at most `capacity` items; a full one drops its oldest and counts it. For one consumer."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque(maxlen=capacity)
        self._changed = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None
        self.received = 0
        """Items ever put."""
        self.dropped = 0
        """Items nobody took in time."""

    def put(self, item: T) -> None:
        """Add the newest item; never waits."""
        self.received += 1
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes, and why; the first call counts."""
        if not self._ended:
            self._ended, self._error = True, error
            self._changed.set()

    async def next(self) -> T | None:
        """The oldest item held; None after the end.

        Raises:
            Exception: the error given to `end`, once the queue is empty.
        """
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()
