"""Where THA3 looks: boxes (rows, columns) in the 512 px picture."""

HEAD_BOX = (slice(64, 192), slice(192, 320))
FACE_BOX = (slice(32, 224), slice(160, 352))
FACE_HALF_BOX = (slice(16, 112), slice(80, 176))
"""The face in the picture of half the size."""
HEAD_IN_FACE = (slice(32, 160), slice(32, 160))
"""The head in the face."""
