"""Boxes against the pixels they hold: whatever a box says, a mask of its pixels says, too."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.stream.box import Box

SIDE = 24
FRAME = Box(0, 0, SIDE, SIDE)


def mask(box: Box) -> NDArray[np.bool_]:
    found = np.zeros((SIDE, SIDE), bool)
    found[box.slices] = True
    return found


def made_up(count: int) -> Iterator[Box]:
    r = np.random.default_rng(1)
    for _ in range(count):
        (left, right), (top, bottom) = (sorted(map(int, r.integers(0, SIDE + 1, 2))) for _ in range(2))
        yield Box.between(top, bottom, left, right)


PAIRS = list(zip(made_up(400), list(made_up(401))[1:], strict=True))


def test_what_lies_in_both_are_the_pixels_of_both() -> None:
    for one, other in PAIRS:
        both = one.common(other)
        assert (mask(both) == (mask(one) & mask(other))).all() and both == other.common(one)
        assert both.is_empty == (not mask(both).any())
        assert one.common(FRAME) == one


def test_a_box_holds_another_if_it_has_all_its_pixels() -> None:
    for one, other in PAIRS:
        if not other.is_empty:
            assert one.holds(other) == bool((mask(one) | ~mask(other)).all())
        assert one.holds(one) and FRAME.holds(one)


def test_within_counts_from_the_corner_of_the_outer_box() -> None:
    numbers = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    for one, other in PAIRS:
        inner = one.common(other)
        if not inner.is_empty:
            assert (numbers[one.slices][inner.within(one).slices] == numbers[inner.slices]).all()
        assert inner.within(one).moved(one.x, one.y) == inner


def test_edges_halves_and_margins() -> None:
    for box, _ in PAIRS:
        assert Box.between(box.y, box.bottom, box.x, box.right) == box
        assert box.doubled.halved == box and box.grown(3).grown(-3) == box
        assert mask(box).sum() == box.width * box.height


@pytest.mark.parametrize("crossed", [Box.between(9, 4, 2, 8), Box.between(2, 8, 9, 4), Box(3, 3, 0, 5)])
def test_a_box_whose_edges_cross_is_empty(crossed: Box) -> None:
    assert crossed.is_empty and not mask(crossed).any()
