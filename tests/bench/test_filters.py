"""The bench of filters: its plain torch version is the same picture, and its arithmetic adds up."""

import json
import math
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.bench import filters, filters_reference
from avatar_rtc.cli.main import main
from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.filters.planes import luminance
from tests.render.filters.filter_laws import apply, figure, seen

T = 1.0


def test_the_plain_version_of_the_chain_shows_the_same() -> None:
    """Ours differs at the silhouette, which it blurs premultiplied, and by the taps that are not cut off."""
    image = figure(512)
    chain = check_chain([[name] for name in filters.DEFAULT])
    ours, space = run_chain(image, "linear", chain, T, 1)
    assert space == "linear"
    difference = (seen(ours) - seen(filters_reference.default_chain(image, T))).abs()
    assert difference.mean() < 0.004 and difference.flatten().quantile(0.98) < 0.05
    assert (seen(image) - seen(ours)).abs().mean() > 0.02


@pytest.mark.parametrize(
    ("name", "params", "plain", "mean"),
    [
        ("bloom", {}, lambda image: filters_reference.bloom(image, 0.56, 0.842, 7.0), 0.002),
        (
            "chromatic_aberration",
            {"scale": 0.03},
            lambda image: filters_reference.chromatic_aberration(image, 0.03, 1.0),
            0.0002,
        ),
        ("vignetting", {}, lambda image: filters_reference.vignetting(image, 0.42), 1e-6),
        ("banding", {}, lambda image: filters_reference.banding(image, T, 0.4, 2.0, 16.0), 1e-6),
        ("scanlines", {}, lambda image: filters_reference.scanlines(image, T, 0.1), 1e-3),
    ],
)
def test_each_plain_operation_is_the_one_it_stands_for(
    name: str, params: dict[str, Any], plain: Callable[[Tensor], Tensor], mean: float
) -> None:
    """Luminance of an opaque picture; ours may do otherwise with silhouettes and chroma."""
    image = figure(512)
    image = torch.cat([image[:3] * image[3:] + 0.2 * (1 - image[3:]), torch.ones_like(image[3:])])
    found, expected = (luminance(each) for each in (apply(image, name, t=T, **params), plain(image)))
    assert (found - expected).abs().mean() < mean
    assert (luminance(image) - expected).abs().mean() > 10 * mean


def test_the_plain_blur_is_opencvs_with_the_same_taps() -> None:
    planes = torch.rand(2, 40, 56, generator=torch.Generator().manual_seed(1))
    for sigma, taps in ((1.0, 5), (7.0, 21)):
        found = filters_reference.blur(planes, sigma)
        for before, after in zip(planes.numpy(), found.numpy(), strict=True):
            expected = cv2.GaussianBlur(before, (taps, taps), sigma, borderType=cv2.BORDER_REPLICATE)
            assert np.abs(after - expected).max() < 1e-5


def test_plain_bloom_of_an_even_surface_by_hand() -> None:
    image = torch.full((4, 32, 32), 0.8)
    image[3] = 1
    # All of it is bright, so it is doubled: 1 - exp(-0.842 · 1.6).
    expected = 1 - math.exp(-0.842 * 1.6)
    found = filters_reference.bloom(image, 0.56, 0.842, 7.0)
    torch.testing.assert_close(found[:3], torch.full((3, 32, 32), expected), atol=1e-5, rtol=0)
    assert (found[3] == 1).all()


def test_calls_take_turns_and_the_first_one_does_not_count() -> None:
    order: list[str] = []

    def call(name: str, ms: float) -> Callable[[], None]:
        def run() -> None:
            order.append(name)
            time.sleep((ms if order.count(name) > 1 else 100 * ms) / 1000)

        return run

    found = filters._side_by_side({"a": call("a", 2), "b": call("b", 6)}, 5)
    assert order == ["a", "b"] * 6
    assert 2 <= found["a"] < found["b"] and found["b"] < 100


def test_threads_are_as_before() -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    with filters._threads(2):
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (2, 2)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_psnr_by_hand() -> None:
    clean = np.zeros((4, 4, 4), np.float32)
    found = clean.copy()
    found[..., 3] = 0.1  # alpha is 0.1 off, and the grey behind is 0.05 darker
    assert filters._psnrs(found, clean) == (pytest.approx(26.02), pytest.approx(20.0))


def test_the_table_has_every_operation_and_names_the_slowest() -> None:
    with torch.inference_mode():
        found = filters._alone(figure(64), 1)
    table = found.detail["ms"]
    assert set(table) == set(OPERATIONS) | {"zoom_high"}
    fast = {name: ms for name, ms in table.items() if name not in filters.SLOW}
    assert found.value == pytest.approx(max(fast.values()), abs=0.01)
    assert f"({max(fast, key=fast.__getitem__)})" in found.name and found.reach == "<= 15"


def test_what_is_rare_is_measured_while_it_happens() -> None:
    image = figure(128)
    for name, params in filters.BUSY.items():
        assert not torch.equal(apply(image, name, t=T, seed=1, **params), image), name


@pytest.mark.slow
def test_all_of_it_on_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AVATAR_RTC_TEST_DATA", raising=False)
    # How fast it is is not judged here, so a sixteenth of the pixels will do.
    small = filters._character()[:, ::4, ::4].contiguous()
    monkeypatch.setattr(filters, "_character", lambda: small)
    code = main(["bench", "--quick", "--only", "filters", "--json", "-"])
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert code in (0, 1)  # how fast it is depends on what else runs here
    assert not [each for each in figures if "failed" in each["detail"]]
    by_name = {each["name"]: each for each in figures}
    assert by_name["default chain, 512 px"]["value"] > 0
    assert by_name["anime high over bicubic"]["detail"] == {"skipped": "AVATAR_RTC_TEST_DATA is not set"}
