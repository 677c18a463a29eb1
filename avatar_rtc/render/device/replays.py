"""Work on batches of any size, replayed from graphs of few sizes.

```
 3 items ─► graph of 4: inputs[:3] ◄─ copied, replay, outputs[:3] ─► copies, the caller's own
```
A graph is captured on first need, beside the frames; until it is there the work is done as it is. The rows
that are left over keep what was in them: no picture of a batch depends on another.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Generic, TypeVar

import torch
from torch import Tensor

from avatar_rtc.render.device.batches import LARGEST_BATCH
from avatar_rtc.render.device.captures import Blank, Capture, Captures
from avatar_rtc.render.device.graphs import Work

Name = TypeVar("Name", bound=str)
Columns = Sequence[Sequence[Tensor]]
"""For each input of the work the rows of it, (1, …) or more each."""


class Replays(Generic[Name]):
    """Graphs of some pieces of work by name and size of the batch. Any thread may ask."""

    def __init__(self, captures: Captures) -> None:
        self._captures = captures
        self._asked: dict[tuple[Name, int], Capture] = {}
        self._lock = Lock()

    def run(self, name: Name, work: Work, columns: Columns, items: int) -> Sequence[Tensor]:
        """What the work gives for a batch, in memory of the caller's own.

        Args:
            items: in the batch, up to `LARGEST_BATCH`.
        """
        made = self._capture(name, work, columns, padded(items)).made
        if made is None:
            return work(*(batched(rows) for rows in columns))
        return made(*columns, items=items)

    def drop(self, items: int) -> bool:
        """Forget graphs of batches of at least so many, for want of memory; True if there were any."""
        self._captures.rest()
        with self._lock:
            return any([each.drop() for (_, size), each in self._asked.items() if size >= items])

    def _capture(self, name: Name, work: Work, columns: Columns, size: int) -> Capture:
        with self._lock:
            asked = self._asked.get((name, size))
            if asked is None or (asked.is_dropped and not self._captures.rests):
                asked = self._captures.begin(f"{name} for {size} at once", work, _blank(columns, size))
                self._asked[name, size] = asked
            return asked


def padded(items: int) -> int:
    """The size of the graph for a batch: the next power of two.

    >>> [padded(n) for n in (1, 2, 3, 5, 16)]
    [1, 2, 4, 8, 16]
    """
    assert 0 < items <= LARGEST_BATCH
    return 1 << (items - 1).bit_length()


def batched(rows: Sequence[Tensor]) -> Tensor:
    """Rows as one batch; a single one as it is."""
    return rows[0] if len(rows) == 1 else torch.cat(list(rows))


def _blank(columns: Columns, size: int) -> Blank:
    """Makes zeros in the shape of `size` items, without keeping the rows."""
    kinds = [(rows[0].shape[1:], rows[0].dtype, rows[0].device) for rows in columns]
    return lambda: [torch.zeros(size, *shape, dtype=kind, device=device) for shape, kind, device in kinds]
