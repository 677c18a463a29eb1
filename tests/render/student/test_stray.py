"""What is shown off the figure."""

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.render.student.stray import Figure
from avatar_rtc.render.student.swinging import Turned

_SIDE = 64


def disc(radius: float, faint: bool) -> NDArray[np.float32]:
    y, x = np.mgrid[: 2 * _SIDE, : 2 * _SIDE].astype(np.float32)
    alpha = (np.hypot(x - 63.5, y - 63.5) < radius).astype(np.float32)
    if faint:
        alpha[4:24, 4:24] = 0.3
    return alpha


def still(bare: float = 1.0) -> Turned:
    change = np.zeros((_SIDE, _SIDE, 2), np.float32)
    return Turned(change, np.zeros((_SIDE, _SIDE, 4), np.float32), np.full((_SIDE, _SIDE), bare, np.float32))


@pytest.mark.parametrize("faint", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_faint_paint_off_the_figure_goes_and_solid_paint_stays(faint: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    figure, turned = Figure(disc(40, faint)), still()
    turned.paint[:] = random.uniform(0, 0.4, turned.paint.shape)
    turned.paint[50:60, 50:60] = 0.9
    kept = figure.alone(turned).paint
    assert kept[31, 31].any() and (kept[51:59, 51:59] == np.float32(0.9)).all()
    assert not kept[31, :9].any() and not kept[:8, 24:].any()


@pytest.mark.parametrize("faint", [False, True])
def test_what_is_drawn_faint_stays(faint: bool) -> None:
    figure, turned = Figure(disc(40, faint)), still()
    bare = figure.alone(turned).bare
    assert bare[31, 31].all() and bool(bare[5:9, 5:9].all()) == faint


def test_a_figure_and_its_soft_edge_are_left_alone() -> None:
    figure, turned = Figure(disc(40, False)), still(0.8)
    shown = figure.alone(turned)
    y, x = np.mgrid[:_SIDE, :_SIDE]
    near = np.hypot(x - 31.5, y - 31.5) < 20.5
    assert (shown.bare[near] == turned.bare[near]).all() and (shown.change == turned.change).all()
