"""What happens on a device beside the host: when it has come how far, and copies to the host beside the work.

```
 render ── kernels ── mark ─────── kernels of the next picture ──►
                        └─ copy ── mark          a stream of its own
 host   ── asks ─────────────────── waits ── reads
```
"""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor


class DeviceMark(Protocol):
    """A place in what was asked of a device."""

    def wait(self) -> None:
        """Let this thread wait until the device has come here; others go on."""

    def ms_since(self, earlier: Self) -> float:
        """Milliseconds that the device took from there to here; both were waited for, or one after them."""


AnyMark = TypeVar("AnyMark", bound=DeviceMark)


class DeviceStreams(Protocol[AnyMark]):
    """One device beside its host. Any thread may ask."""

    def mark(self) -> AnyMark:
        """After all that this thread has asked of the device."""

    def copied(self, source: Tensor, after: AnyMark) -> tuple[Tensor, AnyMark]:
        """A copy of bytes (N,) in memory of the host, and when it will be there; until then none may read it.

        It runs beside what the device is asked next, so nothing may write to `source` again. Who has asked
        keeps the mark until he has waited for it.

        Args:
            after: `source` is written by then.
        """


AnyStreams = DeviceStreams[Any]


def _cuda_event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True, blocking=True)  # type: ignore[no-untyped-call]


def _pinned_like(source: Tensor) -> Tensor:
    return torch.empty(source.shape, dtype=source.dtype, pin_memory=True)


@dataclass(frozen=True)
class CudaMark:
    """See `DeviceMark`. Whoever waits sleeps, and leaves the core to those that encode."""

    event: torch.cuda.Event
    read: Tensor | None = field(default=None, repr=False)
    """What is read until then, and must not be given away.

    Not left to `Tensor.record_stream`: torch forgets that if a graph is being captured, by whatever thread.
    """

    def wait(self) -> None:
        """See `DeviceMark.wait`."""
        self.event.synchronize()

    def ms_since(self, earlier: Self) -> float:
        """See `DeviceMark.ms_since`."""
        return float(earlier.event.elapsed_time(self.event))


class CudaStreams:
    """See `DeviceStreams`.

    Pinned memory is torch's: it keeps what nobody holds any more, and gives it to nobody else while a copy is
    under way. So each avatar has as many buffers as it has pictures in the making, two as a rule.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def mark(self) -> CudaMark:
        """See `DeviceStreams.mark`."""
        mark = CudaMark(_cuda_event())
        mark.event.record(torch.cuda.current_stream(self._device))
        return mark

    def copied(self, source: Tensor, after: CudaMark) -> tuple[Tensor, CudaMark]:
        """See `DeviceStreams.copied`."""
        target, there = _pinned_like(source), CudaMark(_cuda_event(), source)
        with torch.cuda.stream(self._copies):
            self._copies.wait_event(after.event)
            target.copy_(source, non_blocking=True)
            there.event.record(self._copies)
        return target, there


@dataclass(frozen=True)
class HostMark:
    """See `DeviceMark`; by the clock of the host, of a device that tells nothing."""

    at: float = field(default_factory=time.perf_counter)

    def wait(self) -> None:
        """See `DeviceMark.wait`; nothing to wait for, since the copies waited."""

    def ms_since(self, earlier: Self) -> float:
        """See `DeviceMark.ms_since`."""
        return (self.at - earlier.at) * 1000


class WaitingStreams:
    """See `DeviceStreams`; of a device without any (mps): a copy waits for all that was asked before."""

    def mark(self) -> HostMark:
        """See `DeviceStreams.mark`."""
        return HostMark()

    def copied(self, source: Tensor, after: HostMark) -> tuple[Tensor, HostMark]:
        """See `DeviceStreams.copied`."""
        return source.cpu(), HostMark()
