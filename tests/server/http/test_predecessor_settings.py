"""Settings as the predecessor's files hold them, understood as far as can be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.control.changes import after_all
from avatar_rtc.control.former_settings import FormerSettings, translated
from avatar_rtc.control.messages import SettingsSet
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.server.http.compat.settings import feed_format, noted, our_settings
from avatar_rtc.stream.crop import MIN_SIDE


def test_settings_that_cannot_be_are_left_out_and_the_rest_is_kept():
    sent = {
        "format": "TGA",
        "target_fps": 30,
        "blink_probability": "often",
        "sway_morphs": ["head_x_index", "tail_index"],
        "crop": {"enabled": True, "left": 0.12, "top": 0.0, "right": 0.88, "bottom": 1.0, "colour": "red"},
        "blink_interval_min": 9.0,
        "backdrop_path": "/home/somebody/space.png",
        "animefx": [["x", {"cels": ["fx_heart1"]}], ["y", {"cels": ["blush1"]}], 5],
        "postprocessor_chain": [["bloom", {"name": "b"}], ["magic", {}], ["bloom", {"exposure": 1e9}]],
        "future_setting": {"a": 1},
    }
    understood = our_settings(sent)
    kept = understood.wanted
    assert (kept["target_fps"], kept["blink_probability"]) == (30.0, 0.03)
    assert kept["sway_morphs"] == ["head_x"]
    assert kept["crop"] == {"enabled": True, "left": 0.12, "top": 0.0, "right": 0.88, "bottom": 1.0}
    assert kept["blink_interval_min"] == 2.0 and "backdrop_path" not in kept
    assert [effect["name"] for effect in kept["animefx"]] == ["x"]
    assert [op for op, _ in kept["postprocessor_chain"]] == ["bloom"]
    assert [operation.name for operation in shown(kept).chain] == ["bloom"]
    said = "\n".join(understood.notes)
    for word in (
        "blink_probability",
        "sway_morphs",
        "crop.colour",
        "blink_interval",
        "magic",
        "future_setting",
    ):
        assert word in said, word


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("PNG", "png"), ("qoi", "qoi"), ("QOI", "qoi"), ("TGA", "tga"), ("IM", "png"), (5, "png")],
)
def test_the_feed_is_png_where_it_is_nothing_else(asked, sent):
    assert feed_format({"format": asked}) == sent and feed_format({}) == "png"
    is_known = str(asked).lower() == sent
    assert is_known == (f"format {asked!r}" not in "".join(our_settings({"format": asked}).notes))


def test_settings_are_replaced_as_a_whole():
    edges = {"left": 0.25, "right": 0.75}
    before = shown(
        our_settings(
            {"upscale": 2, "crop": {"enabled": True, **edges}, "postprocessor_chain": [["bloom", {}]]}
        ).wanted
    )
    assert [operation.name for operation in before.chain] == ["upscale", "bloom"] and before.crop.enabled
    assert shown(our_settings({"target_fps": 30}).wanted, before) == shown(
        {"target_fps": 30, "animefx_repeat": 0}
    )


def test_signs_of_a_client_of_the_predecessor_come_once_unless_it_asks():
    assert our_settings({}).wanted["animefx_repeat"] == 0
    assert our_settings({"animefx_repeat": 4}).wanted["animefx_repeat"] == 4


@pytest.mark.parametrize(
    ("sent", "kept", "told"),
    [
        ({"target_fps": 100}, {"target_fps": 60.0}, "target_fps"),
        ({"target_fps": 0}, {"target_fps": 1.0}, "target_fps"),
        ({"upscale": 9.0}, {"upscale": 4.0}, "upscale"),
        ({"talking_fps": -3}, {"talking_fps": 0.0}, "talking_fps"),
        ({"upscale_preset": "A"}, {"upscale": 1.0}, "upscale_preset"),
        (
            {"animefx": [{"name": "x", "duration": 1.0, "cels": ["fx_star1", "fx_star12"]}]},
            {"animefx": [{"name": "x", "enabled": True, "emotions": [], "type": "sequence", "fps": 6.0,
                          "duration": 1.0, "cels": ["fx_star1", "fx_star12"]}]},
            "",
        ),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_the_nearest_that_can_be_and_told(sent, kept, told):
    understood = our_settings(sent)
    assert {name: understood.wanted[name] for name in kept} == kept
    assert bool(understood.notes) == bool(told) and told in "".join(understood.notes)


@given(st.floats(0, 1), st.floats(-0.06, 0.3), st.booleans())
def test_edges_of_a_crop_are_kept_apart(at, gap, upright):
    low, high = ("top", "bottom") if upright else ("left", "right")
    given_ = {"enabled": True, low: at, high: min(max(at + gap, 0.0), 1.0)}
    understood = our_settings({"crop": given_})
    kept = understood.wanted["crop"]
    assert kept["enabled"] and 0.0 <= kept[low] <= kept[high] - MIN_SIDE and kept[high] <= 1.0
    roomy = given_[high] - given_[low] >= MIN_SIDE
    assert roomy == (not understood.notes) and (not roomy or kept[low] == given_[low])
    shown(understood.wanted)


def test_notes_fit_into_a_head():
    told = noted(our_settings({f"setting {n} 漢": n for n in range(5000)}).notes)
    assert len(told) <= 2048 and told.isascii() and len(json.loads(told)) > 5


def shown(settings, before=AvatarState()):  # noqa: B008  # frozen
    """The state once these settings are taken."""
    return after_all(before, translated(SettingsSet(settings=settings), before), 0.0)


def test_its_rate_is_25_where_nothing_is_said():
    assert our_settings({}).wanted["target_fps"] == 25.0


@pytest.mark.parametrize("value", [None, 5, "x", [], {"a": []}, [["bloom"]], [[[]]]])
@pytest.mark.parametrize("name", [*AnimatorSettings.model_fields, *FormerSettings.model_fields, "unknown"])
def test_whatever_a_setting_is_the_others_are_read(name, value):
    kept = our_settings({"liveliness": 0.5, name: value}).wanted
    assert shown(kept) and (name == "liveliness" or kept["liveliness"] == 0.5)
