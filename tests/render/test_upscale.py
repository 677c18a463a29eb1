"""Enlarging: no method rings, sizes and identity, the networks against their own plain evaluation."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate
from torch.testing import assert_close

from avatar_rtc.bench.gpu.tolerances import KERNEL_TOLERANCE
from avatar_rtc.render.colour import converted
from avatar_rtc.render.upscale import interpolation, networks
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.render.upscale.interpolation import Interpolation, interpolated
from avatar_rtc.render.upscale.networks import QUALITIES, SIZES, Doubler, Quality, load_upscaler
from tests.render.filters.filter_laws import figure

METHODS = [("bilinear", "low"), ("bicubic", "low"), ("lanczos", "low"), ("anime", "low"), ("anime", "high")]


def shown(size: int) -> Tensor:
    return converted(figure(size), "linear", "srgb-premultiplied")


@pytest.mark.parametrize(("method", "quality"), METHODS)
@pytest.mark.parametrize(("h", "w"), [(96, 96), (120, 130), (192, 192), (300, 200)])
def test_sizes_and_range(method: Any, quality: Any, h: int, w: int) -> None:
    large = enlarge(shown(96), h, w, method, quality)
    assert large.shape == (4, h, w)
    assert large.min() >= 0 and large[3].max() <= 1 + 1e-5 and (large[:3] <= large[3:] + 1e-5).all()


@pytest.mark.parametrize(("method", "quality"), METHODS)
def test_alpha_never_rings(method: Any, quality: Any) -> None:
    """From an opaque to a transparent half, alpha falls, to 1 % in a network's case, and stays in [0, 1]."""
    image = torch.zeros(4, 48, 48)
    image[:, :, :24] = 1.0
    large = enlarge(image, 96, 96, method, quality)
    alpha = large[3]
    assert alpha[:, :44].min() > 1 - 1e-5 and alpha[:, 52:].max() < 1e-5
    assert alpha.diff(dim=1).max() < (0.01 if method == "anime" else 1e-5)
    assert (large[:3] >= 0).all() and (large[:3] <= large[3:] + 1e-6).all()


@pytest.mark.parametrize(("method", "quality"), METHODS)
def test_what_is_even_stays_even_and_brightness_is_kept(method: Any, quality: Any) -> None:
    grey = torch.full((4, 40, 40), 0.5)
    large = enlarge(grey, 80, 80, method, quality)[:, 8:-8, 8:-8]
    assert_close(large, torch.full_like(large, 0.5), atol=0.02, rtol=0)
    image = shown(128)
    assert_close(avg_pool2d(enlarge(image, 256, 256, method, quality)[None], 2)[0], image, atol=0.35, rtol=0)


def test_the_same_size_is_the_same_picture() -> None:
    image = shown(64)
    assert enlarge(image, 64, 64, "anime") is image


@pytest.mark.parametrize(("kernel", "tolerance"), KERNEL_TOLERANCE.items())
def test_opencv_and_torch_agree(kernel: Interpolation, tolerance: float) -> None:
    image = torch.rand(3, 40, 50, generator=torch.manual_seed(1))
    for size in ((77, 100), (80, 150), (41, 51)):
        found, wanted = interpolation._by_torch(image, *size, kernel), interpolated(image, *size, kernel)
        assert_close(found, wanted, atol=tolerance, rtol=0)


@pytest.mark.parametrize("quality", SIZES)
def test_the_networks_are_as_small_as_promised_and_better_than_bicubic(quality: Any) -> None:
    network = load_upscaler(quality, torch.device("cpu"), torch.float32)
    assert sum(p.numel() for p in network.parameters()) <= {"low": 30_000, "high": 200_000}[quality]
    clean = shown(256)
    small = avg_pool2d(clean[None], 2)[0]

    def db(method: Any) -> float:
        error = (enlarge(small, 256, 256, method, quality) - clean).square().mean()
        return float(-10 * torch.log10(error))

    assert db("anime") > db("bicubic") + 2
    x = small[None]
    base = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    plain = base + torch.nn.functional.pixel_shuffle(network.body(x), 2)
    inside = (plain[0, 3] > 0.01) & (plain[0, 3] < 0.99)
    assert np.abs((plain[0] - network.doubled(small))[:, ~inside].numpy()).mean() < 0.01


@pytest.mark.parametrize("quality", SIZES)
@pytest.mark.parametrize(
    "place", [(0, 20, 0, 15), (30, 50, 40, 90), (44, 96, 76, 96), (0, 96, 0, 96), (9, 9, 9, 9)]
)
def test_passing_over_what_is_transparent_changes_nothing(
    quality: str, place: tuple[int, int, int, int]
) -> None:
    network = load_upscaler(quality, torch.device("cpu"), torch.float32)
    top, bottom, left, right = place
    image = torch.zeros(4, 96, 96)
    image[:, top:bottom, left:right] = torch.rand(4, 96, 96, generator=torch.manual_seed(3))[
        :, top:bottom, left:right
    ]
    image[:3] *= image[3:]
    assert_close(network.doubled(image), network._limited(image), atol=1e-5, rtol=0)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_large_picture_is_doubled_in_strips_and_looks_the_same(
    quality: Quality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maps never take more memory than those of a strip."""
    network = load_upscaler(quality, torch.device("cpu"), torch.float32)
    picture = shown(96)
    whole = network.doubled(picture)
    seen: list[int] = []
    monkeypatch.setattr(networks, "_STRIP_PIXELS", 96 * 40)
    limited = Doubler._limited

    def noted(self: Doubler, image: Tensor) -> Tensor:
        seen.append(image.shape[-2])
        return limited(self, image)

    monkeypatch.setattr(Doubler, "_limited", noted)
    assert_close(network.doubled(picture), whole, atol=1e-5, rtol=0)
    assert len(seen) > 2 and max(seen) <= 40
