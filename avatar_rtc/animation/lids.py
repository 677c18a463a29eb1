"""Lids that never close wholly, for characters whose closed eyes look empty, such as behind glasses."""

import numpy as np

from avatar_rtc.face.pose import INDEX, Pose

_CLOSING = np.array([[INDEX[f"eye_{kind}_{side}"] for kind in ("wink", "happy_wink", "relaxed")]
                     for side in ("left", "right")])  # fmt: skip
"""(2, 3): of each eye, the morphs that close it wholly at 1."""
_NARROWING = np.array([INDEX[f"eye_unimpressed_{side}"] for side in ("left", "right")])
_HALF = np.float32(0.5)
"""How far `eye_unimpressed` closes an eye, as a share of a wink."""


def keep_open(pose: Pose, share: float) -> None:
    """Hold the lids of a pose open by this share at least, in place; 0 leaves all as it is, 1 closes nothing.

    What closes an eye together is scaled down together, so the kind of closing stays.
    """
    if share <= 0.0:
        return
    most = np.float32(1.0 - share)
    narrowed = np.minimum(_HALF * pose[_NARROWING], most)
    pose[_NARROWING] = narrowed / _HALF
    closed = pose[_CLOSING].sum(1)
    left = most - narrowed
    scale = np.where(closed > left, left / np.maximum(closed, np.float32(1e-6)), np.float32(1))
    pose[_CLOSING] *= scale[:, None]
