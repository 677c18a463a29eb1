"""How the body of a student's character turns, and half way there for in-betweens."""

from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import ROTATION, neutral
from avatar_rtc.render.resting import nearness_to_rest
from avatar_rtc.render.student.file import Student
from avatar_rtc.render.student.networks import GRID_UNIT
from avatar_rtc.render.student.quick import PixelRows, quick_body
from avatar_rtc.render.student.swinging import Turned

_FAINT, _SURE = 3 / 255, 8 / 255
"""Opacity of the paint up to which it is the network's noise, and from which it is all meant. Without this a
trained body paints two thirds of its box, and nothing is seen of most of that."""
_FAR, _FARTHEST = 1.4, 2.2
"""How far head, neck and body turn together, as the length of their five axes: from where a body smooths what
its network adds, and where it does so most. A sixteenth of what it learnt from lies beyond 1.9, so the fine
maps are ragged there: outlines fray and paint comes in blots."""
_SMOOTHEST_PX, _PAINT_SHARE = 3.0, 0.7
"""Sigma there, in px of half the size; that of the paint is smaller, or it would fade."""
_UNSEEN_PX = 0.25
"""Up to this sigma nothing would change."""


class BodyTurns:
    """Asks the body's network of a student."""

    def __init__(self, student: Student) -> None:
        self._decode = quick_body(student.body)

    @cached_property
    def rest(self) -> PixelRows:
        """(H / 2, W / 2, 2): how far it looks in the neutral pose, as `Turned.change`."""
        with torch.inference_mode():
            return self.of(torch.from_numpy(neutral())).change

    def steadied(self, pose: Tensor) -> Turned:
        """The same, less how it turns at rest as far as the pose is near that.

        Its breath does not count, or all would sway. For pictures larger than those it was taught with: they
        are as sharp as drawn where nothing moves.
        """
        turned = self.of(pose)
        near = float(nearness_to_rest(pose[None, ROTATION][:, :-1]))
        cv2.scaleAdd(self.rest, -near, turned.change, turned.change)
        return turned

    def of(self, pose: Tensor) -> Turned:
        """How the body turns in a pose (45,)."""
        bulk, maps = self._decode(pose)
        height, width = maps.shape[:2]
        change = cv2.resize(bulk, (width, height))
        sigma = _smoothing_px(pose)
        cv2.scaleAdd(_smoothed(maps[..., :2], sigma), GRID_UNIT, change, change)
        # Multiplied before it is enlarged: a quarter of the work, and less at larger sides.
        paint = torch.from_numpy(_smoothed(maps[..., 2:], sigma * _PAINT_SHARE)).sigmoid().numpy()
        opacity = paint[..., 4:]
        opacity *= np.clip((opacity - _FAINT) / (_SURE - _FAINT), 0, 1)
        return Turned(change, paint[..., :4] * opacity, 1 - opacity[..., 0])


def _smoothing_px(pose: Tensor) -> float:
    """By which sigma the maps are smoothed in a pose (45,); see `_FAR`."""
    far = float(torch.linalg.vector_norm(pose[ROTATION][:-1]))
    return _SMOOTHEST_PX * min(1.0, max(0.0, (far - _FAR) / (_FARTHEST - _FAR)))


def _smoothed(maps: PixelRows, sigma: float) -> PixelRows:
    """Maps (H, W, n), in one piece."""
    whole = np.ascontiguousarray(maps)
    return whole if sigma <= _UNSEEN_PX else cv2.GaussianBlur(whole, (0, 0), sigma)


class TurnsInOrder:
    """What a body shows from picture to picture, some of which are in-betweens; see `Animator.animate`."""

    def __init__(self) -> None:
        self._turned: Turned | None = None
        self._pose: NDArray[np.float32] | None = None
        self._was_between = False

    def next(self, pose: NDArray[np.float32], is_between: bool, turned_in: Callable[[], Turned]) -> Turned:
        """How the body is shown in a pose (45,); the same object if it is shown as before.

        Args:
            turned_in: asks the network for this pose; called only if it must be.
        """
        before, halves = self._turned, self._was_between and not is_between
        self._was_between = is_between
        stands = self._pose is not None and np.array_equal(pose, self._pose)
        if before is not None and (is_between or stands):
            return before
        self._turned, self._pose = turned_in(), pose.copy()
        return self._turned if before is None or not halves else turned_half_way(before, self._turned)


def turned_half_way(one: Turned, other: Turned) -> Turned:
    """The mean of both, map by map: grids are smooth, so it is the turn half way."""
    change, paint, bare = (
        cv2.addWeighted(ours, 0.5, theirs, 0.5, 0)
        for ours, theirs in ((one.change, other.change), (one.paint, other.paint), (one.bare, other.bare))
    )
    return Turned(change, paint, bare)
