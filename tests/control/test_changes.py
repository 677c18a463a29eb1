"""What messages make of a state: laws, without a server."""

import pickle
from contextlib import nullcontext
from dataclasses import asdict, replace

import pytest

from avatar_rtc.control.changes import Change, answer, check_sendable, next_state
from avatar_rtc.control.messages import (
    ChainSet,
    CropSet,
    CueSet,
    DataEyesSet,
    EmotionsSet,
    FramingSet,
    GazeSet,
    OverridesPatch,
    OverridesSet,
    PauseSet,
    PoseSet,
    SettingsPatch,
    SettingsSet,
    TalkingSet,
)
from avatar_rtc.control.settings import DEFAULTS, settings_json
from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import state_json
from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.framing import Head, Views, crop_for

BLANK = AvatarState()


def told(*messages: Change, t: float = 1.0) -> AvatarState:
    state = BLANK
    for message in messages:
        state = next_state(state, message, t)
    return state


def test_overrides_are_replaced_patched_and_let_go() -> None:
    held = told(OverridesSet(overrides={"head_x": 0.5, "blush1": 1.0}))
    assert held.overrides == {"head_x": 0.5, "blush1": 1.0}
    patched = next_state(held, OverridesPatch(overrides={"blush1": None, "eye_wink_left": 1.0}), 2.0)
    assert patched.overrides == {"head_x": 0.5, "eye_wink_left": 1.0}
    # One that is not held may be let go of.
    assert next_state(patched, OverridesPatch(overrides={"sweat1": None}), 2.0).overrides == patched.overrides
    assert next_state(patched, OverridesSet(overrides={}), 3.0).overrides == {}
    assert answer(patched, OverridesPatch(overrides={})) == {"overrides": patched.overrides}


@pytest.mark.parametrize("kind", [OverridesSet, OverridesPatch])
@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"eye_wnk_left": 1.0}, UnknownName, "did you mean 'eye_wink_left'"),
        ({"blush4": 1.0}, UnknownName, "did you mean 'blush"),
        ({"fx_heart1": 1.0}, UnknownName, "fx_heart1"),
        ({"mouth_aaa": -0.1}, OutOfRange, r"mouth_aaa is -0.1, but must lie in 0..1"),
        ({"head_x": 1.01}, OutOfRange, r"head_x is 1.01, but must lie in -1..1"),
        ({"tears1": 2.0}, OutOfRange, r"tears1 is 2, but must lie in 0..1"),
    ],
)
def test_overrides_that_cannot_be_name_the_nearest(kind, values, error, says) -> None:
    with pytest.raises(error, match=says):
        told(kind(overrides=values))


def test_an_unknown_override_cannot_even_be_let_go() -> None:
    with pytest.raises(UnknownName, match="mouth_aaa"):
        told(OverridesPatch(overrides={"mouth_aa": None}))


def test_settings_are_replaced_as_a_whole_or_changed_one_by_one() -> None:
    calm = told(SettingsSet(settings={"liveliness": 0.5, "blink_probability": 0.0}))
    assert (calm.settings.liveliness, calm.settings.blink_probability) == (0.5, 0.0)
    quick = next_state(calm, SettingsPatch(settings={"pose_interpolator_step": 0.8}), 2.0)
    assert (quick.settings.liveliness, quick.settings.pose_interpolator_step) == (0.5, 0.8)
    assert answer(quick, SettingsPatch(settings={})) == {"settings": settings_json(quick.settings)}
    assert state_json(quick)["settings"] == {
        "liveliness": 0.5, "blink_probability": 0.0, "pose_interpolator_step": 0.8,
    }  # fmt: skip
    assert next_state(quick, SettingsSet(settings={}), 3.0).settings == DEFAULTS


def test_a_crop_is_the_avatars_own_while_it_is_on() -> None:
    of_character = Crop(bottom=0.5)
    on = told(CropSet(left=0.25, right=0.75))
    off = next_state(on, CropSet(**{**asdict(on.crop), "enabled": False}), 2.0)
    assert on.crop.over(of_character) == Crop(0.25, 0.0, 0.75, 1.0)
    assert off.crop.over(of_character) == of_character == BLANK.crop.over(of_character)
    assert off.crop.left == 0.25, "edges wait"
    for state in (on, off):
        held = state_json(state)["crop"]
        assert isinstance(held, dict) and told(CropSet(**held)) == state
        assert answer(state, CropSet()) == {"crop": held}


def test_of_crop_and_framing_the_newest_counts() -> None:
    views, edges = Views(head=Head(0.5, 0.3, 0.09, 0.06, 0.2)), CropSet(left=0.25, right=0.75)
    framed_ = next_state(told(edges), FramingSet(name="face", headroom=0.2), 2.0)
    assert views.name(framed_.crop, framed_.framing) == "face"
    assert framed_.crop == replace(told(edges).crop, enabled=False), "edges wait"
    held = state_json(framed_)["framing"]
    assert held == {"name": "face", "headroom": 0.2} == answer(framed_, FramingSet())["framing"]
    cut_again = next_state(framed_, CropSet(left=0.125), 3.0)
    assert views.shown(cut_again.crop, cut_again.framing) == Crop(left=0.125)
    off = next_state(cut_again, CropSet(enabled=False), 4.0)
    assert views.shown(off.crop, off.framing) == views.shown(framed_.crop, framed_.framing)


def test_what_an_author_wishes_counts_until_a_framing_is_asked_for() -> None:
    views = Views(Crop(bottom=0.75), head=Head(0.5, 0.3, 0.09, 0.06, 0.2))
    assert views.shown(BLANK.crop, BLANK.framing) == Crop(bottom=0.75)
    bust = told(FramingSet(name="bust"))
    assert views.shown(bust.crop, bust.framing) == crop_for(views.head, "bust")
    back = next_state(bust, FramingSet(), 2.0)
    assert views.shown(back.crop, back.framing) == Crop(bottom=0.75)


@pytest.mark.parametrize(
    ("chain", "crop", "fps", "says"),
    [
        ([["upscale", {"factor": 4.0}]], CropSet(), 60.0, "2048x4096 at 60 fps is beyond H.264 level 5.1"),
        ([["upscale", {"factor": 4.0}]], CropSet(left=0.25, right=0.75), 60.0, ""),
        ([["upscale", {"factor": 4.0}]], CropSet(), 30.0, ""),  # just what level 5.1 takes
    ],
)
def test_pictures_that_could_not_be_sent_are_refused(chain, crop, fps, says) -> None:
    state = told(ChainSet(chain=chain), crop)
    with pytest.raises(InputError, match=says) if says else nullcontext():
        check_sendable(state, Views(FULL_FRAME), fps)


def test_a_rate_of_its_own_makes_room_for_a_large_picture() -> None:
    state = told(ChainSet(chain=[["upscale", {"factor": 4.0}]]), SettingsSet(settings={"target_fps": 20.0}))
    check_sendable(state, Views(FULL_FRAME), 60.0)


def test_emotions_of_an_avatars_own_are_absolute_and_small() -> None:
    given = {"smug": {"pose": {"mouth_smirk": 0.8, "head_x": 0.0}, "cels": {"blush1": 0.5, "tears1": 0.0}}}
    template = told(EmotionsSet(emotions=given)).templates["smug"]
    assert (template.pose, template.cels) == ({"mouth_smirk": 0.8}, {"blush1": 0.5})


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"pose": {"mouth_aab": 1.0}}, "did you mean 'mouth_aaa'"),
        ({"pose": {"mouth_aaa": 2.0}}, "must lie in 0..1"),
        ({"pose": {"mouth_aaa": 1.0, "mouth_aaa_index": 1.0}}, "there twice"),
        ({"cels": {"blsh1": 1.0}}, "did you mean 'blush1'"),
    ],
)
def test_emotions_that_cannot_be_are_refused(template, says) -> None:
    with pytest.raises(InputError, match=says):
        told(EmotionsSet(emotions={"smug": template}))


def test_gaze_talking_and_pause() -> None:
    state = told(GazeSet(target={"x": 0.5, "y": -1}), TalkingSet(on=True), PauseSet(on=True))
    assert (state.gaze, state.talking, state.paused) == (Gaze((0.5, -1.0)), True, True)
    shown = state_json(state)
    assert (shown["gaze"], shown["talking"], shown["paused"]) == ({"x": 0.5, "y": -1.0}, True, True)
    assert state_json(told(GazeSet(target="away")))["gaze"] == "away"
    assert told(GazeSet(target="away"), GazeSet(target=None)).gaze is None


def test_data_eyes_said_twice_keep_the_time_of_the_first() -> None:
    first = next_state(BLANK, DataEyesSet(on=True), 1.0)
    assert next_state(first, DataEyesSet(on=True), 5.0) is first
    assert next_state(BLANK, DataEyesSet(on=False), 5.0) is BLANK


@pytest.mark.parametrize(
    "at",
    [
        lambda t_ms: CueSet(t_ms=t_ms, visemes={"aaa": 0.5}),
        lambda t_ms: PoseSet(t_ms=t_ms, morphs={"head_x": 0.5}),
    ],
)
def test_what_is_overtaken_on_an_unordered_channel_is_dropped(at) -> None:
    first = next_state(BLANK, at(1000.0), 10.0)
    assert next_state(first, at(999.0), 10.1) is first
    newer = next_state(first, at(1001.0), 10.1)
    assert newer is not first
    # After half a second of nothing, a caller that starts over counts from 0 again.
    assert next_state(newer, at(1.0), 10.7) is not newer


def test_a_pose_of_blendshapes_is_morphs_and_named_morphs_win() -> None:
    message = PoseSet(t_ms=0, blendshapes={"eyeBlinkLeft": 1.0}, head=(0, 15, 0), morphs={"head_x": -0.5})
    held = next_state(BLANK, message, 3.0).live_pose
    assert held is not None and held.t == 3.0
    assert held.morphs["eye_wink_left"] == 1.0 and held.morphs["head_x"] == -0.5


def test_states_travel_and_the_default_settings_stay_the_same_object() -> None:
    state = pickle.loads(pickle.dumps(BLANK))
    assert state == BLANK and state.settings is DEFAULTS
    own = told(SettingsSet(settings={"liveliness": 0.5}))
    assert pickle.loads(pickle.dumps(own)) == own
