import numpy as np
import pytest

from avatar_rtc.animation.overrides import Overrides
from avatar_rtc.pose import INDEX, neutral, pose_from

HEAD_X = INDEX["head_x"]


def run(overrides: Overrides, wanted: dict[str, float], seconds: float, below: float = 0.0) -> float:
    for _ in range(round(seconds * 50)):
        pose = pose_from({"head_x": below})
        overrides.apply(pose, wanted, 1 / 50)
    return float(pose[HEAD_X])


def test_a_held_morph_has_exactly_the_value_whatever_lies_below():
    overrides = Overrides()
    run(overrides, {"head_x": 0.3}, 0.5)
    for below in (-1.0, 0.123, 1.0):
        assert run(overrides, {"head_x": 0.3}, 0.02, below) == np.float32(0.3)
    run(overrides, {"head_x": -0.7}, 1.0)
    assert run(overrides, {"head_x": -0.7}, 0.02, below=0.9) == np.float32(-0.7)


def test_taking_hold_and_letting_go_are_quick_but_no_jump():
    overrides = Overrides()
    assert 0 < run(overrides, {"head_x": 1.0}, 0.02) < 0.5
    assert run(overrides, {"head_x": 1.0}, 0.16) > 0.95
    assert 0.5 < run(overrides, {}, 0.02) < 1
    assert run(overrides, {}, 0.5) == 0


def test_other_morphs_are_left_alone():
    pose = pose_from({"mouth_aaa": 0.4})
    Overrides().apply(pose, {"head_x": 1.0}, 1.0)
    assert pose == pytest.approx(pose_from({"mouth_aaa": 0.4, "head_x": 1.0}))
    pose = neutral()
    Overrides().apply(pose, {}, 1.0)
    assert not pose.any()
