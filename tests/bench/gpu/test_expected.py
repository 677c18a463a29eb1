"""What a report holds against docs/gpu.md: its formulas, with a card's own rates in place of its maker's."""

from dataclasses import replace

import pytest

from avatar_rtc.bench.gpu import expected
from avatar_rtc.bench.gpu.expected import known_card, own_shares, own_sheet
from avatar_rtc.bench.gpu.rates import CardRates
from avatar_rtc.bench.predicted import CARDS, Assumed, frame_ms, kernel_us
from avatar_rtc.bench.traffic import Kernel
from tests.bench.gpu.tiny_rig import tiny_rig

KERNELS = [
    Kernel(10**9, 10**6, 10**6, True),
    Kernel(10**9, 10**6, 10**6),
    Kernel(0, 10**9, 10**9),
    Kernel(0, 1, 1),
]


def rates_of(number: int) -> CardRates:
    """What a card would measure that is as its data sheet says and as is assumed."""
    card, assumed = CARDS[number], Assumed()
    return CardRates(
        bytes_per_s=card.bytes_per_s,
        cache_bytes=card.cache_bytes,
        cached_bytes_per_s=card.cached_bytes_per_s,
        plain_flops_per_s=card.plain_flops_per_s,
        matrix_flops_per_s=card.tensor_flops_per_s,
        conv_flops_per_s=1.0,
        launch_us=assumed.launch_us,
        graph_launch_us=assumed.shortest_us + assumed.gap_us,
        download_bytes_per_s={"pinned": card.copied_bytes_per_s, "pageable": 1.0},
    )


@pytest.mark.parametrize("number", range(len(CARDS)))
def test_a_card_that_measures_what_is_told_of_it_is_predicted_the_same(number: int) -> None:
    rates, card = rates_of(number), CARDS[number]
    own = own_sheet(card.name, rates)
    assert replace(own, encoders=card.encoders) == card and own_shares(rates) == Assumed()
    for kernel in KERNELS:
        assert kernel_us(kernel, own, own_shares(rates)) == kernel_us(kernel, card)


def test_a_card_is_known_by_its_whole_name_alone() -> None:
    drivers = "NVIDIA H200", "NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3070 Laptop GPU"
    assert tuple(map(known_card, drivers)) == CARDS
    others = (
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 3070",
        "H200 NVL",
    )
    assert not any(map(known_card, others))


def test_what_was_measured_stands_beside_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        expected, "frame_kernels", lambda batch, fusion: {"editor": KERNELS, "layout": KERNELS}
    )
    monkeypatch.setattr(expected, "known_card", lambda name: CARDS[2])
    rig = replace(tiny_rig(), rates=rates_of(0), frame_ms={4: 3.0})
    (row,) = expected.expected_rows(rig, 0.0)
    told = frame_ms(KERNELS, "graphs", CARDS[2])
    assert row.name == "batch 4" and row.values["docs/gpu.md ms"] == told, "without the layout"
    assert row.values["measured / docs"] == 3.0 / told
    assert row.values["own rates ms"] == frame_ms(KERNELS, "graphs", CARDS[0])
    (told_nothing,) = expected.expected_rows(tiny_rig(), 0.0)
    assert "left out" in told_nothing.values
