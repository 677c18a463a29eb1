"""A caller's poses: taken, followed, let go."""

from collections.abc import Callable

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.live import FOLLOW_POSE, GIVE_BACK, TAKE, Live
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.changes import next_state
from avatar_rtc.control.messages import PoseSet
from avatar_rtc.control.state import AvatarState, LivePose
from avatar_rtc.face.holding import POSE_HOLD_S
from avatar_rtc.face.pose import INDEX, pose_from
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
HEAD, WINK, BROW = INDEX["head_y"], INDEX["eye_wink_left"], INDEX["eyebrow_happy_left"]
BELOW = pose_from({"head_y": -0.5, "eyebrow_happy_left": 0.8})


def run(
    live: Live, newest: Callable[[float], LivePose | None], until: float, start=0.0, fps=100.0
) -> np.ndarray:
    poses = []
    for n in range(round((until - start) * fps)):
        t, pose = start + (n + 1) / fps, BELOW.copy()
        live.apply(pose, newest(t), t, 1 / fps)
        poses.append(pose)
    return np.array(poses)


def steady(**morphs: float) -> Callable[[float], LivePose]:
    return lambda t: LivePose(morphs, t)


def test_it_holds_the_morphs_it_names_and_no_others():
    poses = run(Live(), steady(head_y=0.5), 1.0)
    assert poses[-1, HEAD] == pytest.approx(0.5) and (poses[:, BROW] == BELOW[BROW]).all()
    assert 0 < poses[0, HEAD] + 0.5 < 0.05 and (np.diff(poses[:, HEAD]) >= 0).all()
    assert poses[round(TAKE * 100), HEAD] == pytest.approx(0.5)


@pytest.mark.parametrize("fps", [30, 60])
def test_it_follows_within_30_ms(fps: int):
    live = Live()
    run(live, steady(head_y=0.0), 1.0)
    follow = run(live, steady(head_y=1.0), 2.0, start=1.0, fps=1000)[:, HEAD]
    assert follow[29] == pytest.approx(1 - np.exp(-0.030 / FOLLOW_POSE), abs=1e-3) and follow[29] > 0.94
    wave = run(Live(), lambda t: LivePose({"head_y": np.sin(2 * np.pi * t)}, t), 3.0, fps=fps)[fps:, HEAD]
    times = 1 + np.arange(1, len(wave) + 1) / fps
    assert wave == pytest.approx(np.sin(2 * np.pi * (times - FOLLOW_POSE)), abs=0.12)


def test_when_nothing_comes_the_avatar_has_its_own_life_back_after_a_second():
    live, last = Live(), LivePose({"head_y": 0.5}, 1.0)
    run(live, steady(head_y=0.5), 1.0)
    after = run(live, lambda t: last, 3.0, start=1.0)[:, HEAD]
    held, back = round(POSE_HOLD_S * 100), round((POSE_HOLD_S + GIVE_BACK) * 100)
    assert after[: held - 2] == pytest.approx(np.full(held - 2, 0.5))
    assert (np.diff(after[held : back + 1]) <= 1e-6).all()
    assert after[held + round(GIVE_BACK * 50)] == pytest.approx(0.0, abs=0.07)  # half way
    assert np.abs(np.diff(after)).max() <= 1.5 / GIVE_BACK / 100 * 1.05  # the steepest part of the curve
    assert (after[back + 1 :] == BELOW[HEAD]).all()


def test_it_can_come_again_while_it_goes():
    live, last = Live(), LivePose({"head_y": 0.5}, 1.0)
    run(live, steady(head_y=0.5), 1.0)
    run(live, lambda t: last, 1.75, start=1.0)
    again = run(live, steady(head_y=0.5), 2.5, start=1.75)[:, HEAD]
    assert -0.4 < again[0] < 0.4 and again[-1] == pytest.approx(0.5) and (np.diff(again) >= -1e-6).all()


def test_a_morph_no_longer_named_is_let_go_from_where_it_was():
    live = Live()
    run(live, steady(head_y=0.5, eyebrow_happy_left=0.0), 1.0)
    after = run(live, steady(eyebrow_happy_left=0.0), 2.0, start=1.0)
    assert after[0, HEAD] > 0.45 and after[-1, HEAD] == BELOW[HEAD]
    assert (after[:, BROW] == 0).all()


def test_a_pose_from_nowhere_in_time_does_not_hold():
    for t in (-10.0, 1e9):
        assert (run(Live(), lambda _, t=t: LivePose({"head_y": 0.5}, t), 1.0)[:, HEAD] == -0.5).all()


def test_it_replaces_emotion_idle_life_and_blinks_and_loses_to_overrides():
    mixer, fps = Mixer(EMOTIONS, 3), 30
    morphs = {"eye_wink_left": 0.25, "head_y": 0.1, "eyebrow_happy_left": 0.0, "breathing": 0.5}

    def state(t: float) -> AvatarState:
        return AvatarState({"joy": 1.0}, live_pose=LivePose(morphs, t), overrides={"breathing": 0.75})

    poses = np.array([mixer.pose(state(n / fps), n / fps) for n in range(60 * fps)])
    for name, value in {**morphs, "breathing": 0.75}.items():
        assert poses[:, INDEX[name]] == pytest.approx(np.full(60 * fps, value), abs=1e-6), name
    assert np.ptp(poses[:, INDEX["head_x"]]) > 0.1  # what it does not name lives on


@pytest.mark.parametrize("late_ms", [0, 1, 250, 499, 500, 501, 700, 10_000])
def test_an_older_pose_is_refused_just_as_long_as_the_newer_is_shown(late_ms: int):
    first = PoseSet(t_ms=1000, morphs={"head_y": 0.5})
    state, t = next_state(AvatarState(), first, 8.0), 8.0 + late_ms / 1000
    is_refused = next_state(state, PoseSet(t_ms=1, morphs={"head_y": 0.2}), t) is state
    pose = BELOW.copy()
    Live().apply(pose, state.live_pose, t, 0.01)
    assert is_refused == (pose[HEAD] != BELOW[HEAD]) == (t < 8.0 + POSE_HOLD_S)
