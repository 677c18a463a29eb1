"""Every operation: its laws, identity at neutral, the same look at any size, and what makes it what it is."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema.chain import OPERATIONS
from avatar_rtc.render.filters import blurs, planes
from avatar_rtc.render.filters.chain import FILTERS
from tests.render.filters.filter_laws import (
    apply,
    figure,
    is_identity,
    keeps_its_laws,
    looks_the_same_at_any_size,
)

NEUTRAL: dict[str, dict[str, Any]] = {
    "zoom": {"factor": 1.0},
    "atmospheric_dust": {"brightness": 0.0},
    "outline": {"strength": 0.0},
    "rim_light": {"strength": 0.0},
    "drop_shadow": {"strength": 0.0},
    "lens_blur": {"radius": 0.0},
    "bloom": {"threshold": 1.0, "exposure": 0.0},
    "chromatic_aberration": {"scale": 0.0, "sigma": 0.0},
    "noise": {"strength": 0.0},
    "vignetting": {"strength": 0.0},
    "desaturate": {"strength": 0.0},
    "colour_grade": {},
    "analog_lowres": {"sigma": 0.0},
    "chroma_subsample": {"sigma": 0.0},
    "analog_rippling_hsync": {"amplitude1": 0.0, "amplitude2": 0.0, "amplitude3": 0.0},
    "analog_runaway_hsync": {"asymmetry": 0.0, "ripple_amplitude": 0.0},
    "digital_glitches": {"strength": 0.0},
    "analog_vhs_noise": {"strength": 0.0},
    "analog_vhsglitches": {"strength": 0.0},
    "analog_vhs_headswitching": {"max_displacement": 0.0, "noise_blend": 0.0},
    "analog_vhstracking": {"base_offset": 0.0, "max_dynamic_offset": 0.0},
    "pixelize": {"size": 1.0},
    "posterize": {"levels": 64},
    "translucent_display": {"alpha": 1.0},
    "monochrome_display": {"strength": 0.0},
    "banding": {"strength": 0.0},
    "scanlines": {"strength": 0.0},
    "crt": {"curvature": 0.0, "scanline": 0.0, "mask_strength": 0.0, "glow": 0.0},
    "label": {"opacity": 0.0},
    "upscale": {"factor": 1.0},
}
KEEP_ALPHA = {
    "rim_light", "vignetting", "noise", "desaturate", "colour_grade", "chroma_subsample", "analog_vhs_noise",
    "analog_vhsglitches", "posterize", "monochrome_display", "banding", "scanlines",
}  # fmt: skip
ADD_ALPHA = {
    "atmospheric_dust", "outline", "drop_shadow", "bloom", "lens_blur", "analog_lowres", "analog_vhstracking",
}  # fmt: skip


def names(*without: str) -> list[str]:
    return [name for name in FILTERS if name not in without]


def test_every_operation_has_a_neutral() -> None:
    assert set(NEUTRAL) == set(OPERATIONS)


@pytest.mark.parametrize("name", names())
def test_laws(name: str) -> None:
    keeps_its_laws(name)


@pytest.mark.parametrize("name", names("posterize", "label", "upscale"))
def test_neutral_changes_nothing(name: str) -> None:
    is_identity(name, **NEUTRAL[name])


@pytest.mark.parametrize("name", names("upscale"))
def test_the_look_does_not_depend_on_the_size(name: str) -> None:
    looks_the_same_at_any_size(name, 0.012 if name == "crt" else 0.0015)


@pytest.mark.parametrize("name", names())
def test_odd_sizes_work(name: str) -> None:
    image = figure(390, 602)
    result = apply(image, name)
    assert torch.isfinite(result).all() and result.shape[0] == 4
    if name != "upscale":
        assert result.shape == image.shape


@pytest.mark.parametrize("name", sorted(KEEP_ALPHA))
def test_alpha_is_kept(name: str) -> None:
    image = figure(128, 128)
    assert torch.equal(apply(image, name)[3], image[3])


@pytest.mark.parametrize("name", names(*ADD_ALPHA, "upscale"))
def test_what_is_transparent_stays_so_far_from_the_figure(name: str) -> None:
    image = figure(256, 256)
    assert apply(image, name)[:, :16, :16].abs().max() < 1e-4


@pytest.mark.parametrize(
    "name", ["analog_lowres", "chromatic_aberration", "zoom", "analog_rippling_hsync", "lens_blur"]
)
def test_edges_take_no_dark_rim(name: str) -> None:
    """A white figure stays white at its edge: colour is warped and blurred premultiplied."""
    image = torch.zeros(4, 128, 128)
    image[:, 32:96, 32:96] = 1.0
    params: dict[str, Any] = {"scale": 0.0} if name == "chromatic_aberration" else {}
    result = apply(image, name, **params)
    seen = result[3] > 0.05
    assert result[:3, seen].min() > 0.97


def test_vignetting_by_hand() -> None:
    result = apply(torch.ones(4, 5, 5), "vignetting", strength=0.25)
    d = math.sqrt(0.8**2 * 2 / 2)
    assert_close(result[0, 2, 2].item(), 1.0)
    assert_close(result[0, 0, 0].item(), math.cos(math.pi / 4 * d) ** 2)
    assert torch.equal(result[3], torch.ones(5, 5))


def test_bloom_is_the_formula() -> None:
    """On an opaque picture, against the formula of the predecessor with an uncut Gaussian."""
    image = torch.rand(4, 96, 96, generator=torch.manual_seed(1))
    image[3] = 1
    bright = image[:3] * (planes.luminance(image[:3]) >= 0.56)
    sigma = 4.0 * 96 / 512
    wanted = 1 - torch.exp(-0.842 * (image[:3] + blurs.blur(bright, sigma, sigma)))
    assert_close(apply(image, "bloom", sigma=4.0)[:3], wanted.clamp(0, 1), atol=1e-4, rtol=0)


def test_bloom_without_glow_is_a_tone_map() -> None:
    image = figure(64, 64)
    assert_close(apply(image, "bloom", threshold=1.0, exposure=2.0)[:3], 1 - torch.exp(-2 * image[:3]))


def test_chromatic_aberration_moves_red_in_and_blue_out() -> None:
    image = torch.zeros(4, 101, 101)
    image[3] = 1
    image[:3, 50, 90] = 1
    result = apply(image, "chromatic_aberration", scale=0.05, sigma=0.0)
    found = [int(result[k, 50].argmax()) for k in range(3)]
    assert found == [88, 90, 92]


def test_noise_mean_and_reroll() -> None:
    image = torch.full((4, 256, 256), 0.5)
    result = apply(image, "noise", strength=0.5)
    assert_close(result[0].mean().item(), 0.5 * 0.75, atol=0.005, rtol=0)
    assert torch.equal(result, apply(image, "noise", strength=0.5, t=1.27))
    assert not torch.equal(result, apply(image, "noise", strength=0.5, t=1.29))
    assert not torch.equal(result, apply(image, "noise", strength=0.5, seed=8))
    faded = apply(image, "noise", strength=0.5, channel="A")
    assert torch.equal(faded[:3], image[:3]) and faded[3].std() > 0.01


def test_desaturate_keeps_one_hue() -> None:
    colours = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.4, 0.4, 0.4]]).T[:, None, :]
    image = torch.cat([colours, torch.ones(1, 1, 3)])
    grey = apply(image, "desaturate")
    assert_close(grey[:3].std(0), torch.zeros(1, 3), atol=1e-6, rtol=0)
    kept = apply(image, "desaturate", bandpass_reference_rgb=[1, 0, 0], bandpass_q=0.3)
    assert_close(kept[:, 0, 0], image[:, 0, 0], atol=1e-3, rtol=0)
    assert kept[:3, 0, 1].std() < 1e-3
    tinted = apply(image, "desaturate", tint_rgb=[1, 0.5, 0.2])
    assert_close(tinted[1, 0, 2] / tinted[0, 0, 2], torch.tensor(0.5))


def test_colour_grade_by_hand() -> None:
    image = torch.full((4, 8, 8), 0.2)
    image[3] = 1
    assert apply(image, "colour_grade", gain=0.0)[:3].max() == 0
    warm = apply(image, "colour_grade", temperature=0.5)[:, 0, 0]
    assert warm[0] > 0.2 > warm[2]
    assert_close(planes.luminance(warm[:3, None, None]).item(), 0.2, atol=2e-3, rtol=0)
    assert_close(
        apply(image * torch.tensor([1, 0.5, 0.2, 5])[:, None, None], "colour_grade", saturation=0.0)[:3]
        .std(0)
        .max()
        .item(),
        0.0,
        atol=1e-4,
        rtol=0,
    )


def test_analog_chroma_smears_colour_but_not_brightness() -> None:
    image = torch.ones(4, 32, 64)
    image[:3, :, :32] = torch.tensor([0.5, 0.1, 0.1])[:, None, None]
    image[:3, :, 32:] = torch.tensor([0.1, 0.1, 0.5])[:, None, None]
    result = apply(image, "chroma_subsample", sigma=14.0)
    assert_close(planes.luminance(result[:3]), planes.luminance(image[:3]), atol=0.02, rtol=0)
    assert (
        planes.to_yuv(result[:3])[1:, 0, 31].abs().sum()
        < planes.to_yuv(image[:3])[1:, 0, 31].abs().sum() * 0.7
    )


def test_digital_chroma_has_one_value_in_four_by_four() -> None:
    image = torch.ones(4, 512, 8)
    image[:3] = torch.rand(3, 512, 8, generator=torch.manual_seed(2)) * 0.2 + 0.4
    chroma = planes.to_yuv(apply(image, "chroma_subsample", mode="digital")[:3])[1:]
    blocks = chroma.view(2, 128, 4, 2, 4)
    assert_close(blocks.amax((2, 4)), blocks.amin((2, 4)), atol=1e-5, rtol=0)
    tall = planes.to_yuv(
        apply(image, "chroma_subsample", mode="digital", subsampling="4:2:2", double_size=False)[:3]
    )[1:]
    assert_close(tall[:, :, 0], tall[:, :, 1], atol=1e-5, rtol=0)
    assert (tall[:, 0] - tall[:, 1]).abs().max() > 0.001


def test_rippling_is_the_formula() -> None:
    h, w = 512, 64
    image = torch.ones(4, h, w)
    image[:3] = torch.linspace(0.2, 0.8, w)
    t = 1.0
    result = apply(image, "analog_rippling_hsync", t=t, amplitude1=0.01, amplitude2=0.0, amplitude3=0.0)
    y = (np.arange(h) * 2 + 1) / h - 1
    c = 2 * (1 - math.fmod(25 * t * 8 / 512, 1))
    shift = 0.01 * np.sin(np.pi * 4 * (y + c)) * w / 2
    step = 0.6 / (w - 1)
    assert_close(result[0, :, 32].numpy(), (0.2 + step * (32 + shift)).astype(np.float32), atol=1e-4, rtol=0)


def test_runaway_bends_one_end_only() -> None:
    image = figure(256, 256)
    bottom = apply(image, "analog_runaway_hsync", asymmetry=0.3)
    assert torch.equal(bottom[:, :224], image[:, :224]) and not torch.equal(bottom[:, 224:], image[:, 224:])
    top = apply(
        torch.rand(4, 256, 64, generator=torch.manual_seed(1)), "analog_runaway_hsync", placement="top"
    )
    assert torch.equal(top[:, 32:], torch.rand(4, 256, 64, generator=torch.manual_seed(1))[:, 32:])


@pytest.mark.parametrize("name", ["digital_glitches", "analog_vhsglitches"])
def test_glitches_come_hold_and_go(name: str) -> None:
    image = torch.rand(4, 512, 32, generator=torch.manual_seed(4)) * 0.8 + 0.2
    touched = []
    for frame in range(200):
        result = apply(image, name, t=(frame + 0.5) / 25, unboost=0.5, strength=0.05)
        touched.append(tuple(np.flatnonzero((result != image).any(0).any(-1).numpy()).tolist()))
    assert any(not rows for rows in touched) and any(touched)
    assert max(map(len, touched)) <= 3 * 30
    runs, length = [], 1
    for before, now in itertools.pairwise(touched):
        if now == before:
            length += 1
        else:
            runs.append(length)
            length = 1
    assert 1 < np.mean(runs) < 7


def test_head_switching_tears_the_lowest_rows_only() -> None:
    image = figure(512, 512)
    result = apply(image, "analog_vhs_headswitching")
    assert torch.equal(result[:, :494], image[:, :494])
    assert not torch.equal(result[:, 494:], image[:, 494:])


def test_tracking_shows_a_band_of_noise_in_every_channel() -> None:
    image = torch.zeros(4, 512, 64)
    result = apply(image, "analog_vhstracking", base_offset=0.1, max_dynamic_offset=0.0)
    assert result[:, : 512 - 26].max() == 0
    assert torch.equal(result[0, 487:], result[3, 487:]) and 0.3 < result[3, 487:].mean() < 0.7


def test_scanlines_darken_every_other_line_and_alternate() -> None:
    image = torch.full((4, 512, 4), 0.5)
    image[3] = 1
    first = apply(image, "scanlines", t=0.02, strength=0.5)[0, :, 0]
    assert first[:8].tolist() == [0.25, 0.25, 0.5, 0.5] * 2
    second = apply(image, "scanlines", t=0.06, strength=0.5)[0, :, 0]
    assert second[:8].tolist() == [0.5, 0.5, 0.25, 0.25] * 2  # by the field's height, not by one row
    still = apply(image, "scanlines", t=0.06, strength=0.5, dynamic=False, double_size=False)[0, :, 0]
    assert still[:4].tolist() == [0.25, 0.5, 0.25, 0.5]
    odd = apply(image[:, :384], "scanlines", t=0.02, strength=0.5)[0, :, 0]
    assert_close(odd.mean().item(), 0.375, atol=0.002, rtol=0)
    faded = apply(image, "scanlines", t=0.02, strength=0.5, channel="A")
    assert torch.equal(faded[:3], image[:3]) and faded[3, :4, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


def test_banding_by_hand() -> None:
    image = torch.full((4, 3, 3), 0.25)
    result = apply(image, "banding", t=0.0, strength=0.8, density=1.0)
    assert_close(result[0, 1, 1].item(), 0.25 * (1 + 0.8 * math.sin(math.pi / 2 + math.pi) ** 2))
    assert result.min() >= 0.25  # it only brightens


def test_pixelize_shows_means_in_squares() -> None:
    image = torch.rand(4, 512, 512, generator=torch.manual_seed(5))
    image[3] = 1
    result = apply(image, "pixelize", size=8.0)
    assert_close(result[:, :8, :8].amax((1, 2)), result[:, :8, :8].amin((1, 2)))
    assert_close(result[:, 8, 8], image[:, 8:16, 8:16].mean((1, 2)), atol=1e-5, rtol=0)
    assert set(apply(figure(128, 128), "pixelize", hard_alpha=True)[3].unique().tolist()) == {0.0, 1.0}


def test_posterize_leaves_few_shades_and_dithering_keeps_the_mean() -> None:
    ramp = torch.ones(4, 64, 64)
    ramp[:3] = torch.linspace(0, 1, 64)
    assert len(apply(ramp, "posterize", levels=4)[0].unique()) == 4
    flat = torch.full((4, 64, 64), 0.3)
    flat[3] = 1
    mixed = apply(flat, "posterize", levels=4, dither=1.0)[0].sqrt().mean()
    assert_close(mixed.item(), math.sqrt(0.3), atol=0.03, rtol=0)


def test_monochrome_is_one_hue() -> None:
    result = apply(figure(64, 64), "monochrome_display", tint_rgb=[1, 0.5, 0.2])
    assert_close(result[1], result[0] * 0.5)


def test_crt_keeps_brightness_and_bends_the_corners() -> None:
    image = torch.full((4, 480, 640), 0.5)
    image[3] = 1
    result = apply(image, "crt")
    assert result[3, 0, 0] == 0 and result[3, 240, 320] == 1
    assert result[:3, 160:320, 200:440].mean().item() == pytest.approx(0.5, rel=0.15)
    rows = result[:3, 160:320, 320].mean(0)
    assert rows.std() > 0.02


def test_outline_shadow_and_rim_lie_where_they_should() -> None:
    image = torch.zeros(4, 512, 512)
    image[0, 200:300, 200:300] = 0.4
    image[3, 200:300, 200:300] = 1
    line = apply(image, "outline", width=4.0, softness=0.0, colour=[0, 1, 0])
    assert_close(line[:, 250, 197], torch.tensor([0.0, 1.0, 0.0, 1.0]))
    assert line[3, 250, 190] == 0
    assert torch.equal(line[:, 250, 250], image[:, 250, 250])
    shadow = apply(
        image, "drop_shadow", offset_x=20.0, offset_y=0.0, blur=0.0, strength=0.5, colour=[0, 0, 0]
    )
    assert_close(shadow[3, 250, 310].item(), 0.5)
    assert shadow[3, 250, 190] == 0
    rim = apply(image, "rim_light", angle=0.0, width=8.0, colour=[0, 0, 1], strength=1.0)
    assert rim[2, 250, 298] > 0.3 and rim[2, 250, 250] == 0 and rim[2, 250, 201] == 0


def test_dust_drifts_and_returns_to_the_same_places() -> None:
    image = torch.zeros(4, 256, 256)
    first, later = (apply(image, "atmospheric_dust", t=t, brightness=1.0) for t in (1.0, 4.0))
    assert 0.001 < first[3].mean() < 0.2
    assert not torch.equal(first, later)
    assert torch.equal(
        apply(image, "atmospheric_dust", t=1.0, brightness=1.0, speed=0.0),
        apply(image, "atmospheric_dust", t=4.0, brightness=1.0, speed=0.0),
    )


def test_lens_blur_is_a_disc_and_highlights_shine() -> None:
    image = torch.zeros(4, 512, 512)
    image[3] = 1
    image[:3, 256, 256] = 1
    even = apply(torch.full_like(image, 0.3), "lens_blur")
    assert_close(even, torch.full_like(image, 0.3), atol=1e-4, rtol=0)
    disc = apply(image, "lens_blur", radius=10.0, highlights=0.0)[0]
    assert disc[256, 265] > 1e-3 and max(disc[256, 268], disc[264, 264]) < 1e-6
    assert apply(image, "lens_blur", radius=10.0, highlights=1.0)[0].sum() > 2 * disc.sum()


def test_zoom_keeps_the_centre_and_doubles() -> None:
    image = figure(128, 128)
    result: Tensor = apply(image, "zoom", factor=2.0, center_x=0.0, center_y=0.0)
    assert_close(result[3, 64, 64], image[3, 64, 64], atol=0.05, rtol=0)
    assert_close(result[3].mean().item(), image[3, 32:96, 32:96].mean().item(), atol=0.02, rtol=0)
