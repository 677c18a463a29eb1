"""Captures beside the frames, and the one way to replay them.

```
 begin ─► queue ─► run once: compiled, tables made ─► what it reads is held ─► graph
                              (until then its work is done as it is)
 call  ─► a turn: inputs written, replay, outputs copied ─► the caller's own
```
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.render.device.compiling import COMPILER, Compiler
from avatar_rtc.render.device.current import current
from avatar_rtc.render.device.graphs import Graph, Graphs, Work
from avatar_rtc.render.device.operators import READS_BACK, OperatorLog, OperatorMode
from avatar_rtc.render.device.preparing import PREPARING, Later

log = logging.getLogger(__name__)
REST_S = 300.0
"""So long nothing is captured once captures had to go for want of memory: a graph only saves time."""
Blank = Callable[[], Sequence[Tensor]]
"""Makes inputs of the shapes to come; their values do not matter."""


@dataclass(frozen=True)
class CapturedWork:
    """Work that is done by replaying."""

    graph: Graph
    turn: Callable[[], AbstractContextManager[None]]
    """See `Graphs.turn`."""
    held: Sequence[Tensor] = field(repr=False)
    """What it reads beside its inputs, such as tables: their memory must not be given away."""

    def __call__(self, *inputs: Sequence[Tensor], items: int | None = None) -> Sequence[Tensor]:
        """What the work gives, in memory of the caller's own.

        Args:
            inputs: for each input what it begins with: tensors that follow each other in the first dimension.
            items: so many of the first dimension are wanted of each output; None is all.
        """
        with self.turn():
            for kept, rows in zip(self.graph.inputs, inputs, strict=True):
                torch.cat(list(rows), out=kept[: sum(map(len, rows))])
            self.graph.replay()
            # Another graph may write there: it was captured while this memory was free in between.
            return [output[:items].clone() for output in self.graph.outputs]


class Capture:
    """Work that was asked to be captured. Any thread may ask."""

    def __init__(self, name: str, job: tuple[Work, Blank] | None) -> None:
        """`job` is what to capture; None refuses."""
        self.name, self._job = name, job
        self._lock = Lock()
        self._made: CapturedWork | None = None
        self.is_dropped = job is None
        """Whether it will never be there."""

    @property
    def made(self) -> CapturedWork | None:
        """What does the work; None until it is there, where there can be none, and once it was dropped."""
        return self._made

    def drop(self) -> bool:
        """Let it go; if it has not begun it never does. True if it was there."""
        with self._lock:
            was_made = self._made is not None
            self.is_dropped, self._made, self._job = True, None, None
        return was_made

    def run(self, make: Callable[[Work, Blank], CapturedWork]) -> None:
        """Make it, if somebody still wants it; what goes wrong is logged."""
        job, self._job = self._job, None
        if job is None:
            return
        try:
            made = make(*job)
        except Exception as error:  # whatever work, compiler or CUDA may raise
            log.warning("%s goes on without a graph: %s: %s", self.name, type(error).__name__, error)
            return
        with self._lock:
            self._made = None if self.is_dropped else made


class Captures:
    """Captures work for one device, beside the frames and one after another. Any thread may ask."""

    def __init__(
        self,
        graphs: Graphs,
        later: Later = PREPARING,
        compiler: Compiler = COMPILER,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            later: makes captures, and whatever else of its kind, one at a time.
            compiler: what the work calls is compiled by it before the capture.
        """
        self._graphs, self._later, self._compiler, self._now = graphs, later, compiler, now
        self._alive: WeakSet[Capture] = WeakSet()
        self._rests_until = -math.inf
        self._lock = Lock()

    @property
    def rests(self) -> bool:
        """Whether nothing is captured at present, for want of memory."""
        return self._now() < self._rests_until

    def begin(self, name: str, work: Work, blank: Blank) -> Capture:
        """Capture some time; while it rests, what comes back is dropped already.

        Args:
            name: of the work, for the log.
        """
        capture = Capture(name, None if self.rests else (work, blank))
        with self._lock:
            self._alive.add(capture)
        if not capture.is_dropped:
            self._later(partial(capture.run, self._captured))
        return capture

    def rest(self) -> None:
        """Capture nothing for a while: there is too little memory."""
        self._rests_until = self._now() + REST_S

    def forget(self) -> None:
        """Free all graphs, whoever asked for them, and rest."""
        self.rest()
        with self._lock:
            alive = list(self._alive)
        for capture in alive:
            capture.drop()

    @torch.inference_mode()
    def _captured(self, work: Work, blank: Blank) -> CapturedWork:
        inputs = blank()
        with current(inputs[0].device):
            # On the stream of the frames: a table that was made on another might be read before it is there.
            with self._compiler.here():
                work(*inputs)
            # Plain, for a compiled function need not show what it reads.
            with self._compiler.inside():
                held = read_by(work, inputs)
            return CapturedWork(self._graphs.capture(work, inputs), self._graphs.turn, held)


def read_by(work: Work, inputs: Sequence[Tensor]) -> list[Tensor]:
    """What a piece of work reads that was there before it, beside its inputs.

    Raises:
        RuntimeError: it does what cannot be captured. CUDA would find that, too, but a capture that it breaks
            off costs memory for ever.
    """
    seen, crossings = _Seen(inputs), OperatorLog()
    with crossings, seen:
        work(*inputs)
    for each in (*crossings.uploads, *crossings.downloads):
        raise RuntimeError(f"{each.name} copies from or to the host, which no graph can")
    return seen.read


class _Seen(OperatorMode):  # type: ignore[no-untyped-call]
    def __init__(self, known: Sequence[Tensor]) -> None:
        super().__init__()
        self.read: list[Tensor] = []
        self._known = {tensor.untyped_storage()._cdata for tensor in known}

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func._schema.name in READS_BACK:
            raise RuntimeError(f"{func._schema.name} reads a value back, which no graph can")
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
