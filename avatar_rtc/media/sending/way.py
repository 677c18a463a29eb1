"""What a viewer's reports tell of the way to it, and what follows: how long it should wait with a picture for
what is sent again, and how far back the copies of its sound have to lie. Time is a parameter, in s.

A player that shows a picture as soon as it has it shows none for a round-trip when a packet is lost, then
several at once, of which the eye gets the last. One that waits for a round-trip or two with all of them shows
each in its turn.
"""

import math
from dataclasses import dataclass

from avatar_rtc.media.opus import BLOCK_S

FIRST_ROUND_TRIP_S = 0.1
LEAST_LOST = 0.005
"""Below this share of lost packets the way is clean."""
LEFT = 0.0002
"""The share of packets that may be missing when their picture is due; a picture has some ten."""
ASK_AGAIN_S = 0.1
"""A browser does not ask for a packet once more before."""
NOTICE_S = 0.035
"""Until a viewer knows that a packet is missing: by the next one, at the latest that of the next picture."""
MAX_PLAYOUT_S = 0.8
MAX_BLOCKS = 8
"""Of sound, in a row, that copies are meant to mend: twice as far back is what RED can tell."""
_RISE, _FALL = 0.5, 0.1
"""Of the estimate of loss with each interval."""
_INTERVAL_S, _INTERVAL_PACKETS = 1.0, 20
"""Of reports that are looked at together, at least: a browser sends one along with all it asks for again."""
_FORGOTTEN_S = 20.0
"""An outage counts so long."""


def playout_s(lost: float, round_trip_s: float, outage_s: float = 0.0) -> float:
    """How long a player should wait, in s; 0 on a clean way.

    Of all packets the share `lost` is missing after the first try, its square after the second, and so on.

    Args:
        lost: share of the packets, 0..1.
        outage_s: how long nothing came through at a time.
    """
    if lost < LEAST_LOST:
        return 0.0
    more = max(0.0, math.log(LEFT) / math.log(min(lost, 0.5)) - 2)
    repair_s = round_trip_s + more * max(round_trip_s, ASK_AGAIN_S)
    return min(2 * NOTICE_S + repair_s + outage_s, MAX_PLAYOUT_S)


def copy_distances(lost: float, outage_s: float = 0.0) -> tuple[int, ...]:
    """How many blocks back the copies lie that a packet of sound holds; empty on a clean way.

    The next packet mends what is lost alone. What is lost in a row takes the copies in the next ones along:
    others must lie further back than an outage lasts.
    """
    if lost < LEAST_LOST:
        return ()
    blocks = min(math.ceil(outage_s / BLOCK_S) + 1, MAX_BLOCKS)
    return tuple(sorted({1, blocks, 2 * blocks}))


@dataclass(frozen=True)
class _Mark:
    lost: int
    highest: int
    at: float


class LossReports:
    """The receiver reports of one stream, put together to intervals."""

    def __init__(self) -> None:
        self._mark: _Mark | None = None

    def add(self, lost: int, highest: int, now: float) -> float | None:
        """Take a report; gives the share lost since the interval began if one is over with it, 0..1.

        Args:
            lost: packets since the beginning, of 24 bits with sign: what comes twice is taken off.
            highest: sequence number that has arrived, of 32 bits.
        """
        mark = self._mark
        sent = 0 if mark is None else (highest - mark.highest) % 2**32
        if mark is None or sent > 2**31:
            self._mark = _Mark(lost, highest, now)
        elif now - mark.at >= _INTERVAL_S and sent >= _INTERVAL_PACKETS:
            self._mark = _Mark(lost, highest, now)
            return min(max(0.0, (lost - mark.lost) / sent), 1.0)
        return None


class ViewerWay:
    """The way to one viewer, from its reports and from what it asks for again."""

    def __init__(self) -> None:
        self.lost = 0.0
        """Share of the packets that do not arrive, 0..1, of late."""
        self.round_trip_s: float | None = None
        self.is_narrow = False
        """Whether it has no room for copies: three of them take as much as the lower rung's picture."""
        self._outage_s, self._outage_at = 0.0, -math.inf
        self._run_begin = math.inf
        self._run_last: int | None = None

    def reported(self, lost: float, round_trip_s: float | None) -> None:
        """An interval of a stream is over, in which that share was lost."""
        self.lost += (_RISE if lost > self.lost else _FALL) * (lost - self.lost)
        self.round_trip_s = self.round_trip_s if round_trip_s is None else round_trip_s

    def missed(self, number: int, sent_at: float, now: float) -> None:
        """A packet was asked for, for the first time; those of one outage come in their order."""
        goes_on = self._run_last is not None and (number - self._run_last) % 2**16 == 1
        self._run_last = number
        self._run_begin = self._run_begin if goes_on else sent_at
        outage_s = sent_at - self._run_begin
        if outage_s >= self._outage(now):
            self._outage_s, self._outage_at = outage_s, now

    def playout_s(self, now: float) -> float:
        """See `playout_s`."""
        return playout_s(self.lost, self.round_trip_s or FIRST_ROUND_TRIP_S, self._outage(now))

    def copy_distances(self, now: float) -> tuple[int, ...]:
        """See `copy_distances`."""
        return () if self.is_narrow else copy_distances(self.lost, self._outage(now))

    def _outage(self, now: float) -> float:
        return self._outage_s if now - self._outage_at < _FORGOTTEN_S else 0.0
