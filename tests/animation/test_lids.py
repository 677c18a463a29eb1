"""Lids that stay open: no pose closes them further, and what was open enough is left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.lids import keep_open
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.state import AvatarState, LivePose
from avatar_rtc.face.cels import CELS, EYE_CELS
from avatar_rtc.face.pose import INDEX, MORPHS, Pose, neutral, pose_from
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
CLOSING = {"eye_wink": 1.0, "eye_happy_wink": 1.0, "eye_relaxed": 1.0, "eye_unimpressed": 0.5}
"""How far each closes an eye at 1."""


def closed(pose: Pose, side: str) -> float:
    return float(sum(share * pose[INDEX[f"{name}_{side}"]] for name, share in CLOSING.items()))


@given(st.lists(st.floats(0, 1, width=32), min_size=len(MORPHS), max_size=len(MORPHS)), st.floats(0, 1))
def test_lids_stay_open_by_the_share_and_the_kind_of_closing_stays(values: list[float], share: float) -> None:
    before = np.array(values, np.float32)
    after = before.copy()
    keep_open(after, share)
    others = [i for name, i in INDEX.items() if not name.startswith(tuple(CLOSING))]
    assert np.array_equal(after[others], before[others])
    assert (after <= before + 1e-6).all() and (after >= 0).all()
    for side in ("left", "right"):
        if share == 0 or closed(before, side) <= 1 - share:
            assert closed(after, side) == pytest.approx(closed(before, side), abs=1e-5)
        else:
            assert closed(after, side) == pytest.approx(1 - share, abs=1e-5)


def least_open(mixer: Mixer, state: AvatarState, until: float) -> float:
    poses = [mixer.pose(state, t) for t in np.arange(0, until, 1 / 25)]
    return 1 - max(closed(pose, side) for pose in poses for side in ("left", "right"))


UNDRAWN = frozenset(CELS) - set(EYE_CELS)


@pytest.mark.parametrize("emotion", ("neutral", "joy", "grief", "relief"))
def test_emotions_and_blinks_obey(emotion: str) -> None:
    state = AvatarState(emotions={emotion: 1.0})
    held = Mixer(EMOTIONS, 1, UNDRAWN, keep_eyes_open=0.3)
    assert least_open(held, state, 12) == pytest.approx(0.3, abs=1e-5)
    assert least_open(Mixer(EMOTIONS, 1, UNDRAWN), state, 12) < 0.1


def test_lids_close_below_drawn_eyes_all_the_same() -> None:
    """Whoever draws closed eyes wants them, and an open eye would show around them."""
    joy = AvatarState(emotions={"joy": 1.0})
    assert least_open(Mixer(EMOTIONS, 1, keep_eyes_open=0.3), joy, 1) == 0


def test_a_callers_pose_obeys_and_an_override_does_not() -> None:
    wink = {"eye_wink_left": 1.0}
    tracked = AvatarState(live_pose=LivePose(wink, 0.0))
    assert least_open(Mixer(EMOTIONS, 1, keep_eyes_open=0.3), tracked, 0.4) >= 0.3 - 1e-5
    held = AvatarState(overrides=wink)
    mixer = Mixer(EMOTIONS, 1, keep_eyes_open=0.3)
    mixer.pose(held, 0.0)
    assert mixer.pose(held, 1.0)[INDEX["eye_wink_left"]] == 1


def test_another_character_brings_its_own() -> None:
    mixer = Mixer(EMOTIONS, 1, keep_eyes_open=0.5)
    mixer.recast(EMOTIONS, ())
    assert least_open(mixer, AvatarState(), 12) < 0.1


def test_an_open_eye_is_left_alone() -> None:
    pose = pose_from({"eye_surprised_left": 1.0, "mouth_aaa": 1.0})
    again = pose.copy()
    keep_open(again, 1.0)
    assert np.array_equal(again, pose) and not neutral().any()
