"""How large a batch a device bears: halved when it has no room, tried larger again after a while."""

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import TypeVar

from avatar_rtc.render.device.memory import is_out_of_memory

Item = TypeVar("Item")
Found = TypeVar("Found")

LARGEST_BATCH = 16
"""More at once gains nothing: a card is full long before."""
_PATIENCE = 250
"""Batches of the largest size that went, before twice as many are tried: 10 s at 25 a second."""
_MOST_PATIENCE = 64 * _PATIENCE


class BatchLimit:
    """The most items at once, a power of two up to `LARGEST_BATCH`. Any thread may use it."""

    def __init__(self) -> None:
        self.items = LARGEST_BATCH
        self._went, self._patience = 0, _PATIENCE
        self._lock = Lock()

    def failed(self, items: int) -> None:
        """There was no room for so many; they are tried again later, and the later the oftener they fail."""
        with self._lock:
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
            while self.items >= items > 1:
                self.items //= 2
            self._went = 0

    def succeeded(self, items: int) -> None:
        """So many went."""
        with self._lock:
            if items < self.items or self.items == LARGEST_BATCH:
                return
            self._went += 1
            if self._went == self._patience:
                self.items, self._went = 2 * self.items, 0


def in_pieces(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Found],
    limit: BatchLimit,
    make_room: Callable[[int], bool],
) -> Iterator[tuple[Sequence[Item], Found]]:
    """Pieces of a batch and what `work` gave for each, in order.

    Args:
        make_room: called with how many items found no room; frees what it can, and says whether that may
            be enough for a single one.

    Raises:
        RuntimeError: there is no room for a single one; see `is_out_of_memory`.
    """
    begun = 0
    while begun < len(items):
        piece = items[begun : begun + limit.items]
        failure = None
        try:
            found = work(piece)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            # Without its traceback, which holds the memory of all that was under way.
            failure = error.with_traceback(None)
        if failure is None:
            limit.succeeded(len(piece))
            begun += len(piece)
            yield piece, found
            continue
        limit.failed(len(piece))
        if not make_room(len(piece)) and len(piece) == 1:
            raise failure
