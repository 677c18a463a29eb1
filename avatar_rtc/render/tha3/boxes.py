"""Where THA3 looks: boxes in the 512 px picture."""

from avatar_rtc.render.portrait import SIZE
from avatar_rtc.stream.box import Box

HEAD_BOX = Box(192, 64, 128, 128)
FACE_BOX = Box(160, 32, 192, 192)
FACE_HALF_BOX = FACE_BOX.halved
"""The face in the picture of half the size."""
HEAD_IN_FACE = HEAD_BOX.within(FACE_BOX)
"""The head in the face."""


def box_at(box: Box, side: int) -> Box:
    """The same part of a picture of another side, in px; boxes here fall on whole pixels of all sides.

    >>> box_at(FACE_BOX, 768)
    Box(x=240, y=48, width=288, height=288)
    """
    return Box(*(edge * side // SIZE for edge in (box.x, box.y, box.width, box.height)))
