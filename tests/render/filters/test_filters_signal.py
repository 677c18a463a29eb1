"""Narrow channels, coarse colour, lost sync, lost packets: formulas, rims, and what time does to them."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema.signal import AnalogRunawayHsync, DigitalGlitches
from avatar_rtc.render.filters import planes
from avatar_rtc.render.filters.signal import Band, bands
from tests.render.filters.filter_laws import (
    apply,
    figure,
    is_identity,
    keeps_its_laws,
    looks_the_same_at_any_size,
)

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("analog_lowres", {"sigma": 6.0}),
    ("chroma_subsample", {"sigma": 14.0}),
    ("chroma_subsample", {"mode": "digital"}),
    ("chroma_subsample", {"mode": "digital", "upscale": "bilinear", "subsampling": "4:2:2"}),
    ("analog_rippling_hsync", {"amplitude1": 0.01, "amplitude2": 0.01, "amplitude3": 0.01, "density3": 100}),
    ("analog_runaway_hsync", {"asymmetry": 0.5, "ripple_amplitude": 0.2, "placement": "top"}),
    ("digital_glitches", {"strength": -0.1, "unboost": 0.1, "max_glitches": 10, "max_glitch_height": 100.0}),
]


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_keep_the_laws(name: str, params: dict[str, Any]) -> None:
    keeps_its_laws(name, **params)
    assert apply(figure(390, 602), name, **params).shape == (4, 390, 602)


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_look_the_same_at_any_size(name: str, params: dict[str, Any]) -> None:
    looks_the_same_at_any_size(name, 0.004, **params)


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("digital_glitches", {"strength": 0.0, "unboost": 0.1}),
        ("digital_glitches", {"max_glitches": 0, "unboost": 0.1}),
        ("analog_runaway_hsync", {"asymmetry": 0.0, "ripple_amplitude": 0.0, "placement": "top"}),
    ],
)
def test_every_way_to_be_off_is_off(name: str, off: dict[str, Any]) -> None:
    is_identity(name, **off)


def test_the_default_flutter_lies_in_its_range_and_shows() -> None:
    """The predecessor's default lay outside its own range."""
    assert AnalogRunawayHsync(ripple_amplitude=AnalogRunawayHsync().ripple_amplitude)
    flutter = apply(figure(256), "analog_runaway_hsync", asymmetry=0.0)
    assert (flutter - figure(256)).abs().max() > 0.1


def test_lowres_is_a_gaussian_of_sigma() -> None:
    """The second moment of what becomes of a point is sigma²; sigma grows with the picture."""
    for height, sigma in ((512, 2.0), (1024, 2.0), (390, 4.0)):
        image = torch.zeros(4, height, 201)
        image[3] = 1
        image[0, height // 2, 100] = 1
        spread = apply(image, "analog_lowres", sigma=sigma)[0].double()
        offset = torch.arange(201.0).double() - 100
        found = (spread.sum(0) * offset**2).sum() / spread.sum()
        assert math.sqrt(found) * 512 / height == pytest.approx(sigma, rel=0.02)


# ── colour ──


def square(colour: tuple[float, float, float], top: int, side: int) -> Tensor:
    """A square of one colour on transparency (4, 256, 256)."""
    image = torch.zeros(4, 256, 256)
    image[:, top : top + side, top : top + side] = torch.tensor([*colour, 1.0])[:, None, None]
    return image


@pytest.mark.parametrize("top", [96, 97, 98, 99])
@pytest.mark.parametrize("params", [
    {"sigma": 14.0}, {"mode": "digital"}, {"mode": "digital", "upscale": "bilinear"},
    {"mode": "digital", "subsampling": "4:2:2"},
])  # fmt: skip
def test_one_colour_keeps_it_up_to_its_edge(top: int, params: dict[str, Any]) -> None:
    """What is transparent has no colour to bleed, wherever samples fall."""
    image = square((0.7, 0.2, 0.1), top, 63)
    assert_close(apply(image, "chroma_subsample", **params), image, atol=1e-5, rtol=0)


def test_analog_chroma_is_a_gaussian_of_the_differences() -> None:
    image = torch.rand(4, 512, 64, generator=torch.manual_seed(3)) * 0.1 + 0.4
    image[3] = 1
    y = (image[:3] * torch.tensor(planes.LUMA)[:, None, None]).sum(0)
    taps = torch.exp(-0.5 * (torch.arange(-9.0, 10) / 3) ** 2)
    taps /= taps.sum()
    found = apply(image, "chroma_subsample", sigma=3.0)
    for channel in (0, 2):
        difference = image[channel] - y
        wanted = sum(w * difference[:, 23 + k : 42 + k] for k, w in enumerate(taps))  # 32 - 9 = 23
        assert_close(found[channel, :, 32:51], y[:, 32:51] + wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("params", "rows", "columns"), [
    ({}, 4, 4), ({"double_size": False}, 2, 2), ({"subsampling": "4:2:2"}, 2, 4),
    ({"subsampling": "4:2:2", "double_size": False}, 1, 2),
])  # fmt: skip
def test_digital_drops_samples_and_does_not_average(params: dict[str, Any], rows: int, columns: int) -> None:
    """Chroma of every block is that of its first px; fine stripes give false colours, as documented."""
    image = torch.rand(4, 512, 32, generator=torch.manual_seed(4)) * 0.1 + 0.4
    image[3] = 1
    found = planes.to_yuv(apply(image, "chroma_subsample", mode="digital", **params)[:3])
    first = planes.to_yuv(image[:3])[:, ::rows, ::columns]
    wanted = first.repeat_interleave(rows, 1).repeat_interleave(columns, 2)
    assert_close(found[1:], wanted[1:], atol=1e-4, rtol=0)
    assert_close(found[0], planes.to_yuv(image[:3])[0], atol=1e-5, rtol=0)


# ── sync ──


def test_runaway_is_the_formula() -> None:
    """Rows of a ramp tell how far they moved: at τ = 1/8 the flutter is Σ sin(2π · dᵢ / 8), negative."""
    h, w = 256, 128
    image = torch.ones(4, h, w)
    image[:3] = torch.linspace(0.1, 0.9, w)
    t = 512 / 8 / 8 / 25
    found = apply(
        image, "analog_runaway_hsync", t=t, speed=8.0, asymmetry=0.05, ripple_amplitude=0.1,
        ripple_density1=1.0, ripple_density2=2.0, ripple_density3=3.0,
    )  # fmt: skip
    bend = 0.9 * 0.05 - 0.1 * (math.sqrt(0.5) + 1 + math.sqrt(0.5))
    for row in (223, 224, 240, 255):
        ramp = max(0.0, ((row + 0.5) / h - 7 / 8) * 8) ** 2
        wanted = 0.1 + 0.8 * (64 - bend * ramp * w / 2) / (w - 1)
        assert found[0, row, 64].item() == pytest.approx(wanted, abs=1e-3), row


@pytest.mark.parametrize("name", ["analog_rippling_hsync", "analog_runaway_hsync"])
def test_waves_of_a_broken_density_do_not_jump_when_a_turn_is_over(name: str) -> None:
    """A turn takes 512 / speed 25ths; just before and after its end the picture is the same."""
    rippling: dict[str, Any] = {"amplitude1": 0.01, "density1": 4.3}
    runaway: dict[str, Any] = {"ripple_amplitude": 0.2, "ripple_density1": 4.3}
    strong = rippling if name == "analog_rippling_hsync" else runaway
    image = torch.ones(4, 256, 256)
    image[:3] = torch.linspace(0, 1, 256)
    before, after = (apply(image, name, t=512 / 8 / 25 + d, **strong) for d in (-1e-5, 1e-5))
    assert (before - after).abs().max() < 1e-3
    middle = apply(image, name, t=512 / 8 / 25 / 2, **strong)
    assert (before - middle).abs().max() > 1e-3, "nothing moves at all"


def test_a_wave_of_whole_density_returns_after_a_turn_even_after_days() -> None:
    image = figure(128)
    turn = 512 / 8 / 25
    first, later = (
        apply(image, "analog_rippling_hsync", t=t, amplitude1=0.01) for t in (1.0, 1.0 + 1e5 * turn)
    )
    assert_close(first, later, atol=2e-2, rtol=0)  # looked up in 32nds of a px


# ── glitches ──


def schedule(params: DigitalGlitches, frames: int, seed: int = 3) -> list[tuple[Band, ...]]:
    return [tuple(bands(params, 512, (k + 0.5) / 25, seed)) for k in range(frames)]


@pytest.mark.parametrize(("low", "high"), [(1, 3), (3, 3), (2, 5), (3, 6)])
def test_a_block_stays_as_long_as_it_says(low: int, high: int) -> None:
    """Ten of them never come twice in the same places, so a change tells where a hold ends."""
    params = DigitalGlitches(hold_min=low, hold_max=high, unboost=0.1, max_glitches=10)
    found = schedule(params, 600)
    ends = [k for k in range(1, 600) if found[k] != found[k - 1]]
    lengths = set(np.diff(ends).tolist())
    assert lengths == set(range(low, high + 1))


def test_a_higher_unboost_is_rarer_and_blocks_are_as_high_as_they_say() -> None:
    def mean(unboost: float) -> float:
        params = DigitalGlitches(unboost=unboost, max_glitches=10)
        return float(np.mean([len(found) for found in schedule(params, 1000)]))

    assert mean(0.5) == pytest.approx(10 / 1.5, rel=0.1)  # the mean of U^u is 1 / (u + 1)
    assert mean(0.5) > mean(4.0) > mean(10.0) > 0
    params = DigitalGlitches(unboost=0.1, min_glitch_height=5, max_glitch_height=40)
    heights = [band.rows.stop - band.rows.start for found in schedule(params, 500) for band in found]
    assert 5 <= min(heights) < 8 and 37 < max(heights) <= 40
    assert all(b.rows.start >= 0 and b.rows.stop <= 512 for found in schedule(params, 500) for b in found)


def test_heights_scale_with_the_picture() -> None:
    params = DigitalGlitches(unboost=0.1, max_glitches=5)
    small, large = bands(params, 512, 1.0, 3), bands(params, 1024, 1.0, 3)
    assert len(small) == len(large) > 0
    for a, b in zip(small, large, strict=True):
        assert abs((b.rows.stop - b.rows.start) - 2 * (a.rows.stop - a.rows.start)) <= 1


def test_blocks_move_by_strength_and_the_rest_stays() -> None:
    """A ramp: every row of a block is moved by 0.1 half widths, 6.4 px, to its side."""
    image = torch.ones(4, 512, 128)
    image[:3] = torch.linspace(0.1, 0.9, 128)
    params = DigitalGlitches(strength=0.1, unboost=0.1)
    t, seed = 1.0, 7
    found = bands(params, 512, t, seed)
    result = apply(image, "digital_glitches", t=t, seed=seed, strength=0.1, unboost=0.1)
    touched = torch.zeros(512, dtype=torch.bool)
    for band in found:
        touched[band.rows] = True
    assert found and torch.equal(result[:, ~touched], image[:, ~touched])
    wanted = 0.8 / 127 * 6.4
    moved = (result[0, touched, 64] - image[0, touched, 64]).abs()
    assert_close(moved, torch.full_like(moved, wanted), atol=3e-4, rtol=0)
