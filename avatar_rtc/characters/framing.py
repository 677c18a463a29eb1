"""Which square of a picture becomes the frame in which THA3 wants a figure, 512x512 px."""

import math
from dataclasses import dataclass
from typing import Self

from PIL import Image

from avatar_rtc.characters.face_finding import VISIBLE, FoundFace, find_faces

SIZE = 512
"""Side in pixels of the square that animators work on."""
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

    @classmethod
    def middle(cls, width: int, height: int) -> Self:
        """The largest square around the centre."""
        side = min(width, height)
        return cls((width - side) // 2, (height - side) // 2, side, width, height)

    def on(self, width: int, height: int) -> "Frame":
        """The same part of another picture of the same shape; of one of another shape, its middle."""
        scale = width / self.width
        if abs(self.height * scale - height) > 1:
            return Frame.middle(width, height)
        return Frame(self.left * scale, self.top * scale, self.side * scale, width, height)

    def cut(self, image: Image.Image) -> Image.Image:
        """This square of an RGBA picture, 512x512; Pillow premultiplies RGBA by itself for this."""
        scale = SIZE / self.side
        left, right = _shown(self.left, scale, self.width)
        top, bottom = _shown(self.top, scale, self.height)
        if right <= left or bottom <= top:
            return Image.new("RGBA", (SIZE, SIZE))
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
        part = held.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box)
        if part.size == (SIZE, SIZE):
            return part
        frame = Image.new("RGBA", (SIZE, SIZE))
        frame.paste(part, (left, top))
        return frame


def _shown(start: float, scale: float, length: int) -> tuple[int, int]:
    """The columns, or rows, of the frame that show something of the picture: first, and one past the last."""
    return max(0, round(-start * scale)), min(SIZE, round((length - start) * scale))


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
        return middle, [*_scaled(image.size), *_others(well[0], faces)]
    face = faces[0]
    whole = _holds(middle, edges)
    if face.likeness < (_CLEAR if whole else _LIKELY):
        return _by_outline(middle, edges)
    frame = _around(face, image.size)
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


def _scaled(size: tuple[int, int]) -> list[str]:
    width, height = size
    if width != height:
        return [f"took the middle of {width}x{height} px, scaled to {SIZE}x{SIZE}"]
    return [f"scaled from {width}x{height} px to {SIZE}x{SIZE}"] if width != SIZE else []


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
        return middle, _scaled((middle.width, middle.height))
    said = "no face was found; took the square at the upper end of the figure instead of the picture's middle"
    return Frame(x, y, side, middle.width, middle.height), [said]
