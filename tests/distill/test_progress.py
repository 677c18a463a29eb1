"""The laws of a progress bar, on a clock that moves by what the plan says the work costs."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from avatar_rtc.distill.plan import PLANS, costs
from avatar_rtc.distill.progress import TimeLeft

COSTS = costs(PLANS["draft"])
TOTAL = sum(COSTS.values())
PARTS = tuple(COSTS)
STEPS = 20


class Work:
    """A distillation that tells its progress; each step takes `slowness` times its cost."""

    def __init__(self, done: float = 0.0, slowness: float = 1.0) -> None:
        """`done`: how many parts, and which share of the next, an earlier run has left."""
        self.now, self.slowness = 1000.0, slowness
        self._whole, self._share = int(done), done % 1
        self.pace = TimeLeft(COSTS, lambda: self.now)

    def told(self, untold: int = 0) -> Iterator[tuple[float, float | None]]:
        """What the pace says after each step; the first `untold` parts, done already, are never told of."""
        for number, name in enumerate(PARTS[untold:], untold):
            first = STEPS if number < self._whole else 0
            first = round(STEPS * self._share) if number == self._whole else first
            yield self.pace.after(name, first, STEPS)
            for step in range(first + 1, STEPS + 1):
                self.now += COSTS[name] / STEPS * self.slowness
                yield self.pace.after(name, step, STEPS)


def test_the_share_rises_from_0_to_1() -> None:
    shares = [share for share, _ in Work().told()]
    assert shares[0] == 0 and shares[-1] == pytest.approx(1)
    assert all(before <= after for before, after in pairwise(shares))


@pytest.mark.parametrize("slowness", [0.3, 1.0, 7.0])
def test_the_seconds_left_shrink_to_the_end_that_comes(slowness: float) -> None:
    work = Work(slowness=slowness)
    said = [(work.now, left) for _, left in work.told() if left is not None]
    assert len(said) > 5 * STEPS
    for now, left in said:
        assert left == pytest.approx(work.now - now, abs=1e-6)
    assert all(before[1] >= after[1] for before, after in pairwise(said)) and said[-1][1] == pytest.approx(0)


@pytest.mark.parametrize("done", [1.0, 3.5, 4.25, 5.5])
@pytest.mark.parametrize("is_told", [True, False])
def test_what_an_earlier_run_had_done_costs_no_time(done: float, is_told: bool) -> None:
    """The time left is that of the rest at this run's pace, whether or not finished parts are told of."""
    work = Work(done, slowness=2.0)
    rest = 2 * (TOTAL - sum(COSTS[name] for name in PARTS[: int(done)]) - done % 1 * COSTS[PARTS[int(done)]])
    shares, lefts = zip(*work.told(untold=0 if is_told else int(done)), strict=True)
    assert work.now - 1000 == pytest.approx(rest)
    known = next(number for number, left in enumerate(lefts) if left is not None)
    spent = (shares[known] - (1 - rest / 2 / TOTAL)) * 2 * TOTAL
    assert lefts[known] == pytest.approx(rest - spent)
    assert shares[-1] == pytest.approx(1) and all(left is None for left in lefts[:known])


def test_nothing_is_said_of_the_time_before_anything_is_done() -> None:
    work = Work(4.0)
    told = work.told()
    for _ in range(4):
        share, left = next(told)
        work.now += 60  # the weights are loaded
        assert left is None
    assert share == pytest.approx(sum(COSTS[name] for name in PARTS[:4]) / TOTAL)
