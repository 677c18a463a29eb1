"""Hair and hems of a student's character swing: its warp and its paint, moved before they are doubled."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.swing import MOVED
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.soft import SoftParts
from avatar_rtc.stream.box import Box

HalfMaps = NDArray[np.float32]
"""(H / 2, W / 2, n) of the body box of size (W, H)."""


@dataclass(frozen=True, eq=False)
class Turned:
    """How a body turns, at half the size of its box."""

    change: HalfMaps
    """(…, 2): how far from a pixel what it shows comes from, (x, y), the half side of the picture being 1."""
    paint: HalfMaps
    """(…, 4): added to what is warped, already times its opacity."""
    bare: HalfMaps
    """(…): 1 less that opacity."""


class SoftWarp:
    """What swings of a character, made ready for the body box of its student."""

    def __init__(self, soft: SoftParts, box: Box) -> None:
        """`box` is that of the body, in px of the picture."""
        self._side = soft.weights.shape[-1]
        self._weights = np.ascontiguousarray(soft.moving.reshape(len(MOVED), -1).T)
        columns, rows = np.meshgrid(np.arange(box.width // 2), np.arange(box.height // 2))
        self._places = np.stack([columns, rows], axis=-1).astype(np.float32)
        # Middles of the pixels of half the size, among those of the weights.
        scale = self._side / SIZE
        self._among_weights: HalfMaps = (
            (np.array([box.x, box.y], np.float32) + 2 * self._places + 1) * scale - 0.5
        ).astype(np.float32)

    def swung(self, turned: Turned, swing: NDArray[np.float32]) -> Turned:
        """The same, moved by a swing (12,) in px, where what is shown at a pixel is soft."""
        drift = (self._weights @ swing.reshape(-1, 2)).reshape(self._side, self._side, 2)
        taken = turned.change * np.float32(self._side / 2)
        taken += self._among_weights
        drift = cv2.remap(drift, taken, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        change = turned.change - drift * np.float32(2 / SIZE)
        drift *= np.float32(-0.5)
        drift += self._places
        paint, bare = (
            cv2.remap(maps, drift, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for maps in (turned.paint, turned.bare)
        )
        return Turned(change, paint, bare)
