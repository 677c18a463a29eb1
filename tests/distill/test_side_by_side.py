"""Works side by side: all end or none goes on, and one thread gives what two give."""

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from avatar_rtc.distill.side_by_side import Tell, side_by_side


def powers(given: Tensor, steps: int, into: list[Tensor]) -> Callable[[Tell], None]:
    def work(tell: Tell) -> None:
        value = given
        for step in range(steps):
            value = (value @ given).softmax(1)
            tell(step + 1)
        into.append(value)

    return work


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_one_thread_and_several_give_the_same(threads: int) -> None:
    torch.manual_seed(3)
    given = [torch.randn(40, 40), torch.randn(30, 30)]
    found: list[list[Tensor]] = [[], []]
    told: list[list[int]] = []
    before = torch.get_num_threads()
    works = [powers(*each) for each in zip(given, (20, 35), found, strict=True)]
    side_by_side(works, told.append, threads)
    alone: list[Tensor] = []
    for each, steps in zip(given, (20, 35), strict=True):
        powers(each, steps, alone)(lambda done: None)
    assert all(torch.allclose(ours, theirs) for (ours,), theirs in zip(found, alone, strict=True))
    assert told[-1] == [20, 35] and len(told) == 55 and torch.get_num_threads() == before
    assert all(a <= c and b <= d for (a, b), (c, d) in pairwise(told))


def test_they_run_at_once() -> None:
    """Each waits for the other, which would never come if it ran later."""
    here, there = threading.Event(), threading.Event()

    def one(tell: Tell) -> None:
        here.set()
        assert there.wait(60)

    def other(tell: Tell) -> None:
        there.set()
        assert here.wait(60)

    side_by_side([one, other], lambda done: None, 2)


def endless(tell: Tell) -> None:
    step = 0
    while True:
        step += 1
        tell(step)


def test_one_that_fails_ends_all_and_is_told() -> None:
    def fails(tell: Tell) -> None:
        tell(1)
        raise OSError("the disk is full")

    for works in ([fails, endless], [endless, fails]):
        with pytest.raises(OSError, match="disk is full"):
            side_by_side(works, lambda done: None, 2)


def test_who_is_told_may_end_it() -> None:
    def interrupt(done: list[int]) -> None:
        if min(done) >= 3:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        side_by_side([endless, endless], interrupt, 2)
    assert threading.active_count() == before
