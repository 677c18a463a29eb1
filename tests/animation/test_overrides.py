import numpy as np
import pytest

from avatar_rtc.animation.overrides import SLOT, Face, OverrideBlend
from avatar_rtc.control.state import check_overrides
from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import INDEX, pose_from

HEAD_X = INDEX["head_x"]


def face_from(values: dict[str, float]) -> Face:
    return np.concatenate([pose_from(values), np.zeros(len(CELS), np.float32)])


def run(overrides: OverrideBlend, wanted: dict[str, float], seconds: float, below: float = 0.0) -> float:
    for _ in range(round(seconds * 50)):
        pose = face_from({"head_x": below})
        overrides.apply(pose, wanted, 1 / 50)
    return float(pose[HEAD_X])


def test_a_held_morph_has_exactly_the_value_whatever_lies_below():
    overrides = OverrideBlend()
    run(overrides, {"head_x": 0.3}, 0.5)
    for below in (-1.0, 0.123, 1.0):
        assert run(overrides, {"head_x": 0.3}, 0.02, below) == np.float32(0.3)
    run(overrides, {"head_x": -0.7}, 1.0)
    assert run(overrides, {"head_x": -0.7}, 0.02, below=0.9) == np.float32(-0.7)


def test_taking_hold_and_letting_go_are_quick_but_no_jump():
    overrides = OverrideBlend()
    assert 0 < run(overrides, {"head_x": 1.0}, 0.02) < 0.5
    assert run(overrides, {"head_x": 1.0}, 0.16) > 0.95
    assert 0.5 < run(overrides, {}, 0.02) < 1
    assert run(overrides, {}, 0.5) == 0


def test_other_morphs_are_left_alone():
    pose = face_from({"mouth_aaa": 0.4})
    OverrideBlend().apply(pose, {"head_x": 1.0}, 1.0)
    assert pose == pytest.approx(face_from({"mouth_aaa": 0.4, "head_x": 1.0}))
    pose = face_from({})
    OverrideBlend().apply(pose, {}, 1.0)
    assert not pose.any()


def test_cels_stand_after_the_morphs_and_are_held_as_they_are():
    assert sorted(SLOT.values()) == list(range(45 + len(CELS))) and SLOT["breathing"] == 44
    face, overrides = face_from({}), OverrideBlend()
    face[SLOT["waver1"]] = 1.0
    overrides.apply(face, {"blush1": 0.5, "waver1": 0.0}, 1.0)
    assert {name: float(face[slot]) for name, slot in SLOT.items() if face[slot]} == {"blush1": 0.5}


def test_overrides_are_checked_as_morphs_or_cels():
    assert check_overrides({"head_x": -1, "blush1": 0.5}) == {"head_x": -1.0, "blush1": 0.5}
    for values, kind, says in (
        (
            {"eye_wnik_left": 0},
            UnknownName,
            "unknown morph or cel 'eye_wnik_left'; did you mean 'eye_wink_left'",
        ),
        ({"blush9": 0}, UnknownName, "did you mean 'blush"),
        ({"fx_heart1": 1}, UnknownName, "unknown morph or cel"),
        ({"tears1": 1.5}, OutOfRange, "tears1 is 1.5, but must lie in 0..1"),
        ({"mouth_aaa": -0.5}, OutOfRange, "0..1"),
        ({"blush1": True}, InputError, "number"),
    ):
        with pytest.raises(kind, match=says):
            check_overrides(values)
