"""How a student is measured against its teacher."""

import numpy as np
import pytest
import torch

from avatar_rtc.distill.body import on_both_grounds, window_around
from avatar_rtc.distill.measure import stray_pixels
from avatar_rtc.render.pixels import over_grey
from avatar_rtc.stream.box import Box


@pytest.mark.parametrize(
    ("column", "alpha", "colour", "stray"),
    [
        (43, 255, 0, 0),  # within 3 px of the figure
        (44, 255, 0, 1),
        (60, 255, 0, 1),
        (60, 200, 180, 0),  # pale
        (60, 20, 0, 0),  # hardly there
        (60, 30, 0, 1),
    ],
)
def test_dirt_is_what_darkens_a_white_page_off_the_figure(
    column: int, alpha: int, colour: int, stray: int
) -> None:
    figure = np.zeros((80, 80), np.float32)
    figure[20:60, 20:41] = 255
    ours = np.zeros((4, 80, 80), np.float32)
    ours[:, 20:60, 20:41] = 255
    ours[:3, 40, column], ours[3, 40, column] = colour, alpha
    assert stray_pixels(ours, figure) == stray


def test_what_is_transparent_cannot_pass_for_its_ground() -> None:
    opaque = torch.tensor([0.5, 0.5, 0.5, 1.0]).view(1, 4, 1, 1)
    assert over_grey(opaque, 1).equal(over_grey(torch.zeros_like(opaque), 1))
    assert on_both_grounds(opaque).abs().min() == 0.5


@pytest.mark.parametrize("seed", range(20))
def test_the_window_holds_eyes_and_mouth_in_whole_steps(seed: int) -> None:
    r = np.random.default_rng(seed)
    box = Box(*(32 * int(n) for n in r.integers(0, 4, 2)), *(32 * int(n) for n in r.integers(6, 11, 2)))
    features = Box(box.x + int(r.integers(90)), box.y + int(r.integers(90)), 96, 96)
    window = window_around(features, box)
    assert all(side % 16 == 0 for side in (window.x, window.y, window.width, window.height))
    assert Box(0, 0, box.width, box.height).holds(window) and window.holds(features.within(box))
