"""What a student shows off the figure is dirt: it is left out, by the figure as it is warped and painted.

Where the picture itself has something faint apart from what is solid, such as a veil or a glow, only what is
painted is left out.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.student.swinging import HalfMaps, Turned

_SEEN, _SOLID = 0.02, 0.5
"""Alpha from which what is warped is the figure's, and from which what is painted is."""
_SPECKS = 8
"""As many faint pixels apart from what is solid are nothing that was drawn."""
_AROUND = np.ones((3, 3), np.uint8)
"""A pixel of half the size around the figure is its soft edge."""


class Figure:
    """Where a character is in its own picture, at half the size of its body box."""

    def __init__(self, alpha: NDArray[np.float32], fold: int = 2) -> None:
        """`alpha` is (H, W), of the body box, where so many px make one of half the size."""
        height, width = (side // fold for side in alpha.shape)
        self._alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        self._places = np.stack([columns, rows], axis=-1).astype(np.float32)
        around = cv2.dilate((self._alpha > _SOLID).astype(np.uint8), _AROUND)
        self._has_faint_parts = bool(((self._alpha > _SEEN) & (around == 0)).sum() > _SPECKS)

    def shown(self, change: HalfMaps) -> NDArray[np.float32]:
        """(H / 2, W / 2): its alpha as a warp takes it, see `Turned.change`."""
        taken = change * np.float32(SIZE / 4)
        taken += self._places
        shown: NDArray[np.float32] = cv2.remap(
            self._alpha, taken, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        return shown

    def alone(self, turned: Turned) -> Turned:
        """The same without what is faint off the figure; drawn faint parts stay where the warp takes them."""
        shown = self.shown(turned.change)
        figure = shown * turned.bare + turned.paint[..., 3] > _SOLID
        if self._has_faint_parts:
            figure |= shown > _SEEN
        kept = cv2.dilate(figure.astype(np.uint8), _AROUND)
        bare = turned.bare if self._has_faint_parts else turned.bare * kept
        return Turned(turned.change, turned.paint * kept[..., None], bare)
