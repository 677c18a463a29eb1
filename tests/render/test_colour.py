"""The sRGB curve against Pillow-free reference values and its own inverse."""

import pytest
import torch
from torch.testing import assert_close

from avatar_rtc.render.colour import linear_to_srgb, srgb_to_linear


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
