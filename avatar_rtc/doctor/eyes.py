"""What closing lids do to a face: where they close, whether the opening vanishes, whether a line is left.

An eye is what a wink of its side changes. So it is found at any size, in any colour, behind glasses and hair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.picture import grown, largest
from avatar_rtc.stream.box import Box

Side = Literal["left", "right"]
"""The character's: its left eye is on the right in the picture."""
OverGrey = NDArray[np.float32]
"""(512, 512, 3) sRGB in 0..255, laid over grey."""
SIDES: tuple[Side, ...] = ("left", "right")
SEARCHED = Box(160, 32, 192, 192)
"""The part of the picture in which THA3 moves brows, eyes and mouth."""

_LEAST_CHANGE = 12.0
"""Of a pixel, 0..255, that belongs to the eye; more where the eye has strong colours: see `_SHARE`."""
_SHARE = 0.25
_LEAST_PEAK = 25.0
"""Of the strongest pixels: narrow eyes on dark skin have 39, what is covered 12 at most."""
_LEAST_PIXELS = 25
"""An eye of a picture that can be animated has 150 to 700."""
_MOST_SPREAD = 70
"""Pixels across: whatever is wider is a picture that falls apart, and no eye."""
_CORNERS = 0.15
"""Share of an eye's width at either corner where no line is asked for."""
BLANK = 0.15
"""Contrast of the line that is left below which nobody sees an eye."""
_REACH = 6
"""How far above and below a line its lid or skin is looked for, in px; lines are 2 to 5 px thick."""
_SLIT = 0.1
"""Share of the opening from which on a slit of iris is seen, and a lid is not blank."""
_FAR = 35.0
"""Difference from the lid's colour, 0..255, from which on a pixel is no lid."""


@dataclass(frozen=True)
class Eye:
    """An eye that closes."""

    side: Side
    box: Box
    """Around what changes."""
    opening: float
    """From the upper lash to the lower lid when it is open, in px; the median over columns."""
    line: float
    """Contrast of the line that is left when it is closed, against the lid, 0..1: a lash gives 0.2 to 0.7."""
    stays: float
    """Share of the opening that is still there."""
    blank_in: tuple[str, ...]
    """The other ways of closing that leave no line."""
    alien: float
    """Difference of the closed lid's colour from the skin's, as a share of the skin's light."""
    beside: float
    """How strongly its wink changes the other eye, as a share of that eye's own wink; 0 if there is none."""

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) in px."""
        return self.box.x + self.box.width / 2, self.box.y + self.box.height / 2


def find_eyes(
    still: OverGrey, winks: Mapping[Side, OverGrey], held_shut: Mapping[str, OverGrey] | None = None
) -> dict[Side, Eye]:
    """The eyes that close, by side; those that are covered, drawn closed or missing are left out.

    `held_shut` are pictures with both eyes closed in other ways, by name.
    """
    changes = {side: np.abs(picture - still).mean(-1) for side, picture in winks.items()}
    masks = {side: mask for side, change in changes.items() if (mask := _changed(change)) is not None}
    if len(masks) == 2 and not _left_is_right_of_right(masks):
        # Both winks move one eye; it is that of the stronger.
        del masks[min(masks, key=lambda side: float(changes[side][masks[side]].sum()))]
    eyes: dict[Side, Eye] = {}
    for side, mask in masks.items():
        other = masks.get("right" if side == "left" else "left")
        beside = 0.0
        if other is not None:
            own = changes["right" if side == "left" else "left"][other].mean()
            beside = float(changes[side][other].mean() / own)
        line, stays = _line(winks[side], mask), _stays(still, winks[side], mask)
        shut = held_shut or {}
        blank = tuple(
            name
            for name, picture in shut.items()
            if _line(picture, mask) < BLANK and _stays(still, picture, mask) < _SLIT
        )
        alien = _alien(still, winks[side], mask)
        opening = _opening(still, winks[side], mask)
        eyes[side] = Eye(side, _box(mask), opening, line, stays, blank, alien, beside)
    return eyes


def _changed(change: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The pixels of one wink, as one patch; None if nothing like an eye changes."""
    within = change[SEARCHED.slices]
    peak = float(np.percentile(within, 99.8))
    if peak < _LEAST_PEAK:
        return None
    strong = within > max(_LEAST_CHANGE, _SHARE * peak)
    mask = np.zeros(change.shape, bool)
    mask[SEARCHED.slices] = strong & largest(grown(strong, 1))
    if mask.sum() < _LEAST_PIXELS:
        return None
    box = _box(mask)
    return mask if max(box.width, box.height) <= _MOST_SPREAD else None


def _box(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.sum(1) >= 2), np.flatnonzero(mask.sum(0) >= 2)
    if not len(rows) or not len(columns):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box.between(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _left_is_right_of_right(masks: Mapping[Side, NDArray[np.bool_]]) -> bool:
    left, right = _box(masks["left"]), _box(masks["right"])
    return (
        left.x + left.width / 2 > right.right - right.width / 4
        and right.x + right.width / 2 < left.x + left.width / 4
    )


def _line(closed: OverGrey, mask: NDArray[np.bool_]) -> float:
    """How deep the darkest valley of a column is, as a share of the lid's light; the median over columns."""
    light, box = closed.mean(-1), _box(mask)
    trimmed = round(_CORNERS * box.width)
    depths = []
    for column in range(box.x + trimmed, box.right - trimmed):
        rows = np.flatnonzero(mask[:, column])
        if len(rows) >= 2:
            depths.append(_valley(light[:, column], int(rows[0]), int(rows[-1]) + 1))
    lid = float(np.median(light[mask]))
    return float(np.median(depths)) / max(lid, 1.0) if depths else 0.0


def _valley(light: NDArray[np.float32], first: int, last: int) -> float:
    """By how much a row of first..last is darker than something near above it, and than something near below.

    Skin that is darker than the lid is no line, and a lid darker than its skin none either.
    """
    depths = [
        min(light[max(row - _REACH, 0) : row].max(), light[row + 1 : row + 1 + _REACH].max()) - light[row]
        for row in range(max(first, 1), min(last, len(light) - 2) + 1)
    ]
    return float(max(depths, default=0.0))


def _stays(still: OverGrey, closed: OverGrey, mask: NDArray[np.bool_]) -> float:
    """The share of what is no lid that is there before and after."""
    lid = np.median(closed[mask], axis=0)
    before, after = (np.abs(p[mask] - lid).mean(-1) > _FAR for p in (still, closed))
    return float(after.sum() / max(before.sum(), 1))


def _opening(still: OverGrey, closed: OverGrey, mask: NDArray[np.bool_]) -> float:
    box = _box(mask)
    seen = mask & (np.abs(still - np.median(closed[mask], axis=0)).mean(-1) > _FAR)
    trimmed = round(_CORNERS * box.width)
    columns = [np.flatnonzero(seen[:, x]) for x in range(box.x + trimmed, box.right - trimmed)]
    heights = [rows[-1] - rows[0] + 1 for rows in columns if len(rows)]
    return float(np.median(heights)) if heights else 0.0


def _alien(still: OverGrey, closed: OverGrey, mask: NDArray[np.bool_]) -> float:
    """How far the lid's colour is from skin: that below the eye, or that around it, whichever is nearer.

    One of them may be hair, shade or the rim of glasses.
    """
    box = _box(mask)
    below = np.zeros_like(mask)
    below[box.bottom + 1 : box.bottom + 1 + _REACH, box.x : box.right] = True
    around = grown(mask, _REACH) & ~grown(mask, 2)
    lid = np.median(closed[mask], axis=0)
    skins = [np.median(still[place], axis=0) for place in (below, around) if place.any()]
    return min((float(np.abs(lid - skin).mean() / max(skin.mean(), 1.0)) for skin in skins), default=0.0)
