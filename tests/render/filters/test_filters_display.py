"""Pixels, shades, scanlines, bands, tubes: which px get what, no moiré, light that stays."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.render.filters import planes
from tests.render.filters.filter_laws import (
    apply,
    figure,
    is_identity,
    keeps_its_laws,
    looks_the_same_at_any_size,
)

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("pixelize", {"size": 32.0, "hard_alpha": True}),
    ("pixelize", {"size": 2.0}),
    ("posterize", {"levels": 2}),
    ("posterize", {"levels": 3, "dither": 1.0, "dither_size": 4.0}),
    ("translucent_display", {"alpha": 0.1}),
    ("monochrome_display", {"tint_rgb": [0.5, 1.0, 0.5]}),
    ("banding", {"strength": 0.9, "density": 4.0}),
    ("scanlines", {"strength": 0.9}),
    ("scanlines", {"strength": 0.9, "channel": "A", "field": 1}),
    ("crt", {"curvature": 0.4, "scanline": 1.0, "mask_strength": 1.0, "glow": 1.0}),
    ("crt", {"mask": "slot", "mask_strength": 1.0, "lines": 60}),
]
ODD = [390, 500, 513, 600, 700, 723]


def flat(height: int, width: int, light: float) -> Tensor:
    """An opaque grey picture, linear."""
    image = torch.full((4, height, width), light)
    image[3] = 1
    return image


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_keep_the_laws(name: str, params: dict[str, Any]) -> None:
    keeps_its_laws(name, **params)
    assert apply(figure(390, 602), name, **params).shape == (4, 390, 602)


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_look_the_same_at_any_size(name: str, params: dict[str, Any]) -> None:
    looks_the_same_at_any_size(name, 0.012 if name == "crt" else 0.003, **params)


@pytest.mark.parametrize(("name", "off"), [
    ("posterize", {"levels": 64, "dither": 1.0}),
    ("crt", {"curvature": 0.0, "scanline": 0.0, "mask": "none", "mask_strength": 1.0, "glow": 0.0}),
    ("monochrome_display", {"strength": 0.0, "tint_rgb": [0.0, 1.0, 0.0]}),
])  # fmt: skip
def test_every_way_to_be_off_is_off(name: str, off: dict[str, Any]) -> None:
    is_identity(name, **off)


# ── pixels and shades ──


@pytest.mark.parametrize(("h", "w", "side"), [(512, 512, 6), (390, 602, 5), (700, 333, 8), (1024, 512, 12)])
def test_pixels_are_squares_from_the_upper_left(h: int, w: int, side: int) -> None:
    """Each is the mean of what it covers; those cut off by an edge, of what is there."""
    image = torch.rand(4, h, w, generator=torch.manual_seed(1))
    image[3] = 1
    found = apply(image, "pixelize", size=6.0)
    for top in (0, side, h // side * side):
        for left in (0, side, w // side * side):
            block = (slice(None), slice(top, top + side), slice(left, left + side))
            wanted = image[block].mean((1, 2), keepdim=True).expand_as(found[block])
            assert_close(found[block], wanted, atol=1e-5, rtol=0)


def test_a_pixel_half_off_the_figure_keeps_its_colour() -> None:
    image = torch.zeros(4, 512, 512)
    image[:, :, 100:] = torch.tensor([0.8, 0.4, 0.2, 1.0])[:, None, None]
    edge = apply(image, "pixelize", size=16.0)[:, 256, 96]  # px 96 to 112, of which 4 are empty
    assert_close(edge, torch.tensor([0.8, 0.4, 0.2, 0.75]), atol=1e-5, rtol=0)
    hard = apply(image, "pixelize", size=16.0, hard_alpha=True)[:, 256, 96]
    assert_close(hard, torch.tensor([0.8, 0.4, 0.2, 1.0]), atol=1e-5, rtol=0)
    image[:, :, :109] = 0  # now 13 are empty
    assert apply(image, "pixelize", size=16.0, hard_alpha=True)[:, 256, 96].abs().max() == 0


def test_shades_are_even_steps_of_the_root_and_the_nearest_is_taken() -> None:
    ramp = flat(1, 1000, 1.0)
    ramp[:3] = torch.linspace(0, 1, 1000)
    found = apply(ramp, "posterize", levels=5)[0, 0]
    assert_close(found.unique(), torch.tensor([0, 1 / 16, 4 / 16, 9 / 16, 1.0]))
    assert_close(found.sqrt(), torch.round(ramp[0, 0].sqrt() * 4) / 4)


@pytest.mark.parametrize("levels", [2, 3, 7])
@pytest.mark.parametrize("light", [0.03, 0.2, 0.5, 0.97])
def test_dithering_keeps_the_light_and_mixes_neighbours_only(light: float, levels: int) -> None:
    """A pattern of 16 thresholds can miss a share by 1/32."""
    image = flat(64, 64, light)
    found = apply(image, "posterize", levels=levels, dither=1.0)[0]
    n = levels - 1
    k = math.floor(math.sqrt(light) * n)
    lower, upper = (k / n) ** 2, ((k + 1) / n) ** 2
    shades = torch.tensor([lower, upper])
    assert (found.unique()[:, None] - shades).abs().amin(1).max() < 1e-6
    assert found.mean().item() == pytest.approx(light, abs=(upper - lower) / 32 + 1e-6)


def test_the_dots_of_dithering_are_the_pixels_of_pixelize() -> None:
    """At any size both round to the same whole px, from the same corner: no pixel's edge cuts a dot."""
    for h in (512, 390, 700):
        image = figure(h)
        side = round(5 * h / 512)
        found = apply(apply(image, "pixelize", size=5.0), "posterize", levels=4, dither=1.0, dither_size=5.0)
        n = h // side * side
        blocks = found[:, :n, :n].reshape(4, n // side, side, n // side, side)
        assert torch.equal(blocks.amax((2, 4)), blocks.amin((2, 4)))


# ── screens ──


def test_monochrome_by_hand() -> None:
    image = flat(1, 1, 0.0)
    image[:3, 0, 0] = torch.tensor([0.8, 0.4, 0.2])
    y = 0.2126 * 0.8 + 0.7152 * 0.4 + 0.0722 * 0.2
    found = apply(image, "monochrome_display", strength=0.75, tint_rgb=[1.0, 0.5, 0.2])[:3, 0, 0]
    wanted = [0.25 * c + 0.75 * y * tint for c, tint in ((0.8, 1.0), (0.4, 0.5), (0.2, 0.2))]
    assert_close(found, torch.tensor(wanted))


def test_bands_roll_without_a_jump() -> None:
    """strength · sin²(density · y + π c): c falls from 1 to 0 in 512 / speed 25ths, and sin² is the same."""
    image = flat(512, 4, 0.4)
    turn = 512 / 16 / 25
    before, after = (apply(image, "banding", t=turn + d, density=2.5)[0, :, 0] for d in (-1e-6, 1e-6))
    assert_close(before, after, atol=1e-4, rtol=0)
    quarter = apply(image, "banding", t=turn / 4, density=2.0, strength=0.5)[0, :, 0]
    y = (torch.arange(512) + 0.5) / 512 * math.pi
    assert_close(quarter, 0.4 * (1 + 0.5 * torch.sin(2 * y + math.pi * 0.75) ** 2))


@pytest.mark.parametrize(
    ("h", "line", "doubled"), [(512, 1, False), (512, 2, True), (1024, 2, False), (1024, 4, True)]
)
@pytest.mark.parametrize("field", [0, 1])
def test_fields_of_scanlines_alternate_by_their_own_height(
    h: int, line: int, doubled: bool, field: int
) -> None:
    """Row r lies in line r // line; the dark ones are even, then odd, 25 times a second."""
    image = flat(h, 2, 0.5)
    for frame in (0, 1, 2, 3):
        found = apply(
            image, "scanlines", t=(frame + 0.5) / 25, strength=0.5, field=field, double_size=doubled
        )[0, :, 0]
        dark = (torch.arange(h) // line + field + frame) % 2 == 0
        assert_close(found, torch.where(dark, 0.25, 0.5))
    still = [apply(image, "scanlines", t=t, field=field, dynamic=False) for t in (0.0, 0.05)]
    assert torch.equal(*still)


def test_scanlines_dim_the_light_and_keep_its_colour() -> None:
    image = flat(512, 2, 0.0)
    image[:3] = torch.tensor([0.8, 0.4, 0.1])[:, None, None]
    found = apply(image, "scanlines", t=0.02, strength=0.9)
    assert_close(found[:3, 0, 0], torch.tensor([0.08, 0.04, 0.01]))
    assert torch.equal(found[:3, 2], image[:3, 2])


@pytest.mark.parametrize("h", ODD)
@pytest.mark.parametrize("doubled", [False, True])
def test_scanlines_have_no_moire_at_odd_sizes(h: int, doubled: bool) -> None:
    """Wherever one looks, there are dark and light lines, and the mean of four pairs is that of all."""
    found = apply(flat(h, 2, 0.5), "scanlines", strength=0.5, double_size=doubled)[0, :, 0]
    line = (2 if doubled else 1) * h / 512
    pair = round(2 * line) + 1
    windows = found.unfold(0, pair, 1)
    contrast = windows.amax(1) - windows.amin(1)
    assert contrast.min() > 0.6 * 0.25
    period = 2 * (line if line >= 1.5 else 1.0)
    means = found.unfold(0, round(4 * period), 1).mean(1)
    assert means.max() - means.min() < 0.25 / 4 / 2 + 1e-6  # the rest of the division, at most half a px


# ── the tube ──


FLAT: dict[str, Any] = {"curvature": 0.0, "glow": 0.0, "mask": "none", "scanline": 0.0}


def test_beams_by_hand() -> None:
    """Four px to a beam: -sinc(1/4) · cos at 1/8, 3/8, … of a turn; relief is v · (1 - 0.65 v)."""
    found = apply(flat(512, 4, 0.4), "crt", **{**FLAT, "scanline": 0.5, "lines": 128})[0, :, 0]
    sinc = math.sin(math.pi / 4) / (math.pi / 4)
    wave = [-sinc * math.cos(2 * math.pi * (k + 0.5) / 4) for k in range(4)]
    wanted = [0.4 + 0.4 * (1 - 0.65 * 0.4) * 0.5 * m for m in wave]
    assert_close(found, torch.tensor(wanted).repeat(128), atol=1e-4, rtol=0)
    assert wanted[1] > 0.4 > wanted[0]  # bright in the middle of a beam, dark between two


def test_bright_beams_are_wider() -> None:
    """The share of rows above half of a beam's peak grows with brightness."""

    def width(light: float) -> float:
        rows = apply(flat(512, 4, light), "crt", **{**FLAT, "scanline": 1.0, "lines": 60})[0, :, 0]
        return float((rows > rows.max() / 2).float().mean())

    dark, middle, bright = width(0.02), width(0.4), width(0.9)
    assert dark < middle < bright and dark == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("light", [0.05, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("params", "lost"), [
    ({}, 0.06), ({"scanline": 1.0}, 0.12), ({"mask": "slot", "mask_strength": 1.0}, 0.12),
    ({"scanline": 1.0, "mask_strength": 1.0}, 0.13),
])  # fmt: skip
def test_a_tube_keeps_the_mean_light(light: float, params: dict[str, Any], lost: float) -> None:
    """Nothing is added; peaks of bright colours are cut off."""
    found = apply(flat(512, 512, light), "crt", **{**params, "curvature": 0.0})[:3].mean().item()
    assert (1 - lost) * light < found < 1.002 * light


def test_phosphors_are_red_green_and_blue_stripes_of_a_px() -> None:
    """An aperture mask at 512 px, 3 px to a triad: every column is brightest in one colour, in turn."""
    found = apply(flat(512, 512, 0.3), "crt", **{**FLAT, "mask": "aperture", "mask_strength": 0.8})[:3]
    assert (found[:, :1] == found).all(), "stripes run from top to bottom"
    brightest = found[:, 0].argmax(0)
    assert torch.equal(brightest, (torch.arange(512) - 256) % 3)
    assert_close(found.mean((1, 2)), torch.full((3,), 0.3), atol=1e-3, rtol=0)


def test_slots_stand_like_bricks() -> None:
    """Of one colour: the next triad repeats half a slot, 3 px, lower, the one after as high again."""
    found = apply(flat(512, 512, 0.3), "crt", **{**FLAT, "mask": "slot", "mask_strength": 0.8})[0]
    column = found[:, 255 + 1]
    assert column.std() > 0.03
    assert_close(found[3:, 256 + 3], column[:-3], atol=1e-4, rtol=0)
    assert_close(found[:, 256 + 6], column, atol=1e-4, rtol=0)
    assert (found[:, 256 + 3] - column).abs().max() > 0.05


@pytest.mark.parametrize("h", ODD)
@pytest.mark.parametrize("lines", [128, 170, 240, 256, 512])
def test_beams_do_not_beat_with_the_pixels(h: int, lines: int) -> None:
    """Over 4 beams, wherever, mean and spread are the same: no bands with beams next to bands without."""
    found = apply(flat(h, 2, 0.3), "crt", **{**FLAT, "scanline": 1.0, "lines": lines})[0, :, 0]
    windows = found.unfold(0, round(4 * h / lines), 1)
    means, spreads = windows.mean(1), windows.std(1)
    assert means.max() - means.min() < 0.03
    assert spreads.max() - spreads.min() < 0.025
    if h / lines <= 2:
        assert spreads.max() < 1e-6


@pytest.mark.parametrize("curvature", [0.05, 0.12, 0.4])
def test_the_glass_ends_in_a_dark_rounded_edge(curvature: float) -> None:
    found = apply(flat(512, 640, 0.5), "crt", **{**FLAT, "curvature": curvature})
    assert found[:, 0, 0].abs().max() == 0 and found[:, 511, 639].abs().max() == 0
    assert min(found[3, 256, 0], found[3, 0, 320]) > 0.999  # edges touch in their middles
    assert found[0, 256, 0] < 0.25 and found[0, 0, 320] < 0.25  # and are dark
    assert_close(found[:, 256, 320], torch.tensor([0.5, 0.5, 0.5, 1.0]), atol=1e-4, rtol=0)
    inwards = found[0, 256, :40]
    assert (inwards.diff() >= -1e-6).all() and inwards[39] == pytest.approx(0.5, abs=1e-3)
    mirrored = found.flip(1).flip(2)
    assert_close(found, mirrored, atol=1e-4, rtol=0)


@pytest.mark.parametrize("curvature", [0.05, 0.12, 0.4])
def test_corners_of_the_glass_are_round(curvature: float) -> None:
    """On the diagonal both axes are bent to b = u · (1 + c u² / 2), and a corner of radius r = c / 2 cuts off
    what is beyond 1 - r + r / √2."""
    found = apply(flat(512, 512, 0.5), "crt", **{**FLAT, "curvature": curvature})[3].diagonal()
    u = ((torch.arange(512) * 2 + 1) / 512 - 1).abs()
    inside = u * (1 + curvature * u * u / 2) < 1 - curvature / 2 * (1 - math.sqrt(0.5))
    assert ((found > 0.5) != inside).sum() <= 2 and inside.sum() < 511


def test_the_glass_bends_as_told() -> None:
    """A px shows what lies at y · (1 + c x² / 2), here on a ramp from top to bottom."""
    image = flat(401, 401, 0.0)
    image[:3] = torch.linspace(0, 1, 401)[:, None]
    found = apply(image, "crt", **{**FLAT, "curvature": 0.4})
    for row, column in ((120, 60), (200, 30), (280, 340)):
        y, x = ((2 * k + 1) / 401 - 1 for k in (row, column))
        wanted = ((y * (1 + 0.2 * x * x) + 1) * 401 - 1) / 2 / 400
        assert found[0, row, column].item() == pytest.approx(wanted, abs=2e-3)


def test_beams_follow_the_glass() -> None:
    """At the left edge a beam's middle stands where its picture does: k + 1/2 beams down the screen."""
    found = apply(flat(512, 512, 0.3), "crt", **{**FLAT, "curvature": 0.3, "scanline": 1.0, "lines": 60})[0]
    column = 40
    x = (2 * column + 1) / 512 - 1
    rows = found[:, column]
    peaks = [k for k in range(100, 412) if rows[k] >= rows[k - 1] and rows[k] > rows[k + 1]]
    for k in peaks:
        y = ((2 * k + 1) / 512 - 1) * (1 + 0.15 * x * x)
        turns = (y + 1) / 2 * 60 - 0.5
        assert abs(turns - round(turns)) < 0.1
    assert len(peaks) > 30


def test_glow_spreads_light_and_loses_none() -> None:
    image = flat(512, 512, 0.0)
    image[:3, 250:262, 250:262] = 1.0
    found = apply(image, "crt", **{**FLAT, "glow": 1.0})[0]
    assert found.sum().item() == pytest.approx(144, rel=0.01)
    assert found[256, 256] < 1.0 and 0.001 < found[256, 275] < 0.1
    assert_close(
        apply(flat(64, 64, 0.5), "crt", **{**FLAT, "glow": 1.0}), flat(64, 64, 0.5), atol=1e-4, rtol=0
    )
    assert planes.luminance(apply(figure(256), "crt", **{**FLAT, "glow": 1.0})[:3]).max() <= 1
