"""What the doctor sees in the picture alone: is the ground clear, does the figure stand in THA3's frame?"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Severity = Literal["error", "warning", "note"]

_HEAD_ROWS = slice(64, 192)
_FIGURE_TOP = 42
"""Row where the hair of a well placed figure begins; 29 to 51 on known good characters."""
_AXIS = 254
"""Column of the middle of the head; 253 to 256 on known good characters."""
_TOLERANCE = 45
"""How far off the head may be by outline alone, in px: hats, ears and buns move it as well. Posing tells
better, so this only speaks where a shift is beyond doubt."""
_FAINT = 16
"""Alpha below which a pixel does not show: what an airbrush or a resize leaves."""


@dataclass(frozen=True)
class Finding:
    """One thing the doctor has to say."""

    severity: Severity
    """error: will not animate well; warning: a part of it will not; note: good to know."""
    what: str
    """A sentence without a full stop, starting in lower case."""
    advice: str = ""
    part: str = ""
    """What it is about: "left" or "right" eye, "eyes", "mouth", "left brow", "head", "background", …"""


def picture_findings(rgba: NDArray[np.uint8]) -> list[Finding]:
    """Findings about the ground and the outline of (512, 512, 4) RGBA; nothing is posed."""
    seen = rgba[..., 3] >= _FAINT
    share = float(_border(seen).mean())
    if share > 0.9 or (seen[0].all() and seen[:, 0].all()):
        return [
            Finding(
                "error",
                "the picture has no transparent background",
                "cut the figure out; everything around it must have alpha 0",
                "background",
            )
        ]
    return [*_placement(seen), *_ground(rgba[..., 3], seen)]


def _border(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outermost pixels at the top and on both sides; a figure may leave the picture at the bottom."""
    return np.concatenate([seen[0], seen[:, 0], seen[:, -1]])


def _placement(seen: NDArray[np.bool_]) -> list[Finding]:
    rows = np.flatnonzero(largest(seen).any(1))
    head = seen[_HEAD_ROWS]
    top = int(rows[0])
    found = []
    if top > _FIGURE_TOP + _TOLERANCE:
        found.append(_misplaced("up", top - _FIGURE_TOP))
    if top == 0:
        found.append(
            Finding(
                "warning",
                "the figure is cut off at the upper edge",
                "leave about 40 px of air above the hair; the head belongs in x 192..320, y 64..192",
            )
        )
    if head.any():
        offset = round(float(np.median([np.flatnonzero(row).mean() for row in head if row.any()]))) - _AXIS
        if abs(offset) > _TOLERANCE:
            found.append(_misplaced("left" if offset > 0 else "right", abs(offset)))
    else:
        found.append(
            Finding("error", "there is nothing where the head belongs (x 192..320, y 64..192)", part="head")
        )
    return found


def _misplaced(where: str, by: int) -> Finding:
    lies = {"up": "low", "down": "high", "left": "far to the right", "right": "far to the left"}[where]
    return Finding(
        "error",
        f"by its outline the figure stands about {by} px too {lies}",
        f"move it {where} by {by} px",
        "head",
    )


def _ground(alpha: NDArray[np.uint8], seen: NDArray[np.bool_]) -> list[Finding]:
    found = []
    corners = [name for name, value in _corners(alpha).items() if value >= _FAINT]
    if corners:
        where = " and ".join(corners)
        found.append(Finding("warning", f"the {where} corner is not transparent", "erase the background"))
    stray = seen & ~grown(largest(seen))
    if stray.any():
        rows, columns = np.nonzero(stray)
        found.append(
            Finding(
                "warning",
                f"{len(rows)} stray pixels away from the figure, the first at ({columns[0]},{rows[0]})",
                "erase them; they stand still while the figure moves",
            )
        )
    haze = int(((alpha > 0) & ~seen & ~grown(seen)).sum())
    if haze > 50:
        found.append(
            Finding("note", f"{haze} nearly transparent pixels lie around the figure", "erase the haze")
        )
    return found


def _corners(alpha: NDArray[np.uint8]) -> dict[str, int]:
    return {"upper left": int(alpha[0, 0]), "upper right": int(alpha[0, -1])}


def largest(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected part (8 neighbours) with the most pixels, as a mask of the same shape."""
    runs = _runs(seen)
    parts = list(range(len(runs)))

    def part(number: int) -> int:
        while parts[number] != number:
            number = parts[number]
        return number

    above, first = 0, 0  # runs[above:first] lie in the row above, or in one further up
    for number, (y, start, end) in enumerate(runs):
        if number and runs[number - 1][0] != y:
            above, first = first, number
        for other in range(above, first):
            y_other, start_other, end_other = runs[other]
            if y_other == y - 1 and start_other <= end and start <= end_other:
                parts[part(number)] = part(other)
    sizes: Counter[int] = Counter()
    for number, (_, start, end) in enumerate(runs):
        sizes[part(number)] += end - start
    best = sizes.most_common(1)[0][0] if sizes else -1
    mask = np.zeros_like(seen)
    for number, (y, start, end) in enumerate(runs):
        mask[y, start:end] = part(number) == best
    return mask


def _runs(seen: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Where the rows are true, from top to bottom: row, start, end (one past the last)."""
    rows, edges = np.nonzero(np.diff(np.pad(seen, ((0, 0), (1, 1))).astype(np.int8), axis=1))
    return list(zip(rows[::2].tolist(), edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def grown(mask: NDArray[np.bool_], by: int = 3) -> NDArray[np.bool_]:
    """The mask, and what is within so many px of it, along both sides."""
    rows = sliding_window_view(np.pad(mask, ((by, by), (0, 0))), 2 * by + 1, axis=0).any(-1)
    both = sliding_window_view(np.pad(rows, ((0, 0), (by, by))), 2 * by + 1, axis=1).any(-1)
    return np.asarray(both)
