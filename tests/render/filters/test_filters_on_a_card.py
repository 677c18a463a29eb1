"""A card's ways, without a card: where things lie, which numbers come out, what can be captured.

A frame waits for nothing: tables are made once, what must go over goes by `uploaded`, no value is read back.
"""

from random import Random

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from avatar_rtc.bench.gpu.tolerances import FILTER_TOLERANCE, MOMENT_TOLERANCE, OTHER_NOISE, REDRAWN
from avatar_rtc.filters_schema.chain import OPERATIONS
from avatar_rtc.filters_schema.size import Upscale
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.device.recorded import RecordedGraphs
from avatar_rtc.render.filters.chain import FILTERS
from tests.render.filters.cards import (
    BUSY,
    Settings,
    all_at_ends,
    as_on_a_card,
    at_ends,
    at_random,
    checked,
    run,
)
from tests.render.filters.filter_laws import figure, seen

UPLOADS = {
    "atmospheric_dust": 1,
    "analog_rippling_hsync": 1,
    "analog_runaway_hsync": 1,
    "digital_glitches": 1,
    "analog_vhsglitches": 1,
}
"""Of a frame: where motes are, how far each line is shifted. Everything else is made there, or lies there."""
SIZES = ((512, 512), (1024, 1024), (389, 601))
HOURS = 3.6e5 + 0.713
STILL = [name for name, params in OPERATIONS.items() if not params.moves]
SOME_OR_ALL = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.soak)])


def settings_of(name: str, thorough: bool) -> list[Settings]:
    """The defaults, the ends of ranges, and anything between."""
    found = [BUSY.get(name, {}), *all_at_ends(name), *at_random(name, 50 if thorough else 1, Random(name))]
    return found + at_ends(name) if thorough else found


def interpolating(settings: Settings) -> Settings:
    """The same with nothing that a network does; those have tests of their own."""
    plain = {"method": "bicubic", "quality": "low"}
    networks = ("anime", "high", "ultra")
    return settings | {key: value for key, value in plain.items() if settings.get(key) in networks}


def without_networks(name: str, thorough: bool) -> list[Settings]:
    return [interpolating(settings) for settings in settings_of(name, thorough)]


def shape_of(name: str, settings: Settings, size: tuple[int, int]) -> tuple[int, int, int]:
    params = checked(name, settings)
    factor = params.factor if isinstance(params, Upscale) else 1.0
    return 4, int(size[0] * factor), int(size[1] * factor)


@SOME_OR_ALL
@pytest.mark.parametrize("name", FILTERS)
@torch.inference_mode()
def test_a_frame_on_a_card_waits_for_nothing(name: str, thorough: bool) -> None:
    """Not even the first one, but for its networks; the second uploads nothing again of what is kept."""
    all_settings = settings_of(name, thorough) if thorough else without_networks(name, thorough)
    for number, settings in enumerate(all_settings):
        size, t = SIZES[number % 3], (1.25, HOURS, 0.0)[number // 3 % 3]
        image = torch.zeros(4, *size, device="meta", dtype=(torch.float32, torch.float16)[number % 2])
        found: list[Tensor] = []
        is_second = thorough or number == 0
        if is_second:
            run(image, name, settings, t)
        log = operators_of(lambda: found.append(run(image, name, settings, t + 1 / 25)))  # noqa: B023
        assert not log.waits and not log.downloads, settings
        assert not is_second or len(log.uploads) <= UPLOADS.get(name, 0), settings
        assert found[0].device == image.device and found[0].dtype == image.dtype, settings
        assert found[0].shape == shape_of(name, settings, size), settings


def differs(name: str, found: Tensor, wanted: Tensor) -> bool:
    """Whether two pictures differ: anywhere by a 25th of a step of 8 bits, or in mean and spread."""
    with as_on_a_card():  # the host's curves go by a table, whose steps would count too
        found, wanted = seen(found), seen(wanted)
    if name in OTHER_NOISE:
        means = (found.mean() - wanted.mean()).abs() > 0.004
        return bool(means or (found.std() - wanted.std()).abs() > 0.01)
    return bool((found - wanted).abs().max() > FILTER_TOLERANCE)


@SOME_OR_ALL
@pytest.mark.parametrize("name", FILTERS)
@torch.inference_mode()
def test_a_cards_way_gives_what_the_hosts_does(name: str, thorough: bool) -> None:
    image = figure(131, 203)
    for number, settings in enumerate(without_networks(name, thorough)):
        t = (1.25, HOURS, 0.0)[number % 3]
        wanted = run(image, name, settings, t)
        with as_on_a_card():
            found = run(image, name, settings, t)
        assert found.dtype == wanted.dtype and not differs(name, found, wanted), settings


@torch.inference_mode()
def test_bands_of_noise_lie_where_they_do_on_the_host() -> None:
    """Lines without noise are the picture itself, and how much noise there is in the others agrees."""
    image, settings = torch.full((4, 512, 256), 0.0), {"unboost": 0.1, "max_glitches": 10, "strength": 0.8}
    image[3] = 1
    for t in (0.2, 1.25, 3.6, 77.0):
        wanted = run(image, "analog_vhsglitches", settings, t)[0].mean(1)
        with as_on_a_card():
            found = run(image, "analog_vhsglitches", settings, t)[0].mean(1)
        assert torch.equal(found == 0, wanted == 0)
        assert_close(found, wanted, atol=0.15, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("name", FILTERS)
@torch.inference_mode()
def test_a_card_gives_the_same(name: str) -> None:
    image = figure(390, 602)
    for settings in without_networks(name, thorough=True):
        found, wanted = run(image.cuda(), name, settings).cpu(), run(image, name, settings)
        if name not in REDRAWN:
            assert not differs(name, found, wanted), settings
            continue
        found, wanted = seen(found), seen(wanted)
        assert found.mean().item() == pytest.approx(wanted.mean().item(), abs=MOMENT_TOLERANCE), settings
        assert found.std().item() == pytest.approx(wanted.std().item(), abs=MOMENT_TOLERANCE), settings


@SOME_OR_ALL
@pytest.mark.parametrize("name", STILL)
@torch.inference_mode()
def test_what_does_not_move_can_be_captured(name: str, thorough: bool) -> None:
    """A graph that was recorded once gives what the function gives of pictures that it never saw."""
    pictures = torch.rand(3, 4, 48, 64, generator=torch.Generator().manual_seed(1)).unbind()
    for settings in without_networks(name, thorough):
        with as_on_a_card():
            graph = RecordedGraphs().capture(
                lambda image: [run(image, name, settings)],  # noqa: B023
                pictures[:1],
            )
            for picture in pictures[1:]:
                graph.inputs[0].copy_(picture)
                graph.replay()
                assert torch.equal(graph.outputs[0], run(picture, name, settings)), settings
