"""How wide a face opens with each mouth morph, from pictures of it; `face.opening` says what for."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.doctor.picture import grown, largest
from avatar_rtc.face.opening import LEVELS, OpeningCurves
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, Pose, neutral

FacePixels = NDArray[np.floating]
"""(H, W, 3) sRGB, 0..255, on any one ground: the same part of the picture in each pose, body at rest."""
UNSEEN, DRAWN = 10.0, 50.0
"""A pixel that changes by the first, 0..255 in its strongest channel, does not count; by the second it counts
in full: lips on skin change by 60 to 150, the noise of a student's chin by under 10."""
_OPENS = 25.0
"""Change that belongs to the mouth of aaa."""
_AROUND = 8
"""Px around that mouth in which others are looked for: `iii` and `ooo` leave it a little."""
_DEAD = 12.0
"""Pixels that aaa draws on a face without a mouth, at most; a pixel each of 80 to 370 is usual."""


def opening_poses() -> list[Pose]:
    """The shut mouth, then each mouth morph alone at every level above 0; 25 poses."""
    poses = [neutral()]
    for name in MOUTH_OPEN:
        for level in LEVELS[1:]:
            poses.append(neutral())
            poses[-1][INDEX[name]] = level
    return poses


def drawn_area(face: FacePixels, shut: FacePixels) -> float:
    """How many pixels of mouth a face shows that the shut one does not."""
    return float(_weights(face, shut).sum())


def mouth_of(opened: FacePixels, shut: FacePixels) -> NDArray[np.bool_]:
    """(H, W) where a face's mouth is, given it at aaa and shut."""
    strong = np.abs(opened - shut).max(-1) > _OPENS
    # Teeth are as light as skin: lips above and below them are joined before the largest part is taken.
    return largest(grown(strong, _AROUND)) if strong.any() else strong


def opening_curves(faces: Iterable[FacePixels]) -> OpeningCurves | None:
    """What the pictures of `opening_poses`, in order, tell; None of a face whose mouth does not open."""
    shut, *opened = faces
    top = len(LEVELS) - 1
    mouth = mouth_of(opened[top - 1], shut)
    drawn = np.array([(_weights(face, shut) * mouth).sum() for face in opened]).reshape(-1, top)
    full = drawn[MOUTH_OPEN.index("mouth_aaa"), -1]
    if full < _DEAD:
        return None
    rising = np.maximum.accumulate(drawn, axis=1) / full
    return OpeningCurves(tuple((0.0, *(round(float(area), 4) for area in curve)) for curve in rising))


def _weights(face: FacePixels, shut: FacePixels) -> NDArray[np.floating]:
    change = np.abs(face - shut).max(-1)
    weights: NDArray[np.floating] = np.clip((change - UNSEEN) / (DRAWN - UNSEEN), 0, 1)
    return weights
