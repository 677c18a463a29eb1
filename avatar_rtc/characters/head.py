"""Where the head of a prepared figure is: by its face, or else by its outline.

The face tells axis and size; what is opaque around it, how far hair, ears and hat reach. Without a face that
can be told from cloth or hair, the head is what lies above the narrowest place of the outline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.face_finding import VISIBLE, FoundFace, find_faces
from avatar_rtc.stream.framing import Head

_PREPARED = (33.0, 60.0)
"""Distances between the eyes, in px of 512, of a face that was framed for THA3; looked for first, in a fifth
of the time."""
_CLEAR, _LIKELY = 80.0, 62.0
"""Likeness of a face that is one beyond doubt, and of one that is rather a face than not."""
_OFF = 0.12
"""How far off the axis of a found face may be, in distances of the eyes."""
_HAIR = 2.5
"""From the eyes up to where hair ends, in distances of the eyes, where the outline does not tell."""
_ABOVE = 2.3
"""To either side of the axis: what stands higher there is of the head, such as ears or a hat."""
_FACE_SIDE = 2.2
"""To either side of the axis: head and hair, where the outline does not tell."""
_HEAD = 3.6
"""Height of a head with its hair."""
_EYES_AT = 0.7
"""Share of that from its top down to the eyes."""
_NECK = 0.7
"""The outline at a neck, as a share of what is wider above and below."""
_LONG = 1.2
"""Height of a head without a neck, as a share of its width, at most."""

_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Place:
    """A face, in px."""

    x: float
    y: float
    eyes: float


def find_head(rgba: NDArray[np.uint8]) -> Head | None:
    """The head of an upright figure; None where nothing is visible.

    Args:
        rgba: (side, side, 4) sRGB, straight alpha. 0.1 s for 512 px whose face stands where THA3 wants it.
    """
    seen: _Mask = rgba[..., 3] >= VISIBLE
    rows = np.flatnonzero(seen.any(1))
    if not len(rows):
        return None
    side = len(seen)
    place = _by_face(rgba) or _by_outline(seen)
    is_cut_out = not seen[:, [0, -1]].all()
    top = _top(seen, place) if is_cut_out else max(0.0, place.y - _HAIR * place.eyes)
    found = Head(place.x, place.y, place.eyes, top, 0.0, float(side), float(rows[-1] + 1), is_cut_out)
    chin = place.y + (found.chin - found.eyes_y)
    reach = _reach(seen[int(top) : max(int(top) + 1, round(chin))], place.x) if is_cut_out else 0.0
    shares = replace(
        found,
        reach=max(reach, 0.0 if is_cut_out else _FACE_SIDE * place.eyes),
        room=_room(seen, place.x),
    )
    return Head(
        shares.x / side, shares.eyes_y / side, shares.eyes / side, shares.top / side, shares.reach / side,
        shares.room / side, shares.bottom / side, is_cut_out,
    )  # fmt: skip


def _by_face(rgba: NDArray[np.uint8]) -> _Place | None:
    """The likeliest face; one that stands where a framed one does is not searched for elsewhere."""
    for face in _faces(Image.fromarray(rgba)):
        return _Place(_axis(rgba, face), face.y, face.eyes)
    return None


def _axis(rgba: NDArray[np.uint8], face: FoundFace) -> float:
    """The column around which eyes, cheeks and mouth mirror each other best; a face is found to 2 px only."""
    rows = slice(max(0, round(face.y - 0.4 * face.eyes)), round(face.y + 0.9 * face.eyes))
    part, reach = rgba[rows, :, :3].astype(np.float32), round(1.1 * face.eyes)
    middle, off = round(2 * face.x) - 1, round(_OFF * 2 * face.eyes)
    sums = [
        of_both
        for of_both in range(middle - off, middle + off + 1)
        if of_both // 2 - reach >= 0 and (of_both + 1) // 2 + reach < part.shape[1]
    ]

    def unlike(of_both: int) -> float:
        left = part[:, of_both // 2 - reach : of_both // 2 + 1]
        right = part[:, of_both - of_both // 2 : of_both - of_both // 2 + reach + 1]
        return float(np.abs(left - right[:, ::-1]).mean())

    return (min(sums, key=unlike) + 1) / 2 if sums else float(face.x)


def _faces(image: Image.Image) -> Iterator[FoundFace]:
    size = image.width / 512
    middle, height = 254 * size, 145 * size
    for face in find_faces(image, _PREPARED)[:3]:
        near = abs(face.x - middle) < 40 * size and abs(face.y - height) < 50 * size
        if near and face.likeness >= _CLEAR:
            yield face
    yield from (face for face in find_faces(image)[:1] if face.likeness >= _LIKELY)


def _by_outline(seen: _Mask) -> _Place:
    """Where the eyes of a figure should be, of which only the outline is known."""
    rows = np.flatnonzero(seen.any(1))
    top, end = int(rows[0]), int(rows[-1]) + 1
    widths = seen[top:end].sum(1).astype(float)
    neck = _neck(widths)
    if neck is None:
        # Rather too much than a hat alone: what is taken for the head is shown whole.
        neck = min(float(end - top), _LONG * float(widths.max()))
    head = seen[top : top + max(1, round(neck))]
    columns = head.sum(0)
    x = float((columns * (np.arange(seen.shape[1]) + 0.5)).sum() / columns.sum())
    # A hat makes a head longer than it is wide; the face is as large as the width says then.
    height = min(float(neck), _LONG * float(head.sum(1).max()))
    eyes = max(4.0, height / _HEAD)
    return _Place(x, top + neck - (1 - _EYES_AT) * height, eyes)


def _neck(widths: NDArray[np.float64]) -> float | None:
    """Rows below the first one at which the outline is narrowest between what is wider; None without one."""
    above = np.maximum.accumulate(widths)
    below = np.maximum.accumulate(widths[::-1])[::-1]
    narrow = widths / np.maximum(np.minimum(above, below), 1.0)
    # Legs have a waist above them: a neck is looked for in the upper half.
    upper = narrow[: max(1, round(0.55 * len(narrow)))]
    row = int(upper.argmin())
    return float(row) if upper[row] < _NECK else None


def _top(seen: _Mask, place: _Place) -> float:
    """The first row with anything of the head."""
    left = max(0, round(place.x - _ABOVE * place.eyes))
    near = seen[: max(1, round(place.y)), left : max(left + 1, round(place.x + _ABOVE * place.eyes))]
    rows = np.flatnonzero(near.any(1))
    return float(rows[0]) if len(rows) else max(0.0, place.y - _HAIR * place.eyes)


def _reach(head: _Mask, x: float) -> float:
    """How far what hangs together goes on from the axis, to the side where it goes further."""
    empty = np.flatnonzero(~head.any(0))
    left = empty[empty < x]
    right = empty[empty >= x]
    start = left[-1] + 1 if len(left) else 0
    end = right[0] if len(right) else head.shape[1]
    return max(x - float(start), float(end) - x)


def _room(seen: _Mask, x: float) -> float:
    """From the axis to a side of the picture that cuts the figure; the nearer of both, or all of the side."""
    width = float(seen.shape[1])
    return min(x if seen[:, 0].any() else width, width - x if seen[:, -1].any() else width)
