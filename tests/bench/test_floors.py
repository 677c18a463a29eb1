"""Floors against torch's own counter, against bytes counted by hand, and the predictions made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from avatar_rtc.bench.floors import Floor, FramePart, floor_ms, floors, frame_kernels
from avatar_rtc.bench.predicted import CARDS, WAYS, Assumed, Way, frame_ms, kernels_of_frame
from avatar_rtc.bench.traffic import Fusion, Kernel, traffic_of
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.tha3.networks import PARTS, Network, PartName
from avatar_rtc.render.tha3.parts import MovedPart, Parts

NETWORKS: dict[str, PartName] = {
    "eyebrows": "eyebrow_morphing_combiner",
    "face": "face_morpher",
    "rotator": "two_algo_face_body_rotator",
    "editor": "editor",
}
META = torch.device("meta")


@pytest.mark.parametrize("part", NETWORKS)
def test_operations_are_those_that_torch_counts(part: str) -> None:
    sizes = PARTS[NETWORKS[part]]
    with META:
        network = Network(sizes, separable=True)
        given = torch.empty(1, sizes.pictures, sizes.side, sizes.side), torch.empty(1, sizes.pose)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        network(*given)
    assert floors(1)[part].flops == counter.get_total_flops()  # type: ignore[index]


def test_operations_of_the_shipped_networks() -> None:
    """The four that run for a frame; THA3's rotator also draws a picture that nobody reads, 0.3 more."""
    found = {part: round(floor.flops / 1e9, 1) for part, floor in floors(1).items()}
    assert found == {"eyebrows": 2.7, "face": 6.3, "rotator": 11.2, "editor": 15.1, "layout": 0.0}


def layers() -> Sequence[nn.Module]:
    with META:
        first, last = nn.Conv2d(4, 8, 3, padding=1, bias=False), nn.Conv2d(8, 2, 1, bias=False)
    return first, nn.InstanceNorm2d(8), last


@pytest.mark.parametrize(
    ("fusion", "moved"),
    [
        # Planes read and written by each kernel: 4 go in, 8 lie between, 2 come out.
        ("eager", [(4, 8), (16, 8), (8, 8), (8, 2)]),
        ("fused", [(4, 8), (16, 8), (8, 2)]),
        ("by hand", [(4, 8), (8, 2)]),
    ],
)
def test_bytes_are_those_counted_by_hand(fusion: Fusion, moved: list[tuple[int, int]]) -> None:
    first, norm, last = layers()
    given, plane = torch.empty(1, 4, 16, 16, device=META), 16 * 16 * 4
    kernels = traffic_of(lambda: last(norm(first(given)).relu())).kernels(fusion)
    weights = [4 * 8 * 9 * 4, *[0] * (len(moved) - 2), 8 * 2 * 4]
    found = [
        (each.read_bytes - weight, each.written_bytes) for each, weight in zip(kernels, weights, strict=True)
    ]
    statistics = 8 * 4 * 2
    for (read, written), (planes_in, planes_out) in zip(found, moved, strict=True):
        assert read == planes_in * plane
        assert written - planes_out * plane in (0, statistics)


def test_what_is_read_at_other_places_lies_in_memory_first() -> None:
    picture, grid = torch.empty(1, 4, 8, 8, device=META), torch.empty(1, 8, 8, 2, device=META)

    def work() -> Tensor:
        return nn.functional.grid_sample(picture * 2, grid * 2, align_corners=False) + 1

    assert len(traffic_of(work).kernels("fused")) == 2
    assert len(traffic_of(lambda: (picture * 2 + 1).sqrt()).kernels("fused")) == 1


def test_the_one_copy_to_the_host_goes_through() -> None:
    picture = torch.empty(4, 8, 8, device=META)
    assert traffic_of(lambda: (picture * 2).cpu().numpy()).kernels("fused")


@pytest.mark.parametrize("part", get_args(FramePart))
def test_each_fusion_asks_for_less(part: FramePart) -> None:
    eager, fused, by_hand = (floors(1, fusion)[part] for fusion in ("eager", "fused", "by hand"))
    assert eager.moved_bytes > fused.moved_bytes and eager.kernels > fused.kernels
    assert eager.flops == fused.flops == by_hand.flops
    if part == "layout":
        assert fused == by_hand, "nothing is left for hands"
    else:
        assert fused.moved_bytes > by_hand.moved_bytes and fused.kernels > by_hand.kernels


def test_kernels_are_those_that_the_animator_asks_for() -> None:
    """Eager they are the same; fused, they are as few as its functions say of themselves, but for seams."""
    with META:
        parts = Parts({name: Network(sizes, separable=True).half().eval() for name, sizes in PARTS.items()})
    eager, fused = floors(1, "eager"), floors(1, "fused")
    examples = parts.examples(META, torch.float16)
    owned: Mapping[MovedPart, Sequence[FramePart]] = {
        "brows": ("eyebrows",), "face": ("face",), "body": ("rotator", "editor"),
    }  # fmt: skip
    for part, own in owned.items():
        log = operators_of(examples[part])
        assert log.kernels == sum(eager[each].kernels for each in own)
        assert 0 <= log.fused_kernels - sum(fused[each].kernels for each in own) <= 4


def test_a_batch_reads_the_weights_once() -> None:
    one, four = floors(1)["editor"], floors(4)["editor"]
    with META:
        weights = sum(p.numel() * 2 for p in Network(PARTS["editor"], separable=True).parameters())
    assert four.flops == 4 * one.flops and four.kernels == one.kernels
    assert 4 * one.read_bytes - four.read_bytes >= 3 * weights
    assert floors(4)["layout"].kernels == 4 * floors(1)["layout"].kernels


def test_a_floor_is_the_longer_of_reckoning_and_moving() -> None:
    floor = Floor(2_000, 300, 100, 1)
    assert floor_ms(floor, 1e6, 1e9) == 2.0
    assert floor_ms(floor, 1e9, 1e5) == 4.0


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_no_prediction_is_below_its_floor_and_each_way_is_quicker(card) -> None:
    ms = [frame_ms(kernels_of_frame(1, way), way, card) for way in WAYS]
    assert ms == sorted(ms, reverse=True)
    best = replace(card, bytes_per_s=max(card.bytes_per_s, card.cached_bytes_per_s))
    least = sum(
        floor_ms(each, best.tensor_flops_per_s, best.bytes_per_s) for each in floors(1, "by hand").values()
    )
    assert ms[-1] > least


@pytest.mark.parametrize(("way", "host_us"), [("eager", 10 * 7.0), ("graphs", 15.0)])
def test_small_kernels_wait_for_the_host_until_a_graph_starts_them(way: Way, host_us: float) -> None:
    card, assumed = CARDS[0], Assumed()
    device_us = 10 * (assumed.shortest_us + assumed.gap_us)
    assert frame_ms([Kernel(0, 1, 1)] * 10, way, card) == pytest.approx(max(host_us, device_us) / 1000)


@pytest.mark.soak
def test_the_standard_variant_asks_for_eight_times_as_much() -> None:
    """The official networks that are not separable, which whoever has them may use."""
    whole = sum(
        each.flops for kernels in frame_kernels(1, "fused", separable=False).values() for each in kernels
    )
    assert whole / sum(floor.flops for floor in floors(1).values()) == pytest.approx(8.2, abs=0.1)
