"""Write the tables of docs/gpu.md anew, from what is counted: python -m tests.data.make_gpu_tables"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from avatar_rtc.bench.floors import Floor, FramePart, floors, frame_kernels
from avatar_rtc.bench.predicted import (
    CARDS,
    I420_BYTES,
    WAYS,
    avatars,
    copy_ms,
    frame_ms,
    kernels_at_1024,
    kernels_of_frame,
    kernels_of_large_frame,
)
from avatar_rtc.bench.traffic import Fusion

PAGE = Path(__file__).parents[2] / "docs" / "gpu.md"
BATCHES = (1, 4, 16)
PARTS: tuple[FramePart, ...] = get_args(FramePart)
BY_HAND: tuple[Fusion, ...] = ("fused", "pairs", "norms", "by hand")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; the first column is words, the others numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def floor_table(batch: int) -> str:
    """What each part asks for, and all of them."""
    ways = [floors(batch, fusion) for fusion in ("eager", "fused", "by hand")]
    rows = {part: [way[part] for way in ways] for part in PARTS}
    lines = [_floor_row(name, found) for name, found in rows.items()]
    lines.append(_floor_row("all", [_sum(list(way.values())) for way in ways]))
    head = ["part", "GFLOP", "MB eager", "fused", "by hand", "kernels eager", "fused", "by hand"]
    return table(head, lines)


def _floor_row(name: str, found: Sequence[Floor]) -> list[object]:
    moved = [f"{each.moved_bytes / 1e6:.0f}" for each in found]
    return [name, f"{found[0].flops / 1e9:.1f}", *moved, *(each.kernels for each in found)]


def frame_table(batches: Sequence[int] = BATCHES) -> str:
    """Milliseconds of a batch at 512 with an empty chain, and how many avatars that is at 30 frames/s."""
    rows = []
    for card in CARDS:
        for batch in batches:
            ms = [frame_ms(kernels_of_frame(batch, way), way, card) for way in WAYS]
            rows.append(
                [
                    f"{card.name}, {batch}",
                    *(f"{each:.2f}" for each in ms),
                    *(avatars(each, batch) for each in ms),
                ]
            )
    return table(["card, batch", *(f"ms {way}" for way in WAYS), *(f"avatars {way}" for way in WAYS)], rows)


def large_table() -> str:
    """What doubling and the default chain add for one avatar, and avatars at 1024 in batches of 4."""
    rows = []
    for card in CARDS:
        added = [frame_ms(kernels_at_1024(way), way, card) for way in WAYS]
        whole = [avatars(frame_ms(kernels_of_large_frame(4, way), way, card), 4) for way in WAYS]
        rows.append([card.name, *(f"{each:.2f}" for each in added), *whole])
    counted = ["kernels", *(len(kernels_at_1024(way)) for way in WAYS), *[""] * len(WAYS)]
    return table(
        ["card", *(f"ms {way}" for way in WAYS), *(f"avatars {way}" for way in WAYS)], [counted, *rows]
    )


def copy_table() -> str:
    """The one copy of a frame."""
    sizes = (I420_BYTES, 4 * I420_BYTES)
    rows = [[card.name, *(f"{copy_ms(size, card):.2f}" for size in sizes), card.encoders] for card in CARDS]
    return table(["card", *(f"ms for {size / 1e6:.1f} MB" for size in sizes), "encoders"], rows)


def kernel_table() -> str:
    """Milliseconds of a batch of 4 by part, as kernels are put together."""
    rows = []
    for card in CARDS:
        kernels = {fusion: frame_kernels(4, fusion) for fusion in BY_HAND}
        for part in PARTS:
            ms = [frame_ms(kernels[fusion][part], "fused", card) for fusion in BY_HAND]
            rows.append([f"{card.name}, {part}", *(f"{each:.2f}" for each in ms), f"{ms[0] - ms[-1]:.2f}"])
    return table(["card, part", *(f"ms {fusion}" for fusion in BY_HAND), "gain at most"], rows)


def tables() -> dict[str, str]:
    """The tables of the page by the name in their marks."""
    return {
        **{f"floor {batch}": floor_table(batch) for batch in BATCHES},
        "frame": frame_table(),
        "large": large_table(),
        "copy": copy_table(),
        "kernels": kernel_table(),
    }


def put(page: str, found: dict[str, str]) -> str:
    """The page with these tables between their marks."""
    for name, text in found.items():
        place = re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
        page, count = place.subn(rf"\1{text}\n\3", page)
        assert count == 1, f"{name}: {count} places"
    return page


def _sum(parts: Sequence[Floor]) -> Floor:
    return Floor(
        sum(each.flops for each in parts),
        sum(each.read_bytes for each in parts),
        sum(each.written_bytes for each in parts),
        sum(each.kernels for each in parts),
    )


if __name__ == "__main__":
    PAGE.write_text(put(PAGE.read_text(), tables()))
