"""A render worker as the server sees it."""

from collections.abc import AsyncIterator
from typing import Protocol

from avatar_rtc.link.orders import Down, Up


class Worker(Protocol):
    """A render worker as the server sees it: another process, or a thread in tests."""

    async def send(self, message: Down) -> None:
        """Hand a message down; waits while the worker takes it. One call at a time.

        Raises:
            OSError: the worker is gone; `messages` tells of it too.
            Exception: the message cannot be written; the next one can.
        """

    def messages(self) -> AsyncIterator[Up]:
        """What comes up, in order; ends when the worker is gone.

        Raises:
            Exception: what comes up cannot be read; nothing more will come.
        """

    def busy_s(self) -> float | None:
        """Processor time it has spent so far, in s; None where the system does not tell."""

    def memory_bytes(self) -> int | None:
        """Main memory that it holds; None where the system does not tell."""

    def kill(self) -> None:
        """End the worker at once, without waiting; `messages` then ends."""

    async def close(self) -> None:
        """End the worker politely and wait until it is gone."""
