"""Figures on a stage against a reference that lays pixel over pixel in 64 bits."""

import cv2
import numpy as np
import pytest
import torch

from avatar_rtc.control.cast import MAX_PLACE, MIN_PLACE, Placing
from avatar_rtc.render import company
from avatar_rtc.render.colour import ColourSpace, converted
from avatar_rtc.render.company import PlacedFigure, composed, spot_of

STAGE = 96, 160
SPACES: tuple[ColourSpace, ...] = ("srgb", "srgb-premultiplied", "linear")


def figure(
    random: np.random.Generator, height: int, width: int, place: Placing, space: ColourSpace
) -> PlacedFigure:
    alpha = random.choice([0.0, 1.0, random.random()], size=(1, height, width))
    straight = torch.from_numpy(np.concatenate([random.random((3, height, width)) * (alpha > 0), alpha]))
    return PlacedFigure(converted(straight.float(), "srgb", space), space, place)


def reference(figures: list[PlacedFigure], stage: tuple[int, int]) -> np.ndarray:
    """Pixel by pixel; figures as high as the stage at scale 1, so that none is resampled."""
    scene = np.zeros((*stage, 4))
    for each in figures:
        seen = converted(each.picture.double(), each.space, "srgb-premultiplied").numpy()
        _, h, w = seen.shape
        top, left = round(each.place.y * stage[0]) - h, round(each.place.x * stage[1] - w / 2)
        for row in range(h):
            for column in range(w):
                at = top + row, left + column
                if 0 <= at[0] < stage[0] and 0 <= at[1] < stage[1]:
                    pixel = seen[:, row, w - 1 - column if each.place.flip else column]
                    scene[at] = pixel + scene[at] * (1 - pixel[3])
    return scene


@pytest.mark.parametrize("seed", range(12))
def test_figures_lie_over_each_other_as_the_reference_lays_them(seed):
    random = np.random.default_rng(seed)
    height, width = 24, 40
    figures = [
        figure(
            random,
            height,
            int(random.integers(8, 30)),
            Placing(random.uniform(-0.3, 1.3), random.uniform(0.2, 1.6), 1.0, bool(random.integers(2))),
            SPACES[int(random.integers(3))],
        )
        for _ in range(int(random.integers(1, 6)))
    ]
    scene = composed(figures, (height, width))
    np.testing.assert_allclose(scene.permute(1, 2, 0).numpy(), reference(figures, (height, width)), atol=3e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_device_makes_the_same_of_them(seed, monkeypatch):
    random = np.random.default_rng([seed, 1])
    figures = [
        figure(
            random,
            48,
            int(random.integers(20, 60)),
            Placing(random.uniform(0, 1), random.uniform(0.5, 1.3), random.uniform(0.5, 2), bool(seed % 2)),
            SPACES[seed % 3],
        )
        for _ in range(4)
    ]
    here = composed(figures, STAGE)
    monkeypatch.setattr(company, "on_host", lambda picture: False)
    there = composed(figures, STAGE)
    # Both enlarge bilinearly: from 48 rows to 48..192.
    torch.testing.assert_close(here, there, atol=2e-3, rtol=0)


def test_who_comes_later_stands_in_front():
    red, blue = (torch.tensor(c)[:, None, None].expand(4, 96, 50) for c in ([1.0, 0, 0, 1], [0.0, 0, 1, 1]))
    pair = [PlacedFigure(red, "srgb", Placing(0.45)), PlacedFigure(blue, "srgb", Placing(0.55))]
    row = composed(pair, STAGE)[:, 50]
    assert row[:, 60].tolist() == [1, 0, 0, 1] and row[:, 80].tolist() == [0, 0, 1, 1]
    assert composed(pair[::-1], STAGE)[:, 50, 80].tolist() == [1, 0, 0, 1]
    assert row[3, :40].max() == 0 and row[3, 130:].max() == 0


def test_a_smaller_figure_is_the_mean_of_what_it_covers():
    random = np.random.default_rng(3)
    picture = torch.from_numpy(random.random((4, 96, 96), np.float32))
    made = composed([PlacedFigure(picture, "srgb-premultiplied", Placing(0.5, 1.0, 0.5))], STAGE)
    wanted = cv2.resize(picture.permute(1, 2, 0).numpy(), (48, 48), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(made[:, 48:, 56:104].permute(1, 2, 0).numpy(), wanted, atol=1e-6)


@pytest.mark.parametrize("x", [MIN_PLACE, MAX_PLACE])
def test_nobody_is_seen_who_waits_beside_the_stage(x):
    assert spot_of(Placing(x), (96, 50), STAGE) is None
    ones = torch.ones(4, 96, 50)
    assert composed([PlacedFigure(ones, "srgb", Placing(x))], STAGE).abs().max() == 0


def test_an_empty_stage_is_transparent():
    assert composed([], STAGE).shape == (4, *STAGE)
    assert composed([], STAGE).abs().max() == 0
