"""Faces made of numbers, as MediaPipe would see them: a head of our own, turned, with parts moved."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
COUNT = 478
# Of a person's right half, px from the head's middle: x to the person's left, y down, z away from the camera.
_RIGHT = {
    234: (-60, 0, 40), 33: (-45, -10, 8), 133: (-15, -10, 5), 468: (-30, -10, 2),
    160: (-36, -15, 4), 159: (-30, -15, 3), 158: (-24, -15, 3),
    144: (-36, -5, 4), 145: (-30, -5, 3), 153: (-24, -5, 3),
    70: (-50, -26, 6), 105: (-32, -30, 2), 107: (-12, -28, 0), 61: (-25, 40, 4),
}  # fmt: skip
_MIDDLE = {10: (0, -75, 10), 152: (0, 80, 10), 13: (0, 39, -4), 14: (0, 41, -4)}
TWINS = {
    234: 454, 33: 263, 133: 362, 468: 473, 160: 387, 159: 386, 158: 385, 144: 373, 145: 374, 153: 380,
    70: 300, 105: 334, 107: 336, 61: 291,
}  # fmt: skip
"""Landmark of the right half → that of the left."""
UPPER_LIDS = {"Right": (160, 159, 158), "Left": (387, 386, 385)}
LOWER_LIDS = {"Right": (144, 145, 153), "Left": (373, 374, 380)}
Vector = tuple[float, float, float]


def calm() -> dict[int, NDArray[np.float64]]:
    """The landmarks that are used, of a face at rest that looks into the camera."""
    left = {TWINS[n]: (-x, y, z) for n, (x, y, z) in _RIGHT.items()}
    return {n: np.array(place, float) for n, place in {**_RIGHT, **left, **_MIDDLE}.items()}


def moved(moves: Mapping[int, Vector]) -> dict[int, NDArray[np.float64]]:
    """A calm face, some of whose landmarks have gone by so many px."""
    return {n: place + np.array(moves.get(n, (0, 0, 0))) for n, place in calm().items()}


def shut(**sides: float) -> dict[int, Vector]:
    """Moves of lids that are shut by so much of their opening: `shut(Left=1)`."""
    return {
        n: (0, way * 5 * far, 0)
        for side, far in sides.items()
        for lids, way in ((UPPER_LIDS, 1), (LOWER_LIDS, -1))
        for n in lids[side]
    }


def turn(yaw: float = 0, pitch: float = 0, roll: float = 0) -> NDArray[np.float64]:
    """(3, 3): degrees, to the person's left, up, and leaning to the person's left."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in np.radians((yaw, pitch, roll)))
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def landmarks(
    face: Mapping[int, NDArray[np.float64]] | None = None,
    rotation: NDArray[np.float64] | None = None,
    at: tuple[float, float] = (WIDTH / 2, HEIGHT / 2),
    size: float = 1.0,
) -> list[float]:
    """x, y, z of all landmarks in a row; those that nobody uses are 0."""
    rotation = np.eye(3) if rotation is None else rotation
    found = np.zeros((COUNT, 3))
    for n, place in (face or calm()).items():
        x, y, z = size * (rotation @ place)
        found[n] = (x + at[0]) / WIDTH, (y + at[1]) / HEIGHT, z / WIDTH
    return [float(number) for number in found.ravel()]


def flipped(points: list[float]) -> list[float]:
    """The same face in a mirror: the picture the other way round, and the halves by each other's numbers."""
    found = np.array(points).reshape(COUNT, 3)
    found[:, 0] = 1 - found[:, 0]
    for right, left in TWINS.items():
        found[[right, left]] = found[[left, right]]
    return [float(number) for number in found.ravel()]
