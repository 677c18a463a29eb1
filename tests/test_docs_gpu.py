"""The tables of docs/gpu.md are those that the code counts."""

import re
from dataclasses import replace

import pytest

from avatar_rtc.bench.floors import floors, frame_kernels
from avatar_rtc.bench.predicted import CARDS, Assumed, DataSheet, frame_ms, kernels_at_1024
from tests.data.make_gpu_tables import PAGE, floor_table, frame_table, put, tables
from tests.worker.test_frame_kernels import BEFORE, REPLAYED, STAGES

TEXT = PAGE.read_text()
WORDS = " ".join(TEXT.split())


def test_what_one_avatar_asks_for_is_what_is_counted() -> None:
    """The rest follows from the same code, and is looked at by the soak."""
    missing = [line for line in f"{floor_table(1)}\n{frame_table([1])}".splitlines() if line not in TEXT]
    assert missing == [], "run python -m tests.data.make_gpu_tables"


@pytest.mark.soak
def test_all_tables_are_what_is_counted() -> None:
    assert put(TEXT, tables()) == TEXT, "run python -m tests.data.make_gpu_tables"
    assert f"{sum(each.flops for each in kernels_at_1024('fused')) / 1e9:.1f} GFLOP" in WORDS
    parts = frame_kernels(1, "eager", separable=False)
    kernels = [each for part in parts if part != "layout" for each in parts[part]]
    assert f"{sum(each.flops for each in kernels) / 1e9:.0f} GFLOP" in WORDS
    # 16.3 TFLOPS, 672 GB/s; twice the bytes in float32.
    titan = DataSheet("Titan RTX", 16.3e12, 16.3e12, 672e9, 6 << 20, 2e12, 12e9, 1)
    wide = [replace(k, read_bytes=2 * k.read_bytes, written_bytes=2 * k.written_bytes) for k in kernels]
    quick, slow = (frame_ms(wide, "eager", titan, Assumed(tensor_share=share)) for share in (0.5, 0.35))
    assert f"come to {quick:.0f} to {slow:.0f} ms" in WORDS


def row(words: str) -> list[float]:
    (found,) = re.findall(rf"^\| {words}[^|]*\|(.*)\|$", TEXT, re.MULTILINE)
    return [float(each) for each in re.findall(r"(?<![\w.])[\d.]+(?![\w.])", found)]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("float16 on tensor cores", [card.tensor_flops_per_s / 1e12 for card in CARDS]),
        ("float32 elsewhere", [card.plain_flops_per_s / 1e12 for card in CARDS]),
        ("memory, TB/s", [card.bytes_per_s / 1e12 for card in CARDS]),
        ("L2, MB", [card.cache_bytes / 2**20 for card in CARDS]),
        ("L2, TB/s", [card.cached_bytes_per_s / 1e12 for card in CARDS]),
        ("to the host", [card.copied_bytes_per_s / 1e9 for card in CARDS]),
        ("share of the tensor cores", [Assumed().tensor_share]),
        ("share of the float32 rate", [Assumed().plain_share]),
        ("share of the bandwidth", [Assumed().bytes_share]),
        ("an operator out of Python", [Assumed().launch_us]),
        ("a graph, us", [Assumed().replay_us]),
        ("the shortest kernel", [Assumed().shortest_us, Assumed().gap_us]),
    ],
)
def test_what_is_told_of_cards_is_what_is_assumed(words: str, values: list[float]) -> None:
    assert row(words)[: len(values)] == pytest.approx(values, rel=0.01)


@pytest.mark.parametrize(("words", "name"), [("empty chain", "empty"), ("doubled, default chain", "at 1024")])
def test_kernels_of_a_frame_are_those_that_may_not_grow(words: str, name: str) -> None:
    eager, fused = (1 + sum(kernels) for kernels in zip(*STAGES[name].values(), strict=True))
    assert row(words) == [BEFORE[name], eager, fused, REPLAYED[name]], "the one is the copy's"


def test_what_the_words_say_of_the_numbers_is_so() -> None:
    eager, fused, by_hand = (floors(1, fusion).values() for fusion in ("eager", "fused", "by hand"))
    flops = sum(each.flops for each in eager)
    most, less, least = (sum(each.moved_bytes for each in way) for way in (eager, fused, by_hand))
    assert f"{flops / most:.0f} to {flops / least:.0f} operations a byte" in WORDS
    assert [round(card.tensor_flops_per_s / card.bytes_per_s) for card in CARDS] == [206, 164, 71]
    assert 0.5 < floors(1)["editor"].moved_bytes / less < 0.6
    moved = [each.moved_bytes for each in frame_kernels(1, "by hand")["editor"]]
    assert sum([*moved[:2], *moved[-4:]]) / sum(moved) == pytest.approx(0.5, abs=0.05)
