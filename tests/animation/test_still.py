"""Appearances without time."""

import numpy as np

from avatar_rtc.animation.still import alone, held_still
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import INDEX, pose_from


def test_a_held_pose_is_what_is_named_and_nothing_else() -> None:
    found = held_still({"head_x": -0.5, "blush1": 0.25, "blush2": 1.0}, {"blush1"})
    assert np.array_equal(found.pose, pose_from({"head_x": -0.5}))
    assert found.cels == {"blush1": 0.25} and found.fx == {} and not found.swing.any()


def test_morphs_stand_in_for_drawn_parts_that_are_lacking() -> None:
    template = EmotionTemplate("joy", {"mouth_raised_corner_left": 0.25}, {"mouth_smile": 0.5, "blush1": 1.0})
    pose, cels = alone(template, CELS)
    assert np.array_equal(pose, pose_from(template.pose)) and cels == {"mouth_smile": 0.5, "blush1": 1.0}
    pose, cels = alone(template, {"blush1"})
    assert cels == {"blush1": 1.0}
    assert pose[INDEX["mouth_raised_corner_left"]] == pose[INDEX["mouth_raised_corner_right"]] == 0.5


def test_lids_that_never_close_stay_open() -> None:
    template = EmotionTemplate("joy", {"eye_happy_wink_left": 1.0}, {})
    assert alone(template, CELS)[0][INDEX["eye_happy_wink_left"]] == 1.0
    assert alone(template, CELS, 0.25)[0][INDEX["eye_happy_wink_left"]] == 0.75
