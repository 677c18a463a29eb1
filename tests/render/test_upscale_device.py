"""Enlarging on a graphics card: what it asks of it, in half floats, and that it can be captured."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.filters_schema.anime4k_files import FOLDER_VARIABLE
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.device.precision import network_precision
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.upscale import anime4k, interpolation
from avatar_rtc.render.upscale import enlarge as module
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.render.upscale.networks import Doubler, load_upscaler
from tests.render.test_anime4k import FILE, RESTORES
from tests.render.test_upscale import shown

META = torch.device("meta")
WAYS = {
    ("bilinear", "low", "none"): (1, 1),
    ("bicubic", "low", "none"): (5, 3),
    ("lanczos", "low", "none"): (6, 4),
    ("anime", "low", "none"): (24, 14),
    ("anime", "high", "none"): (26, 16),
    ("anime4k", "low", "none"): (20, 8),
    ("anime4k", "low", "A"): (36, 15),
    ("anime4k", "low", "B"): (36, 15),
    ("anime4k", "low", "C"): (20, 8),
}
"""Method, quality, preset → kernels that double 512 px, and how many when fused; Anime4K's are of a made up
network of two convolutions. pyanime4k computes on the CPU, and is the one that waits."""
WELL_SEEN_DB = 50.0


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("glsl")
    for name, text in (
        ("Upscale_CNN_x2", FILE),
        ("Upscale_Denoise_CNN_x2", FILE),
        ("Restore_CNN", RESTORES),
        ("Restore_CNN_Soft", RESTORES),
    ):
        (folder / f"Anime4K_{name}_S.glsl").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield


@pytest.mark.parametrize("way", WAYS)
def test_nothing_waits_and_kernels_do_not_grow(way: Any) -> None:
    method, quality, preset = way
    image = torch.zeros(4, 512, 512, device=META)

    def to(height: int, width: int) -> Callable[[], object]:
        return lambda: enlarge(image, height, width, method, quality, preset)

    with torch.inference_mode():
        logs = []
        for size in ((1024, 1024), (870, 700), (2048, 2048)):
            to(*size)()  # loads networks, makes tables
            logs.append(operators_of(to(*size)))
    for log in logs:
        assert not log.uploads and not log.downloads
    kernels, fused_kernels = WAYS[way]
    assert logs[0].kernels <= kernels and logs[0].fused_kernels <= fused_kernels
    assert logs[2].fused_kernels <= 2 * fused_kernels


def _db(found: Tensor, wanted: Tensor) -> float:
    return float(-10 * (found - wanted).square().mean().log10())


@pytest.mark.parametrize("quality", ["low", "high"])
def test_networks_in_half_floats_look_the_same(quality: Any) -> None:
    """Also where colours are dice: what is rounded is only what a network adds to the picture."""
    dice = torch.rand(4, 64, 64, generator=torch.manual_seed(5))
    for image in (shown(64), torch.cat([dice[:3] * dice[3:], dice[3:]])):
        half, full = (
            load_upscaler(quality, torch.device("cpu"), dtype).doubled(image)
            for dtype in (torch.float16, torch.float32)
        )
        assert half.dtype == torch.float32 and _db(half, full) > WELL_SEEN_DB + 10


@pytest.mark.parametrize("text", [FILE, RESTORES])
def test_anime4k_in_half_floats_looks_the_same(text: str) -> None:
    rgb = shown(64)[None, :3]
    with torch.inference_mode():
        half, full = (anime4k.parse(text).to(dtype)(rgb) for dtype in (torch.float16, torch.float32))
    assert half.dtype == torch.float32 and _db(half.clamp(0, 1), full.clamp(0, 1)) > WELL_SEEN_DB + 10


def test_half_floats_are_for_cards() -> None:
    assert network_precision("cuda:1") == network_precision(META) == torch.float16
    assert network_precision("cpu") == torch.float32


@pytest.mark.parametrize("way", WAYS)
def test_it_can_be_captured(way: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is replayed is what is computed, bit for bit; by torch, in half floats, as on a card."""
    method, quality, preset = way
    monkeypatch.setattr(interpolation, "_by_opencv", interpolation._by_torch)
    monkeypatch.setattr(Doubler, "doubled", Doubler._limited)
    monkeypatch.setattr(module, "network_precision", lambda device: torch.float16)

    @torch.inference_mode()
    def work(image: Tensor) -> list[Tensor]:
        return [enlarge(image, 50, 60, method, quality, preset)]

    work(shown(32))  # loads networks, makes tables
    graph = RecordedGraphs().capture(work, [shown(32)])
    for seed in range(2):
        image = torch.rand(4, 32, 32, generator=torch.manual_seed(seed))
        graph.inputs[0].copy_(image)
        graph.replay()
        assert_close(graph.outputs[0], work(image)[0], rtol=0, atol=0)
