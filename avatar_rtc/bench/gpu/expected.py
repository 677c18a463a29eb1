"""What was measured beside what docs/gpu.md predicted: from the card's data sheet, and from its own rates."""

import re

import torch

from avatar_rtc.bench.floors import frame_kernels
from avatar_rtc.bench.gpu.rates import CardRates
from avatar_rtc.bench.gpu.rig import Rig
from avatar_rtc.bench.gpu.rows import ReportRow, Value, left_out
from avatar_rtc.bench.predicted import CARDS, Assumed, DataSheet, Way, frame_ms
from avatar_rtc.bench.traffic import Fusion, Kernel
from avatar_rtc.render.device.compiling import why_plain

_FILLER = re.compile(r"\b(nvidia|geforce|gpu)\b")


def expected_rows(rig: Rig, seconds: float) -> list[ReportRow]:
    """A row for each size of batch that was measured."""
    if rig.rates is None or not rig.frame_ms:
        return [left_out("all", "neither rates nor frames could be measured")]
    name = torch.cuda.get_device_name(rig.device) if rig.device.type == "cuda" else "the CPU"
    own, assumed = own_sheet(name, rig.rates), own_shares(rig.rates)
    known = known_card(name)
    fusion: Fusion = "eager" if why_plain(rig.device) else "fused"

    def row(batch: int, ms: float) -> ReportRow:
        kernels = _posing(batch, fusion)
        values: dict[str, Value] = {"measured ms": ms}
        if known is not None:
            told = frame_ms(kernels, _way(fusion), known)
            values |= {"docs/gpu.md ms": told, "measured / docs": ms / told}
        mine = frame_ms(kernels, _way(fusion), own, assumed)
        return ReportRow(
            f"batch {batch}",
            values
            | {
                "own rates ms": mine,
                "measured / own rates": ms / mine,
                "own rates, by hand ms": frame_ms(_posing(batch, "by hand"), "by hand", own, assumed),
            },
        )

    return [row(batch, ms) for batch, ms in rig.frame_ms.items()]


def known_card(name: str) -> DataSheet | None:
    """The card of that name, as its driver calls it, if docs/gpu.md has it; none that only sounds like it.

    >>> known_card("NVIDIA GeForce RTX 4090") is CARDS[1], known_card("NVIDIA GeForce RTX 4090 D") is None
    (True, True)
    """
    plain = " ".join(_FILLER.sub("", name.casefold()).split())
    return next((card for card in CARDS if card.name.casefold() == plain), None)


def own_sheet(name: str, rates: CardRates) -> DataSheet:
    """A card as it measured itself, in the place of what its maker says."""
    return DataSheet(
        name,
        tensor_flops_per_s=rates.flops_per_s,
        plain_flops_per_s=rates.plain_flops_per_s,
        bytes_per_s=rates.bytes_per_s,
        cache_bytes=rates.cache_bytes,
        cached_bytes_per_s=max(rates.cached_bytes_per_s, rates.bytes_per_s),
        copied_bytes_per_s=rates.download_bytes_per_s["pinned"],
        encoders=0,
    )


def own_shares(rates: CardRates) -> Assumed:
    """What no data sheet says, as far as it was measured."""
    gap_us = Assumed().gap_us
    return Assumed(launch_us=rates.launch_us, shortest_us=max(rates.graph_launch_us - gap_us, 0.5))


def _way(fusion: Fusion) -> Way:
    return "graphs" if fusion == "eager" else "fused"


def _posing(batch: int, fusion: Fusion) -> list[Kernel]:
    """Without the layout, which has a table of its own."""
    parts = frame_kernels(batch, fusion)
    return [kernel for part, kernels in parts.items() if part != "layout" for kernel in kernels]
