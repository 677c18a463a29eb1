"""Captures beside the frames: on a thread of their own, one after another."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.render.device.graphs import Graph, Graphs, Work
from avatar_rtc.render.device.operators import OperatorMode


@dataclass(frozen=True)
class CapturedWork:
    """Work that is done by replaying."""

    graph: Graph
    turn: Callable[[], AbstractContextManager[None]]
    """See `Graphs.turn`."""
    held: Sequence[Tensor] = field(repr=False)
    """What it reads beside its inputs, such as tables: their memory must not be given away."""

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """What the work gives of these; valid until the next call."""
        with self.turn():
            for kept, new in zip(self.graph.inputs, inputs, strict=True):
                kept.copy_(new)
            self.graph.replay()
        return self.graph.outputs  # no other graph writes there


class Captures:
    """Captures work for one device."""

    def __init__(
        self, graphs: Graphs, beside: Executor | None = None, generation: Callable[[], int] = lambda: 0
    ) -> None:
        """
        Args:
            beside: runs one capture at a time; None is a thread that starts with the first.
            generation: another number says that what was captured is to be captured anew, for compiled
                functions have come.
        """
        self._graphs, self.generation = graphs, generation
        self._beside = beside or ThreadPoolExecutor(1, "captures")

    def begin(self, work: Work, inputs: Sequence[Tensor]) -> "Future[CapturedWork]":
        """Capture some time; what cannot be captured raises there.

        Args:
            inputs: of the shapes to come; their values do not matter.
        """
        return self._beside.submit(self._captured, work, inputs)

    @torch.inference_mode()
    def _captured(self, work: Work, inputs: Sequence[Tensor]) -> CapturedWork:
        work(*inputs)  # makes the tables, or they would pass for something that it made for itself
        held = read_by(work, inputs)
        return CapturedWork(self._graphs.capture(work, inputs), self._graphs.turn, held)


def read_by(work: Work, inputs: Sequence[Tensor]) -> list[Tensor]:
    """What a piece of work reads that was there before it, beside its inputs."""
    seen = _Seen(inputs)
    with seen:
        work(*inputs)
    return seen.read


class _Seen(OperatorMode):  # type: ignore[no-untyped-call]
    def __init__(self, known: Sequence[Tensor]) -> None:
        super().__init__()
        self.read: list[Tensor] = []
        self._known = {tensor.untyped_storage()._cdata for tensor in known}

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for tensor in _tensors((args, kwargs)):
            if tensor.untyped_storage()._cdata not in self._known:
                self.read.append(tensor)
                self._known.add(tensor.untyped_storage()._cdata)
        result = func(*args, **kwargs)
        for tensor in _tensors(result):
            self._known.add(tensor.untyped_storage()._cdata)
        return result


def _tensors(values: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
