"""Which parts of a character hang loosely: hair and hems, found from its picture alone.

```
 crown ─ grow by colour ─► hair ─ way along it from the skull ─► how loose ─┐
 outline widens below the waist ─► hem ─────────────────────────────────────┴► a weight for each group
```
All of it is done at a quarter of the picture's side. Where THA3 wants the head (`HEAD_BOX`) is what tells
skull, face and shoulders apart, for every character stands there.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.face.swing import GROUPS

LooseMap = NDArray[np.float32]
"""(128, 128), a value for each 4 x 4 px of the picture."""
_Mask = NDArray[np.bool_]

WEIGHTS_SIDE = 128
"""Of the weights: a quarter of the picture's."""
_MIDDLE = 64
"""Column of the face's middle."""
_EYES, _CHIN, _SHOULDERS = 37, 49, 51
"""Rows of a face that stands where it should: the middle of its eyes, its chin, and where what is beside
the neck may be shoulders."""
_FACE = (64.0, 38.0, 13.5, 14.0)
"""Middle (x, y) and half axes of what shows a face: nothing in it is loose."""
_OPAQUE = 128
_LAB_WEIGHTS = np.array([0.7, 1.4, 1.4], np.float32)
"""Light and shade differ within hair more than its hue does."""
_NECK = 8
"""Half the breadth of the neck, below which there is a collar."""
_ALIKE, _LIKE_SKIN = 14.0, 13.0
"""Distances in Lab, weighted so, up to which a neighbour is hair as well, and up to which it may be skin."""
_GROWTHS = 110
"""As many pixels of a quarter the hair may reach from the crown."""
_COLOURS, _COMMON = 5, 0.08
"""Of hair: as many, and none that covers less than this share of it: an eye of a ribbon is no hair."""
_MOST = 0.75
"""Of what is below and beside the neck: hair that would cover more has run into clothes of its colour, and
ends at the shoulders. Very long hair covers up to 0.6."""
_GROUND = 0.25
"""Where so much of both edges beside the head is opaque, there is a background, which is no hair."""
_LOCAL = 7
"""Side of the neighbourhood whose mean a pixel is compared with: a gradient is followed, an edge is not."""
_BROAD = 17
"""Half the breadth of the hair of a crown, however full; what is farther out is tied."""
_SHORT, _LONG = 9.0, 34.0
"""Ways in pixels of a quarter: up to the tip of the shortest hair that swings at all, and of long hair."""
_LEAST = 0.55
"""How loose the tip of the shortest hair is; of long hair it is 1."""
_SMALL = 24
"""Pixels: less hair than this outside the skull is none."""
_BLUR = 1.6
"""Standard deviation in pixels of a quarter: the picture is stretched over twice as much, and never torn."""
_FREEZES = (47.0, 56.0)
"""Rows between which the body's warp leaves off moving hair with the head, whoever is drawn there."""
_STILL_HEAD, _RISES = 44.0, 62.0
"""Rows between which the head's lift becomes that of the shoulders."""
_HEAD_RISES = 0.5
_WAIST, _HEM = 85, 127
_FLARE, _HEM_LOOSE = 1.3, 0.6


@dataclass(frozen=True, eq=False)
class SoftParts:
    """What of a character hangs loosely, by groups that swing together."""

    weights: NDArray[np.float32]
    """(5, 128, 128) in [0, 1], in the order of `swing.GROUPS`: the share of its group's swing that a place
    of the neutral picture goes along with."""

    @property
    def moving(self) -> NDArray[np.float32]:
        """(6, 128, 128): the same for all of `swing.MOVED`, whose last is the trunk."""
        return np.concatenate([self.weights, trunk()[None]])


def trunk() -> LooseMap:
    """(128, 128): how much of a breath's lift each place goes along with; every row by itself, so that
    nothing is torn sideways.

    The picture's lower edge, where the body is cut, stays; shoulders rise wholly, and the head half as far.
    """
    y = np.arange(WEIGHTS_SIDE, dtype=np.float32)
    below = _smooth(((WEIGHTS_SIDE - 1 - y) / (WEIGHTS_SIDE - 1 - _RISES)).astype(np.float32))
    rising = _smooth(((y - _STILL_HEAD) / (_RISES - _STILL_HEAD)).astype(np.float32))
    rows = np.where(y < _RISES, _HEAD_RISES + (1 - _HEAD_RISES) * rising, below).astype(np.float32)
    lift: LooseMap = np.repeat(rows[:, None], WEIGHTS_SIDE, axis=1)
    return lift


def soft_parts(rgba: NDArray[np.uint8]) -> SoftParts:
    """The soft parts of a character (512, 512, 4), sRGB with straight alpha. Takes about 20 ms."""
    small = _quartered(rgba)
    seen = small[..., 3] >= _OPAQUE
    hair = find_hair(small)
    loose = _looseness(hair, seen)
    hem = _hem(seen & ~hair)
    bare = 1 - np.clip(_ellipse(*_FACE) - 1, 0, 0.5) * 2  # 1 in the face, 0 from half again its size on
    loose *= 1 - _smooth(bare)
    y, x = np.mgrid[:WEIGHTS_SIDE, :WEIGHTS_SIDE].astype(np.float32)
    left = _smooth((_MIDDLE + 7 - x) / 14)
    high = 1 - _smooth((y - _FREEZES[0]) / (_FREEZES[1] - _FREEZES[0]))
    shares = (left * high, left * (1 - high), (1 - left) * high, (1 - left) * (1 - high))
    weights = np.stack([*(loose * share for share in shares), hem * (1 - loose)]).astype(np.float32)
    assert len(weights) == len(GROUPS)
    return SoftParts(weights)


def find_hair(small: NDArray[np.uint8]) -> _Mask:
    """(128, 128): the hair of a picture at a quarter of its side, (128, 128, 4), and what sits in it.

    Above the shoulders it is all that is neither face nor skin. From there it grows down to neighbours whose
    colour is like that of the hair around them, so that colours may run from roots to tips, or like one of
    the hair's main colours; not onto what is rather like the skin of the face.
    """
    seen = small[..., 3] >= _OPAQUE
    lab = cv2.cvtColor(small[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * _LAB_WEIGHTS
    cheeks = lab[_EYES + 5 : _EYES + 8, [_MIDDLE - 6, _MIDDLE + 5]].reshape(-1, 3)
    from_skin = np.linalg.norm(lab - np.median(cheeks, axis=0), axis=-1)
    free = seen & (_ellipse(*_FACE) > 1)
    free[_SHOULDERS:, _MIDDLE - _NECK : _MIDDLE + _NECK] = False
    hair = free & (from_skin > _LIKE_SKIN)
    hair[_SHOULDERS:] = False
    if hair.sum() < _SMALL or seen[:_SHOULDERS, [0, -1]].mean() > _GROUND:
        return np.zeros_like(seen)
    from_hair = _from_colours(lab, hair)
    cross, wide = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)) for side in (3, 5))
    for _ in range(_GROWTHS):
        alike = np.linalg.norm(lab - _mean_around(lab, hair), axis=-1)
        near, beyond = (cv2.dilate(hair.astype(np.uint8), reach) > 0 for reach in (cross, wide))
        is_skin = (from_skin < _LIKE_SKIN) & (from_skin < 2 * np.minimum(alike, from_hair))
        new = (near & (alike < _ALIKE)) | (beyond & (from_hair < _ALIKE / 2) & (alike < 2 * _ALIKE))
        new &= free & ~hair & ~is_skin
        if not new.any():
            break
        hair |= new
    closed = cv2.morphologyEx(hair.astype(np.uint8), cv2.MORPH_CLOSE, cross)
    hair = np.asarray(closed > 0) & free
    beside = free.copy()
    beside[: _SHOULDERS + 4] = False
    if hair[beside].sum() > _MOST * beside.sum():
        hair[beside] = False
    return hair


def _from_colours(lab: LooseMap, mask: _Mask) -> LooseMap:
    """How far each place is from the nearest of the main colours under the mask; rare ones are left out."""
    colours = lab[mask]
    by_light = np.argsort(np.argsort(colours[:, 0], kind="stable"), kind="stable")
    first = (by_light * _COLOURS // len(colours)).astype(np.int32)[
        :, None
    ]  # not by chance, as it would begin
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, means = cv2.kmeans(colours, _COLOURS, first, until, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    shares = np.bincount(labels.ravel(), minlength=_COLOURS) / len(labels)
    kept = means[shares > _COMMON]
    nearest: LooseMap = np.linalg.norm(lab[:, :, None] - kept, axis=-1).min(-1)
    return nearest


def _mean_around(lab: LooseMap, mask: _Mask) -> LooseMap:
    """The mean colour under the mask around each place; black where there is none."""
    inside = mask[..., None].astype(np.float32)
    both = np.concatenate([lab * inside, inside], axis=-1)
    mean = cv2.boxFilter(both, -1, (_LOCAL, _LOCAL), borderType=cv2.BORDER_CONSTANT)
    around: LooseMap = mean[..., :3] / np.maximum(mean[..., 3:], 1e-6)
    return around


def _looseness(hair: _Mask, seen: _Mask) -> LooseMap:
    """How loose each place is: 0 at the skull, most at the tips; beside the figure as at its edge."""
    top = _top(seen)
    height = (_CHIN - top) / 2
    skull = _ellipse(_MIDDLE, top + height, max(14.0, 0.82 * height), height + 0.5) < 1
    skull[: _EYES - 2, _MIDDLE - _BROAD : _MIDDLE + _BROAD] = True
    way = _way(hair & ~skull, hair & skull)
    reached = np.isfinite(way)
    if reached.sum() < _SMALL:
        return np.zeros((WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    longest = float(np.percentile(way[reached], 97))
    if longest < _SHORT / 2:
        return np.zeros((WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    length = min(max(longest, _SHORT), _LONG)
    tip = _LEAST + (1 - _LEAST) * (length - _SHORT) / (_LONG - _SHORT)
    loose = np.where(reached, tip * _smooth(way / length), 0).astype(np.float32)
    return _blurred(_spread(loose, seen))


def _way(inside: _Mask, roots: _Mask) -> LooseMap:
    """The way to the roots through `inside`, in pixels; infinite where there is none."""
    kernels = [cv2.getStructuringElement(shape, (3, 3)) for shape in (cv2.MORPH_CROSS, cv2.MORPH_RECT)]
    way = np.where(roots, 0, np.inf).astype(np.float32)
    reached = roots.copy()
    for step in range(1, 4 * WEIGHTS_SIDE):  # cross and square in turn make an octagon
        grown = (cv2.dilate(reached.astype(np.uint8), kernels[step % 2]) > 0) & inside & ~reached
        if not grown.any() and not step % 2:
            break
        way[grown] = step * 1.17
        reached |= grown
    way[roots] = np.inf
    return way


def _hem(seen: _Mask) -> LooseMap:
    """How loose a skirt or coat is: 0 at the waist, most at its hem; all 0 for trousers."""
    runs = np.array([_run(row) for row in seen])
    widths = runs[:, 1] - runs[:, 0]
    below = widths[_WAIST:_HEM]
    waist = _WAIST + int(np.argmin(below[: (_HEM - _WAIST) // 2]))
    if below.min() < 8 or widths[_HEM - 3 : _HEM].mean() < _FLARE * widths[waist]:
        return np.zeros((WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    y = np.arange(WEIGHTS_SIDE, dtype=np.float32)[:, None]
    down = _HEM_LOOSE * _smooth((y - waist) / np.float32(_HEM - waist))
    inside = np.zeros((WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    for row in range(waist, WEIGHTS_SIDE):
        inside[row, runs[row, 0] : runs[row, 1]] = 1
    return _blurred(_spread(inside * down, seen))


def _run(row: _Mask) -> tuple[int, int]:
    """From where to where a row is opaque without a gap around the middle."""
    if not row[_MIDDLE]:
        return _MIDDLE, _MIDDLE
    gaps = np.flatnonzero(~row)
    before, after = gaps[gaps < _MIDDLE], gaps[gaps > _MIDDLE]
    return int(before[-1]) + 1 if before.size else 0, int(after[0]) if after.size else WEIGHTS_SIDE


def _spread(values: LooseMap, seen: _Mask) -> LooseMap:
    """The values, and beside the figure that of its nearest pixel: an edge moves with what it belongs to."""
    if not seen.any():
        return values
    _, labels = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros(labels.max() + 1, np.float32)
    of_label[labels[seen]] = values[seen]
    spread: LooseMap = of_label[labels]
    return spread


def _quartered(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(128, 128, 4): without thin outlines, whose darkness would pass for the edge of something."""
    calm = cv2.medianBlur(np.ascontiguousarray(rgba), 5)
    small: NDArray[np.uint8] = calm[2::4, 2::4].copy()
    return small


def _top(seen: _Mask) -> int:
    """The row where the head begins: the first that is broad; a single lock does not count."""
    broad = seen[:, _MIDDLE - 20 : _MIDDLE + 20].sum(1) >= 10
    return min(int(np.argmax(broad)) if broad.any() else 16, _EYES - 12)


def _ellipse(x: float, y: float, half_width: float, half_height: float) -> LooseMap:
    """(128, 128): below 1 inside the ellipse; 2 is twice as far from its middle as its edge."""
    rows, columns = np.mgrid[:WEIGHTS_SIDE, :WEIGHTS_SIDE].astype(np.float32)
    distance: LooseMap = np.hypot((columns - x) / half_width, (rows - y) / half_height)
    return distance


def _blurred(values: LooseMap) -> LooseMap:
    blurred: LooseMap = cv2.GaussianBlur(values, (0, 0), _BLUR)
    return blurred


def _smooth(x: LooseMap) -> LooseMap:
    """Hermite's curve from 0 to 1, each value by itself."""
    x = np.clip(x, 0, 1)
    curve: LooseMap = x * x * (3 - 2 * x)
    return curve
