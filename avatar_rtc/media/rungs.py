"""Which rung a viewer gets: the upper one while its link carries it, the lower one else.

```
        lost, delayed, short                 quiet for wait_s
upper ───────────────────────► lower ───────────────────────────► upper, on trial for 2 s
  ▲ kept 20 s: wait_s is 5 s           ◄──── any sign ─────────────┘ wait_s doubles, up to 17 s
```

No estimate of a receiver exceeds 1.5 times what it receives, so only a trial tells whether the upper fits.
"""

import math
from dataclasses import dataclass, replace

from avatar_rtc.stream.frame import Rung

CALM_S = 5.0
"""Without a sign of strain, before the first trial."""
TRIAL_S = 2.0
PROVEN_S = 20.0
"""Whoever falls sooner has failed its trial after all."""
MOST_WAIT_S = 17.0
"""With the time until a report, and until a keyframe comes that the others get anyhow, less than 30 s."""
AFTERMATH_S = 1.5
"""After a move, reports still tell of what was before."""
LOST_OF_LATE = 0.15
"""Weight of the newest report in the mean of losses."""
HEAVY_LOSS = 0.22
"""In that mean. A link that loses a tenth in bursts of eight passes it once in some hours."""
FLOOD_LOSS = 0.6
"""In one report."""
FLOOD_UNREPAIRED = 0.35
"""Of what was sent within a second: of what a link full to the brim loses, it loses as much once more."""
TRIAL_LOSS = 0.3
"""More than before it."""
DELAY_S = 0.1
"""A queue so much longer than at its best in two reports in a row, with a loss, is full. One report alone
may have waited for a machine that was busy."""
LONG_DELAY_S = 0.25
"""So much is one however little is lost."""
SHORT_SHARE = 0.7
"""Overuse brings an estimate to 0.85 of what arrived, so one below this says that not all did."""
SHORT_S = 1.0
GROWTH_S = 10.0
"""Until an estimate that began low, or was held down by the lower rung, has grown: 8 % a second."""
SOME_LOSS = 0.04
SOME_DELAY_S = 0.06
BASE_RISES = 0.002
"""In s per s: a way that has become longer is taken for granted in the end."""
THIN_LOSS = 0.2
"""In one report, on the lower rung: less is sent."""
THINNED = 0.85
THIN_GROWTH = 1.25
"""With each report that tells of no strain."""
LEAST_BPS = 30_000.0
UNLIMITED_BPS = 400_000.0
"""Twice what the lower rung takes."""


@dataclass(frozen=True)
class LinkSigns:
    """What is known of a viewer's link when it has told something."""

    t: float
    """Seconds of any clock that does not run backwards."""
    sent_bps: float
    """What was sent of the picture lately."""
    estimate_bps: float | None = None
    """What the viewer holds its link for; None if it has never said."""
    lost: float | None = None
    """Share of packets since the report before this one; None if this is no report."""
    delay_s: float | None = None
    """There and back, as this report tells."""
    unrepaired: float = 0.0
    """Packets lost twice, as a share of those sent within the last second."""
    overrun: bool = False
    """Its own queue had to be emptied."""
    pleads: bool = False
    """It cannot decode, and asks for a keyframe."""


@dataclass(frozen=True)
class Footing:
    """Where a viewer stands, and what was learnt of its link."""

    rung: Rung = "upper"
    wanted: Rung = "upper"
    """Where it is to go; it is there with the next keyframe."""
    begun_at: float = -1e9
    """When the viewer came."""
    moved_at: float = -1e9
    wait_s: float = CALM_S
    """Quiet asked for before the next trial."""
    strained_at: float = -1e9
    lost: float = 0.0
    """Mean of the shares reported."""
    lost_last: float = 0.0
    lost_before: float = 0.0
    """Mean on the lower rung, when a trial began."""
    base_s: float | None = None
    """The shortest delay."""
    delay_s: float = 0.0
    """The newest delay beyond that."""
    delay_before_s: float = 0.0
    told_at: float = -1e9
    """Of the newest report."""
    short_since: float | None = None
    """Since when the estimate has been short of what is sent."""
    limit_bps: float = math.inf
    """What is sent of the lower rung at most; finite on a link that does not carry even that."""

    def is_on_trial(self, t: float) -> bool:
        """Whether it has only just gone up."""
        return self.rung == "upper" and t - self.moved_at < TRIAL_S


def next_footing(before: Footing, heard: LinkSigns) -> Footing:
    """What is known, and wanted, after this."""
    now = _learned(before, heard)
    is_strained = _is_strained(now, heard)
    if now.rung == "upper":
        if is_strained or (now.is_on_trial(heard.t) and _fails(now, heard)):
            return replace(now, wanted="lower")
        return replace(now, wait_s=CALM_S) if heard.t - now.moved_at >= PROVEN_S else now
    now = replace(now, limit_bps=_limit_bps(now, heard, is_strained))
    if is_strained:
        return replace(now, wanted="lower", strained_at=heard.t)
    is_whole = now.limit_bps == math.inf
    is_quiet = is_whole and heard.t - max(now.moved_at, now.strained_at) >= now.wait_s
    return replace(now, wanted="upper") if is_quiet else now


def arrived(before: Footing, rung: Rung, t: float) -> Footing:
    """Once it stands on another rung."""
    now = replace(before, rung=rung, wanted=rung, moved_at=t, short_since=None, limit_bps=math.inf)
    if rung == "upper":
        return replace(now, lost_before=before.lost)
    has_failed = t - before.moved_at < PROVEN_S
    wait_s = min(2 * before.wait_s, MOST_WAIT_S) if has_failed else CALM_S
    return replace(now, strained_at=t, wait_s=wait_s, lost=before.lost_before)


def _limit_bps(now: Footing, heard: LinkSigns, is_strained: bool) -> float:
    if heard.lost is None or heard.t - now.moved_at < AFTERMATH_S:
        return now.limit_bps
    if heard.lost > THIN_LOSS or (is_strained and heard.lost > SOME_LOSS):
        arrived_bps = heard.sent_bps * (1 - heard.lost)
        return max(LEAST_BPS, min(THINNED * arrived_bps, now.limit_bps))
    grown_bps = now.limit_bps * THIN_GROWTH
    return grown_bps if grown_bps < UNLIMITED_BPS else math.inf


def _learned(before: Footing, heard: LinkSigns) -> Footing:
    now = before
    has_settled = heard.t - now.moved_at >= AFTERMATH_S
    if heard.lost is not None:
        mean = now.lost + LOST_OF_LATE * (heard.lost - now.lost)
        now = replace(now, lost_last=heard.lost, lost=mean if has_settled else now.lost)
    if heard.delay_s is not None:
        base = heard.delay_s
        if now.base_s is not None:
            base = min(heard.delay_s, now.base_s + BASE_RISES * (heard.t - now.told_at))
        now = replace(
            now,
            base_s=base,
            delay_s=heard.delay_s - base,
            delay_before_s=now.delay_s,
            told_at=heard.t,
        )
    has_grown = heard.t - max(now.begun_at, now.moved_at) >= GROWTH_S
    estimate_bps = heard.estimate_bps if has_grown else None
    is_short = estimate_bps is not None and estimate_bps < SHORT_SHARE * heard.sent_bps
    since = (heard.t if now.short_since is None else now.short_since) if is_short else None
    return replace(now, short_since=since)


def _is_strained(now: Footing, heard: LinkSigns) -> bool:
    """Whether the link carries less than it is given."""
    if heard.overrun:
        return True
    if heard.t - now.moved_at < AFTERMATH_S and not now.is_on_trial(heard.t):
        return False
    estimate_bps = heard.sent_bps if heard.estimate_bps is None else heard.estimate_bps
    shortfall = 1 - estimate_bps / max(heard.sent_bps, 1.0)
    # Estimates stay low for minutes where packets are lost by chance and shuffled; full links lose the rest.
    some = now.lost_last >= max(SOME_LOSS, shortfall / 2) or now.delay_s >= SOME_DELAY_S
    short_s = 0.0 if now.short_since is None else heard.t - now.short_since
    return (
        now.lost > HEAVY_LOSS
        or heard.unrepaired > FLOOD_UNREPAIRED
        or (heard.lost or 0.0) > FLOOD_LOSS
        or (min(now.delay_s, now.delay_before_s) > DELAY_S and now.lost_last > SOME_LOSS)
        or min(now.delay_s, now.delay_before_s) > LONG_DELAY_S
        or (some and short_s >= SHORT_S)
    )


def _fails(now: Footing, heard: LinkSigns) -> bool:
    """Whether a trial shows that the upper rung does not fit."""
    much = now.lost_before + TRIAL_LOSS
    return heard.pleads or (heard.lost or 0.0) > much or heard.unrepaired > much
