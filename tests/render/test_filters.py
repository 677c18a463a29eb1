"""Every operation: shape, range, identity at neutral, alpha, determinism, and a value worked out by hand."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema import OPERATIONS, Operation, check_chain
from avatar_rtc.render.filters import ALPHA_ONLY, FILTERS, needs_linear, run_chain

NEUTRAL = {"vignetting": {"strength": 0.0}, "translucent_display": {"alpha": 1.0}, "upscale": {"factor": 1.0}}
T, SEED = 1.25, 7


@pytest.fixture
def image() -> Tensor:
    return torch.rand(4, 48, 64, generator=torch.manual_seed(3))


def operation(name: str, **params: float) -> Operation:
    return check_chain([[name, params]])[0]


def run(image: Tensor, name: str, **params: float) -> Tensor:
    return run_chain(image, [operation(name, **params)], T, SEED)


def test_declared_and_written_operations_are_the_same() -> None:
    assert set(FILTERS) == set(OPERATIONS) == set(NEUTRAL)


@pytest.mark.parametrize("name", FILTERS)
def test_neutral_is_identity(name: str, image: Tensor) -> None:
    assert_close(run(image, name, **NEUTRAL[name]), image)


@pytest.mark.parametrize("name", FILTERS)
def test_default_stays_in_range_and_is_deterministic(name: str, image: Tensor) -> None:
    before = image.clone()
    result = run(image, name)
    assert result.shape[0] == 4 and result.min() >= 0 and result.max() <= 1
    assert torch.equal(run(image, name), result)
    assert torch.equal(image, before), "an operation must not write into its input"


def test_an_empty_chain_gives_the_image_itself(image: Tensor) -> None:
    assert run_chain(image, (), T, SEED) is image


def test_the_chain_runs_in_order_and_allows_duplicates(image: Tensor) -> None:
    half = operation("translucent_display", alpha=0.5)
    assert_close(run_chain(image, [half, half], T, SEED)[3], image[3] * 0.25)
    big = run_chain(image, [operation("vignetting"), operation("upscale")], T, SEED)
    assert big.shape == (4, 96, 128)


def test_vignetting_by_hand() -> None:
    result = run(torch.ones(4, 5, 5), "vignetting", strength=0.25)
    assert_close(result[0, 2, 2].item(), 1.0)
    assert_close(result[0, 0, 0].item(), math.cos(math.pi / 4) ** 2)
    assert_close(result[0, 2, 0].item(), math.cos(math.pi / 4 / math.sqrt(2)) ** 2)
    assert torch.equal(result[3], torch.ones(5, 5))


def test_upscale_gives_edges_no_dark_rim() -> None:
    image = torch.zeros(4, 8, 8)
    image[:, :, 4:] = 1.0  # white and opaque beside black and transparent
    large = run(image, "upscale", factor=2.0)
    seen = large[3] > 0.05
    assert large[0][seen].min() > 0.99


@pytest.mark.parametrize("name", FILTERS)
def test_what_needs_no_linear_light_leaves_the_colour_alone(name: str, image: Tensor) -> None:
    touched = not torch.equal(run(image, name)[:3], image[:3])
    assert touched == needs_linear([operation(name)]) == (name not in ALPHA_ONLY)
