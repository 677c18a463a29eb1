"""Graphs without a card: operators are written down as they run, and run again on the same memory.

Like a CUDA graph it replays operators and no Python, so whatever of the work depends on a value, on the
host or on the time shows as a wrong picture. For tests, and to rehearse on a CPU what a card will do.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.render.device.graphs import Work
from avatar_rtc.render.device.operators import READS_BACK, OperatorMode


@dataclass(frozen=True)
class _Call:
    func: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any

    def again(self) -> None:
        """Run once more, and write what comes out to where it went before."""
        found = self.func(*self.args, **self.kwargs)
        for new, old in zip(tree_leaves(found), tree_leaves(self.result), strict=True):
            if isinstance(new, Tensor) and new.data_ptr() != old.data_ptr():
                old.copy_(new)


class _Recorder(OperatorMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = func._schema.name
        if name in READS_BACK:
            raise RuntimeError(f"{name} reads a value back, which no graph can")
        result = func(*args, **kwargs)
        if not func.is_view:  # a view of the same memory stays one
            self.calls.append(_Call(func, args, kwargs, result))
        return result


@dataclass(frozen=True)
class RecordedGraph:
    """See `Graph`. A replay raises if memory that was captured lies elsewhere or has another shape."""

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    _calls: Sequence[_Call] = field(repr=False)
    _places: Sequence[tuple[int, torch.Size, tuple[int, ...]]] = field(repr=False)

    def replay(self) -> None:
        """See `Graph.replay`.

        Raises:
            RuntimeError: an input or output was replaced or resized.
        """
        self._check()
        with torch.inference_mode():
            for call in self._calls:
                call.again()
        self._check()

    def _check(self) -> None:
        if self._places != _places([*self.inputs, *self.outputs]):
            raise RuntimeError("the memory of a graph was moved or resized between two replays")


class RecordedGraphs:
    """See `Graphs`; on a CPU."""

    def __init__(self, on_capture: Callable[[int], None] = lambda calls: None) -> None:
        """`on_capture` is told how many operators a graph has."""
        self._on_capture = on_capture
        self._lock = Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See `Graphs.turn`."""
        with self._lock:
            yield

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> RecordedGraph:
        """See `Graphs.capture`."""
        kept = [each.clone() for each in inputs]
        recorder = _Recorder()
        with torch.inference_mode(), recorder:
            outputs = work(*kept)
        self._on_capture(len(recorder.calls))
        return RecordedGraph(kept, outputs, recorder.calls, _places([*kept, *outputs]))


def _places(tensors: Sequence[Tensor]) -> list[tuple[int, torch.Size, tuple[int, ...]]]:
    return [(each.data_ptr(), each.shape, each.stride()) for each in tensors]
