"""The character doctor: will this picture animate well with THA3, and if not, what should be drawn otherwise?

The picture is posed once per morph; how strongly each moves its own region is compared with characters known
to work, and a few laws are tested that a strong but wrong movement would break.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.picture import Finding, picture_findings
from avatar_rtc.doctor.reference import BOXES, REFERENCE, Region, region
from avatar_rtc.face.pose import MORPHS, Pose, neutral, pose_from
from avatar_rtc.stream.box import Box
from avatar_rtc.stream.pixels import seen_on

NEUTRAL = "neutral"
_FRAME = Box(0, 0, 512, 512)
_GREY = 128
_EYE_CENTRES = {"left": (281, 140), "right": (227, 140)}
"""Where a wink changes a well placed figure most, (x, y) in px."""
_MAX_SHIFT = 35
"""How far off the head may be, in px: at 30 nothing breaks, at 60 the mouth is dead or an eye tears."""
_EYE_PIXELS = 150
"""Pixels that a wink must change by more than 40 to count as an eye; an eye has 400 to 800."""
_WEAK = 0.5
"""Share of the least reference response below which a morph is called weak."""
_FAINT = 0.7
"""Morphs whose least reference response is below this do next to nothing on any picture."""
_DARK_LEFT = 0.65
"""Share of an eye's dark pixels that a wink may leave; 0.02 to 0.35 measured."""
_RED_GAIN = 8
"""By how much the red inside of the mouth must grow with aaa; 44 to 51 measured, 0 to 1 where it is dead."""

_LID = (
    "draw the upper lash at least 3 px thick and dark, without hair or glasses on it, or mirror the good eye"
)
_MOUTH = "draw it slightly open, about 17x9 px at (256,176), or copy one from a working character"
_ADVICE: dict[Region, str] = {
    "brow": "keep the space between eyes and brows free; draw brows dark, 1.6 px or more, over the hair",
    "left eye": "draw dark lashes and a dark iris; glasses and hair over the eyes confuse the network",
    "right eye": "draw dark lashes and a dark iris; glasses and hair over the eyes confuse the network",
    "mouth": f"{_MOUTH}; beards confuse the network",
    "head": "the head belongs in x 192..320, y 64..192, upright and facing the viewer",
    "body": "show the torso down to the lower edge, arms down",
}


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found."""

    findings: tuple[Finding, ...]
    responses: Mapping[str, float]
    """Probe → change of its own region, as `REFERENCE`."""

    @property
    def healthy(self) -> bool:
        """Whether the character will animate well: nothing worse than a warning."""
        return all(finding.severity != "error" for finding in self.findings)


def doctor_poses(morphs: Iterable[str] | None = None) -> dict[str, Pose]:
    """The poses the doctor wants to see, by name: neutral, and every morph (or those named) at its ends."""
    wanted = {m.name for m in MORPHS} if morphs is None else set(morphs)
    poses = {NEUTRAL: neutral()}
    for morph in MORPHS:
        if morph.name in wanted:
            if morph.low < 0:
                poses[f"{morph.name} -1"] = pose_from({morph.name: -1})
                poses[f"{morph.name} +1"] = pose_from({morph.name: 1})
            else:
                poses[morph.name] = pose_from({morph.name: morph.high})
    return poses


def diagnose(rgba: NDArray[np.uint8], pictures: Mapping[str, NDArray[np.uint8]]) -> Diagnosis:
    """Judge a character by its picture and its poses.

    Args:
        rgba: the character, (512, 512, 4) sRGB, straight alpha.
        pictures: probe → the picture posed so, same shape; needs "neutral" and the two winks, whatever else
            is missing is not judged.
    """
    seen = {name: _over_grey(picture) for name, picture in pictures.items()}
    still = seen.pop(NEUTRAL)
    changes = {name: np.abs(picture - still).mean(-1) for name, picture in seen.items()}
    shift = _shift(changes)
    dx, dy = shift or (0, 0)
    boxes = {name: box.moved(dx, dy) for name, box in BOXES.items()}
    responses = {name: _response(name, change, boxes) for name, change in changes.items()}
    found = [f for f in picture_findings(rgba) if shift is None or "by its outline" not in f.what]
    found += _placement(rgba, shift)
    if shift is not None:
        found += _eyes(seen, still, changes, boxes)
        found += _mouth(_over_grey(rgba), seen, still, responses, boxes["mouth"])
        found += _weak(responses)
    order = ("error", "warning", "note")
    return Diagnosis(tuple(sorted(found, key=lambda f: order.index(f.severity))), responses)


def _over_grey(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    return seen_on(rgba, _GREY)


def _shift(changes: Mapping[str, NDArray[np.float32]]) -> tuple[int, int] | None:
    """How far the eyes lie from where they belong, (right, down) in px; None if neither of them closes."""
    offsets = []
    for side, (x, y) in _EYE_CENTRES.items():
        rows, columns = np.nonzero(changes[f"eye_wink_{side}"] > 40)
        if len(rows) >= _EYE_PIXELS and rows.std() < 20 and columns.std() < 20:
            offsets.append((columns.mean() - x, rows.mean() - y))
    if not offsets:
        return None
    dx, dy = np.mean(offsets, axis=0)
    return round(float(dx)), round(float(dy))


def _cut(picture: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    return picture[box.common(_FRAME).slices]


def _response(probe: str, change: NDArray[np.float32], boxes: Mapping[Region, Box]) -> float:
    if probe.startswith("iris_rotation"):
        return min(float(_cut(change, boxes[eye]).mean()) for eye in ("left eye", "right eye"))
    return float(_cut(change, boxes[region(probe)]).mean())


def _placement(rgba: NDArray[np.uint8], shift: tuple[int, int] | None) -> list[Finding]:
    if shift is None:
        if rgba[0, :, 3].any() and not rgba[-8:, :, 3].any():
            return [Finding("error", "the picture is upside down", "turn it by 180 degrees")]
        advice = "wanted is one face, upright, facing the viewer, in x 192..320, y 64..192, with dark lashes"
        return [Finding("error", "no eyes that close were found", advice)]
    found = []
    ways = (("far to the left", "right"), ("high", "down")), (("far to the right", "left"), ("low", "up"))
    for axis, offset in enumerate(shift):
        if abs(offset) > _MAX_SHIFT:
            lies, where = ways[offset > 0][axis]
            what = f"the head stands about {abs(offset)} px too {lies}"
            found.append(Finding("error", what, f"move the head {where} by {abs(offset)} px"))
    return found


def _eyes(
    seen: Mapping[str, NDArray[np.float32]],
    still: NDArray[np.float32],
    changes: Mapping[str, NDArray[np.float32]],
    boxes: Mapping[Region, Box],
) -> list[Finding]:
    """A wink takes the dark of its own eye away, and leaves the other one alone."""
    found = []
    eyes: dict[str, tuple[Region, Region]] = {
        "left": ("left eye", "right eye"),
        "right": ("right eye", "left eye"),
    }
    skin = float(np.median(_cut(still, _between(boxes)).mean(-1)))
    for side, (own, other) in eyes.items():
        wink = f"eye_wink_{side}"
        response = float(_cut(changes[wink], boxes[own]).mean())
        before, after = (int((_cut(p, boxes[own]).mean(-1) < skin - 70).sum()) for p in (still, seen[wink]))
        if response < _WEAK * REFERENCE[wink][0] or after > _DARK_LEFT * max(before, 1):
            found.append(Finding("error", f"the {side} eye does not close", _LID))
        elif float(_cut(changes[wink], boxes[other]).mean()) > 0.4 * response:
            found.append(
                Finding("error", f"closing the {side} eye moves the other one as well", _ADVICE[own])
            )
    return found


def _between(boxes: Mapping[Region, Box]) -> Box:
    """Cheeks and nose: skin on any face."""
    mouth = boxes["mouth"]
    return Box.between(mouth.y - 10, mouth.y + 8, mouth.x - 10, mouth.right + 10)


def _mouth(
    source: NDArray[np.float32],
    seen: Mapping[str, NDArray[np.float32]],
    still: NDArray[np.float32],
    responses: Mapping[str, float],
    box: Box,
) -> list[Finding]:
    """The neutral pose closes the mouth that was drawn open, and aaa opens it with colour inside."""
    if "mouth_aaa" not in seen:
        return []
    weak = responses["mouth_aaa"] < _WEAK * REFERENCE["mouth_aaa"][0]
    if weak or _red(_cut(seen["mouth_aaa"], box)) - _red(_cut(still, box)) < _RED_GAIN:
        return [Finding("error", "the mouth does not react to aaa", _MOUTH)]
    if float(np.abs(_cut(source, box) - _cut(still, box)).mean()) < 3:
        return [Finding("warning", "the mouth seems to be drawn closed", _MOUTH)]
    return []


def _red(picture: NDArray[np.float32]) -> float:
    return float(np.clip(picture[..., 0] - picture[..., 1] - 25, 0, None).sum() / 100)


def _weak(responses: Mapping[str, float]) -> list[Finding]:
    """One finding per region whose morphs move it less than they should."""
    weak: dict[Region, list[str]] = {}
    for probe, value in responses.items():
        low = REFERENCE[probe][0]
        if low >= _FAINT and value < _WEAK * low:
            weak.setdefault(region(probe), []).append(probe)
    found = []
    for name, names in weak.items():
        judged = sum(region(p) == name and REFERENCE[p][0] >= _FAINT for p in responses)
        dead = name in ("head", "body") and len(names) == judged
        what = f"the {name} hardly moves with {', '.join(names)}"
        found.append(Finding("error" if dead else "warning", what, _ADVICE[name]))
    return found
