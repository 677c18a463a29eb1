"""Which parts of the face a student works on, and which morphs move each."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.pose import EYEBROW, FACE, INDEX

FacePart = Literal["eye_right", "eye_left", "mouth"]
"""Sides are the character's: its right eye is on the left of the picture."""
FACE_PARTS: tuple[FacePart, ...] = ("eye_right", "eye_left", "mouth")
MOUTH = slice(INDEX["mouth_aaa"], INDEX["mouth_smirk"] + 1)
_EYES = [
    *range(EYEBROW.start, INDEX["mouth_aaa"]),
    INDEX["iris_rotation_x"],
    INDEX["iris_rotation_y"],
]
MORPHS_OF: dict[FacePart, NDArray[np.intp]] = {
    # Morphs of one eye were seen to move the other a little, so each box has those of both.
    "eye_right": np.array(_EYES),
    "eye_left": np.array(_EYES),
    # … and lids and irises move the line of the chin.
    "mouth": np.arange(FACE.start, FACE.stop),
}
