"""A tape and its player: noise by its mean, spread and direction, tears, floating, bands."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema.tape import AnalogVhsglitches
from avatar_rtc.render.filters import planes
from avatar_rtc.render.filters.signal import bands
from tests.render.filters.filter_laws import apply, figure, is_identity, keeps_its_laws, seen

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("analog_vhs_noise", {"strength": 1.0, "mode": "NTSC"}),
    ("analog_vhs_noise", {"strength": 0.7, "mode": "NTSC", "ntsc_chroma": "bilinear", "double_size": False}),
    ("analog_vhs_noise", {"strength": 1.0, "double_size": False}),
    ("analog_vhsglitches", {"strength": 0.9, "unboost": 0.1, "max_glitches": 10, "max_glitch_height": 10.0}),
    ("analog_vhs_headswitching", {"height": 0.05, "max_displacement": 0.1, "noise_blend": 1.0}),
    ("analog_vhstracking", {"base_offset": 0.4, "max_dynamic_offset": 0.3}),
    ("analog_vhstracking", {"base_offset": 1.0, "max_dynamic_offset": 1.0}),
]


def flat(height: int, width: int, *colour: float) -> Tensor:
    """An opaque picture of one colour, linear."""
    return torch.tensor([*colour, 1.0])[:, None, None].expand(4, height, width).clone()


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_keep_the_laws(name: str, params: dict[str, Any]) -> None:
    keeps_its_laws(name, **params)
    assert apply(figure(390, 602), name, **params).shape == (4, 390, 602)


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_means_and_spreads_are_the_same_at_any_size(name: str, params: dict[str, Any]) -> None:
    """Rounding to whole lines may draw one more, so random grain is not compared px by px."""
    small, large = seen(apply(figure(512), name, **params)), seen(apply(figure(1024), name, **params))
    assert large.mean().item() == pytest.approx(small.mean().item(), abs=0.004)
    assert large.std().item() == pytest.approx(small.std().item(), abs=0.006)


@pytest.mark.parametrize(("name", "off"), [
    ("analog_vhsglitches", {"max_glitches": 0, "unboost": 0.1}),
    ("analog_vhs_headswitching", {"height": 0.0, "max_displacement": 0.1, "noise_blend": 1.0}),
])  # fmt: skip
def test_every_way_to_be_off_is_off(name: str, off: dict[str, Any]) -> None:
    is_identity(name, **off)


def test_pal_noise_keeps_hue_and_saturation() -> None:
    """Every px is the colour times one factor 1 - s + s · N, with the mean 1 - s / 2."""
    image = flat(256, 256, 0.8, 0.4, 0.2)
    found = apply(image, "analog_vhs_noise", strength=0.6)
    factor = found[0] / 0.8
    assert_close(found[1:3], torch.stack([factor * 0.4, factor * 0.2]), atol=1e-6, rtol=0)
    assert factor.mean().item() == pytest.approx(0.7, abs=0.003)
    # Uniform noise has the spread 1/√12; a Gaussian of sigma 2 leaves 1 / (2 √π · 2) of its square.
    wanted = 0.6 / math.sqrt(12) * math.sqrt(1 / (4 * math.sqrt(math.pi)))
    assert factor.std().item() == pytest.approx(wanted, rel=0.05)


def test_streaks_lie_along_the_lines() -> None:
    """Neighbours in a line are alike: Gaussian noise of sigma 2 correlates by exp(-1/16); lines do not."""
    noise = apply(flat(512, 512, 0.5, 0.5, 0.5), "analog_vhs_noise", double_size=False)[0]
    noise = noise - noise.mean()

    def alike(down: int, right: int) -> float:
        a, b = noise[: 512 - down, : 512 - right], noise[down:, right:]
        return float((a * b).mean() / noise.square().mean())

    assert alike(0, 1) == pytest.approx(math.exp(-1 / 16), abs=0.02)
    assert abs(alike(1, 0)) < 0.02
    doubled = apply(flat(512, 64, 0.5, 0.5, 0.5), "analog_vhs_noise")[0]
    assert torch.equal(doubled[::2], doubled[1::2]) and not torch.equal(doubled[1:-1:2], doubled[2::2])


def test_ntsc_colours_the_noise_and_more_so_where_it_is_bright() -> None:
    """Chroma noise is 2 √Y · s · (N - 1/2), N of spread 1/√12 · √(1 / 4√π): sigma 4, at half size 2."""
    spread = 0.3 / math.sqrt(12) * math.sqrt(1 / (4 * math.sqrt(math.pi)))
    for light in (0.04, 0.36):
        found = apply(flat(512, 512, light, light, light), "analog_vhs_noise", mode="NTSC")
        yuv = planes.to_yuv(found[:3])
        y = yuv[0].mean().item()
        # The multiplied noise of PAL leaves grey grey, so all the chroma there is has been added.
        for plane in (1, 2):
            assert yuv[plane].std().item() == pytest.approx(2 * math.sqrt(y) * spread, rel=0.06)
    assert apply(flat(64, 64, 0.3, 0.3, 0.3), "analog_vhs_noise")[:3].std(0).max() < 1e-6
    black = apply(flat(64, 64, 0.0, 0.0, 0.0), "analog_vhs_noise", mode="NTSC", strength=1.0)
    assert black[:3].max() == 0


def test_noise_is_drawn_anew_25_times_a_second() -> None:
    image = flat(64, 64, 0.5, 0.5, 0.5)
    first = apply(image, "analog_vhs_noise", t=1.0)
    assert torch.equal(first, apply(image, "analog_vhs_noise", t=1.03))
    assert not torch.equal(first, apply(image, "analog_vhs_noise", t=1.05))
    assert not torch.equal(first, apply(image, "analog_vhs_noise", t=1.0, seed=8))


def test_glitches_mix_streaks_into_their_rows_and_keep_alpha() -> None:
    """(1 - s) · rgb + s · N in the rows of each band, N near 1/2; where it is transparent, nothing."""
    image = flat(512, 128, 0.0, 0.0, 0.0)
    image[3, :, :40] = 0
    found = apply(image, "analog_vhsglitches", strength=0.8, unboost=0.1, max_glitches=10)
    rows = torch.zeros(512, dtype=torch.bool)
    for band in bands(AnalogVhsglitches(unboost=0.1, max_glitches=10), 512, 1.25, 7):
        rows[band.rows] = True
    assert 3 <= rows.sum() <= 60
    assert torch.equal(found[3], image[3]) and found[:, ~rows].equal(image[:, ~rows])
    assert found[:3, rows, :40].abs().max() == 0
    inside = found[:3, rows, 40:]
    assert inside.mean().item() == pytest.approx(0.4, abs=0.03) and inside.std() > 0.05
    assert torch.equal(inside[0], inside[2])  # grey


def test_bands_have_noise_of_their_own() -> None:
    image = flat(512, 256, 0.0, 0.0, 0.0)
    found = apply(image, "analog_vhsglitches", strength=0.9, unboost=0.1, max_glitches=10)[0]
    lit = found[found.sum(1) > 0]
    assert len(torch.unique(lit, dim=0)) == len(lit)


def torn(image: Tensor, t: float, height: float) -> Tensor:
    return apply(image, "analog_vhs_headswitching", t=t, height=height, max_displacement=0.1, noise_blend=0.0)


@pytest.mark.parametrize("t", [0.7, 3e5 + 0.7])
def test_the_tear_is_the_formula_even_after_days(t: float) -> None:
    h, w = 512, 256
    image = flat(h, w, 0, 0, 0)
    image[:3] = torch.linspace(0.0, 1.0, w)
    found = torn(image, t, 0.05)
    count, c = 26, t * 25 * 8 / 512
    for k in (0, 9, 25):
        e = (k + 0.5) / count
        wave = (
            math.sin(math.pi * (3 * e + 2 * c))
            + 0.7 * math.sin(math.pi * (7 * e + 5 * c))
            + 0.4 * math.sin(math.pi * (13 * e + 11 * c))
        )
        wanted = (128 + e * 0.1 * wave * w / 2) / (w - 1)
        assert found[0, h - count + k, 128].item() == pytest.approx(wanted, abs=2e-4), k


def test_the_noise_of_the_tear_grows_downwards() -> None:
    image = flat(512, 512, 1.0, 1.0, 1.0)
    found = apply(image, "analog_vhs_headswitching", noise_blend=1.0, height=0.05)
    rows = found[0, -26:].mean(1)
    e = (torch.arange(26) + 0.5) / 26
    assert_close(rows, 1 - e / 2, atol=0.05, rtol=0)
    assert torch.equal(found[:, :-26], image[:, :-26])


def test_tracking_floats_up_and_down() -> None:
    """At 25 t · speed / 512 = 1/2 it is highest: max_dynamic_offset / 2 heights, 16 px of 320; 3/2 lowest."""
    image = flat(320, 8, 0, 0, 0)
    image[:3] = torch.linspace(0, 1, 320)[:, None]
    for turn, moved in ((0.5, 16), (1.0, 0), (1.5, -16)):
        found = apply(
            image, "analog_vhstracking", t=turn * 512 / 8 / 25, base_offset=0.0, max_dynamic_offset=0.1
        )
        assert_close(found[0, 100], image[0, 100 + moved], atol=1e-4, rtol=0)
        below = found[:, 304:]
        assert (torch.equal(below[0], below[3]) and below[3].std() > 0.05) == (moved > 0)


def test_a_band_of_tracking_may_fill_the_picture() -> None:
    found = apply(
        figure(64, 48), "analog_vhstracking", t=512 / 16 / 25, base_offset=1.0, max_dynamic_offset=1.0
    )
    assert torch.equal(found[0], found[3]) and found[3].min() > 0
