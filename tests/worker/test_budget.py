"""What a frame's operations may take, and a chain that takes more."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from avatar_rtc.control.state import Backdrop
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.render.filters import chain as chains
from avatar_rtc.render.filters.chain import Filter
from avatar_rtc.stream.frame import Layout
from avatar_rtc.worker.budget import Budget, TooSlow
from avatar_rtc.worker.failing_parts import MOST_RETRY_S, RETRY_PART_S
from avatar_rtc.worker.picture import Finisher
from tests.render.filters.filter_laws import figure

GREY = Backdrop(colour=(200, 200, 200))


class Clock:
    """Seconds that operations spend."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ran = 0

    def __call__(self) -> float:
        return self.now

    def operation(self, seconds: float) -> Filter:
        def run(image: Tensor, params: object, t: float, seed: int) -> Tensor:
            self.now += seconds
            self.ran += 1
            return image * 0.5

        return Filter(run, None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Bloom takes 0.4 s on it, banding 0.1."""
    clock = Clock()
    monkeypatch.setitem(chains.FILTERS, "bloom", clock.operation(0.4))
    monkeypatch.setitem(chains.FILTERS, "banding", clock.operation(0.1))
    return clock


@pytest.fixture
def shown(clock: Clock) -> Callable[..., tuple[np.ndarray, list[str]]]:
    """The picture of a chain at t, with 1,500 ms for each frame, and all that was told so far."""
    said: list[str] = []
    one = Finisher((128, 96), 7, said.append, 1500.0, clock)

    def show(
        chain: list, t: float, backdrop: Backdrop = GREY, layouts: frozenset[Layout] = frozenset({"alpha"})
    ):
        planes = one.planes(figure(96), "linear", t, check_chain(chain), backdrop, layouts)
        return planes["alpha"], list(said)

    return show


@given(st.lists(st.floats(0, 5), max_size=20), st.floats(0.001, 20))
def test_it_ends_with_the_operation_that_passes_the_limit(spent: list[float], limit: float) -> None:
    clock = Clock()
    budget, done = Budget(limit * 1000, clock), 0.0
    budget.start()
    for place, seconds in enumerate(spent):
        clock.now += seconds
        done += seconds
        if abs(done - limit) < 1e-6:
            return
        if done > limit:
            with pytest.raises(TooSlow):
                budget.end(place, "crt")
            return
        budget.end(place, "crt")


def test_what_lies_between_two_chains_does_not_count() -> None:
    clock = Clock()
    budget = Budget(100.0, clock)
    for _ in range(3):
        clock.now += 5.0
        budget.start()
        clock.now += 0.03
        budget.end(0, "crt")


def test_a_chain_that_takes_too_long_ends_early_and_is_left_out(shown, clock: Clock) -> None:
    bare, _ = shown([], 1.0)
    seen, said = shown([["banding"], *[["bloom"]] * 30], 1.1)
    assert np.array_equal(seen, bare) and clock.ran == 5  # 0.1 + 4 x 0.4
    (told,) = said
    assert told.startswith("the chain is left out: ")
    for word in ("1700 ms", "1500 ms", "limits.chain_ms", "slowest was bloom (number ", "with 400 ms"):
        assert word in told


def test_one_that_is_left_out_is_tried_less_and_less_often(shown, clock: Clock) -> None:
    tries: list[float] = []
    for n in range(500):
        before, t = clock.ran, 1.0 + n
        shown([["bloom"]] * 4, t)
        if clock.ran > before:
            tries.append(t)
    pauses = np.diff(tries)
    assert pauses[:4] == pytest.approx(
        [RETRY_PART_S, 2 * RETRY_PART_S, 4 * RETRY_PART_S, 8 * RETRY_PART_S], abs=1.1
    )
    assert max(pauses) == pytest.approx(MOST_RETRY_S, abs=1.1) and len(tries) < 10


def test_another_one_is_tried_at_once_and_then_all_is_well(shown) -> None:
    shown([["bloom"]] * 4, 1.0)
    bare, _ = shown([["bloom"]] * 4, 1.1)
    seen, said = shown([["bloom"]] * 3, 1.2)
    assert not np.array_equal(seen, bare) and said[-1] == "" and len(said) == 2


def test_chain_scene_and_backdrop_share_the_time_of_a_frame(shown, clock: Clock) -> None:
    both: frozenset[Layout] = frozenset({"alpha", "matte"})
    _, said = shown([["bloom"]] * 3, 1.0, Backdrop(colour=(9, 9, 9), chain="shared"), both)
    assert len(said) == 1 and said[0].startswith("the chain over the scene is left out: ")
    _, said = shown(
        [["bloom"]] * 3, 1.1, Backdrop(colour=(9, 9, 9), chain=check_chain([["bloom"]] * 9)), both
    )
    assert "the backdrop is left out: " in said[-1]


@pytest.mark.parametrize("chain", [[["upscale", {"factor": 4.0}]], [["upscale", {"factor": 2.0}]] * 2])
def test_no_picture_in_a_chain_is_beyond_what_can_be_sent(chain: list) -> None:
    """A scene of 1280x720 enlarged four times would have 15 megapixels, and each operation several such."""
    said: list[str] = []
    one = Finisher((1280, 720), 7, said.append)
    shared = Backdrop(colour=(9, 9, 9), chain="shared")
    planes = one.planes(figure(96), "linear", 1.0, check_chain(chain), shared, {"alpha", "matte"})
    assert planes["alpha"].shape[1] == 4 * 96
    assert said == [
        "the chain over the scene is left out: upscale would make a picture of 5120x2880; choose less than "
        "4.2 megapixels"
    ]
    own = Backdrop(colour=(9, 9, 9), chain=check_chain(chain))
    one.planes(figure(96), "linear", 1.1, (), own, {"matte"})
    assert "the backdrop is left out: upscale would make" in said[-1]
