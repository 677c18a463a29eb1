"""Laws of drawn mouths and eyes over time, for whatever an emotion, speech and a caller want."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.animation.face_cels import (
    COUNT,
    DISSOLVE,
    PART,
    PATIENCE,
    SHUT,
    SWITCH,
    FaceCels,
    Held,
    settled,
)
from avatar_rtc.animation.mixer import Appearance, Mixer
from avatar_rtc.animation.mouth import OPEN
from avatar_rtc.control.state import AvatarState, Cue, LivePose
from avatar_rtc.face.cels import CELS, EYE_CELS, FALLBACKS, MOUTH_CELS, REPLACING
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import INDEX, neutral, pose_from
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import MouthShape

N_EYES = len(EYE_CELS)
WINKS = [INDEX["eye_wink_left"], INDEX["eye_wink_right"]]
SMILE, FROWN, ARC = (REPLACING.index(name) for name in ("mouth_smile", "mouth_frown", "eyes_arc"))
STEPS = st.tuples(
    st.lists(st.floats(0, 1, width=32), min_size=COUNT, max_size=COUNT),
    st.booleans(),
    st.booleans(),
    st.dictionaries(st.sampled_from(REPLACING), st.floats(0, 1), max_size=2),
    st.integers(1, 12),
)
EMOTIONS = {
    "neutral": EmotionTemplate("neutral", {}, {}),
    "joy": EmotionTemplate("joy", {}, {"eyes_arc": 1.0, "mouth_smile": 1.0, "blush1": 0.4}),
    "anger": EmotionTemplate("anger", {"mouth_aaa": 0.6}, {"mouth_shout": 1.0}),
    "sadness": EmotionTemplate("sadness", {}, {"eyes_arc_sad": 1.0, "mouth_frown": 1.0}),
}
FIRST_AND_LAST = ("mouth_smile", "eyes_arc")
JOY = AvatarState(emotions={"joy": 1.0})


def wants(*slots: int) -> np.ndarray:
    strengths = np.zeros(COUNT, np.float32)
    strengths[list(slots)] = 1
    return strengths


def go(
    drawn: FaceCels, *slots: int, taken: bool = False, held: Held | None = None, dt: float = 1 / 30
) -> np.ndarray:
    drawn.advance(wants(*slots), held or Held(), REPLACING, mouth_is_taken=taken, lids_are_taken=False, dt=dt)
    return drawn.opacities()


def below(drawn: FaceCels) -> np.ndarray:
    pose = neutral()
    drawn.close_below(pose)
    return pose


def seconds_of(
    mixer: Mixer, state: AvatarState, start: float, end: float, fps: float = 30
) -> list[Appearance]:
    return [mixer.appearance(state, start + n / fps) for n in range(round((end - start) * fps))]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(STEPS, min_size=1, max_size=12),
    st.sampled_from([10, 24, 30, 60]),
    st.sets(st.sampled_from(REPLACING)),
)
def test_one_mouth_and_one_pair_of_eyes_and_never_an_arc_over_open_eyes(
    steps: list, fps: int, have: set[str]
) -> None:
    drawn, before = FaceCels(), np.zeros(COUNT, np.float32)
    for emotion, mouth_taken, lids_taken, cels, frames in steps:
        for _ in range(frames):
            drawn.advance(
                np.array(emotion, np.float32), Held(cels), have,
                mouth_is_taken=mouth_taken, lids_are_taken=lids_taken, dt=1 / fps,
            )  # fmt: skip
            found = drawn.opacities()
            assert (found[:N_EYES] > 0).sum() <= 1 and (found[N_EYES:] > 0).sum() <= 1
            assert found.min() >= 0 and found.max() <= 1
            assert {REPLACING[n] for n in np.flatnonzero(found)} <= have
            if found[:N_EYES].any():
                assert (below(drawn)[WINKS] == 1).all()
            # Nothing pops: not faster than its dissolve.
            assert np.abs(found - before)[N_EYES:].max() <= 1 / fps / DISSOLVE + 1e-6
            assert np.abs(found - before)[:N_EYES].max() <= 1 / fps / SWITCH + 1e-6
            before = found


@given(st.sampled_from([24.0, 30.0, 60.0]), st.sampled_from(range(N_EYES, 9)))
def test_a_mouth_gives_way_in_steps_down_and_waits_before_it_comes_back(fps: float, slot: int) -> None:
    drawn = FaceCels()
    go(drawn, slot, dt=10)
    assert drawn.opacities()[slot] == 1
    levels = [go(drawn, slot, taken=True, dt=1 / fps)[slot] for _ in range(round(0.3 * fps))]
    assert (np.diff([1, *levels]) <= 0).all() and levels[int(np.ceil(DISSOLVE * fps - 1e-6)) - 1] < 1e-6
    back = [go(drawn, slot, dt=1 / fps)[slot] for _ in range(round(fps))]
    assert not any(back[: int(PATIENCE * fps) - 1]) and (np.diff(back) >= 0).all()
    assert back[int(np.ceil((PATIENCE + DISSOLVE) * fps)) + 1] == 1


@pytest.mark.parametrize("pause", [0.05, 0.15, 0.29])
def test_short_pauses_do_not_make_it_flicker(pause: float) -> None:
    drawn = FaceCels()
    go(drawn, SMILE, dt=10)
    for taken in [True] * 30 + ([False] * int(pause * 100) + [True] * 20) * 5:
        level = go(drawn, SMILE, taken=taken, dt=0.01)[SMILE]
    assert level == 0


def test_another_mouth_comes_when_the_one_before_has_gone() -> None:
    drawn = FaceCels()
    go(drawn, SMILE, dt=10)
    levels = np.array([go(drawn, FROWN, dt=0.01)[[SMILE, FROWN]] for _ in range(60)])
    assert not (levels.min(1) > 0).any() and levels[-1].tolist() == [0, 1]


def test_lids_close_before_an_arc_and_open_after_it() -> None:
    drawn, fps = FaceCels(), 200
    come = [(go(drawn, ARC, dt=1 / fps)[ARC], below(drawn)[WINKS[0]]) for _ in range(100)]
    gone = [(go(drawn, dt=1 / fps)[ARC], below(drawn)[WINKS[0]]) for _ in range(100)]
    assert (np.diff(come, axis=0) >= 0).all() and (np.diff(gone, axis=0) <= 0).all()
    shutting = [lid for arc, lid in come if arc == 0]
    assert len([lid for lid in shutting if lid > 0]) == pytest.approx(SHUT * fps, abs=2)
    assert len([lid for arc, lid in gone if arc == 0 and lid > 0]) == pytest.approx(PART * fps, abs=2)
    assert come[-1] == (1, 1) and gone[-1] == (0, 0)


@given(st.lists(st.floats(-1, 1, width=32), min_size=45, max_size=45))
def test_a_face_that_wants_none_keeps_all_its_bits(values: list[float]) -> None:
    drawn, pose = FaceCels(), np.array(values, np.float32)
    for _ in range(3):
        go(drawn, taken=True)
        moved = pose.copy()
        drawn.stand_in(moved)
        drawn.close_below(moved)
        assert moved.tobytes() == pose.tobytes()


@pytest.mark.parametrize("name", REPLACING)
def test_without_the_cel_morphs_stand_in_and_with_it_they_do_not(name: str) -> None:
    pose, shown = settled(neutral(), {name: 1.0, "blush1": 0.5}, ["blush1"])
    assert shown == {"blush1": 0.5} and pose == pytest.approx(pose_from(FALLBACKS[name]))
    pose, shown = settled(neutral(), {name: 1.0}, CELS)
    closed = {"eye_wink_left": 1.0, "eye_wink_right": 1.0} if name in EYE_CELS else {}
    assert shown == {name: 1.0} and pose == pytest.approx(pose_from(closed))
    # What is too weak to show is hinted at.
    pose, shown = settled(neutral(), {name: 0.3}, CELS)
    assert not shown and pose == pytest.approx(0.3 * pose_from(FALLBACKS[name]), abs=1e-6)


@pytest.mark.parametrize("name", REPLACING)
def test_what_stands_in_leaves_all_other_morphs_where_they_are(name: str) -> None:
    turned = pose_from({"head_x": -0.6, "neck_z": -0.3, "iris_rotation_y": -0.4, "eyebrow_happy_left": 0.2})
    pose, _ = settled(turned, {name: 1.0}, [])
    assert pose == pytest.approx(turned + pose_from(FALLBACKS[name]))


def test_an_open_mouth_closes_below_a_drawn_one() -> None:
    pose, shown = settled(pose_from({"mouth_aaa": 0.8, "mouth_smirk": 0.5}), {"mouth_smile": 1.0}, CELS)
    assert shown == {"mouth_smile": 1.0}
    assert not pose[OPEN].any() and pose[INDEX["mouth_smirk"]] == 0.5


def test_speech_takes_the_mouth_by_its_first_sound_and_leaves_the_eyes() -> None:
    mixer = Mixer(EMOTIONS, 1)
    assert {"eyes_arc", "mouth_smile"} <= mixer.appearance(JOY, 0.0).cels.keys()
    sounds = (
        Segment(0.5, 1.0, MouthShape((1.0, 0, 0, 0, 0, 0))),
        Segment(1.25, 1.5, MouthShape((0, 0, 0, 0, 1.0, 0))),
    )
    mixer.lips.append(1.0, Timeline(1.5, sounds))
    before = seconds_of(mixer, JOY, 1.0, 1.36)
    assert all(each.cels["mouth_smile"] == 1 for each in before)
    during = seconds_of(mixer, JOY, 1.36, 2.6)
    speaking = [each for n, each in enumerate(during) if 1.36 + n / 30 > 1.5]
    assert all("mouth_smile" not in each.cels and each.cels["eyes_arc"] == 1 for each in speaking)
    assert max(each.pose[INDEX["mouth_aaa"]] for each in speaking) > 0.5
    assert seconds_of(mixer, JOY, 2.6, 3.4)[-1].cels["mouth_smile"] == 1


@pytest.mark.parametrize(
    "taking",
    [
        {"cue": Cue(0.0, {"mouth_aaa": 0.5}, 9.0)},
        {"talking": True},
        {"live_pose": LivePose({"mouth_aaa": 0.2}, 1.0)},
        {"overrides": {"mouth_iii": 0.4}},
    ],
    ids=lambda taking: next(iter(taking)),
)
def test_whatever_else_moves_the_mouth_has_it(taking: dict) -> None:
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(JOY, 0.9)
    shown = seconds_of(mixer, replace(JOY, **taking), 1.0, 1.3)[-1]
    assert "mouth_smile" not in shown.cels and shown.cels["eyes_arc"] == 1


@pytest.mark.parametrize(
    "taking",
    [{"live_pose": LivePose({"eye_wink_left": 0.2}, 1.0)}, {"overrides": {"eye_wink_left": 0.0}}],
    ids=lambda taking: next(iter(taking)),
)
def test_whatever_else_moves_the_lids_has_them(taking: dict) -> None:
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(JOY, 0.9)
    shown = seconds_of(mixer, replace(JOY, **taking), 1.0, 1.4)[-1]
    assert "eyes_arc" not in shown.cels and shown.cels["mouth_smile"] == 1


def test_a_held_cel_goes_before_the_emotions_and_before_speech() -> None:
    mixer = Mixer(EMOTIONS, 1)
    mixer.appearance(JOY, 0.9)
    held = replace(JOY, overrides={"mouth_cat": 1.0, "mouth_wavy": 0.5, "blush1": 1.0}, talking=True)
    shown = seconds_of(mixer, held, 1.0, 2.0)[-1].cels
    assert {name: shown.get(name) for name in (*MOUTH_CELS, "blush1") if name in shown} == {
        "mouth_cat": 1.0, "blush1": 1.0,
    }  # fmt: skip
    gone = replace(JOY, overrides={"mouth_smile": 0.0})
    assert seconds_of(mixer, gone, 2.0, 3.0)[-1].cels.keys().isdisjoint(MOUTH_CELS)
    half = replace(JOY, overrides={"mouth_pout": 0.5})
    assert seconds_of(mixer, half, 3.0, 4.0)[-1].cels["mouth_pout"] == 0.5


def test_eyes_do_not_blink_under_an_arc() -> None:
    mixer = Mixer(EMOTIONS, 1)
    for each in seconds_of(mixer, JOY, 0.0, 20.0):
        assert each.cels["eyes_arc"] == 1 and (each.pose[WINKS] == 1).all()


def test_it_does_not_depend_on_the_frame_rate() -> None:
    arrivals = []
    for fps in (20, 50, 200):
        mixer = Mixer(EMOTIONS, 1)
        mixer.appearance(AvatarState(emotions={"neutral": 1.0}), 0.0)
        shown = [each.cels for each in seconds_of(mixer, JOY, 1 / fps, 1.0, fps)]
        arrivals.append(
            [
                next(n + 1 for n, cels in enumerate(shown) if cels.get(name) == 1) / fps
                for name in FIRST_AND_LAST
            ]
        )
    assert np.ptp(np.array(arrivals), axis=0).max() <= 1 / 20 + 0.005
