from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.breathing import breathing
from avatar_rtc.animation.easing import pace_of_rate
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.face_cels import settled
from avatar_rtc.animation.mixer import Mixer, blend
from avatar_rtc.animation.sway import AXES, OWN_LEAST
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.control.state import AvatarState, Cue, LivePose
from avatar_rtc.errors import UnknownName
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.pose import (
    HIGH,
    INDEX,
    LOW,
    MORPHS,
    MOUTH_OPEN,
    Pose,
    neutral,
    pose_from,
)
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import MouthShape
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
WINK = INDEX["eye_wink_left"]
BROW = INDEX["eyebrow_happy_left"]
IRIS = [INDEX["iris_rotation_x"], INDEX["iris_rotation_y"]]
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


def spring(settings: AnimatorSettings, t: float, speed: float = 1.0) -> float:
    way = speed * pace_of_rate(settings.pose_interpolator_step) * t
    return 1 - (1 + way) * np.exp(-way)


@pytest.mark.parametrize("fps", [10, 25, 60])
@pytest.mark.parametrize("step", [0.1, 0.3, 0.9])
def test_emotions_come_as_the_settings_say_at_any_frame_rate(fps: int, step: float):
    mixer, settings = Mixer(EMOTIONS, 1), AnimatorSettings(pose_interpolator_step=step)
    poses = run(mixer, lambda t: AvatarState({"joy": float(t > 0)}, settings=settings), 0.61, fps=fps)
    share = poses[:, BROW] / EMOTIONS["joy"].pose["eyebrow_happy_left"]
    assert share == pytest.approx([spring(settings, n / fps) for n in range(len(poses))], rel=1e-4, abs=1e-6)


def test_frames_that_come_as_they_like_change_no_emotion():
    """Appendix A 4 of the predecessor: it eased by the mean time of rendering, not by real time."""
    times = np.sort(np.random.default_rng(1).uniform(0.0, 0.5, 9))
    mixer = Mixer(EMOTIONS, 1)
    mixer.pose(AvatarState(), 0.0)
    shares = [mixer.pose(JOY, t)[BROW] / EMOTIONS["joy"].pose["eyebrow_happy_left"] for t in times]
    assert shares == pytest.approx([spring(DEFAULTS, t) for t in times], rel=1e-4)


def test_an_emotion_has_a_speed_of_its_own():
    settings = AnimatorSettings(emotion_speed={"joy": 2.0, "neutral": 0.5})

    def story(t: float) -> AvatarState:
        return AvatarState({"joy" if 0 < t < 3 else "neutral": 1.0}, settings=settings)

    shares = run(Mixer(EMOTIONS, 1), story, 8, fps=50)[:, BROW] / EMOTIONS["joy"].pose["eyebrow_happy_left"]
    plain = run(Mixer(EMOTIONS, 1), lambda t: replace(story(t), settings=DEFAULTS), 8, fps=50)
    plain = plain[:, BROW] / EMOTIONS["joy"].pose["eyebrow_happy_left"]

    def took(values: np.ndarray, start: float) -> float:
        """When half the way was gone, in s."""
        left = np.abs(values[round(start * 50) :] - values[-1 if start else 149])
        return float(np.argmax(left < 0.5)) / 50

    assert took(shares, 0) < 0.7 * took(plain, 0) and took(shares, 3) > 1.6 * took(plain, 3)


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


def test_a_calm_face_breathes_blinks_sways_looks_about_and_hardly_more():
    poses = run(Mixer(EMOTIONS, 7), AvatarState(), 60)
    times, blink = np.arange(1800) / 30, Blink(7)
    assert poses[:, INDEX["breathing"]] == pytest.approx([breathing(t) for t in times], abs=1e-6)
    lids = np.array([blink.at(t) for t in times])
    assert poses[:, WINK] == pytest.approx(lids, abs=1e-6) and lids.max() >= 0.99
    assert np.ptp(poses[:, AXES], axis=0).min() > 0.1 and np.ptp(poses[:, IRIS], axis=0).min() > 0.2
    idle = {*AXES.tolist(), *IRIS, WINK, WINK + 1, INDEX["breathing"]}
    rest = poses[:, [i for i in range(45) if i not in idle]]
    assert 0 < rest.max() <= 0.7 and (rest == 0).all(axis=1).mean() > 0.6  # small gestures, now and then


@pytest.mark.parametrize("name", sorted(EMOTIONS))
def test_an_emotions_own_turn_of_the_head_survives_idle_life(name: str):
    """Its sign in all that is seen, however it sways, and half of it but for looks away."""
    wish = pose_from(EMOTIONS[name].pose)[AXES].astype(float)
    poses = run(Mixer(EMOTIONS, 3), AvatarState(emotions={name: 1.0}), 120, fps=10)[:, AXES]
    for axis in np.flatnonzero(np.abs(wish) > OWN_LEAST):
        along = poses[:, axis] * np.sign(wish[axis])
        assert np.mean(along > 0) > 0.97, MORPHS[AXES[axis]].name
        assert np.median(along) == pytest.approx(abs(wish[axis]), abs=0.3 * abs(wish[axis]) + 0.03)


def test_without_liveliness_only_breath_and_lids_move():
    still = AnimatorSettings(liveliness=0.0)
    poses = run(Mixer(EMOTIONS, 7), AvatarState({"sadness": 1.0}, settings=still), 60)
    moving = {MORPHS[i].name for i in np.flatnonzero(np.ptp(poses, axis=0) > 1e-6)}
    assert moving == {"breathing", "eye_wink_left", "eye_wink_right"}
    dead = AnimatorSettings(liveliness=0.0, blink_probability=0.0, breathing_cycle_duration=0.0)
    poses = run(Mixer(EMOTIONS, 7), replace(JOY, settings=dead), 10)
    joy, _ = settled(pose_from(EMOTIONS["joy"].pose), EMOTIONS["joy"].cels, CELS)
    assert poses == pytest.approx(np.tile(joy, (300, 1)), abs=1e-6)


def test_settings_that_change_in_motion_change_it_softly():
    lively, other = AnimatorSettings(), AnimatorSettings(
        liveliness=0.2, sway_morphs=("head_y",), breathing_cycle_duration=9.0, pose_interpolator_step=0.05
    )  # fmt: skip

    def story(t: float) -> AvatarState:
        return replace(JOY, settings=lively if t % 4 < 2 else other)

    slow = [i for i in range(45) if i not in (*range(12, 24), *IRIS)]  # lids and eyes are quick by nature
    assert np.abs(np.diff(run(Mixer(EMOTIONS, 7), story, 20)[:, slow], axis=0)).max() < 0.06


@pytest.mark.parametrize("name", list(EMOTIONS))
def test_poses_stay_in_range_and_blinks_never_open_an_eye(name: str):
    poses = run(Mixer(EMOTIONS, 3), AvatarState(emotions={name: 1.0}), 12, fps=25)
    assert (poses >= LOW).all() and (poses <= HIGH).all()
    assert poses[:, WINK].min() >= EMOTIONS[name].pose.get("eye_wink_left", 0.0) - 1e-6


def test_a_blink_closes_whatever_the_emotion_left_open():
    shut = ["eye_wink_left", "eye_happy_wink_left", "eye_relaxed_left"]
    whole = AnimatorSettings(blink_partial_probability=0.0)
    for name in EMOTIONS:
        poses = run(Mixer(EMOTIONS, 3), AvatarState(emotions={name: 1.0}, settings=whole), 16)
        assert poses[:, [INDEX[m] for m in shut]].sum(axis=1).max() >= 0.99, name


def test_overrides_win_over_every_layer_blinks_and_breathing_included():
    values = {m.name: round(float(m.high) * (0.1 + 0.02 * i), 3) % 1.0 for i, m in enumerate(MORPHS)}
    state = replace(
        JOY,
        overrides=values,
        cue=Cue(0.0, {"mouth_ooo": 1.0}, until=1e9),
        talking=True,
        gaze=Gaze((1.0, 1.0)),
        live_pose=LivePose({"eye_wink_left": 1.0, "head_x": -1.0}, 10.0),
    )
    poses = run(Mixer(EMOTIONS, 3), state, 30)
    assert (poses == pose_from(values)).all()


def test_overrides_win_over_what_is_said_as_well():
    mixer = Mixer(EMOTIONS, 3)
    mixer.lips.append(0.0, Timeline(3.0, (Segment(0.0, 3.0, MouthShape((0.9, 0, 0, 0, 0, 0))),)))
    poses = run(mixer, replace(JOY, overrides={"mouth_aaa": 0.125}), 3)
    assert (poses[:, INDEX["mouth_aaa"]] == 0.125).all()


def test_overrides_hold_cels_and_ones_the_character_lacks_do_no_harm():
    held = AvatarState({"love": 1.0}, overrides={"waver1": 0.0, "waver2": 0.0, "tears1": 0.5, "data4": 0.25})
    mixer = Mixer(EMOTIONS, 3, [cel for cel in CELS if cel != "data4"])
    blush = {name: value for name, value in EMOTIONS["love"].cels.items() if name.startswith("blush")}
    for n in range(60):
        assert mixer.appearance(held, n / 30).cels == pytest.approx({**blush, "tears1": 0.5})
    shown = [mixer.appearance(AvatarState({"love": 1.0}), 2 + n / 30).cels for n in range(60)]
    tears = np.array([cels.get("tears1", 0.0) for cels in shown])
    assert (np.diff(tears) <= 0).all() and 0 < tears[1] < 0.5 and tears[-1] == 0
    assert "waver1" in shown[-1] or "waver2" in shown[-1]


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
        gaze = Gaze((0.5, -0.5)) if t > 4 else None
        return AvatarState({"confusion": 0.7, "joy": 0.2}, 0.8, talking=t < 5, gaze=gaze)
    return replace(JOY, cue=Cue(0.0, {"mouth_iii": 0.5}, 8.0), overrides={"head_x": 0.1} if t > 9 else {})


def test_the_same_seed_and_story_give_the_same_poses_and_another_seed_others():
    assert (run(Mixer(EMOTIONS, 5), story, 12) == run(Mixer(EMOTIONS, 5), story, 12)).all()
    assert np.abs(run(Mixer(EMOTIONS, 5), story, 12) - run(Mixer(EMOTIONS, 6), story, 12)).max() > 0.2


def test_half_the_frame_rate_shows_the_same_life():
    full, half = run(Mixer(EMOTIONS, 5), story, 12, fps=60), run(Mixer(EMOTIONS, 5), story, 12, fps=30)
    # Away from the changes, whose first frame differs, and apart from what is as quick as a frame.
    settled = np.r_[0:88, 200:238, 285:355]
    calm = [i for i in range(45) if i not in (*IRIS, *range(INDEX["mouth_aaa"], INDEX["mouth_delta"] + 1))]
    assert half[np.ix_(settled, calm)] == pytest.approx(full[::2][np.ix_(settled, calm)], abs=0.02)


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
