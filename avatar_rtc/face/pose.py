"""The 45 morphs of THA3, their ranges, and poses as vectors.

Names are THA3's own without the trailing `_index`, with which they are read as well. "left" and "right" are
the character's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.ranges import Ranges

Pose = NDArray[np.float32]
"""A vector of 45 morph values, in the order of MORPHS."""


@dataclass(frozen=True)
class Morph:
    """One named scalar of the face and body model; 0 is neutral."""

    name: str
    low: float
    high: float


def _pair(name: str) -> list[Morph]:
    return [Morph(f"{name}_left", 0, 1), Morph(f"{name}_right", 0, 1)]


_PAIRED = (
    "eyebrow_troubled eyebrow_angry eyebrow_lowered eyebrow_raised eyebrow_happy eyebrow_serious "
    "eye_wink eye_happy_wink eye_surprised eye_relaxed eye_unimpressed eye_raised_lower_eyelid "
    "iris_small"
).split()
MOUTH_OPEN = ("mouth_aaa", "mouth_iii", "mouth_uuu", "mouth_eee", "mouth_ooo", "mouth_delta")
"""The six morphs that visemes drive."""
_CORNERS = ("mouth_lowered_corner", "mouth_raised_corner")
_SIGNED = (
    "iris_rotation_x iris_rotation_y head_x head_y neck_z body_y body_z"  # head…: 1.0 is 15 degrees
).split()

MORPHS: tuple[Morph, ...] = (
    *(m for name in _PAIRED for m in _pair(name)),
    *(Morph(name, 0, 1) for name in MOUTH_OPEN),
    *(m for name in _CORNERS for m in _pair(name)),
    Morph("mouth_smirk", 0, 1),
    *(Morph(name, -1, 1) for name in _SIGNED),
    Morph("breathing", 0, 1),
)
INDEX: dict[str, int] = {m.name: i for i, m in enumerate(MORPHS)}
FORMER_SUFFIX = "_index"
"""Of most names in THA3, and so in the files of other programs."""
MORPH_RANGES = Ranges("morph", {m.name: (m.low, m.high) for m in MORPHS}, former_suffix=FORMER_SUFFIX)
MorphValues = Annotated[dict[str, float], MORPH_RANGES]
"""Morph → value."""
LOW: Pose = np.array([m.low for m in MORPHS], np.float32)
HIGH: Pose = np.array([m.high for m in MORPHS], np.float32)

EYEBROW = slice(0, 12)
FACE = slice(12, 39)
ROTATION = slice(39, 45)


def neutral() -> Pose:
    """A pose of zeros."""
    return np.zeros(len(MORPHS), np.float32)


def check_morphs(values: Mapping[str, object]) -> dict[str, float]:
    """The same mapping as floats, each known and in range.

    Raises:
        UnknownName: a key is no morph; names the nearest.
        OutOfRange: a value is outside the morph's range.
        InputError: a value is no finite number.
    """
    return MORPH_RANGES.check(values)


def pose_from(values: Mapping[str, float]) -> Pose:
    """The vector of a {morph: value} mapping; morphs not named are 0.

    >>> float(pose_from({"head_x": -1})[INDEX["head_x"]])
    -1.0
    """
    pose = neutral()
    for name, value in check_morphs(values).items():
        pose[INDEX[name]] = value
    return pose
