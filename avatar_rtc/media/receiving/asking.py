"""Which lost packets are asked for, and when (NACK, RFC 4585). Time is a parameter, in s."""

from dataclasses import dataclass

FIRST_RTT_S = 0.1
"""Taken for a round-trip before one was measured."""
MIN_RTT_S, MAX_RTT_S = 0.02, 0.5
RISE, FALL = 1 / 4, 1 / 16
"""Of the estimate with each sample. What was only overtaken comes soon by itself, and looks like a quick
repair; that may be most of it."""
GROWTH = 1.25
"""Of the pause between requests, with a repair that came after several, until one comes after the first."""
AGAIN = 1.25
"""Round-trips between two requests for one packet: at one, half of the repairs are still on their way."""
MAX_REQUESTS = 10
"""For one packet."""
MAX_MISSING = 256
"""Packets asked for at a time; with more missing, only a keyframe helps."""
LATEST = 1000
"""A packet so far behind the newest is none that is late: the stream has begun anew."""


class LongNumbers:
    """RTP's sequence numbers of 16 bits, counted on beyond them.

    What lies more than LATEST back is taken as far ahead, for whoever uses the numbers has to do with leaps.
    """

    def __init__(self) -> None:
        self._newest: int | None = None

    def long(self, short: int) -> int:
        """The long number of one; the same for the same as long as it is not LATEST old.

        >>> numbers = LongNumbers()
        >>> [numbers.long(short) for short in (65534, 1, 65535, 2)]
        [65534, 65537, 65535, 65538]
        """
        if self._newest is None:
            self._newest = short
        ahead = (short - self._newest + LATEST) % 65536 - LATEST
        number = self._newest + ahead
        self._newest = max(self._newest, number)
        return number


@dataclass
class _Request:
    first: float
    last: float
    times: int = 1


class Asking:
    """The packets that are missing: each is asked for at once, and again every round-trip."""

    def __init__(self) -> None:
        self.rtt_s = FIRST_RTT_S
        """From a request to what it asked for, smoothed, within MIN_RTT_S..MAX_RTT_S."""
        self.requests = 0
        """Packets asked for, each time counted."""
        self._patience = 1.0
        self._newest: int | None = None
        self._missing: dict[int, _Request] = {}

    @property
    def due(self) -> float | None:
        """When `again` has something to ask for; None while nothing is missing."""
        waiting = [r.last for r in self._missing.values() if r.times < MAX_REQUESTS]
        return min(waiting) + self._pause_s if waiting else None

    @property
    def _pause_s(self) -> float:
        return min(AGAIN * self.rtt_s * self._patience, AGAIN * MAX_RTT_S)

    def arrived(self, number: int, now: float) -> list[int]:
        """What is missing since this packet came, to be asked for at once; numbers are long ones."""
        if self._newest is None or number - self._newest > MAX_MISSING:
            self._newest = number
            self._missing.clear()
            return []
        if number <= self._newest:
            self._repaired(number, now)
            return []
        lost = list(range(self._newest + 1, number))
        self._newest = number
        self._missing |= {each: _Request(now, now) for each in lost}
        self.forget(number - MAX_MISSING)
        return self._counted(lost)

    def again(self, now: float) -> list[int]:
        """What was asked for a round-trip ago and has not come; ask for it once more."""
        overdue = [
            number
            for number, request in self._missing.items()
            if request.times < MAX_REQUESTS and request.last + self._pause_s <= now
        ]
        for number in overdue:
            self._missing[number].last = now
            self._missing[number].times += 1
        return self._counted(overdue)

    def forget(self, before: int) -> None:
        """Nobody needs the packets before this one any more."""
        for number in [each for each in self._missing if each < before]:
            del self._missing[number]

    def _counted(self, numbers: list[int]) -> list[int]:
        self.requests += len(numbers)
        return numbers

    def _repaired(self, number: int, now: float) -> None:
        request = self._missing.pop(number, None)
        if request is None:
            return
        took = now - request.first
        if request.times == 1:
            rtt_s = self.rtt_s + (took - self.rtt_s) * (RISE if took > self.rtt_s else FALL)
            self.rtt_s, self._patience = min(max(rtt_s, MIN_RTT_S), MAX_RTT_S), 1.0
        else:
            # Of several requests one cannot tell which was answered (Karn). But if each is repeated too soon,
            # no other repair is ever seen; so the pause grows until one is, as TCP's does.
            self._patience *= GROWTH
