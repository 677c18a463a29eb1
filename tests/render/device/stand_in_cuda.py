"""A CUDA that takes notes and holds to the rules of the real one that are known, of one device."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch


class Refused(RuntimeError):
    """What CUDA or torch's allocator would say."""


@dataclass(frozen=True)
class Handle:
    """A stream or an event."""

    cuda: "StandInCuda" = field(repr=False)
    name: str

    def wait_event(self, event: "Handle") -> None:
        self.cuda.said.append(f"{self.name} waits for {event.name}")

    def wait_stream(self, stream: "Handle") -> None:
        self.cuda.said.append(f"{self.name} waits for {stream.name}")

    def record(self, stream: "Handle") -> None:
        self.cuda.said.append(f"{self.name} in {stream.name}")


@dataclass
class StandInGraph:
    """As `torch.cuda.CUDAGraph`: a pool counts the graphs that use it, and is used up by the last."""

    cuda: "StandInCuda"
    pool: tuple[int, int] | None = None

    def capture_begin(self, pool: tuple[int, int], capture_error_mode: str) -> None:
        cuda = self.cuda
        if cuda.now.name == "frames":
            raise Refused("CUDA graphs must be captured on a non-default stream")
        if cuda.allocating is not None:
            raise Refused("already recording to mempool_id")
        if cuda.uses.get(pool) == 0:
            raise Refused("it->second->use_count > 0 INTERNAL ASSERT FAILED")
        assert capture_error_mode == "thread_local", "others go on meanwhile"
        cuda.uses[pool] = cuda.uses.get(pool, 0) + 1
        self.pool = cuda.allocating = pool
        cuda.capturing, cuda.is_broken = threading.get_ident(), False
        cuda.said.append("begin")

    def capture_end(self) -> None:
        self.cuda.said.append("end")
        was_broken, self.cuda.capturing = self.cuda.is_broken, None
        if was_broken:  # and torch 2.11 leaves the allocator as it is
            self.cuda.is_broken = False
            raise Refused("operation failed due to a previous error during capture")
        self.cuda.allocating = None

    def replay(self) -> None:
        self.cuda.said.append(f"replay in {self.cuda.now.name}")

    def __del__(self) -> None:
        if self.pool is not None:
            self.cuda.uses[self.pool] -= 1


class StandInCuda:
    """One device; `said` is what it was asked, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.now = Handle(self, "frames")
        self.uses: dict[tuple[int, int], int] = {}
        self.capturing: int | None = None
        """The thread that captures."""
        self.is_broken = False
        self.allocating: tuple[int, int] | None = None
        """The pool that takes allocations."""
        self._pools = 0

    def wait_for_device(self) -> None:
        """`synchronize`, or `empty_cache`, which does."""
        if self.capturing is not None:
            self.is_broken = True
            raise Refused("operation not permitted when stream is capturing")
        self.said.append("device waited for")

    def run(self) -> None:
        """Some kernel."""
        self.said.append(f"work in {self.now.name}")

    def pool(self) -> tuple[int, int]:
        self._pools += 1
        return 0, self._pools

    def end_allocating(self, device: int, pool: tuple[int, int]) -> None:
        if self.allocating != pool:
            raise Refused("not currently recording to mempool_id")
        self.allocating = None

    @contextmanager
    def on(self, stream: Handle) -> Iterator[None]:
        before, self.now = self.now, stream
        try:
            yield
        finally:
            self.now = before

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let torch be this one."""
        stands_in: dict[str, Callable[..., object]] = {
            "Stream": lambda device: Handle(self, "captures"),
            "Event": lambda: Handle(self, "over"),
            "CUDAGraph": lambda: StandInGraph(self),
            "graph_pool_handle": self.pool,
            "current_stream": lambda device: self.now,
            "current_device": lambda: 0,
            "stream": self.on,
            "empty_cache": self.wait_for_device,
            "synchronize": lambda device=None: self.wait_for_device(),
        }
        for name, stand_in in stands_in.items():
            patch.setattr(torch.cuda, name, stand_in)
        patch.setattr(torch._C, "_cuda_endAllocateToPool", self.end_allocating, raising=False)
