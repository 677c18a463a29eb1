"""Light, shadow, dust and zoom at strong settings: against laws, by hand, the same on a GPU."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.render.filters import scene
from avatar_rtc.render.upscale.enlarge import enlarge
from tests.render.filters.filter_laws import apply, figure, keeps_its_laws, looks_the_same_at_any_size, seen

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("zoom", {"factor": 4.0, "center_x": 1.0, "center_y": 1.0}),
    ("atmospheric_dust", {"count": 200, "size": 6.0, "depth": 1.0, "brightness": 1.0}),
    ("atmospheric_dust", {"count": 200, "size": 0.5, "depth": 0.0, "speed": 4.0}),
    ("outline", {"width": 16.0, "softness": 8.0}),
    ("outline", {"width": 2.5, "softness": 0.0, "strength": 0.5}),
    ("rim_light", {"width": 30.0, "strength": 2.0, "angle": 135.0}),
    ("drop_shadow", {"offset_x": -40.0, "offset_y": 40.0, "blur": 30.0, "strength": 1.0}),
]


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_keep_the_laws(name: str, params: dict[str, Any]) -> None:
    keeps_its_laws(name, **params)
    assert apply(figure(390, 602), name, **params).shape == (4, 390, 602)


@pytest.mark.parametrize(("name", "params"), STRONG)
def test_strong_settings_look_the_same_at_any_size(name: str, params: dict[str, Any]) -> None:
    looks_the_same_at_any_size(name, 0.003, **params)


# ── zoom ──


@pytest.mark.parametrize("factor", [1.3, 2.0, 3.7])
@pytest.mark.parametrize("centre", [(0.0, -0.867), (1.0, 1.0), (-1.0, 0.3)])
def test_a_sharp_zoom_looks_where_the_soft_one_does(
    monkeypatch: pytest.MonkeyPatch, factor: float, centre: tuple[float, float]
) -> None:
    """With the network's place taken by bilinear enlarging, both are the same but for less than a px."""
    asked: list[tuple[int, ...]] = []

    def bilinear(window: Tensor, height: int, width: int, method: str, quality: str) -> Tensor:
        asked.append((*window.shape, height, width))
        assert (method, quality) == ("anime", "high")
        return enlarge(window, height, width, "bilinear")

    monkeypatch.setattr(scene, "enlarge", bilinear)
    image = figure(390, 602)
    look: dict[str, Any] = {"factor": factor, "center_x": centre[0], "center_y": centre[1]}
    soft, sharp = apply(image, "zoom", **look), apply(image, "zoom", quality="ultra", **look)
    assert sharp.shape == image.shape
    one_px = (seen(soft)[:, 1:, 1:] - seen(soft)[:, :-1, :-1]).abs().mean().item()
    assert (seen(sharp) - seen(soft)).abs().mean().item() < max(one_px, 1e-4)
    ((_, high, wide, *_),) = asked
    margin = 4 if abs(centre[0]) == 1 else 8  # at an edge of the picture there is none beyond it
    assert high >= min(390, 390 / factor + 4) and wide >= min(602, 602 / factor + margin)


# ── dust ──

LONE: dict[str, Any] = {"count": 1, "depth": 0.0, "size": 2.0, "brightness": 1.0}


def light_at(t: float, seed: int, **params: Any) -> Tensor:
    """What one mote adds to nothing: alpha (128, 128)."""
    return apply(torch.zeros(4, 128, 128), "atmospheric_dust", t=t, seed=seed, **{**LONE, **params})[3]


SEED_INSIDE = next(s for s in range(50) if all(light_at(t, s)[9:-9, 9:-9].any() for t in (1.0, 2.0)))
"""Of a mote that is in the middle of the picture from the first second to the second."""


def test_a_mote_shines_its_colour_over_nothing_and_mixes_with_what_is_there() -> None:
    colour = torch.tensor([1.0, 0.5, 0.25])[:, None, None]
    fronts = 0
    for seed in range(20):
        lone = {**LONE, "colour": colour.flatten().tolist()}
        light = apply(torch.zeros(4, 256, 256), "atmospheric_dust", seed=seed, **lone)
        s = light[3:]
        assert_close(light[:3], colour * (s > 0), atol=1e-4, rtol=0)
        grey = torch.cat([torch.full((3, 256, 256), 0.2), torch.ones(1, 256, 256)])
        result = apply(grey, "atmospheric_dust", seed=seed, **lone)
        hidden = torch.equal(result, grey)  # behind what is opaque a mote is not seen at all
        assert hidden or not s.any() or (result[:3] - (0.2 + 0.8 * s * colour)).abs().max() < 1e-5
        fronts += bool(s.any()) and not hidden
    assert 3 <= fronts <= 17


def test_motes_glide_and_do_not_jump_from_px_to_px() -> None:
    axis = torch.arange(128.0)

    def place(t: float) -> tuple[float, float]:
        light = light_at(t, SEED_INSIDE, size=6.0)
        return (light.sum(1) @ axis / light.sum()).item(), (light.sum(0) @ axis / light.sum()).item()

    places = np.array([place(1 + k / 25) for k in range(20)])
    steps = np.diff(places, axis=0)
    assert 0.05 < np.hypot(*steps.mean(0)) < 1
    assert np.abs(np.diff(steps, axis=0)).max() < 0.05


def test_a_tiny_mote_does_not_flicker() -> None:
    sums = [light_at(1 + k / 25, SEED_INSIDE, size=0.5).sum().item() for k in range(25)]
    assert min(sums) > 0 and max(sums) < 1.2 * min(sums)


def test_more_motes_leave_the_others_where_they_are() -> None:
    image = torch.zeros(4, 256, 256)
    few, many = (apply(image, "atmospheric_dust", count=count)[3] for count in (40, 60))
    assert (many >= few - 1e-6).all() and many.sum() > few.sum()


def test_dust_returns_from_the_other_side_out_of_sight() -> None:
    """Over ten minutes there is never a step in what is seen, so nothing appears within the picture."""
    image = torch.zeros(4, 64, 64)
    params: dict[str, Any] = {"count": 20, "size": 6.0, "depth": 1.0, "brightness": 1.0, "speed": 4.0}
    for t in np.linspace(0, 600, 120):
        now, then = (apply(image, "atmospheric_dust", t=float(t) + dt, **params)[3] for dt in (0, 0.001))
        assert (now - then).abs().max() < 0.02


# ── outline, shadow, rim ──


@pytest.mark.parametrize("width", [1.0, 3.0, 4.5, 8.0, 16.0])
def test_an_outline_is_as_wide_in_every_direction(width: float) -> None:
    image = torch.zeros(4, 512, 512)
    image[:, 256, 256] = 1
    grown = apply(image, "outline", width=width, softness=0.0)[3]
    y, x = torch.meshgrid(*[torch.arange(512.0) - 256] * 2, indexing="ij")
    r, angle = torch.hypot(y, x), torch.atan2(y, x)
    slack = 0.6 + 0.05 * width
    assert grown[r <= width - slack].min() == 1 and grown[r > width + slack].max() == 0
    reach = [
        (grown * r)[(angle - turn).abs() < 0.3].max().item()
        for turn in (-2.355, -1.57, -0.785, 0.0, 0.785, 1.57)
    ]
    assert max(reach) - min(reach) < 1 + 0.05 * width


def test_outline_between_two_whole_widths() -> None:
    image = figure(512)
    areas = [
        apply(image, "outline", width=w, softness=0.0)[3].sum().item() for w in (4.0, 4.25, 4.5, 4.75, 5.0)
    ]
    gains = np.diff(areas)
    assert gains.min() > 0.15 * gains.sum()


def test_the_figure_lies_over_its_outline_and_shadow() -> None:
    image = figure(256)
    for name in ("outline", "drop_shadow"):
        result = apply(image, name)
        opaque = image[3] == 1
        assert_close(result[:, opaque], image[:, opaque], atol=1e-6, rtol=0)
        assert (result[3] >= image[3] - 1e-6).all()


def test_a_half_transparent_edge_over_its_shadow_by_hand() -> None:
    image = torch.full((4, 64, 64), 0.5)
    image[0] = 1.0  # opacity 0.5: red 1, green and blue 0.5
    result = apply(image, "drop_shadow", offset_x=0.0, offset_y=0.0, blur=0.0, colour=[0, 0, 1], strength=0.8)
    ground = 0.5 * 0.8 * 0.5
    alpha = 0.5 + ground
    wanted = torch.tensor([0.5 / alpha, 0.25 / alpha, (0.25 + ground) / alpha, alpha])
    assert_close(result[:, 32, 32], wanted)


def test_the_frame_that_cuts_the_figure_off_is_no_edge() -> None:
    """The body goes on below the picture: no light along the cut, and the shadow reaches it."""
    image = torch.zeros(4, 512, 512)
    image[3, 200:, 200:300] = 1
    rim = apply(image, "rim_light", angle=90.0, width=20.0, strength=2.0)
    assert_close(rim, image, atol=1e-5, rtol=0)
    shadow = apply(image, "drop_shadow", offset_x=20.0, offset_y=-20.0, blur=0.0, strength=1.0)
    assert shadow[3, -1, 310] == 1


def test_rim_light_keeps_alpha_and_lights_the_outermost_pixels_whole() -> None:
    image = torch.zeros(4, 512, 512)
    image[3, 200:300, 200:300] = 1
    image[3, 200:300, 300] = 0.5  # the smoothed edge
    lit = apply(image, "rim_light", angle=0.0, width=12.0, colour=[0.2, 0.4, 0.6], strength=1.0)
    assert torch.equal(lit[3], image[3])
    wanted = torch.tensor([0.2, 0.4, 0.6])
    for x in (299, 300):
        assert_close(lit[:3, 250, x], wanted, atol=0.02, rtol=0)
    assert (lit[0, 250, 200:300].diff() >= -1e-6).all()  # it only falls off inwards
    assert lit[:3, 250, 200:280].max() < 0.02 and lit[:, :199].abs().max() == 0
    assert lit[:3, 200, 205:280].max() < 0.02  # what the light only grazes stays as it is
    above = apply(image, "rim_light", angle=-90.0, width=12.0, strength=1.0)
    assert above[0, 201, 250] > 0.5 and above[0, 298, 250] < 1e-5
