"""What is said of eyes that were found, and of one that was not."""

from collections.abc import Mapping

import numpy as np

from avatar_rtc.doctor.eyes import BLANK, SIDES, Eye, OverGrey, Side
from avatar_rtc.doctor.picture import Finding
from avatar_rtc.stream.box import Box

FAINT = 0.2
"""Contrast of a line below which hardly anybody sees an eye."""
_A_LINE = 4.5
"""From the upper lash to the lower lid, in px: what is less is a line; narrow open eyes have 5 to 10."""
_TOO_TALL, _TORN = 31, 0.4
"""Height in px of what a wink changes, and the contrast below which so large an eye has torn its lash: those
that close well are 10 to 29 px high, and as large ones were smeared."""
_STAYS = 0.75
"""Share of the opening that may still be there; 0.03 to 0.58 on eyes that close."""
_BESIDE = 0.4
"""Share of a wink that the other eye may make."""
_ALIEN = 0.6
"""Difference of a lid from the skin below and around it, as a share of that skin's light: THA3 paints lids
for fair skin. 0.18 at most on good ones, 0.27 over eye shadow, 1.2 to 1.5 where pale lids closed on
dark skin."""
_ALIKE = 0.6
"""Difference from the other eye mirrored, as a share of that eye's from bare skin: below, there is an eye."""
_LID = (
    "draw the upper lash at least 3 px thick and dark, without hair or glasses on it, or mirror the good eye"
)
_KEEP, _KEEP_STEP = 0.3, 0.2
"""What is proposed first for `keep_eyes_open`, and by how much more where that is not enough."""
_FRAME = Box(0, 0, 512, 512)


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
        elif eye.opening < _A_LINE:
            what = f"{called(side)} is drawn closed: it cannot open, blink or look"
            found.append(Finding("error", what, "draw the eyes open; the network closes them", side))
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
