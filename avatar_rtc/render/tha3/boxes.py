"""Where THA3 looks: boxes in the 512 px picture."""

from avatar_rtc.stream.box import Box

HEAD_BOX = Box(192, 64, 128, 128)
FACE_BOX = Box(160, 32, 192, 192)
FACE_HALF_BOX = FACE_BOX.halved
"""The face in the picture of half the size."""
HEAD_IN_FACE = HEAD_BOX.within(FACE_BOX)
"""The head in the face."""
