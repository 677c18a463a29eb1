"""Lens, exposure, grain and grading: against direct formulas and laws, at strong settings and odd sizes."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad
from torch.testing import assert_close

from avatar_rtc.render.filters import planes
from tests.render.filters.filter_laws import apply, figure, keeps_its_laws, looks_the_same_at_any_size

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("lens_blur", {"radius": 20.0, "highlights": 1.0}),
    ("lens_blur", {"radius": 0.7}),
    ("bloom", {"threshold": 0.0, "exposure": 5.0, "sigma": 14.0}),
    ("bloom", {"threshold": 0.3, "exposure": 0.0, "sigma": 0.1}),
    ("chromatic_aberration", {"scale": 0.05, "sigma": 3.0}),
    ("vignetting", {"strength": 0.5}),
    ("desaturate", {"bandpass_q": 1.0, "tint_rgb": [0.2, 1.0, 0.1]}),
    ("colour_grade", {"temperature": -1.0, "tint": 1.0, "saturation": 2.0, "contrast": 2.0}),
    ("colour_grade", {"lift": 0.3, "gamma": 0.4, "gain": 2.0, "shadows_rgb": [0, 0.5, 1]}),
]
NOISY: list[tuple[str, dict[str, Any]]] = [
    ("noise", {"strength": 1.0, "sigma": 3.0}),
    ("noise", {"strength": 1.0, "sigma": 0.0, "double_size": False, "channel": "A"}),
]


@pytest.mark.parametrize(("name", "params"), STRONG + NOISY)
def test_strong_settings_keep_the_laws(name: str, params: dict[str, Any]) -> None:
    keeps_its_laws(name, **params)
    assert apply(figure(390, 602), name, **params).shape == (4, 390, 602)


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_look_the_same_at_any_size(name: str, params: dict[str, Any]) -> None:
    looks_the_same_at_any_size(name, 0.003, **params)


# ── lens ──


def disc_mean(image: Tensor, radius: float) -> Tensor:
    """The mean over a disc, by torch, of planes (C, H, W)."""
    reach = int(radius) + 1
    y, x = torch.meshgrid(*[torch.arange(-reach, reach + 1.0)] * 2, indexing="ij")
    disc = (radius + 0.5 - torch.hypot(y, x)).clamp(0, 1)
    padded = pad(image[:, None], (reach,) * 4, "replicate")
    return conv2d(padded, (disc / disc.sum())[None, None])[:, 0]


@pytest.mark.parametrize(("height", "radius", "tolerance"), [
    (128, 8.0, 1e-4), (128, 20.0, 1e-4), (512, 8.0, 1e-4), (512, 20.0, 0.02), (1024, 7.0, 0.02),
])  # fmt: skip
def test_lens_blur_is_the_mean_over_a_disc(height: int, radius: float, tolerance: float) -> None:
    """Exact where it works on the picture itself, and nearly so where it works on a smaller one."""
    image = figure(height)
    image = torch.cat([image[:3] * image[3:], torch.ones(1, height, height)])
    found = apply(image, "lens_blur", radius=radius, highlights=0.0)
    assert_close(found, disc_mean(image, radius * height / 512).clamp(0, 1), atol=tolerance, rtol=0)


def test_highlights_by_the_formula() -> None:
    image = torch.rand(4, 64, 64, generator=torch.manual_seed(2))
    image[3] = 1
    factor = 1 + 8 * 0.5 * planes.luminance(image[:3]) ** 5
    wanted = disc_mean(image[:3] * factor, 2.0) / disc_mean(factor, 2.0)
    assert_close(apply(image, "lens_blur", radius=16.0)[:3], wanted, atol=1e-4, rtol=0)


def test_the_glow_of_bloom_is_a_gaussian_of_sigma() -> None:
    """A bright point on black: the second moment of what is added is sigma²; sigma grows with the picture."""
    for height, sigma in ((512, 4.0), (256, 14.0)):
        image = torch.zeros(4, height, height)
        image[3] = 1
        image[:3, height // 2, height // 2] = 1
        glow = apply(image, "bloom", threshold=0.5, exposure=0.0, sigma=sigma)[0].double()
        glow[height // 2, height // 2] = glow[height // 2, height // 2 + 1]  # the point itself, clamped
        axis = torch.arange(height).double() - height // 2
        variance = (glow.sum(0) @ axis**2 / glow.sum()).item()
        assert variance == pytest.approx((sigma * height / 512) ** 2, rel=0.06)


def test_bloom_shines_over_what_is_transparent_in_its_own_colour() -> None:
    image = torch.zeros(4, 512, 512)
    image[:, 200:300, 200:300] = torch.tensor([1.0, 0.8, 0.2, 1.0])[:, None, None]
    result = apply(image, "bloom", threshold=0.5, exposure=0.0, sigma=7.0)
    beside = result[:, 250, 305]
    assert 0.1 < beside[3] < 0.5
    assert_close(beside[:3], torch.tensor([1.0, 0.8, 0.2]), atol=1e-3, rtol=0)
    dark = apply(
        image * torch.tensor([0.1, 0.1, 0.1, 1])[:, None, None], "bloom", threshold=0.5, exposure=0.0
    )
    assert dark[3, 250, 305] == 0


def test_chromatic_aberration_leaves_green_and_mixes_three_alphas() -> None:
    opaque = torch.rand(4, 64, 64, generator=torch.manual_seed(3))
    opaque[3] = 1
    result = apply(opaque, "chromatic_aberration", scale=0.05, sigma=2.0)
    assert_close(result[1], opaque[1])
    assert_close(result[3], opaque[3])
    edge = torch.zeros(4, 512, 512)
    edge[:, :, :440] = 1
    result = apply(edge, "chromatic_aberration", scale=0.05, sigma=0.0)[:, 256]
    # Red ends 184 / 1.05 = 175 px from the middle, green at 184, blue at 184 / 0.95 = 194.
    for x, alpha in ((425, 1.0), (436, 2 / 3), (445, 1 / 3), (455, 0.0)):
        assert_close(result[3, x].item(), alpha, atol=1e-3, rtol=0)
    assert_close(result[:3, 445], torch.tensor([0.0, 0.0, 1.0]), atol=1e-3, rtol=0)
    assert_close(result[:3, 436], torch.tensor([0.0, 1.0, 1.0]), atol=1e-3, rtol=0)


# ── grain ──


@pytest.mark.parametrize("height", [96, 390, 512, 700, 1024])
def test_grain_has_the_same_spread_at_any_size(height: int) -> None:
    """Without blur: alpha · N, N uniform, so a mean of 1/2 and a spread of 1/√12."""
    image = torch.ones(4, height, 602)
    alpha = apply(image, "noise", strength=1.0, sigma=0.0, channel="A", double_size=False)[3]
    assert_close(alpha.mean().item(), 0.5, atol=0.01, rtol=0)
    assert_close(alpha.std().item(), 12**-0.5, atol=0.01, rtol=0)


@pytest.mark.parametrize(("height", "doubled", "grain"), [(512, True, 2), (1024, False, 2), (1024, True, 4)])
def test_grain_is_as_large_as_it_says(height: int, doubled: bool, grain: int) -> None:
    image = torch.ones(4, height, height)
    alpha = apply(image, "noise", strength=1.0, sigma=0.0, channel="A", double_size=doubled)[3]
    assert torch.equal(alpha[::grain, ::grain], alpha[grain - 1 :: grain, grain - 1 :: grain])
    assert not torch.equal(alpha[::grain, :-grain:grain], alpha[::grain, grain::grain])


def test_noise_changes_brightness_and_not_chroma() -> None:
    image = torch.ones(4, 64, 64)
    image[:3] = torch.tensor([0.6, 0.5, 0.4])[:, None, None]
    result = apply(image, "noise", strength=0.3)
    assert_close(planes.to_yuv(result[:3])[1:], planes.to_yuv(image[:3])[1:], atol=1e-5, rtol=0)
    y = planes.luminance(result[:3]) / planes.luminance(image[:3])
    assert y.min() >= 0.7 and y.max() <= 1 and y.std() > 0.01


# ── colour ──


def test_the_band_of_hues_is_the_formula() -> None:
    """Pixel by pixel with the standard library's numbers, on random colours."""
    rgb = np.random.default_rng(1).random((3, 50))
    image = torch.from_numpy(np.concatenate([rgb, np.ones((1, 50))])).float()[:, None]
    reference, q, s, tint = (0.2, 0.9, 0.1), 0.6, 0.8, np.array([1.0, 0.7, 0.4])

    def hue(r: float, g: float, b: float) -> float:
        return float(np.arctan2(3**0.5 / 2 * (g - b), (2 * r - g - b) / 2) / (2 * np.pi))

    wanted = []
    for r, g, b in rgb.T:
        away = abs(hue(r, g, b) - hue(*reference)) % 1
        d = 2 * min(away, 1 - away)
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b
        u, v = (b - y) / 1.8556, (r - y) / 1.5748
        chroma = np.hypot(min(1, abs(u) / 0.05), min(1, abs(v) / 0.05))
        strength = s * (1 - min(1, (1 - min(1, d / q)) ** 2 * chroma))
        wanted.append((1 - strength) * np.array([r, g, b]) + strength * y * tint)
    found = apply(
        image,
        "desaturate",
        strength=s,
        tint_rgb=tint.tolist(),
        bandpass_reference_rgb=reference,
        bandpass_q=q,
    )
    assert_close(found[:3, 0].numpy().T, np.array(wanted, np.float32), atol=1e-4, rtol=0)


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def test_the_grading_curve_is_the_formula() -> None:
    light = np.linspace(0, 1, 300)
    image = torch.from_numpy(np.stack([light, light, light, np.ones(300)])).float()[:, None]
    found = apply(
        image, "colour_grade", lift=0.1, gamma=1.4, gain=0.9, contrast=1.2,
        shadows_rgb=[0.4, 0.5, 0.6], highlights_rgb=[0.6, 0.5, 0.4],
    )  # fmt: skip
    v = srgb(light)
    v = np.clip(((v * 0.9 + 0.1 * (1 - v)) - 0.5) * 1.2 + 0.5, 0, 1) ** (1 / 1.4)
    for k, (dark, bright) in enumerate(((-0.1, 0.1), (0.0, 0.0), (0.1, -0.1))):
        wanted = np.clip(v + dark * (1 - v) ** 2 + bright * v**2, 0, 1)
        assert_close(srgb(found[k, 0].double().numpy()), wanted, atol=2e-3, rtol=0)


@pytest.mark.parametrize("look", [{"temperature": 1.0}, {"temperature": -1.0}, {"tint": 1.0}, {"tint": -1.0}])
def test_white_balance_keeps_the_brightness_of_grey(look: dict[str, Any]) -> None:
    grey = torch.full((4, 2, 2), 0.3)
    r, g, b = (apply(grey, "colour_grade", **look)[:3, 0, 0]).tolist()
    assert 0.2126 * r + 0.7152 * g + 0.0722 * b == pytest.approx(0.3, abs=1e-3)
    warm = look.get("temperature", 0.0)
    assert (r > g > b) if warm > 0 else (r < g < b) if warm < 0 else (g < r) == (look["tint"] > 0)


def test_saturation_moves_colours_away_from_their_grey() -> None:
    image = torch.ones(4, 1, 1)
    image[:3, 0, 0] = torch.tensor([0.4, 0.3, 0.2])
    y = planes.luminance(image[:3]).item()
    for saturation in (0.0, 0.5, 1.5):
        found = apply(image, "colour_grade", saturation=saturation)[:3, 0, 0]
        wanted = torch.tensor([y + saturation * (c - y) for c in (0.4, 0.3, 0.2)])
        assert_close(found, wanted, atol=5e-4, rtol=0)


def test_transparent_pixels_take_no_lift() -> None:
    result = apply(figure(64), "colour_grade", lift=0.3)
    clear = figure(64)[3] == 0
    assert clear.any() and result[:, clear].abs().max() == 0
