"""A face as a tracker sees it, whichever program that is, and the pose of an avatar that follows it.

Trackers are strangers: what they name and we do not know is left out, what lies outside its range is brought
to its nearest end, and what is no number is as if it had not been sent.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from avatar_rtc.face.blendshapes import BLENDSHAPES, HEAD_DEGREES
from avatar_rtc.face.pose import MORPH_RANGES

Angles = tuple[float, float, float]
"""Degrees: yaw, pitch and roll, as `morphs_of` has them: to the character's left, up, leaning to its left."""
MOST_DEGREES = 180.0
EYE_DEGREES = 20.0
"""At which an iris has turned as far as it can."""


@dataclass(frozen=True)
class TrackedFace:
    """What one tracker knows of a face at one moment."""

    shapes: Mapping[str, float] = field(default_factory=dict)
    """ARKit's blendshapes; if there are any, those that are not named are 0."""
    morphs: Mapping[str, float] = field(default_factory=dict)
    """Morphs that are named themselves; the others live on."""
    head: Angles | None = None
    """Before any calibration."""
    feelings: Mapping[str, float] = field(default_factory=dict)
    """Emotion → weight 0..1; empty says nothing of them."""


def clamped(value: object, low: float = 0.0, high: float = 1.0) -> float | None:
    """The number, brought into its range; None if it is none.

    >>> clamped(1.5), clamped(float("nan")), clamped("0.5")
    (1.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(float(value), low), high)


def shapes_among(named: Iterable[tuple[str, object]]) -> dict[str, float]:
    """Those that ARKit has, by whatever capital they begin with, each within 0..1."""
    known = ((_lower_first(name), clamped(value)) for name, value in named)
    return {name: value for name, value in known if name in _SHAPES and value is not None}


def angles_of(yaw: object, pitch: object, roll: object) -> Angles | None:
    """The angles within ±180 degrees; None if one is no number."""
    found = [clamped(each, -MOST_DEGREES, MOST_DEGREES) for each in (yaw, pitch, roll)]
    if any(each is None for each in found):
        return None
    return tuple(found)  # type: ignore[return-value]


def mirrored_face(face: TrackedFace) -> TrackedFace:
    """As in a mirror: what is left is right; twice is as it was."""
    head = face.head
    return TrackedFace(
        {_other_side(name): value for name, value in face.shapes.items()},
        {_other_side(name): _turned(name, value) for name, value in face.morphs.items()},
        None if head is None else (-head[0], head[1], -head[2]),
        face.feelings,
    )


def pose_fields(face: TrackedFace) -> dict[str, object]:
    """The fields of a `pose.set` for it, all of them within their ranges; {} if there is nothing to pose."""
    fields: dict[str, object] = {}
    morphs = {
        name: value
        for name, given in face.morphs.items()
        if name in MORPH_RANGES.limits and (value := clamped(given, *MORPH_RANGES.limits[name])) is not None
    }
    if face.shapes:
        fields["blendshapes"] = dict(face.shapes)
        if face.head is not None:
            fields["head"] = face.head
    elif face.head is not None:
        yaw, pitch, roll = (min(max(angle / HEAD_DEGREES, -1.0), 1.0) for angle in face.head)
        morphs = {"head_x": pitch, "head_y": -yaw, "neck_z": -roll, **morphs}
    if morphs:
        fields["morphs"] = morphs
    return fields


_SHAPES = frozenset(BLENDSHAPES)
_TURNS = frozenset(("iris_rotation_y", "head_y", "neck_z", "body_y", "body_z"))
"""Morphs whose sign is a side."""


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _other_side(name: str) -> str:
    for left, right in (("Left", "Right"), ("left", "right")):
        if name.endswith(left):
            return name.removesuffix(left) + right
        if name.endswith(right):
            return name.removesuffix(right) + left
    return name


def _turned(name: str, value: float) -> float:
    return -value if name in _TURNS else value
