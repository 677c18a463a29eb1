"""How an avatar's face opens its mouth, measured once for each picture.

A student shows 25 mouths in 0.1 s, so that is done while its character is prepared. THA3 takes 3 s on a CPU:
the avatar comes with the usual curves, and is measured beside the frames.
"""

from collections import OrderedDict
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.doctor.opening import opening_curves, opening_poses
from avatar_rtc.face.opening import USUAL_CURVES, MouthOpener
from avatar_rtc.render.animator import Animator, MouthAnimator, computes_on_cpu
from avatar_rtc.render.pixels import picture_of
from avatar_rtc.student_header import image_hash

_Key = tuple[str, str]
"""The animator's name, and the hash of the picture."""
MOST_KEPT = 256
"""Faces that are remembered, 400 bytes each: whoever changes characters to and fro is measured once."""


class Mouths:
    """The mouths of one process. Any thread may ask."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Key, MouthOpener] = OrderedDict()
        self._free = Lock()

    def at_once(self, animator: Animator, rgba: NDArray[np.uint8]) -> MouthOpener | None:
        """The opener of a face, if it is known or quickly measured.

        Args:
            rgba: (512, 512, 4): the character, without cels.
        """
        if isinstance(animator, MouthAnimator) and computes_on_cpu(animator):
            return _measured(animator, rgba)  # never kept: a student may be made anew for the same picture
        with self._free:
            return self._known.get(_key(animator, rgba))

    def is_missing(self, animator: Animator, rgba: NDArray[np.uint8]) -> bool:
        """Whether there is something to measure that takes a while."""
        takes_long = isinstance(animator, MouthAnimator) and not computes_on_cpu(animator)
        return takes_long and self.at_once(animator, rgba) is None

    def measured(self, animator: MouthAnimator, rgba: NDArray[np.uint8]) -> MouthOpener:
        """The opener of a face, measured now and kept; as `at_once` for the face."""
        found = _measured(animator, rgba)
        with self._free:
            self._known[_key(animator, rgba)] = found
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return found


def _measured(animator: MouthAnimator, rgba: NDArray[np.uint8]) -> MouthOpener:
    """The usual one for a face that opens no mouth: there is nothing to go by."""
    with torch.inference_mode():
        curves = opening_curves(animator.mouths(picture_of(rgba), opening_poses()))
    return MouthOpener(curves or USUAL_CURVES)


def _key(animator: object, rgba: NDArray[np.uint8]) -> _Key:
    return getattr(animator, "name", ""), image_hash(rgba)
