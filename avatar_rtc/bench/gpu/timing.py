"""Times on a device: by its own events where it has them, by the clock of the host where not."""

import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from avatar_rtc.bench.measurement import percentile
from avatar_rtc.render.device.memory import is_out_of_memory

TimedCall = Callable[[], object]
_MOST = 200
"""Samples of one call."""


@dataclass(frozen=True)
class Times:
    """How long one call took, each time it was made; in ms."""

    device_ms: tuple[float, ...] = ()
    """From the first kernel to the last, with what the device waited for the host between them."""
    host_ms: tuple[float, ...] = ()
    """Until the call returned."""
    failed: str = ""
    """The traceback, if it raised."""
    had_room: bool = True
    """False if there was not enough memory for it."""
    is_settled: bool = True
    """False if something was still being made ready for it."""

    @property
    def is_there(self) -> bool:
        """Whether it could be timed."""
        return bool(self.device_ms)

    @property
    def median(self) -> float:
        """Of the device."""
        return percentile(self.device_ms, 50)

    @property
    def spread(self) -> dict[str, float]:
        """Median and 95th percentile of the device."""
        return {"p50": self.median, "p95": percentile(self.device_ms, 95)}

    @property
    def host_median(self) -> float:
        """Of the host."""
        return percentile(self.host_ms, 50)


class DeviceTimer(Protocol):
    """Measures work on one device."""

    @property
    def warm_ups(self) -> int:
        """How many calls do not count."""

    @property
    def least(self) -> int:
        """How many calls count at the least."""

    def settle(self) -> bool:
        """Return when nothing is made ready beside the calls: a kernel that is compiled, a graph.

        False if that takes too long, and they are slower than they will be.
        """

    def once(self, call: TimedCall) -> tuple[float, float]:
        """Device and host time of one call, ms; returns when the device has done it."""

    def peak_bytes(self, call: TimedCall) -> int:
        """The most memory in use while a call runs."""


class CudaTimer:
    """By CUDA's events."""

    warm_ups, least = 3, 3

    def __init__(self, device: torch.device, settle: Callable[[], bool] = lambda: True) -> None:
        self._device, self._settle = device, settle

    def settle(self) -> bool:
        """See `DeviceTimer.settle`."""
        return self._settle()

    def once(self, call: TimedCall) -> tuple[float, float]:
        """See `DeviceTimer.once`."""
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        with torch.cuda.device(self._device):
            torch.cuda.synchronize()
            begun = time.perf_counter()
            first.record()
            call()
            last.record()
            host_ms = (time.perf_counter() - begun) * 1000
            torch.cuda.synchronize()
        return first.elapsed_time(last), host_ms

    def peak_bytes(self, call: TimedCall) -> int:
        """See `DeviceTimer.peak_bytes`; what torch gave out, not what it keeps to give again."""
        torch.cuda.reset_peak_memory_stats(self._device)
        self.once(call)
        return torch.cuda.max_memory_allocated(self._device)


class HostTimer:
    """By the clock, where a call returns when it is done; one that does not count, and one that does."""

    warm_ups, least = 1, 1

    def settle(self) -> bool:
        """See `DeviceTimer.settle`; on a CPU nothing is."""
        return True

    def once(self, call: TimedCall) -> tuple[float, float]:
        """See `DeviceTimer.once`."""
        begun = time.perf_counter()
        call()
        ms = (time.perf_counter() - begun) * 1000
        return ms, ms

    def peak_bytes(self, call: TimedCall) -> int:
        """See `DeviceTimer.peak_bytes`; of the process since it began."""
        import resource  # not on Windows, where nobody rehearses

        self.once(call)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def side_by_side(timer: DeviceTimer, calls: Mapping[str, TimedCall], seconds: float) -> dict[str, Times]:
    """Times of several calls that take turns, so that whatever slows a card down slows all of them.

    Args:
        seconds: that all of them may take, after the calls that do not count; each is made at least as often
            as the timer wants. One that raises is left out from then on, and has its traceback.
    """
    lost: dict[str, Times] = {}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    end, is_settled = math.inf, True
    for number in range(timer.warm_ups + _MOST):
        if number <= timer.warm_ups:
            is_settled = timer.settle()  # what the call before has asked for
            end = time.monotonic() + seconds
        if number >= timer.warm_ups + timer.least and time.monotonic() > end:
            break
        for name, call in calls.items():
            if name in lost:
                continue
            try:
                times = timer.once(call)
            except Exception as error:
                lost[name] = _lost(error)
                continue
            if number >= timer.warm_ups:
                taken[name].append(times)
    return {name: lost.get(name) or _times(taken[name], is_settled) for name in calls}


def _lost(error: Exception) -> Times:
    if is_out_of_memory(error):
        return Times(had_room=False)
    return Times(failed=traceback.format_exc())


def _times(taken: Sequence[tuple[float, float]], is_settled: bool) -> Times:
    return Times(
        tuple(device for device, _ in taken), tuple(host for _, host in taken), is_settled=is_settled
    )
