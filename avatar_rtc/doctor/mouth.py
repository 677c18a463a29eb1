"""What aaa does to a mouth: whether it opens, and whether the neutral pose closed what was drawn open."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from avatar_rtc.doctor.eyes import Eye, OverGrey, Side
from avatar_rtc.doctor.picture import Finding
from avatar_rtc.stream.box import Box

_FRAME = Box(0, 0, 512, 512)
_DISTANCE = 48.0
"""Between the eyes of a well placed figure, in px; taken where one eye alone is seen."""
_HALF_WIDTH, _TOP, _BOTTOM = 0.42, 0.36, 1.0
"""The window below the eyes in which mouths are looked for, in distances between the eyes."""
_OPENS = 25.0
"""Change of a pixel, 0..255, that belongs to an opening mouth."""
_DEAD, _SMALL = 25, 50
"""So many pixels of it are none, and hardly one; 80 to 370 are usual."""
_DRAWN_CLOSED = 0.45
"""Share of aaa's change that closing the drawn mouth has, where it was drawn open; 0.8 to 1.3 is usual."""
_RED_INSIDE = 8.0
"""How much redder aaa must make a mouth that was drawn closed, in hundreds of levels; 18 to 46 where a
line opens, and 0 to 2 where there is none."""
_REDDER = 30.0
"""How much redder than the face the inside of a mouth is, in 0..255."""
_INSIDE = 60
"""Pixels of it from which on it is asked whether a mouth closes; teeth, tongues and lips are 70 to 330."""
_STUCK = 0.85
"""Share of that inside which silence shows as well: 0 to 0.76 on mouths that close, from 0.92 on others."""
_ADVICE = "draw it slightly open, about 17x9 px at (256,176), or copy one from a working character"


@dataclass(frozen=True)
class OpeningMouth:
    """How a mouth opens."""

    box: Box
    """Where it was looked for."""
    opens: int
    """Pixels that aaa changes strongly."""
    drawn_open: float
    """How much the neutral pose changes the drawing there, as a share of what aaa changes."""
    inside: float
    """How much redder than green aaa makes it, in hundreds of levels."""
    stays: float
    """Share of the red that aaa shows which the neutral pose shows as well; 0 if there is little red."""


def find_mouth(source: OverGrey, still: OverGrey, open_: OverGrey, eyes: Mapping[Side, Eye]) -> OpeningMouth:
    """The mouth below the eyes that were found.

    Args:
        source: as drawn.
        still: the neutral pose.
        open_: the same with mouth_aaa.
    """
    box = mouth_box(eyes)
    drawn, closed, opened = (picture[box.slices] for picture in (source, still, open_))
    change = np.abs(opened - closed).mean(-1)
    mask = change > _OPENS
    share = np.abs(drawn - closed).mean(-1)[mask].mean() / change[mask].mean() if mask.any() else 0.0
    inside = _red(opened) - _red(closed)
    return OpeningMouth(box, int(mask.sum()), float(share), inside, _stuck(closed, opened))


def mouth_findings(mouth: OpeningMouth) -> list[Finding]:
    """A mouth that does not open or close is an error; a tiny one, or one without an inside, a warning."""
    box = mouth.box
    where = f"it was looked for in x {box.x}..{box.right}, y {box.y}..{box.bottom}"
    drawn_closed = mouth.drawn_open < _DRAWN_CLOSED
    small = drawn_closed or mouth.opens < _SMALL
    if mouth.opens < _DEAD or (small and mouth.inside < _RED_INSIDE):
        what = f"the mouth does not react to aaa; {where}"
        return [Finding("error", what, f"{_ADVICE}; beards and masks confuse the network", "mouth")]
    if mouth.stays > _STUCK:
        what = "the mouth stays open when silent"
        return [Finding("error", what, f"{_ADVICE}, on fair skin and free of the chin", "mouth")]
    if mouth.opens < _SMALL:
        return [Finding("warning", "the mouth hardly opens with aaa", _ADVICE, "mouth")]
    if drawn_closed:
        what = "the mouth seems to be drawn closed: the network invents its inside"
        return [Finding("warning", what, _ADVICE, "mouth")]
    return []


def _red(part: OverGrey) -> float:
    return float(np.clip(part[..., 0] - part[..., 1] - 25, 0, None).sum() / 100)


def _stuck(closed: OverGrey, opened: OverGrey) -> float:
    redness = [part[..., 0] - part[..., 1] for part in (closed, opened)]
    before, after = (red > np.median(redness[0]) + _REDDER for red in redness)
    shown = int(after.sum())
    return float((before & after).sum() / shown) if shown >= _INSIDE else 0.0


def mouth_box(eyes: Mapping[Side, Eye]) -> Box:
    """Where to look for the mouth: below the middle of the eyes, as far as faces have it."""
    middle, y = middle_of(eyes)
    apart = distance(eyes) or _DISTANCE
    return Box.between(
        round(y + _TOP * apart),
        round(y + _BOTTOM * apart),
        round(middle - _HALF_WIDTH * apart),
        round(middle + _HALF_WIDTH * apart),
    ).common(_FRAME)


def middle_of(eyes: Mapping[Side, Eye]) -> tuple[float, float]:
    """(x, y) between the eyes; of one eye, half a usual distance beside it."""
    if len(eyes) == 2:
        (lx, ly), (rx, ry) = eyes["left"].centre, eyes["right"].centre
        return (lx + rx) / 2, (ly + ry) / 2
    (eye,) = eyes.values()
    return eye.centre[0] + (-1 if eye.side == "left" else 1) * _DISTANCE / 2, eye.centre[1]


def distance(eyes: Mapping[Side, Eye]) -> float:
    """From eye to eye in px; 0 if there is one only."""
    if len(eyes) < 2:
        return 0.0
    (lx, ly), (rx, ry) = eyes["left"].centre, eyes["right"].centre
    return float(np.hypot(lx - rx, ly - ry))
