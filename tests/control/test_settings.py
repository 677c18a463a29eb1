"""The animator's settings: defaults, ranges, and what is said of a fault."""

import json
import pickle
from typing import Any

import pytest

from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings, check_settings, schema, settings_json
from avatar_rtc.errors import AvatarRtcError, BadMessage, InputError, OutOfRange, UnknownName
from avatar_rtc.face.effects import Effect
from avatar_rtc.face.pose import MOUTH_OPEN
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.stream.crop import Crop

PREDECESSOR = {
    "format": "PNG", "upscale": 1.0, "upscale_preset": "C", "upscale_quality": "bicubic",
    "metrics_enabled": False, "crop": {"enabled": False, "left": 0, "top": 0, "right": 1, "bottom": 1},
    "pose_interpolator_step": 0.3, "blink_interval_min": 2.0, "blink_interval_max": 5.0,
    "blink_probability": 0.03, "blink_confusion_duration": 10.0, "talking_fps": 12,
    "talking_morph": "mouth_aaa_index",
    "sway_morphs": ["head_x_index", "head_y_index", "neck_z_index", "body_y_index", "body_z_index"],
    "sway_interval_min": 5.0, "sway_interval_max": 10.0, "sway_macro_strength": 0.6,
    "breathing_cycle_duration": 4.0, "eye_waver_fps": 12.0, "data_eyes_fps": 12.0,
    "data_eyes_fadeout_duration": 0.75, "animefx_enabled": True, "backdrop_path": None, "backdrop_blur": True,
}  # fmt: skip
"""Its built-in settings, but for four: the rate, effects, the tremor and the chain."""
DIFFER = {"target_fps", "animefx", "sway_micro_strength", "postprocessor_chain"}
OWN = {
    "liveliness", "emotion_speed", "blink_double_probability", "blink_partial_probability", "gaze_saccades",
    "eye_contact",
}  # fmt: skip


def test_names_and_defaults_are_the_predecessors() -> None:
    assert check_settings(PREDECESSOR) == DEFAULTS == check_settings({})
    assert AnimatorSettings.model_fields.keys() == PREDECESSOR.keys() | DIFFER | OWN


def test_a_file_of_the_predecessor_is_read() -> None:
    data = {
        **PREDECESSOR,
        "format": "qoi",
        "sway_micro_strength": 0.01,
        "animefx": [
            ["angervein", {"emotions": ["anger"], "type": "cycle_with_fadeout", "fps": 6, "duration": 1.0,
                           "cels": ["fx_angervein1", "fx_angervein2"]}],
            {"enabled": False, "emotions": ["joy"], "type": "sequence", "duration": 2, "cels": ["fx_heart1"]},
        ],
        "postprocessor_chain": [["bloom", {}], ["scanlines", {}]],
    }  # fmt: skip
    settings = check_settings(data)
    assert settings.animefx[0] == DEFAULTS.animefx[0]
    assert settings.animefx[1] == Effect(
        enabled=False, emotions=("joy",), type="sequence", duration=2.0, cels=("fx_heart1",)
    )
    assert settings.postprocessor_chain == check_chain([["bloom", {}], ["scanlines", {}]])
    assert settings.format == "QOI" and settings.sway_micro_strength == 0.01


def test_they_survive_the_wire_and_the_link() -> None:
    settings = check_settings(
        {"liveliness": 0.5, "emotion_speed": {"joy": 2}, "postprocessor_chain": [["bloom", {}]]}
    )
    for each in (settings, DEFAULTS):
        assert check_settings(json.loads(json.dumps(settings_json(each)))) == each
        assert pickle.loads(pickle.dumps(each)) == each
    assert settings != DEFAULTS


def nodes(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every declared property of the schema, with its name."""
    declared = [(f"{path}.{name}", prop) for name, prop in node.get("properties", {}).items()]
    return declared + [n for name, d in node.get("$defs", {}).items() for n in nodes(d, name)]


@pytest.mark.parametrize(("name", "declared"), nodes(schema()), ids=str)
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
        {"liveliness": 0}, {"gaze_saccades": 0}, {"eye_contact": 0}, {"pose_interpolator_step": 1},
        {"upscale": 1}, {"blink_double_probability": 0}, {"blink_partial_probability": 0},
        {"postprocessor_chain": []}, {"blink_interval_min": 0, "blink_interval_max": 0},
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
        ({"crop": {"lef": 0.5}}, UnknownName, "setting 'crop.lef'; did you mean 'crop.left'"),
        (
            {"animefx": [{"durration": 1}]},
            UnknownName,
            "'animefx.0.durration'; did you mean 'animefx.0.duration'",
        ),
        ({"animefx": [["x", {"type": "cycel"}]]}, UnknownName, "did you mean 'cycle'"),
        ({"animefx": [{"cels": ["fx_haert1"]}]}, UnknownName, "did you mean 'fx_heart1'"),
        ({"animefx": [{"cels": ["blush1"]}]}, UnknownName, "cel of an effect"),
        ({"animefx": [{"fps": 61}]}, OutOfRange, "animefx.0.fps is 61, but must lie in 0..60"),
        ({"animefx": 1}, InputError, "animefx is 1"),
        ({"talking_morph": "mouth_aab"}, UnknownName, "did you mean 'mouth_aaa'"),
        ({"sway_morphs": ["head_z"]}, UnknownName, "sway_morphs.0 'head_z'; did you mean 'head_"),
        ({"upscale_quality": "lows"}, UnknownName, "did you mean 'low'"),
        ({"format": "gif"}, UnknownName, "unknown format 'GIF'"),
        ({"postprocessor_chain": [["blom", {}]]}, UnknownName, "did you mean 'bloom'"),
        ({"postprocessor_chain": [["bloom", {"exposure": 99}]]}, OutOfRange, "bloom.exposure is 99"),
        ({"liveliness": 2.1}, OutOfRange, "liveliness is 2.1, but must lie in 0..2"),
        ({"target_fps": 0}, OutOfRange, "target_fps is 0, but must lie in 1..60"),
        ({"crop": {"bottom": 1.5}}, OutOfRange, "crop.bottom is 1.5, but must lie in 0..1"),
        ({"emotion_speed": {"joy": 0}}, OutOfRange, "emotion_speed.joy is 0, but must lie in 0.1..10"),
        ({"target_fps": "fast"}, InputError, "target_fps is 'fast'"),
        ({"eye_contact": float("nan")}, InputError, "eye_contact is nan"),
        ({"crop": 1}, InputError, "crop is 1"),
        ({"crop": {"left": 0.5, "right": 0.5}}, InputError, "crop.right must exceed crop.left by 0.0625"),
        ({"crop": {"top": 0.9, "bottom": 0.1}}, InputError, "crop.bottom must exceed crop.top"),
        ({"blink_interval_min": 6}, InputError, "blink_interval_min is 6, but must not exceed"),
        ({"sway_interval_max": 4}, InputError, "sway_interval_min is 5, but must not exceed"),
    ],
    ids=str,
)
def test_a_fault_is_named_and_so_is_what_was_meant(data: object, kind: type[Exception], says: str) -> None:
    with pytest.raises(AvatarRtcError, match=says) as caught:
        check_settings(data)
    assert type(caught.value) is kind


def test_a_crop_keeps_its_edges_while_it_is_off() -> None:
    edges = {"left": 0.25, "top": 0.0, "right": 0.75, "bottom": 1.0}
    off, on = (check_settings({"crop": {**edges, "enabled": enabled}}).crop for enabled in (False, True))
    own = Crop(bottom=0.5)
    assert off.over(own) == own and off.left == 0.25
    assert on.over(own) == Crop(0.25, 0.0, 0.75, 1.0)


@pytest.mark.parametrize(
    ("quality", "params"),
    [
        ("bicubic", {"factor": 2.0, "method": "bicubic"}),
        ("bilinear", {"factor": 2.0, "method": "bilinear"}),
        ("low", {"factor": 2.0, "method": "anime", "quality": "low"}),
        ("high", {"factor": 2.0, "method": "anime", "quality": "high"}),
    ],
)
def test_an_upscaler_is_an_operation(quality: str, params: dict[str, object]) -> None:
    settings = check_settings({"upscale": 2, "upscale_quality": quality})
    assert (settings.upscaler,) == check_chain([["upscale", params]])
    assert DEFAULTS.upscaler is None


def test_random_talking_can_open_any_of_the_open_mouths() -> None:
    for name in MOUTH_OPEN:
        assert check_settings({"talking_morph": name}).talking_morph == name
