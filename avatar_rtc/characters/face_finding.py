"""Where the face of a drawn figure is, found by plain arithmetic: no network, a third of a second.

A face is a patch of one colour, whatever colour, with two marks in it that mirror each other and are unlike
it, and hair above them up to the outline of the figure. It is looked for at every place and size.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VISIBLE = 16
"""Alpha from which on a pixel counts as part of the figure."""
_SIDE = 512
"""Longer side in px of the figure in which is looked."""
_SMALLEST, _LARGEST, _STEP = 14.0, 170.0, 1.1
"""Distances between the eyes, in px of that figure: ten heads tall, to nothing but a face."""
_D = 10.0
"""Distance between the eyes in px at which a face is judged."""
_HAIR = 2.3
"""How far above the eyes the figure ends, in distances of the eyes; 2 to 2.7 on known good characters."""
_TOO_NARROW = 1.1
"""By how much the likeliest distance between the eyes falls short of the real one; 1.06 to 1.19 measured."""
_HELD, _LOWER = 36.0, (0.3, 1.5)
"""Skin between locks of hair looks like a face. It is a forehead if a face that is no smaller and by so much
less likely lies below it, so many distances of its own eyes."""
_KEPT = 12
"""Places kept of each size."""

_Area = tuple[float, float, float, float]
_SKIN: tuple[_Area, ...] = (
    (-0.20, 0.40, -0.13, 0.13),
    (0.38, 0.62, -0.62, -0.30),
    (0.38, 0.62, 0.30, 0.62),
    (0.82, 0.98, -0.20, 0.20),
)
"""Nose, cheeks and chin: upper, lower, left and right end, in distances of the eyes, from the point between
them."""
_EYES: tuple[_Area, _Area] = ((-0.25, 0.25, -0.78, -0.25), (-0.25, 0.25, 0.25, 0.78))
_MOUTH: _Area = (0.50, 0.76, -0.22, 0.22)


@dataclass(frozen=True)
class FoundFace:
    """A face, in px of the picture."""

    x: float
    """Column of the point between the eyes."""
    y: float
    """Its row."""
    eyes: float
    """Distance between the middles of the eyes; the chin lies 1.06 of it below them."""
    likeness: float
    """How much it looks like one: 90 to 120 for clear ones, under 60 for what is none."""
    top: float
    """Row in which the figure begins above it."""


def find_faces(image: Image.Image, eyes: tuple[float, float] = (_SMALLEST, _LARGEST)) -> list[FoundFace]:
    """The places that look like a face, the likeliest first, none twice.

    Args:
        image: RGBA, of any size; upright.
        eyes: least and largest distance between the eyes, in px of the figure as it is looked at: 512 px
            along its longer side, or as it is if that is less.
    """
    box = image.getchannel("A").point([255 * (alpha >= VISIBLE) for alpha in range(256)]).getbbox()
    if box is None:
        return []
    scale = min(1.0, _SIDE / max(box[2] - box[0], box[3] - box[1]))
    figure = _resized(image.crop(box), scale)
    found: list[FoundFace] = []
    for face in sorted(_everywhere(figure, *eyes), key=lambda face: -face.likeness):
        if not any(_same(face, other) for other in found):
            found.append(face)
    likely = sorted(found, key=lambda f: _HELD * any(_holds(other, f) for other in found) - f.likeness)
    back = (figure.width / (box[2] - box[0]), figure.height / (box[3] - box[1]))
    return [
        FoundFace(
            box[0] + face.x / back[0],
            box[1] + face.y / back[1],
            face.eyes * _TOO_NARROW / back[1],
            face.likeness,
            box[1] + face.top / back[1],
        )
        for face in likely
    ]


def _resized(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def _same(face: FoundFace, other: FoundFace) -> bool:
    near = abs(face.x - other.x) + abs(face.y - other.y) < 0.6 * other.eyes
    return near and 0.7 < face.eyes / other.eyes < 1.4


def _holds(face: FoundFace, other: FoundFace) -> bool:
    """Whether the other is only the forehead of the face."""
    nearest, furthest = (face.y - lower * face.eyes for lower in _LOWER)
    below = furthest < other.y < nearest and abs(face.x - other.x) < 0.5 * face.eyes
    return below and face.eyes > 0.95 * other.eyes and face.likeness > other.likeness - _HELD


def _everywhere(figure: Image.Image, least: float, largest: float) -> Iterator[FoundFace]:
    """The best places of every size, in px of the figure."""
    eyes = least
    while eyes < largest and eyes < max(figure.size) / 2:
        scale = _D / eyes
        pixels = np.asarray(_resized(figure, scale), np.float64)
        likeness, top = _likeness(pixels[..., :3], pixels[..., 3] / 255)
        count = min(_KEPT, likeness.size)
        for index in np.argpartition(likeness.ravel(), -count)[-count:]:
            y, x = divmod(int(index), likeness.shape[1])
            if likeness[y, x] > 0:
                above = float(top[x]) / scale
                yield FoundFace((x + 0.5) / scale, (y + 0.5) / scale, eyes, float(likeness[y, x]), above)
        eyes *= _STEP


def _likeness(
    rgb: NDArray[np.float64], alpha: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much each pixel is the middle between two eyes; the row where the figure begins near a column."""
    means = _Means(rgb, alpha)
    skins = [means.of(box) for box in _SKIN]
    eyes = [means.of(box) for box in _EYES]
    skin = np.mean([part[:3] for part in skins], axis=0)
    contrast = np.minimum(_unlike(eyes[0], skin), _unlike(eyes[1], skin))
    uneven = np.sqrt(np.max([((part[:3] - skin) ** 2).sum(0) for part in skins], axis=0))
    rough = np.mean([_unlike(part, part[:3]) for part in skins], axis=0)
    lopsided = np.abs(eyes[0][:3] - eyes[1][:3]).sum(0)
    mouth = np.minimum(_unlike(means.of(_MOUTH), skin), 50)
    likeness = np.minimum(contrast, 100) - 1.5 * uneven - 0.8 * rough - 0.3 * lopsided + 0.3 * mouth
    top = _tops(alpha)
    if not (alpha > VISIBLE / 255).all():  # without a clear ground the outline says nothing
        rows = np.arange(alpha.shape[0])[:, None] + 0.5
        hair = np.log2(np.maximum((rows - top) / _D, 0.1) / _HAIR)
        likeness = likeness - 50 * np.maximum(0, np.abs(hair) - 0.3)
    solid = np.min([part[4] for part in (*skins, *eyes)], axis=0) > 0.95
    return np.where(solid, likeness, -np.inf), top


class _Means:
    """Means over boxes around every pixel of a picture: three colours, the sum of their squares, alpha.

    Each is a plane of its own: sums over colours that lie side by side are six times as slow.
    """

    def __init__(self, rgb: NDArray[np.float64], alpha: NDArray[np.float64]) -> None:
        self._shape = alpha.shape
        self._pad = round(1.5 * _D)
        planes = np.moveaxis(rgb, -1, 0)
        values = np.concatenate([planes, (planes**2).sum(0, keepdims=True), alpha[None]])
        padded = np.pad(values, ((0, 0), (self._pad + 1, self._pad), (self._pad + 1, self._pad)))
        self._sums = padded.cumsum(1).cumsum(2)

    def of(self, box: _Area) -> NDArray[np.float64]:
        """(5, height, width) of the box around each pixel."""
        top, bottom, left, right = (round(end * _D) + self._pad for end in box)
        bottom, right = max(bottom, top + 1), max(right, left + 1)
        height, width = self._shape
        rows, ends = slice(top, top + height), slice(bottom, bottom + height)
        total = self._sums[:, ends, right : right + width] - self._sums[:, rows, right : right + width]
        total = total - self._sums[:, ends, left : left + width] + self._sums[:, rows, left : left + width]
        found: NDArray[np.float64] = total / ((bottom - top) * (right - left))
        return found


def _unlike(part: NDArray[np.float64], colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the mean squared distance of a box's pixels from a colour."""
    squares = part[3] - 2 * (part[:3] * colour).sum(0) + (colour**2).sum(0)
    found: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0))
    return found


def _tops(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """The row where the figure begins, the first within a distance of the eyes to both sides of a column."""
    seen = alpha > VISIBLE / 255
    reach = round(_D)
    first = np.where(seen.any(0), seen.argmax(0), len(alpha))
    padded = np.pad(first, reach, constant_values=len(alpha))
    found: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(-1)
    return found
