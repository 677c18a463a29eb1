"""At which size an avatar's pictures are made, by what they have cost so far.

cost above 80 % of a frame's time for a second, or frames lost ─► the next smaller size
what the next larger one would cost stays below 55 % ──────────► that one, after 10 s, and twice that per fall

What a frame costs is taken for a constant and a part that grows with the area. Two sizes that were measured
give both; of a single one, half of what the least size costs is said to be constant: a student's networks
take about as long as its last steps and the encoder do at 512 px.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from avatar_rtc.render.portrait import PICTURE_PX, SIZE

LOWER_AT, RAISE_BELOW = 0.8, 0.55
"""Shares of the time of a frame."""
LOWER_AFTER_S, RAISE_AFTER_S, MOST_RAISE_S = 1.0, 10.0, 160.0
SETTLES_S = 1.0
"""After a change nothing counts for so long: the first frames make tables and encoders."""
CONSTANT_SHARE = 0.5
"""Of the cost at 512 px, where only one size was measured."""
_NEWEST = 0.3
"""Weight of the newest cost among those of its size."""


@dataclass(frozen=True)
class SizeLoad:
    """What the frames of a while have cost."""

    cost_ms: float
    """Of one of them, on the thread that makes it."""
    frame_ms: float
    """From one frame to the next, as is aimed for."""
    busy: float = 0.0
    """What others take of that thread, as a share of its time."""
    lost: int = 0
    """Frames that were due and not made."""

    def share(self, cost_ms: float) -> float:
        """What is taken of the thread's time if a frame costs so much."""
        return self.busy + cost_ms / self.frame_ms


@dataclass(frozen=True)
class SizeFooting:
    """Where an avatar stands, and what was learnt of its frames."""

    side: int
    """Px."""
    moved_at: float = -math.inf
    """Second of the last change."""
    strained_since: float | None = None
    calm_since: float | None = None
    """Since when the next larger size would have been cheap."""
    wait_s: float = RAISE_AFTER_S
    """So long that has to last."""
    costs: Mapping[int, float] = field(default_factory=dict)
    """Side → ms of a frame."""
    loses: bool = False
    """Whether frames are being lost."""


def sides_up_to(most: float) -> tuple[int, ...]:
    """The sizes that may be chosen, the least first: none above what this is, rounded up to one of them.

    >>> sides_up_to(1000), sides_up_to(300)
    ((512, 768, 1024), (512,))
    """
    return tuple(side for n, side in enumerate(PICTURE_PX) if n == 0 or PICTURE_PX[n - 1] < most)


def covering_side(px: float) -> int:
    """The least size that has so many px, or the largest there is.

    >>> covering_side(600), covering_side(4000)
    (768, 2048)
    """
    return next((side for side in PICTURE_PX if side >= px), PICTURE_PX[-1])


def predicted_ms(costs: Mapping[int, float], side: int) -> float:
    """What a frame of this size would cost; see the head of this file.

    >>> round(predicted_ms({512: 10.0}, 1024), 3), round(predicted_ms({512: 10.0, 768: 15.0}, 1024), 3)
    (25.0, 22.0)
    """
    near = sorted(costs, key=lambda known: abs(known - side))[:2]
    if len(near) < 2:
        least = costs[near[0]] / _grown(near[0])
        return least * _grown(side)
    low, high = sorted(near)
    slope = max(0.0, (costs[high] - costs[low]) / (high**2 - low**2))
    return max(costs[low], costs[low] + slope * (side**2 - low**2))


def next_size(before: SizeFooting, sides: Sequence[int], load: SizeLoad, now: float) -> SizeFooting:
    """Where an avatar is to stand after a while in which its frames cost so much.

    Args:
        sides: those that may be chosen, the least first.
        now: seconds of any clock that does not run backwards.
    """
    if before.side > sides[-1]:
        return stood_at(before, max(sides), now)
    if now - before.moved_at < SETTLES_S:
        return before
    after = _learned(before, load, now)
    if _has_lasted(after.strained_since, LOWER_AFTER_S, now):
        if after.side == sides[0]:
            return replace(after, loses=load.lost > 0, calm_since=None)
        below = max(side for side in sides if side < after.side)
        return replace(stood_at(after, below, now), wait_s=min(2 * after.wait_s, MOST_RAISE_S))
    larger = [side for side in sides if side > after.side]
    if not larger or load.share(predicted_ms(after.costs, larger[0])) >= RAISE_BELOW:
        return replace(after, calm_since=None)
    since = now if after.calm_since is None else after.calm_since
    if _has_lasted(since, after.wait_s, now):
        return stood_at(after, larger[0], now)
    return replace(after, calm_since=since)


def kept_size(before: SizeFooting, load: SizeLoad, now: float) -> SizeFooting:
    """The same of one whose size was asked for: it stays, and only what is lost is learnt."""
    if now - before.moved_at < SETTLES_S:
        return before
    after = _learned(before, load, now)
    is_strained = _has_lasted(after.strained_since, LOWER_AFTER_S, now)
    if is_strained and load.lost:
        return replace(after, loses=True)
    return after if after.strained_since is not None else replace(after, loses=False)


def stood_at(before: SizeFooting, side: int, now: float) -> SizeFooting:
    """Once it stands at another size."""
    return replace(before, side=side, moved_at=now, strained_since=None, calm_since=None, loses=False)


def _learned(before: SizeFooting, load: SizeLoad, now: float) -> SizeFooting:
    known = before.costs.get(before.side, load.cost_ms)
    newest = known + _NEWEST * (load.cost_ms - known)
    # What makes one size dearer, such as an operation, makes the others so, too.
    faster = newest / max(known, 1e-6)
    costs = {side: ms * faster for side, ms in before.costs.items()} | {before.side: newest}
    is_strained = load.share(load.cost_ms) > LOWER_AT or load.lost > 0
    since = (now if before.strained_since is None else before.strained_since) if is_strained else None
    loses = before.loses and since is not None
    return replace(before, costs=costs, strained_since=since, loses=loses)


def _has_lasted(since: float | None, seconds: float, now: float) -> bool:
    return since is not None and now - since >= seconds - 1e-6


def _grown(side: int) -> float:
    """What a frame of this size costs, of what it costs at 512 px, where nothing better is known."""
    return CONSTANT_SHARE + (1 - CONSTANT_SHARE) * (side / SIZE) ** 2
