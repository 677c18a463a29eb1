"""The 45 morphs and poses made of them."""

import math

import numpy as np
import pytest

from avatar_rtc.control.settings import check_settings
from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.face.blendshapes import morphs_of
from avatar_rtc.face.cels import check_cels
from avatar_rtc.face.gaze import check_gaze
from avatar_rtc.face.pose import (
    EYEBROW,
    FACE,
    HIGH,
    INDEX,
    LOW,
    MORPHS,
    ROTATION,
    check_morphs,
    pose_from,
)


def test_order_is_that_of_tha3() -> None:
    assert len(MORPHS) == 45
    # Corner stones of THA3's parameter list: brows, eyes and mouth, then rotations.
    corners = {
        "eyebrow_troubled_left": 0, "eye_wink_left": 12, "iris_small_left": 24, "mouth_aaa": 26,
        "mouth_delta": 31, "mouth_smirk": 36, "iris_rotation_x": 37, "head_x": 39, "neck_z": 41,
        "body_z": 43, "breathing": 44,
    }  # fmt: skip
    assert {name: INDEX[name] for name in corners} == corners


def test_parts_cover_the_vector_once() -> None:
    parts = [list(range(45))[part] for part in (EYEBROW, FACE, ROTATION)]
    assert sum(parts, []) == list(range(45))


def test_ranges() -> None:
    assert np.all(HIGH == 1) and set(LOW) == {0, -1}
    assert int((LOW == -1).sum()) == 7


def test_pose_holds_the_named_values_and_zeros() -> None:
    pose = pose_from({"mouth_aaa": 0.5, "head_y": -1})
    assert (pose[INDEX["mouth_aaa"]], pose[INDEX["head_y"]]) == (0.5, -1)
    assert np.count_nonzero(pose) == 2


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ({"mouth_aa": 1}, UnknownName, "mouth_aaa"),
        ({"mouth_aaa": 1.5}, OutOfRange, "0..1"),
        ({"head_x": -1.01}, OutOfRange, "-1..1"),
        ({"head_x": math.nan}, InputError, "number"),
        ({"head_x": "1"}, InputError, "number"),
        ({"head_x": True}, InputError, "number"),
    ],
)
def test_bad_morphs_are_named(values: dict[str, object], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        check_morphs(values)


def test_a_number_too_large_for_a_float_is_refused_as_any_other():
    huge = 10**400
    for check in (lambda v: check_morphs({"head_x": v}), lambda v: check_cels({"blush1": v})):
        with pytest.raises(OutOfRange, match="is huge"):
            check(huge)
    with pytest.raises(OutOfRange):
        check_gaze({"x": huge, "y": 0})
    with pytest.raises(InputError):
        morphs_of({"jawOpen": huge})
    with pytest.raises(InputError):
        check_settings({"target_fps": huge})
