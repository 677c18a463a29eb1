"""DeviceStreams without a card: copies are under way until somebody waits, and disorder is an error.

To rehearse on a CPU what a card will do. While it is entered it sees what is written, and by
what order of things; a copy to the host that nobody has waited for yet reads as `UNREAD`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from avatar_rtc.render.device.operators import OperatorMode

UNREAD = 0xA5
"""Every byte of a copy that is not there yet."""


class OutOfOrder(RuntimeError):
    """On a card it would have been read or written too early, now and then."""


@dataclass(frozen=True)
class RehearsedMark:
    """See `DeviceMark`."""

    streams: "RehearsedStreams" = field(repr=False)
    number: int
    at_ms: float

    def wait(self) -> None:
        """See `DeviceMark.wait`: what was asked before it happens now."""
        self.streams.reach(self.number)

    def ms_since(self, earlier: Self) -> float:
        """See `DeviceMark.ms_since`.

        Raises:
            OutOfOrder: nobody has waited for it.
        """
        if self.number > self.streams.reached:
            raise OutOfOrder("a time was read before the device had come there")
        return self.at_ms - earlier.at_ms


@dataclass(frozen=True)
class _Copy:
    source: Tensor
    target: Tensor
    number: int


class RehearsedStreams(OperatorMode):
    """See `DeviceStreams`; of the CPU, or of the meta device, whose bytes arrive as zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = 0
        """The mark that the device has come to."""
        self.copies = 0
        """Begun so far."""
        self._asked, self._spent_ms = 0, 0.0
        self._under_way: list[_Copy] = []
        self._written: dict[int, int] = {}

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """See `OperatorMode.run`; writes down what is written to."""
        result = func(*args, **kwargs)
        if not func.is_view:
            self._asked += 1
            for storage in _storages(result):
                self._written[storage] = self._asked
        return result

    def spend(self, ms: float) -> None:
        """What the device was asked takes so long."""
        self._spent_ms += ms

    def mark(self) -> RehearsedMark:
        """See `DeviceStreams.mark`."""
        self._asked += 1
        return RehearsedMark(self, self._asked, self._spent_ms)

    def copied(self, source: Tensor, after: RehearsedMark) -> tuple[Tensor, RehearsedMark]:
        """See `DeviceStreams.copied`.

        Raises:
            OutOfOrder: the source was written to after the mark.
        """
        self._check(source, after.number, "copied before it was rendered")
        self.copies += 1
        target = torch.full(source.shape, UNREAD, dtype=source.dtype)
        self._under_way.append(_Copy(source, target, after.number))
        return target, self.mark()

    @torch.inference_mode()
    def reach(self, number: int) -> None:
        """Let the device come to that mark.

        Raises:
            OutOfOrder: something was written to while it was being copied.
        """
        self.reached = max(self.reached, number)
        over = [copy for copy in self._under_way if copy.number < number]
        self._under_way = [copy for copy in self._under_way if copy.number >= number]
        for copy in over:
            self._check(copy.source, copy.number, "written to while it was copied")
            if copy.source.is_meta:
                copy.target.zero_()
            else:
                copy.target.copy_(copy.source)

    def _check(self, source: Tensor, number: int, what: str) -> None:
        if any(self._written.get(storage, 0) > number for storage in _storages(source)):
            raise OutOfOrder(what)


def _storages(values: object) -> Iterator[int]:
    return (t.untyped_storage()._cdata for t in tree_leaves(values) if isinstance(t, Tensor))
