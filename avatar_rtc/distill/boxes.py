"""Where a character moves: found by looking at what the teacher shows, never chosen."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.student.parts import MOUTH, FacePart
from avatar_rtc.render.tha3.boxes import FACE_BOX
from avatar_rtc.stream.box import Box

_MOVED = 0.06
"""Change of a colour that counts; below it THA3 shimmers everywhere."""
_SPECK = 0.3
"""Of the 25 pixels around one, the share that must move too: edges of hair flicker in single pixels."""
_MARGIN = 3
_FACE_STEP, _BODY_STEP = 8, 32
"""Boxes are multiples of what decoders double their seeds to."""
_BODY_MARGIN = 6
_FACE_SIDE = FACE_BOX.height


def face_boxes(probes: NDArray[np.void]) -> dict[FacePart, Box]:
    """A box (in the whole picture) for each part of the face; none overlaps another.

    Args:
        probes: POSED_FACE, the neutral one first, then each morph alone.
    """
    faces = probes["face"][:, :3].astype(np.float32) / 255
    change = np.abs(faces[1:] - faces[0]).max(1)
    of_mouth = probes["pose"][1:, MOUTH].any(1)
    by_eyes, by_mouth = change[~of_mouth].max(0), change[of_mouth].max(0)
    # Eyes move the line of the chin a little, and the mouth the lids; each pixel is whose who moves it more.
    of_eyes = _around(by_eyes) > _around(by_mouth)
    eyes = _moving(by_eyes * of_eyes)
    counts = eyes.sum(1)
    eyes[counts < counts.max() / 10] = False
    mouth = _moving(by_mouth * ~of_eyes)
    eyes[_middle(mouth) :] = False  # the line of the chin, where the eyes move it more than the mouth does
    rows, columns = _bounds(eyes)
    middle = _gap(by_eyes > _MOVED, rows, columns)
    top, bottom = rows[0] - _MARGIN, rows[1] + _MARGIN
    mouth[:bottom] = False  # a mouth pasted over lids would keep them open
    mouth_rows, mouth_columns = _bounds(mouth)
    left, right = mouth_columns[0] - _MARGIN, mouth_columns[1] + _MARGIN
    return {
        "eye_right": _face_box(_end_at(bottom, top), _end_at(middle, columns[0] - _MARGIN)),
        "eye_left": _face_box(_end_at(bottom, top), _start_at(middle, columns[1] + _MARGIN)),
        "mouth": _face_box(
            _start_at(max(bottom, mouth_rows[0] - _MARGIN), mouth_rows[1] + _MARGIN),
            _fit(left, right, _FACE_STEP, _FACE_SIDE),
        ),
    }


def body_box(frames: NDArray[np.uint8], faces: Iterable[Box]) -> Box:
    """The box that holds all of the character in all of the frames (N, 4, 512, 512), and the face boxes."""
    seen = np.zeros(frames.shape[-2:], bool)
    for frame in frames:
        seen |= frame[3] > 8
    for box in faces:
        seen[box.slices] = True
    (top, bottom), (left, right) = _bounds(seen)
    y, height = _fit(top - _BODY_MARGIN, bottom + _BODY_MARGIN, _BODY_STEP, SIZE)
    x, width = _fit(left - _BODY_MARGIN, right + _BODY_MARGIN, _BODY_STEP, SIZE)
    return Box(x, y, width, height)


def _moving(change: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where most of the neighbourhood moves as well."""
    moved = change > _MOVED
    kept: NDArray[np.bool_] = moved & (_around(moved) > _SPECK)
    return kept


def _around(values: NDArray[Any]) -> NDArray[np.float32]:
    """The mean of the 5 x 5 pixels around each."""
    padded = np.pad(values.astype(np.float32), 2)
    mean: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).mean((-1, -2))
    return mean


def _middle(mask: NDArray[np.bool_]) -> int:
    """The row that half of it lies above; the last one of nothing."""
    counts = np.cumsum(mask.sum(1))
    return int(np.searchsorted(counts, counts[-1] / 2)) if counts[-1] else len(mask)


def _bounds(mask: NDArray[np.bool_]) -> tuple[tuple[int, int], tuple[int, int]]:
    """First row and the one after the last, and the same of the columns."""
    found = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    if not found[0].size:
        return (0, 1), (0, 1)
    (top, bottom), (left, right) = ((int(each[0]), int(each[-1]) + 1) for each in found)
    return (top, bottom), (left, right)


def _gap(eyes: NDArray[np.bool_], rows: tuple[int, int], columns: tuple[int, int]) -> int:
    """The column between the eyes where least moves."""
    third = max(1, (columns[1] - columns[0]) // 3)
    start = columns[0] + third
    counts = eyes[slice(*rows), start : start + third].sum(0)
    quiet = np.flatnonzero(counts == counts.min())
    return start + int(quiet[len(quiet) // 2])


Run = tuple[int, int]
"""Start and length."""


def _face_box(rows: Run, columns: Run) -> Box:
    """The box in the whole picture of one in the face."""
    return Box(columns[0], rows[0], columns[1], rows[1]).moved(FACE_BOX.x, FACE_BOX.y)


def _end_at(end: int, low: int) -> Run:
    """The shortest run of whole steps that ends there and holds `low`, or what there is room for."""
    length = min(_whole(end - low), end // _FACE_STEP * _FACE_STEP)
    return end - length, length


def _start_at(start: int, high: int) -> Run:
    """The same from a start."""
    return start, min(_whole(high - start), (_FACE_SIDE - start) // _FACE_STEP * _FACE_STEP)


def _whole(length: int) -> int:
    return max(1, -(-length // _FACE_STEP)) * _FACE_STEP


def _fit(low: int, high: int, step: int, side: int) -> Run:
    """The shortest run of whole steps around low..high, within 0..side."""
    length = min(side // step * step, -(-(high - low) // step) * step)
    start = min(max(0, low - (length - (high - low)) // 2), side - length)
    return start, length
