"""Which device an avatar goes to: the one whose avatars will keep it busy least.

What is measured counts: what the pictures of a watched avatar take of each second. One that nobody watches
counts half of that, for it renders nothing but may at any moment. One that is not measured yet counts as the
others do on average. Of devices that are equally busy the one with fewer avatars is taken, then the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import NamedTuple

UNWATCHED = 0.5
"""What an avatar that nobody watches counts, of what it takes while it is watched."""
UNMEASURED = 0.1
"""What an avatar takes, in s of each second, as long as none has been measured."""
_TOGETHER = ("pose", "animate")
"""Stages that avatars of one worker go through in one batch: each is told the time of all."""


@dataclass(frozen=True)
class Burden:
    """One avatar, for the device that has it."""

    cost: float | None
    """What its pictures take while it is watched, in s of each second; None until measured."""
    is_watched: bool


class Load(NamedTuple):
    """What a device has to do; less is less."""

    busy: float
    """In s of each second, to a hundredth: what differs less is the same. Over 1 is too much."""
    avatars: int


def cost_of(stage_ms: Mapping[str, float], fps: float, together: int) -> float:
    """What the pictures of an avatar take, in s of each second.

    Args:
        stage_ms: as in `Stats`.
        fps: pictures a second that are wanted; a device that is too slow makes fewer.
        together: avatars that are being rendered by the same worker, this one included.
    """
    batch = sum(stage_ms.get(stage, 0.0) for stage in _TOGETHER)
    own = sum(stage_ms.values()) - batch
    return (batch / max(1, together) + own) / 1000 * fps


def loads(burdens: Mapping[str, Sequence[Burden]]) -> dict[str, Load]:
    """The load of each device, by the avatars that each has."""
    usual = _usual(each for here in burdens.values() for each in here)
    return {
        device: Load(round(fsum(_counted(each, usual) for each in here), 2), len(here))
        for device, here in burdens.items()
    }


def _usual(burdens: Iterable[Burden]) -> float:
    known = [each.cost for each in burdens if each.cost is not None]
    return fmean(known) if known else UNMEASURED


def _counted(burden: Burden, usual: float) -> float:
    cost = usual if burden.cost is None else burden.cost
    return cost if burden.is_watched else cost * UNWATCHED
