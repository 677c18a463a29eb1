"""The last step of a student: its posed picture is warped, and painted where something is painted.

Maps come at half the size of a picture of 512, and are enlarged to the side that is shown. Paint is nothing
on nine tenths of the pixels, so it is enlarged only in stretches of tiles where it shows.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.student.quick import PixelRows
from avatar_rtc.render.student.stray import Figure
from avatar_rtc.render.student.swinging import Turned
from avatar_rtc.stream.box import Box

_TILE = 16
"""Side of a tile in px of half the size."""
_SEEN = 1 / 255
"""Alpha from which there is something that paint may cover."""


class _Painted(NamedTuple):
    """A stretch of the body box that is painted."""

    box: Box
    paint: PixelRows
    """(h, w, 4): added to what is warped, already times its opacity."""
    bare: PixelRows
    """(h, w, 4): 1 less that opacity, for each channel."""


class ShownBody:
    """The finished picture of a character, and how it is made from the posed one."""

    def __init__(self, box: Box, side: int, figure: Figure) -> None:
        """`box` is that of the body, in px of a picture of this side."""
        self._box, self._side, self._figure = box, side, figure
        self._fold = side * 2 // SIZE
        """Px for each px of half the size."""
        rows = np.zeros((side, side, 4), np.float32)
        self._shown: PixelRows = rows[box.slices]
        self.picture: Tensor = torch.from_numpy(rows).permute(2, 0, 1)
        """(4, S, S), premultiplied sRGB, a view of rows of pixels; written in place."""
        columns, lines = np.meshgrid(np.arange(box.width), np.arange(box.height))
        self._places: PixelRows = np.stack([columns, lines], axis=-1).astype(np.float32)
        self._where = self._places
        """(H, W, 2): from which column and row of the posed picture each pixel comes."""
        self._change: PixelRows = np.zeros((box.height // self._fold, box.width // self._fold, 2), np.float32)
        self._painted: list[_Painted] = []

    def turn(self, turned: Turned) -> None:
        """From now on it is shown as turned so."""
        self._change = turned.change * np.float32(self._side / 2)
        self._where = cv2.resize(self._change, (self._box.width, self._box.height))
        cv2.add(self._where, self._places, self._where)
        self._painted = [self._enlarged(turned, stretch) for stretch in self._stretches(turned)]

    def compose(self, posed: PixelRows, touched: Sequence[Box] | None = None) -> None:
        """Make the picture of the posed body box (H, W, 4); only what comes from these boxes, if told."""
        part = Box(0, 0, self._box.width, self._box.height)
        if touched is not None:
            part = self._reached(touched).common(part)
        if part.is_empty:
            return
        taken_from(posed, self._where[part.slices], self._shown[part.slices])
        for stretch in self._painted:
            seen = stretch.box.common(part)
            if not seen.is_empty:
                shown, cut = self._shown[seen.slices], seen.within(stretch.box).slices
                cv2.multiply(shown, stretch.bare[cut], shown)
                cv2.add(shown, stretch.paint[cut], shown)

    def warped(self, posed: PixelRows) -> PixelRows:
        """The body box (H, W, 4) without what is painted."""
        return taken_from(posed, self._where, np.empty_like(posed))

    def framed(self, body: PixelRows) -> Tensor:
        """A whole picture (4, S, S) of the body box (H, W, 4)."""
        rows = np.zeros((self._side, self._side, 4), np.float32)
        rows[self._box.slices] = body
        return torch.from_numpy(rows).permute(2, 0, 1)

    def paint(self) -> PixelRows:
        """What is painted over the body box, (H, W, 4)."""
        paint = np.zeros_like(self._shown)
        for stretch in self._painted:
            paint[stretch.box.slices] = stretch.paint
        return paint

    def _stretches(self, turned: Turned) -> Iterator[Box]:
        """Runs of tiles in which paint shows, in px of half the size; no two have a pixel in common."""
        covers = (turned.bare < 1) & (self._figure.shown(turned.change) > _SEEN)
        needed = (covers | (turned.paint[..., 3] > 0)).astype(np.uint8)
        height, width = needed.shape
        tiles = cv2.dilate(needed, np.ones((3, 3), np.uint8))  # enlarged, it reaches a pixel farther
        for top in range(0, height, _TILE):
            columns = np.flatnonzero(tiles[top : top + _TILE].any(0)) // _TILE
            for left, right in _runs(np.unique(columns)):
                yield Box.between(top, min(top + _TILE, height), left * _TILE, min(right * _TILE, width))

    def _enlarged(self, turned: Turned, stretch: Box) -> _Painted:
        paint, bare = (_enlarged(maps, stretch, self._fold) for maps in (turned.paint, turned.bare))
        fold = self._fold
        box = Box(stretch.x * fold, stretch.y * fold, stretch.width * fold, stretch.height * fold)
        return _Painted(box, paint, cv2.merge([bare] * 4))

    def _reached(self, touched: Sequence[Box]) -> Box:
        """What takes any pixel from one of the boxes, and a little more; found at half the size."""
        fold = self._fold
        taken = self._change + self._places[fold // 2 :: fold, fold // 2 :: fold]
        x, y = taken[..., 0], taken[..., 1]
        mask = np.zeros(x.shape, bool)
        for box in (each.grown(2 * fold) for each in touched if not each.is_empty):
            mask |= (x > box.x) & (x < box.right) & (y > box.y) & (y < box.bottom)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not rows.size:
            return Box(0, 0, 0, 0)
        top, bottom, left, right = (int(i) for i in (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1))
        return Box.between(
            max(0, top - 1) * fold, (bottom + 1) * fold, max(0, left - 1) * fold, (right + 1) * fold
        )


def taken_from(posed: PixelRows, where: PixelRows, into: PixelRows) -> PixelRows:
    """Pixels (h, w, 4) from these places (x, y) of the posed picture; nothing beyond its edges."""
    cv2.remap(posed, where, None, cv2.INTER_LINEAR, dst=into, borderMode=cv2.BORDER_CONSTANT)
    return into


def _runs(numbers: NDArray[np.intp]) -> list[tuple[int, int]]:
    """(first, past the last) of numbers that follow each other.

    >>> _runs(np.array([0, 1, 4]))
    [(0, 2), (4, 5)]
    """
    if not numbers.size:
        return []
    stretches = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [(int(each[0]), int(each[-1]) + 1) for each in stretches]


def _enlarged(maps: PixelRows, box: Box, fold: int) -> PixelRows:
    """A part of maps enlarged so many times, as if all of them were."""
    height, width = maps.shape[:2]
    wide = box.grown(1).common(Box(0, 0, width, height))
    size = (wide.width * fold, wide.height * fold)
    inner = box.within(wide)
    rows, columns = Box(inner.x * fold, inner.y * fold, inner.width * fold, inner.height * fold).slices
    part: PixelRows = cv2.resize(maps[wide.slices], size)[rows, columns]
    return part
