"""Which rung of a picture a room gets, of what its links are said to carry.

upper ── short for 2 s ──► lower ── after wait_s ──► upper, on trial; one that fails doubles wait_s

What is said never exceeds by much what is sent, so only a trial tells whether the upper fits.
"""

from dataclasses import dataclass, replace

from avatar_rtc.stream.frame import Rung

LINK_SHORT_SHARE = 0.6
"""Of the bits of the upper rung; with less its pictures come late."""
LINK_SHORT_S = 2.0
LINK_GROWTH_S = 8.0
"""Until an estimate that began at 300 kb/s has grown."""
LINK_TRIAL_S = 5.0
LINK_WAIT_S, LINK_MOST_WAIT_S = 10.0, 60.0


@dataclass(frozen=True)
class LinkFooting:
    """Where a room stands."""

    rung: Rung = "upper"
    moved_at: float = -1e9
    """Second of the last move, or of the beginning."""
    wait_s: float = LINK_WAIT_S
    short_since: float | None = None


def next_link_footing(before: LinkFooting, target_bps: float, upper_bps: float, t: float) -> LinkFooting:
    """After the links were said to carry `target_bps` at second t, where the upper rung takes `upper_bps`."""
    if before.rung == "lower":
        if t - before.moved_at < before.wait_s:
            return before
        return replace(before, rung="upper", moved_at=t, short_since=None)
    if target_bps >= LINK_SHORT_SHARE * upper_bps:
        steady = t - before.moved_at > 4 * LINK_TRIAL_S
        return replace(before, short_since=None, wait_s=LINK_WAIT_S if steady else before.wait_s)
    since = t if before.short_since is None else before.short_since
    now = replace(before, short_since=since)
    patience_s = LINK_TRIAL_S if before.wait_s > LINK_WAIT_S else LINK_GROWTH_S
    if t - before.moved_at < patience_s or t - since < LINK_SHORT_S:
        return now
    return LinkFooting("lower", t, min(2 * before.wait_s, LINK_MOST_WAIT_S))
