"""Blocks of sound out of packets: every one in its turn, also those that were lost."""

from collections.abc import Callable
from dataclasses import dataclass

REORDER_S = 0.04
"""A block that is late by so much may only have been overtaken."""
MAX_WAIT_S = 0.3
"""For a block that was asked for again."""
MAX_CONCEALED = 50
"""Blocks in a row; what lacks beyond them is left out."""
MAX_LEAP = 1000
"""Packets; beyond, the stream has begun anew."""


@dataclass(frozen=True)
class Block:
    """A block in its turn."""

    timestamp: int
    """RTP time."""
    data: bytes | None
    """As it came; None if it was lost."""
    following: bytes | None = None
    """Of a lost one: the packet behind it, which may hold it once more."""


@dataclass(frozen=True)
class _Held:
    timestamp: int
    data: bytes
    arrived: float


class SoundBuffer:
    """Hands out what is in order at once. What is missing is waited for, but not for long.

    A single lost block of which the next packet has a copy is waited for as long as an overtaken one may
    take, others until what was asked for can be here. Time is a parameter.
    """

    def __init__(
        self,
        rtt_s: Callable[[], float],
        has_copy: Callable[[bytes], bool],
        samples: Callable[[bytes], int],
    ) -> None:
        """Nothing has come yet.

        Args:
            rtt_s: from a request to its packet, in seconds.
            has_copy: whether a packet holds the block before it once more.
            samples: of a packet, in RTP's time; 0 if that cannot be told.
        """
        self._rtt_s, self._has_copy, self._samples = rtt_s, has_copy, samples
        self._held: dict[int, _Held] = {}
        self._next: int | None = None
        self._time, self._span = 0, 960
        """RTP time of the next block, and how long one is."""

    @property
    def next(self) -> int:
        """The long number of the first packet not handed out yet."""
        return self._next or 0

    @property
    def due(self) -> float | None:
        """When `overdue` has something; None while nothing is missing."""
        if not self._held:
            return None
        first = min(self._held)
        behind = self._held[first]
        return behind.arrived + self._patience_s(first - self.next, behind.data)

    def add(self, number: int, timestamp: int, data: bytes, now: float) -> list[Block]:
        """Take a packet, of a long number; gives the blocks whose turn it is."""
        if self._next is None or number - self._next > MAX_LEAP:
            self._held.clear()
            self._next, self._time = number, timestamp
        if number >= self._next:
            self._held[number] = _Held(timestamp, data, now)
        return [*self._in_order(), *self.overdue(now)]

    def overdue(self, now: float) -> list[Block]:
        """The blocks that are waited for no longer, and what comes after them."""
        found: list[Block] = []
        while (due := self.due) is not None and due <= now:
            found += self._lost()
            found += self._in_order()
        return found

    def _patience_s(self, missing: int, behind: bytes) -> float:
        rtt = self._rtt_s()
        if (missing == 1 and self._has_copy(behind)) or rtt + REORDER_S > MAX_WAIT_S:
            return REORDER_S
        return min(1.25 * rtt + REORDER_S, MAX_WAIT_S)

    def _in_order(self) -> list[Block]:
        found: list[Block] = []
        while (held := self._held.pop(self.next, None)) is not None:
            found.append(Block(held.timestamp, held.data))
            self._span = self._samples(held.data) or self._span
            self._time = held.timestamp + self._span
            self._next = self.next + 1
        return found

    def _lost(self) -> list[Block]:
        """The blocks before the first that is held; the sender may have left out some, or time."""
        first = min(self._held)
        behind = self._held[first]
        missing, self._next = first - self.next, first
        ahead = (behind.timestamp - self._time) % 2**32
        lacking = round(ahead / self._span) if ahead < 2**31 else 0
        count = min(missing, lacking, MAX_CONCEALED)
        last = behind.timestamp - self._span
        begin = last - (count - 1) * self._span
        times = [(begin + i * self._span) % 2**32 for i in range(count)]
        return [Block(t, None, behind.data if i == count - 1 else None) for i, t in enumerate(times)]
