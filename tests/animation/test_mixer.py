from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.breathing import breathing
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer, blend
from avatar_rtc.animation.sway import AXES
from avatar_rtc.errors import UnknownName
from avatar_rtc.pose import HIGH, INDEX, LOW, MORPHS, MOUTH_OPEN, Pose, neutral, pose_from
from avatar_rtc.resources import resource
from avatar_rtc.state import AvatarState, Cue

EMOTIONS = load_emotions(resource("assets", "emotions"))
WINK = INDEX["eye_wink_left"]
BROW = INDEX["eyebrow_happy_left"]
JOY = AvatarState(emotions={"joy": 1.0})


def run(
    mixer: Mixer, state: AvatarState | Callable[[float], AvatarState], seconds: float, start=0.0, fps=30.0
) -> np.ndarray:
    of = state if callable(state) else lambda t: state
    return np.array([mixer.pose(of(t), t) for t in start + np.arange(round(seconds * fps)) / fps])


def test_the_first_frame_shows_the_state_at_once():
    pose = Mixer(EMOTIONS, 1).pose(replace(JOY, overrides={"head_y": 0.25}), 100.0)
    assert pose[BROW] == EMOTIONS["joy"].pose["eyebrow_happy_left"]
    assert pose[INDEX["head_y"]] == np.float32(0.25)
    assert pose.dtype == np.float32 and pose.shape == (45,)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_emotions_come_with_a_time_constant_of_112_ms_at_any_frame_rate(fps: int):
    mixer = Mixer(EMOTIONS, 1)
    mixer.pose(AvatarState(), 0.0)
    frames = round(0.2 * fps)
    for i in range(1, frames + 1):
        pose = mixer.pose(JOY, i / fps)
    share = pose[BROW] / EMOTIONS["joy"].pose["eyebrow_happy_left"]
    assert -frames / fps / np.log(1 - share) == pytest.approx(0.1121, rel=0.02)


def test_blends_are_weighted_means_and_intensity_scales_them():
    a, b = pose_from({"head_x": 1.0}), pose_from({"mouth_aaa": 0.5})
    templates = {"a": a, "b": b}
    assert blend(templates, {"a": 0.5}) == pytest.approx(0.5 * a)
    assert blend(templates, {"a": 1.0, "b": 1.0}) == pytest.approx((a + b) / 2)
    assert blend(templates, {"a": 0.9, "b": 0.3}) == pytest.approx((0.9 * a + 0.3 * b) / 1.2)
    assert not blend(templates, {}).any()
    half = Mixer(EMOTIONS, 1).pose(replace(JOY, intensity=0.5), 0.0)
    assert half[BROW] == pytest.approx(0.5 * EMOTIONS["joy"].pose["eyebrow_happy_left"])


def test_an_unknown_emotion_is_named_with_its_nearest():
    with pytest.raises(UnknownName, match="did you mean 'joy'"):
        Mixer(EMOTIONS, 1).pose(AvatarState(emotions={"joyy": 1.0}), 0.0)


def test_a_calm_face_breathes_blinks_sways_and_does_nothing_else():
    poses = run(Mixer(EMOTIONS, 7), AvatarState(), 60)
    times, blink = np.arange(1800) / 30, Blink(7)
    assert poses[:, INDEX["breathing"]] == pytest.approx([breathing(t) for t in times], abs=1e-6)
    lids = np.array([blink.at(t) for t in times])
    assert poses[:, WINK] == pytest.approx(lids, abs=1e-6) and lids.max() >= 0.99
    assert np.ptp(poses[:, AXES], axis=0).min() > 0.3
    idle = {*AXES.tolist(), WINK, WINK + 1, INDEX["breathing"]}
    assert not poses[:, [i for i in range(45) if i not in idle]].any()


@pytest.mark.parametrize("name", list(EMOTIONS))
def test_poses_stay_in_range_and_blinks_never_open_an_eye(name: str):
    poses = run(Mixer(EMOTIONS, 3), AvatarState(emotions={name: 1.0}), 12, fps=25)
    assert (poses >= LOW).all() and (poses <= HIGH).all()
    assert poses[:, WINK].min() >= EMOTIONS[name].pose.get("eye_wink_left", 0.0) - 1e-6


def test_a_blink_closes_whatever_the_emotion_left_open():
    shut = ["eye_wink_left", "eye_happy_wink_left", "eye_relaxed_left"]
    for name in EMOTIONS:
        poses = run(Mixer(EMOTIONS, 3), AvatarState(emotions={name: 1.0}), 12)
        assert poses[:, [INDEX[m] for m in shut]].sum(axis=1).max() >= 0.99, name


def test_overrides_win_over_every_layer_blinks_and_breathing_included():
    values = {m.name: round(float(m.high) * (0.1 + 0.02 * i), 3) % 1.0 for i, m in enumerate(MORPHS)}
    state = replace(JOY, overrides=values, cue=Cue(0.0, {"mouth_ooo": 1.0}, until=1e9))
    poses = run(Mixer(EMOTIONS, 3), state, 30)
    assert (poses == pose_from(values)).all()


def test_overrides_set_while_running_hold_within_half_a_second_and_let_go_again():
    mixer = Mixer(EMOTIONS, 3)
    run(mixer, AvatarState(), 2)
    held = run(mixer, AvatarState(overrides={"eye_wink_left": 0.0}), 60, start=2)
    assert not held[15:, WINK].any() and held[:, WINK + 1].max() >= 0.99
    assert run(mixer, AvatarState(), 60, start=62)[:, WINK].max() >= 0.99


def test_a_cue_owns_the_mouth_until_it_ends():
    open_morphs = [INDEX[m] for m in MOUTH_OPEN]
    mixer = Mixer(EMOTIONS, 3)
    run(mixer, JOY, 2)
    spoken = run(mixer, replace(JOY, cue=Cue(0.0, {"mouth_ooo": 0.9}, until=3.0)), 2, start=2)
    assert spoken[4, INDEX["mouth_ooo"]] == pytest.approx(0.9, abs=0.05)
    assert spoken[25, INDEX["mouth_aaa"]] < 0.01
    assert spoken[25, INDEX["mouth_raised_corner_left"]] <= 0.31
    target = pose_from(EMOTIONS["joy"].pose)[open_morphs]
    assert spoken[-1, open_morphs] == pytest.approx(target, abs=0.01)


def story(t: float) -> AvatarState:
    if t < 3:
        return AvatarState()
    if t < 6:
        return AvatarState(emotions={"confusion": 0.7, "joy": 0.2}, intensity=0.8)
    return replace(JOY, cue=Cue(0.0, {"mouth_iii": 0.5}, 8.0), overrides={"head_x": 0.1} if t > 9 else {})


def test_the_same_seed_and_story_give_the_same_poses_and_another_seed_others():
    assert (run(Mixer(EMOTIONS, 5), story, 12) == run(Mixer(EMOTIONS, 5), story, 12)).all()
    assert np.abs(run(Mixer(EMOTIONS, 5), story, 12) - run(Mixer(EMOTIONS, 6), story, 12)).max() > 0.2


def test_half_the_frame_rate_shows_the_same_life():
    full, half = run(Mixer(EMOTIONS, 5), story, 12, fps=60), run(Mixer(EMOTIONS, 5), story, 12, fps=30)
    settled = np.r_[0:88, 105:178, 285:355]  # away from the changes, whose first frame differs
    assert half[settled] == pytest.approx(full[::2][settled], abs=0.02)


def test_jumps_of_time_either_way_do_no_harm():
    mixer = Mixer(EMOTIONS, 5)
    for t in (0.0, 1e6, 1e6 + 0.03, 5.0, 5.03):
        pose = mixer.pose(JOY, t)
        assert np.isfinite(pose).all() and (pose >= LOW).all() and (pose <= HIGH).all()


def test_poses_handed_out_are_not_written_again():
    mixer = Mixer(EMOTIONS, 5)
    first: Pose = mixer.pose(JOY, 0.0)
    copy = first.copy()
    mixer.pose(JOY, 0.5)
    assert (first == copy).all() and first is not neutral()
