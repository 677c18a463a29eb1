"""The figures of idle life: right on motion that is known, and reached by ours."""

import numpy as np
import pytest

from avatar_rtc.animation.sway import SWAYED
from avatar_rtc.bench.idle import (
    DEGREES,
    SETS_OFF_DEGREES_S,
    STANDS_STILL_S,
    TOGETHER_SHARE,
    idle_poses,
    longest_still,
    starts,
    together_share,
)
from avatar_rtc.face.pose import INDEX

FPS = 30.0


def known(begins: dict[str, float]) -> np.ndarray:
    """(300, 45): these axes set off at these times, at 6 degrees a second for a second."""
    t, poses = np.arange(300) / FPS, np.zeros((300, 45))
    for name, begin in begins.items():
        poses[:, INDEX[name]] = np.clip(t - begin, 0, 1) * 6 / DEGREES
    return poses


def test_times_of_standing_still_are_found():
    assert longest_still(known({"head_x": 2.0}), FPS) == pytest.approx(7.0, abs=0.1)
    assert longest_still(known({"head_x": 2.0, "head_y": 6.0}), FPS) == pytest.approx(3.0, abs=0.1)


def test_axes_that_set_off_together_are_found():
    assert starts(known({"head_x": 2.0})[:, INDEX["head_x"]], FPS, 1.0) == pytest.approx([2.0], abs=0.05)
    assert together_share(known({"head_x": 2.0, "head_y": 2.02, "body_y": 2.2}), FPS, 1.0) == pytest.approx(
        2 / 3
    )
    assert together_share(known(dict.fromkeys(SWAYED, 3.0)), FPS, 1.0) == 1.0


def test_a_calm_head_never_stands_still_and_its_axes_go_their_own_ways():
    poses = idle_poses(11, 600)
    assert longest_still(poses, FPS) <= STANDS_STILL_S
    for least in SETS_OFF_DEGREES_S:
        assert together_share(poses, FPS, least) < TOGETHER_SHARE, least
