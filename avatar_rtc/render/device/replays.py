"""Work on batches of any size, replayed from graphs of few sizes.

```
 3 items ─► graph of 4: inputs[:3] ◄─ copied, replay, outputs[:3] ─► copies, the caller's own
```
A graph is captured on first need, beside the frames; until it is there the work is done as it is. The rows
that are left over keep what was in them: no picture of a batch depends on another.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

import torch
from torch import Tensor

from avatar_rtc.render.device.batches import LARGEST_BATCH
from avatar_rtc.render.device.compiling import COMPILER
from avatar_rtc.render.device.graphs import Graph, Graphs, Work
from avatar_rtc.render.device.preparing import Later

Name = TypeVar("Name", bound=str)
Columns = Sequence[Sequence[Tensor]]
"""For each input of the work the rows of it, (1, …) or more each."""

log = logging.getLogger(__name__)


class Replays(Generic[Name]):
    """Graphs of some pieces of work by name and size of the batch. Any thread may ask."""

    def __init__(self, graphs: Graphs, later: Later) -> None:
        self._graphs, self._later = graphs, later
        self._captured: dict[tuple[Name, int], Graph | None] = {}
        """None is one that was asked for, and is not there or cannot be."""
        self._lock = Lock()

    def run(self, name: Name, work: Work, columns: Columns, items: int) -> Sequence[Tensor]:
        """What the work gives for a batch, in memory of the caller's own.

        Args:
            items: in the batch, up to `LARGEST_BATCH`.
        """
        graph = self._graph(name, work, columns, padded(items))
        if graph is None:
            return work(*(batched(rows) for rows in columns))
        with self._graphs.turn():
            return _replayed(graph, columns, items)

    def drop(self, items: int) -> bool:
        """Forget graphs of batches of at least so many, and say whether there were any.

        They are not captured again, for it was for want of memory.
        """
        with self._lock:
            found = [key for key, graph in self._captured.items() if graph is not None and key[1] >= items]
            self._captured |= dict.fromkeys(found)
        return bool(found)

    def _graph(self, name: Name, work: Work, columns: Columns, size: int) -> Graph | None:
        with self._lock:
            is_known = (name, size) in self._captured
            graph = self._captured.setdefault((name, size), None)
        if not is_known:
            self._later(partial(self._capture, name, work, size, _blank(columns, size)))
        return graph

    def _capture(self, name: Name, work: Work, size: int, blank: Callable[[], Sequence[Tensor]]) -> None:
        try:
            with torch.inference_mode(), COMPILER.here():
                graph = self._graphs.capture(work, blank())
        except RuntimeError as error:  # of which those of memory and of CUDA are
            log.warning("no graph of %s for %d at once, which go on without: %s", name, size, error)
            return
        with self._lock:
            self._captured[name, size] = graph


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


def _blank(columns: Columns, size: int) -> Callable[[], Sequence[Tensor]]:
    """Makes zeros in the shape of `size` items, without keeping the rows."""
    kinds = [(rows[0].shape[1:], rows[0].dtype, rows[0].device) for rows in columns]
    return lambda: [torch.zeros(size, *shape, dtype=kind, device=device) for shape, kind, device in kinds]


def _replayed(graph: Graph, columns: Columns, items: int) -> Sequence[Tensor]:
    for kept, rows in zip(graph.inputs, columns, strict=True):
        torch.cat(list(rows), out=kept[:items])
    graph.replay()
    return [output[:items].clone() for output in graph.outputs]
