"""How far a mouth must be moved to be seen as open as it should be, on one face.

Speech wants openings: "half as wide as an `ooo` can be". Morphs are no measure of that. Below a quarter most
faces show nothing at all, `iii` opens a tenth as far as `aaa`, and no two faces agree. So each face is
measured (`doctor.opening`), and the law here is the inverse of what was measured.

```
 openness of six shapes ─► sum o, mixture d ─► area wanted, e(o) ─► how far along d, on this face ─► morphs
```
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.pose import MOUTH_OPEN, Pose

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The morph values at which a face is measured."""
SMALL_SEEN = 2.7
"""How much wider than asked a small opening is shown: speech is small movements, and a tenth of a mouth of
40 px is little to see."""
STILL = 0.12
"""The share of the opening that is left at articulation 0."""
_LEAST_SLOPE = 0.02
"""Of a curve; a morph that does nothing is still moved, for its corners may."""


@dataclass(frozen=True)
class OpeningCurves:
    """How wide one face opens, by morph and value."""

    areas: tuple[tuple[float, ...], ...]
    """For aaa, iii, uuu, eee, ooo, delta: drawn area above the closed mouth at LEVELS, as a share of that of
    aaa at 1. None falls from one level to the next, and the first is 0."""

    def __post_init__(self) -> None:
        grid = np.array(self.areas, float)
        if grid.shape != (len(MOUTH_OPEN), len(LEVELS)):
            raise ValueError(f"wanted are {len(MOUTH_OPEN)} curves of {len(LEVELS)} levels, not {grid.shape}")
        if not np.isfinite(grid).all() or grid[:, 0].any() or (np.diff(grid, axis=1) < 0).any():
            raise ValueError("a curve begins at 0 and never falls")


USUAL_CURVES = OpeningCurves(
    (
        (0.0, 0.20, 0.53, 0.81, 1.00),
        (0.0, 0.01, 0.03, 0.07, 0.11),
        (0.0, 0.02, 0.09, 0.15, 0.21),
        (0.0, 0.06, 0.23, 0.42, 0.58),
        (0.0, 0.16, 0.37, 0.59, 0.76),
        (0.0, 0.04, 0.13, 0.19, 0.25),
    )
)
"""The mean of five faces, for one that was not measured yet."""


def wanted_area(openness: float, articulation: float = 1.0) -> float:
    """The share of its full area that a mouth of this openness shows; 0 → 0, 1 → 1 from articulation 1 on.

    Rising in both. Small openings are shown larger, by SMALL_SEEN at first, and twice that at articulation 2;
    below articulation 1 everything is scaled down, to STILL at 0.

    Args:
        openness: in [0, 1]; what is beyond counts as its end.
        articulation: in [0, 2].
    """
    o = min(max(openness, 0.0), 1.0)
    share = STILL + (1 - STILL) * min(articulation, 1.0)
    shown: float = share * (1 - (1 - o) ** (SMALL_SEEN * max(articulation, 1.0)))
    return shown


class MouthOpener:
    """Turns openings into morphs, for one face. Pure: it remembers nothing."""

    def __init__(self, curves: OpeningCurves = USUAL_CURVES) -> None:
        self._areas: NDArray[np.float64] = np.array(curves.areas) + _LEAST_SLOPE * np.array(LEVELS)

    def morphs(self, shapes: NDArray[np.floating], articulation: float = 1.0) -> Pose:
        """The mouth morphs (6,) of shapes (6,); they sum to 1 at most, as a student was taught.

        The mixture of the shapes stays what it is, so vowels stay themselves. How far it is gone follows from
        the area it draws, which is about the mean of its morphs' areas (to 0.13 of aaa, on four faces).

        Args:
            shapes: how far open in each shape, 0..1. Their sum is the openness.
            articulation: see `wanted_area`.
        """
        o = float(shapes.sum())
        if o <= 0:
            return np.zeros(len(MOUTH_OPEN), np.float32)
        mixture = shapes / o
        curve = mixture @ self._areas
        along = np.interp(wanted_area(o, articulation) * curve[-1], curve, LEVELS)
        morphs: Pose = (mixture * along).astype(np.float32)
        return morphs
