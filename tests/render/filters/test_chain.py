"""The chain: order, duplicates, operations that are off, spaces."""

from typing import Any

import pytest
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.chain import FILTERS, active, run_chain
from tests.render.filters.filter_laws import SEED, T, figure, operation


@pytest.fixture
def image() -> Tensor:
    return figure(48, 64)


def test_declared_and_written_operations_are_the_same() -> None:
    assert set(FILTERS) == set(OPERATIONS)


def test_an_empty_chain_gives_the_image_itself(image: Tensor) -> None:
    found, space = run_chain(image, "srgb-premultiplied", (), T, SEED)
    assert found is image and space == "srgb-premultiplied"


def test_what_is_off_or_neutral_does_not_run(image: Tensor) -> None:
    chain = check_chain([["vignetting", {"enabled": False}], ["upscale", {"factor": 1}], ["vignetting", {}]])
    assert [place for place, _ in active(chain)] == [2]
    assert run_chain(image, "srgb", chain[:2], T, SEED) == (image, "srgb")


def test_the_chain_runs_in_order_and_allows_duplicates(image: Tensor) -> None:
    half = operation("translucent_display", alpha=0.5)
    assert_close(run_chain(image, "linear", [half, half], T, SEED)[0][3], image[3] * 0.25)
    told: list[tuple[int, str]] = []
    chain = [operation("vignetting"), operation("upscale")]
    big, space = run_chain(image, "linear", chain, T, SEED, lambda place, name: told.append((place, name)))
    assert big.shape == (4, 96, 128) and space == "srgb-premultiplied"
    assert told == [(0, "vignetting"), (1, "upscale")]


@pytest.mark.parametrize("space", ["linear", "srgb", "srgb-premultiplied"])
def test_the_space_it_starts_in_makes_no_difference(image: Tensor, space: Any) -> None:
    chain = [operation("translucent_display", alpha=0.5), operation("vignetting")]
    given = converted(image, "linear", space)
    found, became = run_chain(given, space, chain, T, SEED)
    wanted, _ = run_chain(image, "linear", chain, T, SEED)
    assert_close(converted(found, became, "linear"), wanted, atol=1e-4, rtol=0)


def test_alpha_alone_needs_no_linear_light(image: Tensor) -> None:
    _, space = run_chain(image, "srgb", [operation("translucent_display")], T, SEED)
    assert space == "srgb"
