"""Cels on the posed face of a student's character: under lids, on lids, over drawn mouths and eyes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.cels import ON_SKIN, REPLACING, TEARS
from avatar_rtc.render.cels import Dressing, apart, over
from avatar_rtc.render.colour import ColourSpace, from_linear, to_linear
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.skin import but_lines
from avatar_rtc.render.student.lids import on_lids
from avatar_rtc.render.student.quick import PixelRows
from avatar_rtc.stream.box import Box

_SPACE: ColourSpace = "srgb-premultiplied"
_CPU = torch.device("cpu")


class Worn:
    """The body box of a character under the cels it wears; drawn anew only where they or the face changed."""

    def __init__(self, lids: Tensor, box: Box, side: int) -> None:
        """`lids` is (H, W), see `lids_of`; `box` that of the body, in px of pictures of this side."""
        self._lids, self._box, self._side = lids, box, side
        self._dressing: Dressing | None = None
        self._own: PixelRows | None = None
        self._drawn: list[Box] = []
        self.picture: PixelRows = np.empty((0, 0, 4), np.float32)
        """(H, W, 4) premultiplied."""

    def is_worn(self, dressing: Dressing | None) -> bool:
        """Whether these are the cels it wears."""
        return dressing is self._dressing

    def wear(
        self, dressing: Dressing | None, posed: PixelRows, seen: NDArray[np.float32], touched: list[Box]
    ) -> list[Box]:
        """Draw the cels over the posed box; all boxes in which it may differ.

        Args:
            seen: (H, W): how much of a cel is seen at each pixel.
            touched: boxes in which `posed` is another than it was.
        """
        touched, self._dressing = [*touched, *self._drawn], dressing
        self._drawn = []
        if dressing is None:
            self.picture, self._own = posed, None
            return touched
        if self._own is None:
            self._own = posed.copy()
        for box in touched:
            self._own[box.slices] = posed[box.slices]
        self.picture = self._own
        self._drawn = _draw(dressing.at(self._side), self._own, seen, self._lids, self._box)
        return [*touched, *self._drawn]


def _draw(
    dressing: Dressing, picture: PixelRows, seen: NDArray[np.float32], lids: Tensor, body: Box
) -> list[Box]:
    """Draw cels over rows of pixels, premultiplied; the boxes that are drawn over."""
    scale = dressing.cels.side / SIZE
    pixels = torch.from_numpy(picture).permute(2, 0, 1)
    # What drawn mouths and eyes hide, for cels over them; a mouth alone, as at rest, needs none.
    patches = torch.zeros(seen.shape) if all(apart(dressing.layers)) else None
    drawn = []
    for top in dressing.tops(_CPU):
        if (common := top.box.common(body)).is_empty:
            continue
        box, inner = common.within(body), common.within(top.box).slices
        part, cel = pixels[:, *box.slices], top.pixels[:, *inner]
        below, opening = to_linear(part, _SPACE), torch.from_numpy(seen[box.slices])
        patch = None if patches is None else patches[box.slices]
        if top.name in REPLACING:
            if patch is not None:
                torch.maximum(patch, cel[3] * top.strength, out=patch)
            below = over(cel, below, top.strength)
        elif top.name in ON_SKIN:
            worn = cel
            if bool((opening <= 0.99).any()):
                worn = torch.lerp(on_lids(cel, lids[box.slices], below, scale), cel, opening)
            if patch is not None:
                whole = dressing.cels.closed(top.name, cel.device)[:, *inner]
                worn = torch.lerp(worn, but_lines(whole, below), patch)
            below = over(worn, below, top.strength)
        else:
            if patch is not None:  # tears run over drawn eyes, what shines in an eye is below them
                opening = torch.maximum(opening, patch) if top.name in TEARS else opening * (1 - patch)
            below = over(cel, below, opening * top.strength)
        part[:] = from_linear(below, _SPACE)
        drawn.append(box)
    return drawn
