"""What is not eyes or mouth: whether brows, irises, head and body move at all, each where it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from avatar_rtc.doctor.eyes import SIDES, Eye, OverGrey, Side
from avatar_rtc.doctor.picture import Finding, Severity
from avatar_rtc.stream.box import Box

_FRAME = Box(0, 0, 512, 512)
_BROW_ABOVE, _BROW_HALF = (30, 2), 22
"""Where a brow moves: so many px above the eye's box, and so far to both sides of its middle."""


@dataclass(frozen=True)
class Region:
    """A part of the figure and what should move it."""

    name: str
    box: Box
    probes: tuple[str, ...]
    least: float
    """Mean change of RGB, 0..255, in the box that the strongest of its probes must make."""
    severity: Severity
    advice: str


def regions(eyes: Mapping[Side, Eye]) -> list[Region]:
    """The regions of a face with these eyes.

    The least changes are below a half of the least on 34 pictures that animate well; the body's on 30 more.
    """
    found = []
    for side in SIDES:
        if side not in eyes:
            continue
        eye = eyes[side]
        x, (above, until) = round(eye.centre[0]), _BROW_ABOVE
        brow = Box.between(eye.box.y - above, eye.box.y - until, x - _BROW_HALF, x + _BROW_HALF)
        found += [
            Region(
                f"{side} brow", brow, BROWS, 1.0, "warning",
                "keep the space between eyes and brows free; draw brows dark, 1.6 px or more, over the hair",
            ),
            Region(f"{side} iris", eye.box, IRISES, 4.0, "warning", "draw a dark iris on a pale eye"),
        ]  # fmt: skip
    return [
        *found,
        Region(
            "head", Box.between(40, 190, 192, 320), HEAD, 5.0, "error",
            "the head belongs in x 192..320, y 64..192, upright and facing the viewer",
        ),
        Region(
            "body", Box.between(200, 512, 100, 412), BODY, 0.7, "error",
            "show the torso down to the lower edge, arms down",
        ),
    ]  # fmt: skip


BROWS = ("eyebrow_raised", "eyebrow_lowered")
IRISES = ("iris_rotation_x", "iris_rotation_y")
HEAD = ("neck_z",)
BODY = ("body_z",)
"""Of all that turn a head or a body, these change the picture most."""


def responses(seen: Mapping[str, OverGrey], still: OverGrey, of: list[Region]) -> dict[str, float]:
    """Region and probe → mean change there, for the probes that were posed."""
    found = {}
    for region in of:
        box = region.box.common(_FRAME)
        for probe in region.probes:
            if probe in seen and not box.is_empty:
                change = np.abs(seen[probe][box.slices] - still[box.slices]).mean()
                found[f"{region.name}: {probe}"] = float(change)
    return found


def region_findings(found: Mapping[str, float], of: list[Region]) -> list[Finding]:
    """One finding for each region that none of its probes moves; what was not posed is not judged."""
    findings = []
    for region in of:
        values = {p: found[key] for p in region.probes if (key := f"{region.name}: {p}") in found}
        if values and max(values.values()) < region.least:
            what = f"the {region.name} hardly moves with {', '.join(values)}"
            findings.append(Finding(region.severity, what, region.advice, region.name))
    return findings
