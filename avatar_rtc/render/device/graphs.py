"""Work that is captured once and replayed: a device is then told of hundreds of kernels by one call.

capture(work, inputs) ─► Graph ─► write into `inputs` ─► replay() ─► read `outputs`

What is captured never reads a value back, takes nothing from the host and always has the same shapes. Numbers
that change from frame to frame come in as tensors.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Protocol
from weakref import WeakSet

import torch
from torch import Tensor

from avatar_rtc.render.device.memory import CAPTURING, give_back_cached, is_out_of_memory

Work = Callable[..., Sequence[Tensor]]
"""Tensors in, tensors out; pure."""


class Graph(Protocol):
    """Work that was captured; it is written to, replayed and read within one `Graphs.turn`."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """Read by each replay; written by whoever replays, with `copy_`. Their addresses stay."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """Written by each replay, valid until the next. Their addresses stay."""

    def replay(self) -> None:
        """Do the work once more; on a device this returns before it is done."""


class Graphs(Protocol):
    """Captures work on one device. All its graphs share memory, so they never run at the same time."""

    def turn(self) -> AbstractContextManager[None]:
        """While entered, the graphs' memory is this thread's.

        Whatever was asked of the device within the turn before is done before what is asked within this one;
        only the device waits for it. What a replay gave is copied before the turn ends.
        """

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> Graph:
        """A graph of this work, whose inputs are copies of these; one at a time.

        The work has run before on this thread, so its kernels are loaded and its tables made.

        Raises:
            RuntimeError: the work does what cannot be captured.
        """


@dataclass(frozen=True, eq=False)
class CudaGraph:
    """A graph of CUDA; see `Graph`."""

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    graph: torch.cuda.CUDAGraph

    def replay(self) -> None:
        """See `Graph.replay`; on the current stream."""
        self.graph.replay()


class CudaGraphs:
    """Captures on a CUDA device, into one pool of memory.

    Not by `torch.cuda.graph`, which first waits for the device and gives back all that torch keeps of its
    memory: frames would stand still for each capture.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._lock = Lock()
        self._over = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()
        self._living: WeakSet[CudaGraph] = WeakSet()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See `Graphs.turn`; turns may be on different streams."""
        with self._lock:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(self._over)  # of an event that never was: none
            try:
                yield
            finally:
                self._over.record(stream)

    def capture(self, work: Work, inputs: Sequence[Tensor]) -> CudaGraph:
        """See `Graphs.capture`. Other threads may go on using the device meanwhile."""
        kept = [each.clone() for each in inputs]
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            with self.turn():
                work(*kept)  # libraries get what they keep for this stream, and all graphs use that
            made = self._recorded_if_room(work, kept)
            if made is None:
                give_back_cached(str(self._device))  # a pool gets nothing of what torch keeps
                made = self._recorded(work, kept)
        self._living.add(made)
        return made

    def _recorded_if_room(self, work: Work, inputs: Sequence[Tensor]) -> CudaGraph | None:
        try:
            return self._recorded(work, inputs)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        return None  # and the error is gone, which held the memory of all that was under way

    def _recorded(self, work: Work, inputs: Sequence[Tensor]) -> CudaGraph:
        living = [*self._living]  # held, or the pool might go
        if not living:  # then torch takes the pool for gone, and never again
            self._pool = torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        with CAPTURING, _uncollected():
            try:
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                outputs = work(*inputs)
                graph.capture_end()
            except BaseException:
                self._break_off(graph)
                raise
        return CudaGraph(inputs, outputs, graph)

    def _break_off(self, graph: torch.cuda.CUDAGraph) -> None:
        """End a capture that went wrong: torch would take it to be under way, and free nothing any more."""
        release = partial(torch._C._cuda_endAllocateToPool, torch.cuda.current_device(), self._pool)
        for end in (graph.capture_end, release):  # torch 2.11 leaves out the second if CUDA refuses the first
            with suppress(RuntimeError):
                end()


@contextmanager
def _uncollected() -> Iterator[None]:
    """While entered, nothing is collected: what goes then may ask CUDA for what ends a capture."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
