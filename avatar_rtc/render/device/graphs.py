"""Work that is captured once and replayed: a device is then told of hundreds of kernels by one call.

capture(work, inputs) ─► Graph ─► write into `inputs` ─► replay() ─► read `outputs`

What is captured never reads a value back, takes nothing from the host and always has the same shapes. Numbers
that change from frame to frame come in as tensors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Work = Callable[..., Sequence[Tensor]]
"""Tensors in, tensors out; pure."""
_WARM_UPS = 3
"""Calls before a capture: libraries choose their kernels, and allocate what they keep."""


class Graph(Protocol):
    """Work that was captured; for one thread at a time."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """Read by each replay; written by whoever replays, with `copy_`. Their addresses stay."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """Written by each replay, valid until the next. Their addresses stay."""

    def replay(self) -> None:
        """Do the work once more; on a device this returns before it is done."""


class Graphs(Protocol):
    """Captures work on one device."""

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> Graph:
        """A graph of this work, whose inputs are copies of these.

        Raises:
            RuntimeError: the work does what cannot be captured.
        """


@dataclass(frozen=True)
class CudaGraph:
    """A graph of CUDA; see `Graph`."""

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    graph: torch.cuda.CUDAGraph

    def replay(self) -> None:
        """See `Graph.replay`; on the current stream."""
        self.graph.replay()


class CudaGraphs:
    """Captures on a CUDA device. All its graphs share one pool: they never run at the same time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> CudaGraph:
        """See `Graphs.capture`. Other threads may go on using the device meanwhile."""
        kept = [each.clone() for each in inputs]
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS):
                work(*kept)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            outputs = work(*kept)
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        return CudaGraph(kept, outputs, graph)
