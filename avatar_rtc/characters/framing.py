"""Which square of a picture is kept: the one in which a figure stands as THA3 wants it in 512x512 px."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.face_finding import VISIBLE, FoundFace, find_faces
from avatar_rtc.stream.pixels import hide_unseen

SIZE = 512
"""Side in pixels of the square that THA3 looks at, and of the smallest picture that is kept."""
LARGEST = 2048
"""Side in pixels of the largest that is kept."""
_AXIS, _EYES_Y, _EYES = 254.0, 145.0, 45.0
"""Where a face is put: column and row of the point between the eyes, and their distance, in px."""
_SHIFT_X, _SHIFT_UP, _SHIFT_DOWN = 34.0, 45.0, 30.0
_LEAST_EYES, _MOST_EYES = 36.0, 54.0
"""Within these a face stays as it stands: nothing breaks at 30 px off and at scales from 0.8 to 1.1."""
_BY_CHANCE = 0.5
"""Share of that for pictures that are no square: nobody has framed them yet."""
_AIR = 8.0
"""Above the hair, in px of the frame."""
_LOWERED, _SHRUNK = 25.0, 0.85
"""By how much a tall hat may push the face down, and shrink it."""
_CLEAR, _LIKELY, _ALSO = 80.0, 62.0, 88.0
"""Likeness from which on a face moves a figure that is seen as a whole, one that would be cut, and from
which on a second face is told of."""
_NEARLY = 20.0
"""Of two places that are so near in likeness, the one that stands well already is the face."""
_COARSE = 0.5
"""Share of the frame's own resolution below which a head is told to be small."""

_Edges = tuple[int, int, int, int]


@dataclass(frozen=True)
class Frame:
    """A square of an upright picture; it may reach beyond the picture, where nothing is seen."""

    left: float
    """Of the square, in px of the picture."""
    top: float
    side: float
    width: int
    """Of the picture."""
    height: int
    largest: int = LARGEST
    """Side of what is cut from it at most, in px."""

    @classmethod
    def middle(cls, width: int, height: int, largest: int = LARGEST) -> Self:
        """The largest square around the centre."""
        side = min(width, height)
        return cls((width - side) // 2, (height - side) // 2, side, width, height, largest)

    @property
    def kept(self) -> int:
        """Side of what is cut, in px: its own as far as that lies in 512..`largest`.

        A picture that is nowhere longer than 512 px has no more to give, wherever its head stands.
        """
        if max(self.width, self.height) <= SIZE:
            return SIZE
        return max(SIZE, min(self.largest, round(self.side)))

    def on(self, width: int, height: int) -> "Frame":
        """The same part of a cel of the same shape; of one of another shape, its middle. It is cut no larger
        than the picture is."""
        scale = width / self.width
        if abs(self.height * scale - height) > 1:
            return Frame.middle(width, height, self.kept)
        return Frame(self.left * scale, self.top * scale, self.side * scale, width, height, self.kept)

    def snapped(self) -> "Frame":
        """The same on whole px, if the picture keeps its own size in it: then no pixel of it changes."""
        if max(self.width, self.height) <= SIZE or not SIZE <= round(self.side) <= self.largest:
            return self
        return replace(self, left=round(self.left), top=round(self.top), side=round(self.side))

    def cut(self, image: Image.Image) -> Image.Image:
        """This square of an RGBA picture, `kept` px wide and high.

        On whole px its pixels are the picture's own; else Lanczos makes them, on premultiplied colour.
        """
        size = self.kept
        if size == self.side and (self.left, self.top) == (int(self.left), int(self.top)):
            x, y = int(self.left), int(self.top)
            return image.crop((x, y, x + size, y + size))
        scale = size / self.side
        left, right = _shown(self.left, scale, self.width, size)
        top, bottom = _shown(self.top, scale, self.height, size)
        if right <= left or bottom <= top:
            return Image.new("RGBA", (size, size))
        box = (
            max(0.0, self.left + left / scale),
            max(0.0, self.top + top / scale),
            min(float(self.width), self.left + right / scale),
            min(float(self.height), self.top + bottom / scale),
        )
        # Resizing looks beyond its box, so what lies there is cropped away first.
        x, y = int(box[0]), int(box[1])
        held = image.crop((x, y, math.ceil(box[2]), math.ceil(box[3])))
        box = (box[0] - x, box[1] - y, box[2] - x, box[3] - y)
        # Pillow premultiplies RGBA by itself for this.
        part = held.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box)
        if part.size == (size, size):
            return part
        frame = Image.new("RGBA", (size, size))
        frame.paste(part, (left, top))
        return frame


def reduced(original: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A kept picture (N, N, 4) as THA3 sees it, (512, 512, 4), sRGB with straight alpha.

    By Lanczos on premultiplied colour; pixels of alpha 0 are all zero. One of 512 px is given as it is.
    """
    if original.shape[0] == SIZE:
        return original
    small = Image.fromarray(original).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return hide_unseen(np.array(small, np.uint8))


def _shown(start: float, scale: float, length: int, size: int) -> tuple[int, int]:
    """The columns, or rows, of the frame that show something of the picture: first, and one past the last."""
    return max(0, round(-start * scale)), min(size, round((length - start) * scale))


def frame_figure(image: Image.Image) -> tuple[Frame, list[str]]:
    """The square around the head of a figure, and what there is to say of it.

    A face that stands where THA3 wants it leaves the middle of the picture as it is, and nothing is said.

    Args:
        image: RGBA, upright.
    """
    middle = Frame.middle(*image.size)
    edges = image.getchannel("A").point([255 * (alpha >= VISIBLE) for alpha in range(256)]).getbbox()
    if edges is None:
        return middle, []
    faces = find_faces(image)
    if not faces:
        return _by_outline(middle, edges)
    well = [
        face for face in faces if face.likeness > faces[0].likeness - _NEARLY and _stands_well(face, middle)
    ]
    if well:
        return middle, [*_scaled(middle), *_others(well[0], faces)]
    face = faces[0]
    whole = _holds(middle, edges)
    if face.likeness < (_CLEAR if whole else _LIKELY):
        return _by_outline(middle, edges)
    frame = _around(face, image.size).snapped()
    return frame, [*_moved(face, frame), *_others(face, faces)]


def _stands_well(face: FoundFace, frame: Frame) -> bool:
    scale = SIZE / frame.side
    x, y = (face.x - frame.left) * scale, (face.y - frame.top) * scale
    share = 1.0 if frame.width == frame.height else _BY_CHANCE
    return (
        abs(x - _AXIS) <= _SHIFT_X * share
        and -_SHIFT_UP * share <= y - _EYES_Y <= _SHIFT_DOWN * share
        and _LEAST_EYES <= face.eyes * scale <= _MOST_EYES
    )


def _holds(frame: Frame, edges: _Edges) -> bool:
    """Whether the frame shows all of the figure."""
    left, top, right, bottom = edges
    inside = frame.left <= left and right <= frame.left + frame.side
    return inside and frame.top <= top and bottom <= frame.top + frame.side


def _around(face: FoundFace, size: tuple[int, int]) -> Frame:
    """The face at its place; lower and smaller, as far as it may be, where hair or a hat reach high."""
    height = (face.y - face.top) / face.eyes
    eyes = min(_EYES, max(_SHRUNK * _EYES, (_EYES_Y + _LOWERED - _AIR) / max(height, 0.1)))
    y = min(_EYES_Y + _LOWERED, max(_EYES_Y, height * eyes + _AIR))
    side = SIZE * face.eyes / eyes
    scale = SIZE / side
    return Frame(face.x - _AXIS / scale, face.y - y / scale, side, *size)


def _scaled(middle: Frame) -> list[str]:
    whole, to = f"{middle.width}x{middle.height} px", f"{middle.kept}x{middle.kept}"
    if middle.width != middle.height:
        scaled = f", scaled to {to}" if middle.side != middle.kept else f": {to}"
        return [f"took the middle of {whole}{scaled}"]
    return [f"scaled from {whole} to {to}"] if middle.side != middle.kept else []


def _moved(face: FoundFace, frame: Frame) -> list[str]:
    said = (
        f"framed the head, found at ({face.x:.0f},{face.y:.0f}) of {frame.width}x{frame.height} px: took the "
        f"square of {frame.side:.0f} px at ({frame.left:.0f},{frame.top:.0f})"
    )
    if face.eyes < _COARSE * _EYES:
        return [said, "the head is small in the picture and will be blurred; a larger picture is better"]
    return [said]


def _others(face: FoundFace, faces: list[FoundFace]) -> list[str]:
    """What to say of further figures."""
    more = [
        other
        for other in faces
        if other.likeness >= _ALSO
        and 0.6 < other.eyes / face.eyes < 1.7
        and abs(other.x - face.x) > 2.5 * face.eyes
    ]
    if not more:
        return []
    return [
        f"{len(more) + 1} faces were found; the one at ({face.x:.0f},{face.y:.0f}) of the picture was taken"
    ]


def _by_outline(middle: Frame, edges: _Edges) -> tuple[Frame, list[str]]:
    """Without a face: the middle, moved so that the upper end of the figure is seen, as it stands."""
    left, top, right, _ = edges
    side = middle.side
    x, y = middle.left, middle.top
    if top < middle.top:
        y = max(0.0, top - 0.08 * side)
    if right - left <= side and not (middle.left <= left and right <= middle.left + side):
        x = min(max(0.0, (left + right - side) / 2), middle.width - side)
    if (x, y) == (middle.left, middle.top):
        return middle, _scaled(middle)
    said = "no face was found; took the square at the upper end of the figure instead of the picture's middle"
    return Frame(x, y, side, middle.width, middle.height).snapped(), [said]
