"""The animator's settings: defaults, ranges, and what is said of a fault."""

import json
import pickle
from typing import Any

import pytest

from avatar_rtc.control.settings import (
    DEFAULTS,
    AnimatorSettings,
    check_settings,
    settings_json,
    settings_schema,
)
from avatar_rtc.errors import AvatarRtcError, BadMessage, InputError, OutOfRange, UnknownName
from avatar_rtc.face.effects import Effect
from avatar_rtc.face.pose import MOUTH_OPEN

PREDECESSOR = {
    "pose_interpolator_step": 0.3, "blink_interval_min": 2.0, "blink_interval_max": 5.0,
    "blink_probability": 0.03, "blink_confusion_duration": 10.0, "talking_fps": 12,
    "talking_morph": "mouth_aaa_index",
    "sway_morphs": ["head_x_index", "head_y_index", "neck_z_index", "body_y_index", "body_z_index"],
    "sway_interval_min": 5.0, "sway_interval_max": 10.0, "sway_macro_strength": 0.6,
    "breathing_cycle_duration": 4.0, "eye_waver_fps": 12.0, "data_eyes_fps": 12.0,
    "data_eyes_fadeout_duration": 0.75, "animefx_enabled": True,
}  # fmt: skip
"""Its built-in settings of motion, but for three: the rate, effects and the tremor."""
DIFFER = {"target_fps", "animefx", "sway_micro_strength"}
OWN = {
    "liveliness", "emotion_speed", "blink_double_probability", "blink_partial_probability", "gaze_saccades",
    "eye_contact", "sway_hair", "animefx_repeat", "articulation",
    "thinking_sound", "size", "in_betweens",
}  # fmt: skip


def test_names_and_defaults_are_the_predecessors() -> None:
    assert check_settings(PREDECESSOR) == DEFAULTS == check_settings({})
    assert AnimatorSettings.model_fields.keys() == PREDECESSOR.keys() | DIFFER | OWN


def test_a_file_of_the_predecessor_is_read() -> None:
    data = {
        **PREDECESSOR,
        "sway_micro_strength": 0.01,
        "animefx": [
            ["angervein", {"emotions": ["anger"], "type": "cycle_with_fadeout", "fps": 6, "duration": 1.0,
                           "cels": ["fx_angervein1", "fx_angervein2"]}],
            {"enabled": False, "emotions": ["joy"], "type": "sequence", "duration": 2, "cels": ["fx_heart1"]},
        ],
    }  # fmt: skip
    settings = check_settings(data)
    assert settings.animefx[0] == DEFAULTS.animefx[0]
    assert settings.animefx[1] == Effect(
        enabled=False, emotions=("joy",), type="sequence", duration=2.0, cels=("fx_heart1",)
    )
    assert settings.sway_micro_strength == 0.01


def test_they_survive_the_wire_and_the_link() -> None:
    settings = check_settings({"liveliness": 0.5, "emotion_speed": {"joy": 2}, "sway_morphs": ["head_x"]})
    for each in (settings, DEFAULTS):
        assert check_settings(json.loads(json.dumps(settings_json(each)))) == each
        assert pickle.loads(pickle.dumps(each)) == each
    assert settings != DEFAULTS


def nodes(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every declared property of the schema, with its name."""
    declared = [(f"{path}.{name}", prop) for name, prop in node.get("properties", {}).items()]
    return declared + [n for name, d in node.get("$defs", {}).items() for n in nodes(d, name)]


@pytest.mark.parametrize(("name", "declared"), nodes(settings_schema()), ids=str)
def test_every_setting_declares_help_and_a_range_that_holds_its_default(
    name: str, declared: dict[str, Any]
) -> None:
    assert len(declared["description"]) > 10, name
    if declared.get("type") in ("number", "integer"):
        assert declared["minimum"] <= declared["default"] <= declared["maximum"]


@pytest.mark.parametrize(
    "off",
    [
        {"blink_probability": 0}, {"blink_confusion_duration": 0}, {"talking_fps": 0}, {"sway_morphs": []},
        {"sway_macro_strength": 0}, {"sway_micro_strength": 0}, {"breathing_cycle_duration": 0},
        {"eye_waver_fps": 0}, {"data_eyes_fps": 0}, {"data_eyes_fadeout_duration": 0}, {"animefx": []},
        {"animefx_repeat": 0},
        {"liveliness": 0}, {"gaze_saccades": 0}, {"eye_contact": 0}, {"pose_interpolator_step": 1},
        {"blink_double_probability": 0}, {"blink_partial_probability": 0},
        {"blink_interval_min": 0, "blink_interval_max": 0},
    ],
    ids=str,
)  # fmt: skip
def test_everything_can_be_switched_off(off: dict[str, object]) -> None:
    check_settings(off)


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        ([], BadMessage, "settings are an object"),
        ({"livelines": 1}, UnknownName, "unknown setting 'livelines'; did you mean 'liveliness'"),
        ({"blink_interval_mn": 1}, UnknownName, "did you mean 'blink_interval_min'"),
        (
            {"animefx": [{"durration": 1}]},
            UnknownName,
            "'animefx.0.durration'; did you mean 'animefx.0.duration'",
        ),
        ({"animefx": [["x", {"type": "cycel"}]]}, UnknownName, "did you mean 'cycle'"),
        ({"animefx": [{"cels": ["fx haert1"]}]}, UnknownName, "did you mean 'fx_heart1'"),
        ({"animefx": [{"cels": ["blush1"]}]}, UnknownName, "cel of an effect"),
        ({"animefx": [{"fps": 61}]}, OutOfRange, "animefx.0.fps is 61, but must lie in 0..60"),
        ({"animefx": 1}, InputError, "animefx is 1"),
        ({"talking_morph": "mouth_aab"}, UnknownName, "did you mean 'mouth_aaa'"),
        ({"sway_morphs": ["head_z"]}, UnknownName, "sway_morphs.0 'head_z'; did you mean 'head_"),
        ({"liveliness": 2.1}, OutOfRange, "liveliness is 2.1, but must lie in 0..2"),
        ({"target_fps": 0}, OutOfRange, "target_fps is 0, but must lie in 1..60"),
        ({"emotion_speed": {"joy": 0}}, OutOfRange, "emotion_speed.joy is 0, but must lie in 0.1..10"),
        *(
            ({"size": it}, InputError, "512, 768, 1024, 1536 or 2048")
            for it in (700, 4096, None, "huge", True)
        ),
        ({"in_betweens": "of"}, UnknownName, "did you mean 'off'"),
        ({"target_fps": "fast"}, InputError, "target_fps is 'fast'"),
        ({"eye_contact": float("nan")}, InputError, "eye_contact is nan"),
        ({"blink_interval_min": 6}, InputError, "blink_interval_min is 6, but must not exceed"),
        ({"sway_interval_max": 4}, InputError, "sway_interval_min is 5, but must not exceed"),
    ],
    ids=str,
)
def test_a_fault_is_named_and_so_is_what_was_meant(data: object, kind: type[Exception], says: str) -> None:
    with pytest.raises(AvatarRtcError, match=says) as caught:
        check_settings(data)
    assert type(caught.value) is kind


def test_random_talking_can_open_any_of_the_open_mouths() -> None:
    for name in MOUTH_OPEN:
        assert check_settings({"talking_morph": name}).talking_morph == name
