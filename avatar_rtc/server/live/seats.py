"""Who gives way to a newcomer: of the offers that were answered but have not connected, the least promising.

An offer costs its sender nothing, so it must not hold a seat for the 15 s in which it may connect. Behind a
proxy everybody has one address, so a crowd that connects must not be taken for a flood either.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

QUIET_S = 4.0
"""Who has sent not one check of its path by now probably never will."""
QUIET_WHEN_FULL_S = 0.5
"""The same, with no seat left: a first check takes as long as our answer takes to arrive."""
CONNECTING_S = 8.0
"""Who does send checks has this long, as it is probably about to connect."""
CONNECTING_IN_A_CROWD_S = 4.0
"""The same, if a newcomer's address has fewer such offers than the one that has most."""


@dataclass(frozen=True)
class Pending:
    """An offer that has not connected."""

    viewer_id: str
    address: str
    answered_at: float
    """CLOCK_MONOTONIC second of its answer; infinite while that is being made."""
    has_answer: bool
    """It has shown so, by checks of its path."""


def who_yields(
    pending: Sequence[Pending], address: str, now: float, is_full: bool, per_address: int
) -> Pending | None:
    """The offer to close when a newcomer comes from `address`; None closes none.

    Args:
        is_full: there is no seat left, so the newcomer is refused if nobody yields.
        per_address: pending offers that one address may have while there are seats.
    """
    counts = Counter(each.address for each in pending)
    if is_full:
        # On a tie the newcomer's own, who may be trying again.
        crowd = max(counts, key=lambda each: (counts[each], each == address), default=address)
    elif counts[address] >= per_address:
        crowd = address
    else:
        return None
    is_larger = counts[crowd] > counts[address] + 1
    ripe = [
        each
        for each in pending
        if each.address == crowd and now - each.answered_at >= _patience_s(each, is_full, is_larger)
    ]
    return min(ripe, key=lambda each: (each.has_answer, each.answered_at), default=None)


def _patience_s(offer: Pending, is_full: bool, is_larger: bool) -> float:
    if offer.has_answer:
        return CONNECTING_IN_A_CROWD_S if is_larger else CONNECTING_S
    if not is_full:
        return QUIET_S
    return 0.0 if is_larger else QUIET_WHEN_FULL_S
