"""Blurs, warps, luminance and noise: against direct torch, against a law, the same for the same seed."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, grid_sample, pad
from torch.testing import assert_close

from avatar_rtc.render.filters import blurs, chance, planes, warps


@pytest.fixture
def image() -> Tensor:
    return torch.rand(4, 96, 128, generator=torch.manual_seed(3))


def direct_blur(image: Tensor, sigma: float) -> Tensor:
    taps = torch.from_numpy(blurs.gaussian(sigma))
    reach = len(taps) // 2
    padded = pad(image[:, None], (reach, reach, reach, reach), "replicate")
    rows = conv2d(padded, taps.view(1, 1, 1, -1))
    return conv2d(rows, taps.view(1, 1, -1, 1))[:, 0]


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5, 4.9])
def test_blur_is_the_gaussian(image: Tensor, sigma: float) -> None:
    assert_close(blurs.blur(image, sigma, sigma), direct_blur(image, sigma), atol=1e-5, rtol=0)


@pytest.mark.parametrize("sigma", [5.0, 7.0, 11.0, 14.0, 20.0])
def test_a_wide_blur_on_a_smaller_picture_is_as_good(image: Tensor, sigma: float) -> None:
    edge = torch.zeros_like(image)
    edge[:, 30:60, 40:] = 1
    assert_close(blurs.blur(edge, sigma, sigma), direct_blur(edge, sigma), atol=0.025, rtol=0)
    inside = (slice(None), slice(24, -24), slice(24, -24))  # the outermost pixel of noise is no picture
    assert_close(
        blurs.blur(image, sigma, sigma)[inside], direct_blur(image, sigma)[inside], atol=0.014, rtol=0
    )


def test_blur_of_one_axis_leaves_the_other_alone(image: Tensor) -> None:
    rows = image[:, :1].expand(-1, 96, -1)
    assert_close(blurs.blur(rows, 3.0, 0.0), rows, atol=1e-5, rtol=0)
    assert_close(blurs.blur(rows, 9.0, 0.0), rows, atol=1e-5, rtol=0)
    assert blurs.blur(image, 0.0, 0.0) is image


def test_sample_is_grid_sample(image: Tensor) -> None:
    y, x = torch.rand(2, 50, 60, generator=torch.manual_seed(1)) * 180 - 30
    grid = torch.stack([(2 * x + 1) / 128 - 1, (2 * y + 1) / 96 - 1], dim=-1)
    wanted = grid_sample(image[None], grid[None], "bilinear", "border", align_corners=False)[0]
    assert_close(warps.sample(image, y, x), wanted, atol=1e-4, rtol=0)


def test_shifted_by_whole_pixels(image: Tensor) -> None:
    found = warps.shifted(image, 2, torch.full((96, 1), 5.0))
    assert_close(found[:, :-2, :-5], image[:, 2:, 5:])
    assert_close(found[:, -1, -1], image[:, -1, -1])


def test_magnified_keeps_its_centre(image: Tensor) -> None:
    assert_close(warps.magnified(image, 1.0), image, atol=1e-5, rtol=0)
    doubled = warps.magnified(image, 2.0, -1.0, -1.0)
    assert_close(doubled[:, :2, :2].mean((1, 2)), image[:, 0, 0], atol=0.3, rtol=0)


def test_yuv_goes_there_and_back(image: Tensor) -> None:
    yuv = planes.to_yuv(image[:3])
    assert_close(planes.from_yuv(yuv), image[:3])
    assert yuv[1:].abs().max() <= 0.5
    assert_close(yuv[:1], planes.luminance(image[:3]))
    grey = planes.to_yuv(torch.full((3, 2, 2), 0.3))
    assert_close(grey[1:], torch.zeros(2, 2, 2), atol=1e-6, rtol=0)


def test_another_luminance_keeps_the_chroma(image: Tensor) -> None:
    rgb = image[:3] * 0.5 + 0.2
    before = planes.luminance(rgb)
    wanted = planes.to_yuv(rgb)
    wanted[:1] += 0.05
    assert_close(planes.with_luminance(rgb, before, before + 0.05), planes.from_yuv(wanted))


def test_noise_changes_25_times_a_second_and_with_seed_and_salt(image: Tensor) -> None:
    first = chance.uniform(7, 1.0, 0, 40, 50, image)
    assert torch.equal(chance.uniform(7, 1.039, 0, 40, 50, image), first)
    for other in (chance.uniform(7, 1.041, 0, 40, 50, image), chance.uniform(8, 1.0, 0, 40, 50, image)):
        assert not torch.equal(other, first)
    assert not torch.equal(chance.uniform(7, 1.0, 1, 40, 50, image), first)
    assert 0.48 < first.mean() < 0.52 and first.min() >= 0 and first.max() < 1


def test_draws_hold_for_their_period() -> None:
    assert chance.draws(7, 1.0, 0, 5).random() == chance.draws(7, 1.19, 0, 5).random()
    assert chance.draws(7, 1.0, 0, 5).random() != chance.draws(7, 1.21, 0, 5).random()
