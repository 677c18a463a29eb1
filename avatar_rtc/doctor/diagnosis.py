"""The character doctor: will this picture animate well with THA3, and if not, what should be drawn otherwise?

The picture is posed once per probe, and judged by what that shows: where lids close, whether a line is left,
whether the mouth opens. No place, size or colour of a face is taken for granted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.eye_findings import eye_findings
from avatar_rtc.doctor.eyes import SEARCHED, SIDES, Eye, Side, find_eyes
from avatar_rtc.doctor.mouth import OpeningMouth, distance, find_mouth, middle_of, mouth_findings
from avatar_rtc.doctor.picture import Finding, picture_findings
from avatar_rtc.doctor.regions import region_findings, regions, responses
from avatar_rtc.face.pose import Pose, neutral, pose_from
from avatar_rtc.stream.pixels import seen_on

NEUTRAL = "neutral"
WINKS: Mapping[Side, str] = {side: f"eye_wink_{side}" for side in SIDES}
HELD_SHUT = ("eye_happy_wink", "eye_relaxed")
"""With what emotions hold both eyes shut for long."""
AAA = "mouth_aaa"
_SHUT = (*WINKS.values(), *HELD_SHUT)
_PROBES: Mapping[str, Mapping[str, float]] = {
    **{wink: {wink: 1.0} for wink in WINKS.values()},
    **{
        name: {f"{name}_{side}": 1.0 for side in SIDES}
        for name in (*HELD_SHUT, "eyebrow_raised", "eyebrow_lowered")
    },
    AAA: {AAA: 1.0},
    **{
        name: {name: 1.0}
        for name in (
            "iris_rotation_x", "iris_rotation_y", "neck_z", "body_z",
        )
    },
}  # fmt: skip
PROBES = tuple(_PROBES)
"""What the doctor poses, besides the neutral pose."""
_GREY = 128
_WANTED_MIDDLE = (254.0, 143.0)
"""Between the eyes of a well placed figure, (x, y) in px; 251 to 257 and 136 to 147 on good ones."""
_MAX_SHIFT = 35
"""How far off the eyes may be, in px: at 30 nothing breaks, at 60 the mouth is dead or an eye tears."""
_LEAST_DISTANCE = 33.0
"""From eye to eye, in px: good figures have 40 to 59, at 29 the mouth is dead."""


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found."""

    findings: tuple[Finding, ...]
    responses: Mapping[str, float]
    """Region and probe → mean change of the region's RGB, 0..255."""
    eyes: Mapping[Side, Eye] = field(default_factory=dict)
    """Those that close."""
    mouth: OpeningMouth | None = None
    """None if there are no eyes to look for it from, or aaa was not posed."""

    @property
    def healthy(self) -> bool:
        """Whether the character will animate well: nothing worse than a warning."""
        return all(finding.severity != "error" for finding in self.findings)

    def and_also(self, findings: Iterable[Finding]) -> "Diagnosis":
        """The same with more findings."""
        return _ordered([*self.findings, *findings], self.responses, self.eyes, self.mouth)


def doctor_poses(probes: Iterable[str] = PROBES, keep_eyes_open: float = 0.0) -> dict[str, Pose]:
    """The poses the doctor wants to see, by name: neutral, and each probe.

    `keep_eyes_open` is what the character says of its lids; they close so much less.
    """
    poses = {NEUTRAL: neutral()}
    for name in probes:
        scale = 1.0 - keep_eyes_open if name in _SHUT else 1.0
        poses[name] = pose_from({morph: value * scale for morph, value in _PROBES[name].items()})
    return poses


def diagnose(
    rgba: NDArray[np.uint8], pictures: Mapping[str, NDArray[np.uint8]], keep_eyes_open: float = 0.0
) -> Diagnosis:
    """Judge a character by its picture and its poses.

    Args:
        rgba: the character, (512, 512, 4) sRGB, straight alpha.
        pictures: probe → the picture posed so, same shape; needs "neutral" and the two winks, whatever else
            is missing is not judged.
        keep_eyes_open: as the poses were made with.
    """
    seen = {name: seen_on(picture, _GREY) for name, picture in pictures.items()}
    still = seen.pop(NEUTRAL)
    winks = {side: seen[wink] for side, wink in WINKS.items()}
    eyes = find_eyes(still, winks, {name: seen[name] for name in HELD_SHUT if name in seen})
    outline = picture_findings(rgba)
    if any("background" in finding.part for finding in outline):
        return Diagnosis(tuple(outline), {})
    if not eyes:
        return _ordered([*outline, _no_eyes(rgba)])
    found = [f for f in outline if "by its outline" not in f.what] + _placement(eyes)
    found += eye_findings(still, winks, eyes, keep_eyes_open)
    mouth = find_mouth(seen_on(rgba, _GREY), still, seen[AAA], eyes) if AAA in seen else None
    found += mouth_findings(mouth) if mouth is not None else []
    parts = regions(eyes)
    moved = responses(seen, still, parts)
    return _ordered([*found, *region_findings(moved, parts)], moved, eyes, mouth)


def _ordered(
    findings: list[Finding],
    moved: Mapping[str, float] | None = None,
    eyes: Mapping[Side, Eye] | None = None,
    mouth: OpeningMouth | None = None,
) -> Diagnosis:
    order = ("error", "warning", "note")
    worst_first = sorted(findings, key=lambda finding: order.index(finding.severity))
    return Diagnosis(tuple(worst_first), moved or {}, eyes or {}, mouth)


def _no_eyes(rgba: NDArray[np.uint8]) -> Finding:
    opaque = rgba[..., 3] > 0
    edges = [int(edge.sum()) for edge in (opaque[0], opaque[:, 0], opaque[:, -1], opaque[-1])]
    body = edges.index(max(edges))  # figures leave the picture where their body goes on
    if body < 3 and edges[body] > 2 * edges[3]:
        turn = ("by 180 degrees", "anticlockwise", "clockwise")[body]
        lies = ("is upside down", "lies on its side", "lies on its side")[body]
        return Finding(
            "error", f"the figure {lies}, and no eyes that close were found", f"turn it {turn}", "head"
        )
    box = SEARCHED
    return Finding(
        "error",
        "no eyes that close were found; they were looked for in "
        f"x {box.x}..{box.right}, y {box.y}..{box.bottom}",
        "wanted is one face, upright, facing the viewer, in x 192..320, y 64..192, eyes open, lashes dark",
        "eyes",
    )


def _placement(eyes: Mapping[Side, Eye]) -> list[Finding]:
    found = []
    ways = (("far to the left", "right"), ("high", "down")), (("far to the right", "left"), ("low", "up"))
    for axis, (is_at, wanted) in enumerate(zip(middle_of(eyes), _WANTED_MIDDLE, strict=True)):
        offset = round(is_at - wanted)
        if abs(offset) > _MAX_SHIFT:
            lies, where = ways[offset > 0][axis]
            what = f"the head stands about {abs(offset)} px too {lies}"
            found.append(Finding("error", what, f"move the head {where} by {abs(offset)} px", "head"))
    apart = distance(eyes)
    if 0 < apart < _LEAST_DISTANCE:
        what = f"the head is too small: its eyes are {apart:.0f} px apart"
        found.append(
            Finding("error", what, f"enlarge the figure by {48 / apart:.1f}: 48 px are best", "head")
        )
    return found
