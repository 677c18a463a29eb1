"""The sRGB curve against Pillow-free reference values and its own inverse."""

import pytest
import torch
from torch.testing import assert_close

from avatar_rtc.render.colour import converted, linear_to_srgb, srgb_to_linear


@pytest.mark.parametrize(
    ("srgb", "linear"),
    # From IEC 61966-2-1: the kink, 50 % grey, and 8-bit 188, whose linear value is close to a half.
    [(0.0, 0.0), (0.04045, 0.0031308), (0.5, 0.2140411), (188 / 255, 0.5028865), (1.0, 1.0)],
)
def test_reference_points(srgb: float, linear: float) -> None:
    image = torch.full((4, 1, 1), srgb)
    assert_close(srgb_to_linear(image)[:3], torch.full((3, 1, 1), linear), atol=1e-6, rtol=1e-5)


def test_round_trip_and_alpha_kept() -> None:
    image = torch.rand(2, 4, 8, 8, generator=torch.manual_seed(1))
    assert_close(linear_to_srgb(srgb_to_linear(image)), image, atol=1e-6, rtol=1e-5)
    assert torch.equal(srgb_to_linear(image)[:, 3], image[:, 3])


@pytest.mark.parametrize("size", [(512, 512), (301, 511)])
def test_large_pictures_go_through_a_table_that_is_as_good_as_the_curve(size: tuple[int, int]) -> None:
    image = torch.rand(4, *size, generator=torch.manual_seed(2))
    image[:, 0, :3] = torch.tensor([0.0, 1.0, 1e-4])
    step = 1 / 255
    linear, srgb = converted(image, "srgb", "linear"), converted(image, "linear", "srgb")
    assert (linear - srgb_to_linear(image)).abs().max() < 2e-5
    assert (srgb - linear_to_srgb(image)).abs().max() < step / 30
    assert torch.equal(linear[3], image[3]) and torch.equal(srgb[3], image[3])
    # Black and white stay what they are, and every colour of 8 bits comes back as itself.
    assert linear[:3, 0, :2].tolist() == srgb[:3, 0, :2].tolist() == [[0.0, 1.0]] * 3
    levels = (torch.arange(512 * 512) % 256).view(512, 512).expand(4, -1, -1) * step
    there_and_back = converted(converted(levels, "srgb", "linear"), "linear", "srgb")
    assert torch.equal((there_and_back * 255).round(), (levels * 255).round())


def test_a_part_of_a_picture_is_as_the_whole() -> None:
    image = torch.rand(4, 512, 512, generator=torch.manual_seed(3))
    part = image[:, 100:400, 50:450]
    assert_close(converted(part, "srgb", "linear"), srgb_to_linear(part), atol=2e-5, rtol=0)
