"""Which rung of a picture a room gets, of what its links are said to carry.

upper ── short for 2 s ──► lower ── after wait_s ──► upper, on trial; one that fails doubles wait_s

What is said never exceeds by much what is sent, and pictures at rest take little. So it is held against what
is sent, and only a trial tells whether the upper fits.
"""

from dataclasses import dataclass, replace

from avatar_rtc.stream.frame import Rung

LINK_SHORT_SHARE = 0.7
"""Of what is sent; overuse brings an estimate to 0.85 of what arrives."""
LINK_SHORT_S = 2.0
LINK_GROWTH_S = 8.0
"""Until an estimate that began at 300 kb/s, or was held down by the lower rung, has grown."""
LINK_STEADY_S = 20.0
"""Whoever falls sooner has failed its trial."""
LINK_WAIT_S, LINK_MOST_WAIT_S = 10.0, 60.0


@dataclass(frozen=True)
class LinkFooting:
    """Where a room stands."""

    rung: Rung = "upper"
    moved_at: float = -1e9
    """Second of the last move, or of the beginning."""
    wait_s: float = LINK_WAIT_S
    short_since: float | None = None


def next_link_footing(before: LinkFooting, target_bps: float, sent_bps: float, t: float) -> LinkFooting:
    """At second t, where the links were last said to carry `target_bps`, and `sent_bps` were sent lately."""
    here_s = t - before.moved_at
    if before.rung == "lower":
        return before if here_s < before.wait_s else LinkFooting("upper", t, before.wait_s)
    if target_bps >= LINK_SHORT_SHARE * sent_bps:
        wait_s = LINK_WAIT_S if here_s > LINK_STEADY_S else before.wait_s
        return replace(before, short_since=None, wait_s=wait_s)
    since = t if before.short_since is None else before.short_since
    if here_s < LINK_GROWTH_S or t - since < LINK_SHORT_S:
        return replace(before, short_since=since)
    wait_s = LINK_WAIT_S if here_s > LINK_STEADY_S else min(2 * before.wait_s, LINK_MOST_WAIT_S)
    return LinkFooting("lower", t, wait_s)
