"""What closing lids do to a face: where they close, whether the opening vanishes, whether a line is left.

An eye is what a wink of its side changes. So it is found at any size, in any colour, behind glasses and hair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.picture import Finding, grown, largest
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
BLANK, FAINT = 0.15, 0.2
"""Contrast of the line that is left: below the first nobody sees an eye, below the second hardly anybody."""
_REACH = 6
"""How far above and below a line its lid or skin is looked for, in px; lines are 2 to 5 px thick."""
_TOO_TALL, _TORN = 31, 0.4
"""Height in px of what a wink changes, and the contrast below which so large an eye has torn its lash: those
that close well are 10 to 29 px high, and as large ones were smeared."""
_STAYS = 0.75
"""Share of the opening that may still be there; 0.03 to 0.58 on eyes that close."""
_SLIT = 0.1
"""Share of the opening from which on a slit of iris is seen, and a lid is not blank."""
_BESIDE = 0.4
"""Share of a wink that the other eye may make."""
_FAR = 35.0
"""Difference from the lid's colour, 0..255, from which on a pixel is no lid."""
_ALIEN = 0.6
"""Difference of a lid from the skin below and around it, as a share of that skin's light: THA3 paints lids
for fair skin. 0.18 at most on good ones, 0.27 over eye shadow, 1.2 to 1.5 where pale lids closed on
dark skin."""
_ALIKE = 0.6
"""Difference from the other eye mirrored, as a share of that eye's from bare skin: below, there is an eye."""


@dataclass(frozen=True)
class Eye:
    """An eye that closes."""

    side: Side
    box: Box
    """Around what changes."""
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
        eyes[side] = Eye(side, _box(mask), line, stays, blank, alien, beside)
    return eyes


def eye_findings(
    still: OverGrey, winks: Mapping[Side, OverGrey], eyes: Mapping[Side, Eye], keep_open: float
) -> list[Finding]:
    """What is wrong with the eyes, of which at least one was found.

    `keep_open` is the character's `keep_eyes_open`, with which the winks were made.
    """
    found = []
    for side in SIDES:
        eye = eyes.get(side)
        if eye is None:
            (other,) = eyes.values()
            found.append(_missing(side, still, winks, other))
        elif eye.beside > _BESIDE:
            what = f"closing {called(side)} moves the other one as well"
            found.append(
                Finding("error", what, "draw dark lashes and a dark iris, free of glasses and hair", side)
            )
        elif eye.stays > _STAYS and not keep_open:
            found.append(Finding("error", f"{called(side)} does not close", _LID, side))
        elif eye.box.height >= _TOO_TALL and eye.line < _TORN:
            what = f"{called(side)} is {eye.box.height} px high, and tears its lash as it closes"
            found.append(Finding("error", what, "draw the eyes 21 to 25 px high and 27 to 31 px wide", side))
        elif eye.alien > _ALIEN:
            what = f"{called(side)} closes with a lid of another colour than the skin"
            found.append(
                Finding("error", what, f"draw lighter skin around the eyes, or {_kept(keep_open)}", side)
            )
        elif eye.line < FAINT or eye.blank_in:
            found.append(_pale(eye, keep_open))
    return found


_LID = (
    "draw the upper lash at least 3 px thick and dark, without hair or glasses on it, or mirror the good eye"
)


_KEEP, _KEEP_STEP = 0.3, 0.2
"""What is proposed first for `keep_eyes_open`, and by how much more where that is not enough."""


def called(side: Side) -> str:
    """The eye in words.

    >>> called("left")
    "the left eye (the character's, on the right in the picture)"
    """
    where = "right" if side == "left" else "left"
    return f"the {side} eye (the character's, on the {where} in the picture)"


def _kept(keep_open: float) -> str:
    wanted = min(keep_open + _KEEP_STEP, 1.0) if keep_open else _KEEP
    return f"say keep_eyes_open = {wanted:.1f} in character.toml"


def _pale(eye: Eye, keep_open: float) -> Finding:
    keep = f"{_kept(keep_open)}, which helps behind glasses"
    if eye.line < BLANK:
        what = f"{called(eye.side)} closes to a blank lid: no line is left there"
        return Finding("error", what, f"{_LID}, or {keep}", eye.side)
    faint = ["closes to a faint line"] if eye.line < FAINT else []
    blank = [f"is a blank lid with {', '.join(eye.blank_in)}"] if eye.blank_in else []
    what = f"{called(eye.side)} {' and '.join(faint + blank)}"
    return Finding("warning", what, f"draw the upper lash thicker and darker, or {keep}", eye.side)


def _missing(side: Side, still: OverGrey, winks: Mapping[Side, OverGrey], other: Eye) -> Finding:
    """An eye that no wink moves: is it there and does not close, or is it covered?"""
    axis = _axis(other)
    x, y = 2 * axis - other.centre[0], other.centre[1]
    box = other.box.moved(round(x - other.centre[0]), 0)
    here = still[box.common(_FRAME).slices]
    there = still[other.box.slices]
    bare = np.abs(winks[other.side][other.box.slices] - there).mean()
    where = f"it was looked for around ({x:.0f},{y:.0f})"
    if here.shape == there.shape and np.abs(here[:, ::-1] - there).mean() < _ALIKE * bare:
        return Finding("error", f"{called(side)} does not close; {where}", _LID, side)
    return Finding(
        "note",
        f"{called(side)} is not seen: covered, or not drawn; {where}",
        "nothing, if it is meant so",
        side,
    )


def _axis(eye: Eye) -> float:
    """Where the middle of the face is, if this is all that is known of it."""
    return 254.0 if abs(eye.centre[0] - 254) < 45 else eye.centre[0] + (-24 if eye.side == "left" else 24)


_FRAME = Box(0, 0, 512, 512)


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
