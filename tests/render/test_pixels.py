"""Pixels: bytes and floats, torch and numpy, OpenCV and torch against each other, on made-up pictures."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.render.pixels import (
    LEAST_ALPHA,
    from_bytes,
    over_grey,
    picture_of,
    premultiplied,
    rgba_of,
    straight,
    to_bytes,
)
from avatar_rtc.stream.pixels import hide_unseen, rounded, seen_on, straight_levels

SIZES = ((1, 1), (7, 3), (64, 48), (33, 128))


def made_up(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Any colours; a third transparent, a third opaque, the others anything between."""
    r = np.random.default_rng([seed, height, width])
    rgba = r.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[..., 3] = np.choose(r.integers(0, 3, (height, width)), (np.uint8(0), np.uint8(255), rgba[..., 3]))
    return rgba


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_bytes_come_back_as_they_were(height: int, width: int) -> None:
    rgba = made_up(height, width)
    image = picture_of(rgba)
    assert image.shape == (4, height, width) and image.dtype == torch.float32
    assert (rgba_of(image) == rgba).all()
    assert (to_bytes(image) == rgba.transpose(2, 0, 1)).all()
    kept = np.frombuffer(rgba.tobytes(), np.uint8).reshape(rgba.shape)  # read only, as what came by a pipe
    assert torch.equal(picture_of(kept), image)
    assert torch.equal(from_bytes(torch.from_numpy(rgba)).permute(2, 0, 1), image)


@pytest.mark.parametrize("rows_of_pixels", [False, True])
def test_both_ways_to_bytes_round_alike(rows_of_pixels: bool) -> None:
    """Every level, the halves between two levels, and a hair beside them."""
    halves = (torch.arange(0, 511, dtype=torch.float64) / 2).repeat(4, 1)
    near = torch.cat([halves, halves * (1 - 1e-6), halves * (1 + 1e-6)], dim=1)
    image = (near / 255).clamp(0, 1).float()[:, None].contiguous()
    if rows_of_pixels:
        image = image.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    nearest = np.rint(image.numpy() * np.float32(255)).astype(np.uint8)
    assert (rgba_of(image).transpose(2, 0, 1) == nearest).all()
    assert (to_bytes(image) == nearest).all()


def test_what_is_out_of_range_is_cut_off_and_never_wraps() -> None:
    image = torch.tensor([1.0 + 1e-3, 2.0, -1e-4, 1.0])[:, None, None]
    assert rgba_of(image).flatten().tolist() == to_bytes(image).flatten().tolist() == [255, 255, 0, 255]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("batched", [False, True])
def test_straight_is_the_inverse_of_premultiplied(height: int, width: int, batched: bool) -> None:
    image = picture_of(hide_unseen(made_up(height, width)))
    given = image.expand(3, -1, -1, -1) if batched else image
    assert_close(straight(premultiplied(given)), given, atol=2e-7, rtol=0)
    assert torch.equal(premultiplied(given)[..., 3, :, :], given[..., 3, :, :])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_tiny_alpha_keeps_its_colour_down_to_a_millionth(dtype: torch.dtype) -> None:
    """From there on colours are exact; below they fade with alpha, and where nothing is they are 0."""
    colour = 0.6

    def came_back(alpha: float) -> float:
        image = torch.tensor([colour * alpha, 0, 0, alpha], dtype=torch.float64)[:, None, None]
        return float(straight(image)[0])

    for alpha in np.geomspace(LEAST_ALPHA, 1, 40).tolist():
        assert came_back(alpha) == pytest.approx(colour)
    for alpha in np.geomspace(1e-12, LEAST_ALPHA, 40).tolist():
        assert came_back(alpha) == pytest.approx(colour * alpha / LEAST_ALPHA)
    nothing = straight(torch.zeros(4, 2, 2, dtype=dtype))
    assert torch.equal(nothing, torch.zeros_like(nothing))


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_levels_are_divided_by_alpha_as_floats_are(height: int, width: int) -> None:
    image = premultiplied(picture_of(made_up(height, width)))
    levels = (image * 255).permute(1, 2, 0).numpy().astype(np.float32)
    by_levels = straight_levels(levels[..., :3], levels[..., 3:])
    assert_close(torch.from_numpy(by_levels) / 255, straight(image)[:3].permute(1, 2, 0), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_what_is_seen_over_grey_is_the_same_in_bytes_and_floats(height: int, width: int) -> None:
    rgba = made_up(height, width)
    image = premultiplied(picture_of(rgba))
    seen = over_grey(image)
    assert_close(torch.from_numpy(seen_on(rgba, 127.5)) / 255, seen.permute(1, 2, 0), atol=1e-6, rtol=0)
    levels = (image * 255).numpy()
    assert np.allclose(over_grey(levels, 255), seen.numpy() * 255, atol=1e-3)
    other: Tensor = premultiplied(picture_of(made_up(height, width, seed=1)))
    assert_close(over_grey(image - other, white=0), seen - over_grey(other), atol=1e-6, rtol=0)


def test_each_pixel_of_a_ground_is_its_own() -> None:
    rgba, ground = made_up(16, 9), np.random.default_rng(2).uniform(0, 255, (16, 9, 3)).astype(np.float32)
    found = rounded(seen_on(rgba, ground))
    opaque, clear = rgba[..., 3] == 255, rgba[..., 3] == 0
    assert (found[opaque] == rgba[opaque, :3]).all()
    assert (found[clear] == np.floor(ground[clear] + 0.5)).all()


def test_what_cannot_be_seen_is_all_zero_and_nothing_else_changes() -> None:
    rgba = made_up(40, 30)
    found = hide_unseen(rgba.copy())
    assert not found[rgba[..., 3] == 0].any()
    assert (found[rgba[..., 3] > 0] == rgba[rgba[..., 3] > 0]).all()
