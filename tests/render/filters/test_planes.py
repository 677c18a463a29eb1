"""Blurs, warps, luminance and noise: against direct torch, against a law, the same for the same seed."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, grid_sample, pad
from torch.testing import assert_close

from avatar_rtc.render.filters import planes as p


@pytest.fixture
def image() -> Tensor:
    return torch.rand(4, 96, 128, generator=torch.manual_seed(3))


def direct_blur(image: Tensor, sigma: float) -> Tensor:
    taps = torch.from_numpy(p.gaussian(sigma))
    reach = len(taps) // 2
    padded = pad(image[:, None], (reach, reach, reach, reach), "replicate")
    rows = conv2d(padded, taps.view(1, 1, 1, -1))
    return conv2d(rows, taps.view(1, 1, -1, 1))[:, 0]


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5, 4.9])
def test_blur_is_the_gaussian(image: Tensor, sigma: float) -> None:
    assert_close(p.blur(image, sigma, sigma), direct_blur(image, sigma), atol=1e-5, rtol=0)


@pytest.mark.parametrize("sigma", [5.0, 7.0, 11.0, 14.0, 20.0])
def test_a_wide_blur_on_a_smaller_picture_is_as_good(image: Tensor, sigma: float) -> None:
    edge = torch.zeros_like(image)
    edge[:, 30:60, 40:] = 1
    assert_close(p.blur(edge, sigma, sigma), direct_blur(edge, sigma), atol=0.025, rtol=0)
    inside = (slice(None), slice(24, -24), slice(24, -24))  # the outermost pixel of noise is no picture
    assert_close(p.blur(image, sigma, sigma)[inside], direct_blur(image, sigma)[inside], atol=0.014, rtol=0)


def test_blur_of_one_axis_leaves_the_other_alone(image: Tensor) -> None:
    rows = image[:, :1].expand(-1, 96, -1)
    assert_close(p.blur(rows, 3.0, 0.0), rows, atol=1e-5, rtol=0)
    assert_close(p.blur(rows, 9.0, 0.0), rows, atol=1e-5, rtol=0)
    assert p.blur(image, 0.0, 0.0) is image


def test_sample_is_grid_sample(image: Tensor) -> None:
    y, x = torch.rand(2, 50, 60, generator=torch.manual_seed(1)) * 180 - 30
    grid = torch.stack([(2 * x + 1) / 128 - 1, (2 * y + 1) / 96 - 1], dim=-1)
    wanted = grid_sample(image[None], grid[None], "bilinear", "border", align_corners=False)[0]
    assert_close(p.sample(image, y, x), wanted, atol=1e-4, rtol=0)


def test_shifted_by_whole_pixels(image: Tensor) -> None:
    found = p.shifted(image, 2, torch.full((96, 1), 5.0))
    assert_close(found[:, :-2, :-5], image[:, 2:, 5:])
    assert_close(found[:, -1, -1], image[:, -1, -1])


def test_magnified_keeps_its_centre(image: Tensor) -> None:
    assert_close(p.magnified(image, 1.0), image, atol=1e-5, rtol=0)
    doubled = p.magnified(image, 2.0, -1.0, -1.0)
    assert_close(doubled[:, :2, :2].mean((1, 2)), image[:, 0, 0], atol=0.3, rtol=0)


def test_yuv_goes_there_and_back(image: Tensor) -> None:
    yuv = p.to_yuv(image[:3])
    assert_close(p.from_yuv(yuv), image[:3])
    assert yuv[1:].abs().max() <= 0.5
    assert_close(yuv[:1], p.luminance(image[:3]))
    grey = p.to_yuv(torch.full((3, 2, 2), 0.3))
    assert_close(grey[1:], torch.zeros(2, 2, 2), atol=1e-6, rtol=0)


def test_another_luminance_keeps_the_chroma(image: Tensor) -> None:
    rgb = image[:3] * 0.5 + 0.2
    before = p.luminance(rgb)
    wanted = p.to_yuv(rgb)
    wanted[:1] += 0.05
    assert_close(p.with_luminance(rgb, before, before + 0.05), p.from_yuv(wanted))


def test_noise_changes_25_times_a_second_and_with_seed_and_salt(image: Tensor) -> None:
    first = p.uniform(7, 1.0, 0, 40, 50, image)
    assert torch.equal(p.uniform(7, 1.039, 0, 40, 50, image), first)
    for other in (p.uniform(7, 1.041, 0, 40, 50, image), p.uniform(8, 1.0, 0, 40, 50, image)):
        assert not torch.equal(other, first)
    assert not torch.equal(p.uniform(7, 1.0, 1, 40, 50, image), first)
    assert 0.48 < first.mean() < 0.52 and first.min() >= 0 and first.max() < 1


def test_draws_hold_for_their_period() -> None:
    assert p.draws(7, 1.0, 0, 5).random() == p.draws(7, 1.19, 0, 5).random()
    assert p.draws(7, 1.0, 0, 5).random() != p.draws(7, 1.21, 0, 5).random()
