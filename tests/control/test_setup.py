"""A setup that was saved makes the same state again; the predecessor's files and presets are read, too."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.changes import Change, after_all, answer
from avatar_rtc.control.former_settings import translated
from avatar_rtc.control.messages import SetupSet, control_from
from avatar_rtc.control.setup import setup_json, setup_message
from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import state_json
from avatar_rtc.errors import AvatarRtcError, InputError, UnknownName
from tests.control.test_kept_state import GESTURES_HERE, TOLD, after

PARTS = ("settings", "framing", "crop", "chain", "chain_on", "backdrop")
OF_A_SETUP = [message for message in TOLD if isinstance(message, get_args(Change))]


def loaded(data: dict[str, Any], state: AvatarState) -> AvatarState:
    message = control_from(setup_message(data))
    assert isinstance(message, SetupSet)
    return after_all(state, translated(message, state), 1.0, gestures=GESTURES_HERE)


def made(told: list[Any]) -> AvatarState:
    state = AvatarState()
    for message in told:
        state = after(state, message)
    return state


@settings(deadline=None)
@given(st.lists(st.sampled_from(OF_A_SETUP), max_size=12), st.lists(st.sampled_from(OF_A_SETUP), max_size=12))
def test_it_is_the_same_again_whatever_the_other_was(told: list[Any], other: list[Any]) -> None:
    state, before = made(told), made(other)
    saved = json.loads(json.dumps(setup_json(state)))
    fresh = loaded(saved, before)
    assert setup_json(fresh) == saved and set(saved) == set(PARTS)
    untouched = {name: value for name, value in state_json(before).items() if name not in PARTS}
    assert {name: value for name, value in state_json(fresh).items() if name not in PARTS} == untouched
    message = control_from(setup_message(saved))
    assert isinstance(message, SetupSet) and answer(fresh, message) == saved


def test_what_is_not_named_stays() -> None:
    before = made(OF_A_SETUP)
    chain = [["desaturate", {"strength": 0.5}]]
    after_it = loaded({"title": "Grey", "description": "", "chain": chain}, before)
    assert [name for name, _ in setup_json(after_it)["chain"]] == ["desaturate"]  # type: ignore[attr-defined]
    assert replace(after_it, chain=(), chain_on=True) == replace(before, chain=(), chain_on=True)
    assert loaded({"crop": {"top": 0.5}}, before).crop.top == 0.5
    assert not loaded({"chain": chain, "chain_on": False}, before).shown_chain
    assert loaded({}, before) == before


def test_the_predecessors_file_is_read() -> None:
    """As its editor saves it: all in one table, names with _index, filters with a name of their own."""
    data = {
        "format": "QOI", "crop": {"left": 0.1, "top": 0.2, "right": 0.9, "bottom": 0.9, "enabled": True},
        "target_fps": 30.0, "talking_morph": "mouth_aaa_index", "sway_morphs": ["head_x_index"],
        "backdrop_path": "/home/x/y.png", "backdrop_blur": True, "upscale": 2.0, "upscale_quality": "bicubic",
        "postprocessor_chain": [["bloom", {"name": "bloom0"}]],
    }  # fmt: skip
    state = loaded(data, made(OF_A_SETUP))
    assert [operation.name for operation in state.chain] == ["upscale", "bloom"]
    assert (state.crop.left, state.crop.enabled) == (0.1, True)
    assert (state.settings.target_fps, state.settings.talking_morph) == (30.0, "mouth_aaa")
    again = loaded(json.loads(json.dumps(setup_json(state))), AvatarState())
    assert setup_json(again) == setup_json(state)


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        ({"setings": {}}, UnknownName, "did you mean"),
        ({"settings": {"livelines": 1}}, UnknownName, "liveliness"),
        ({"chain": [["blom", {}]]}, InputError, "bloom"),
        ({"chain": [], "colour": "red"}, InputError, "colour"),
        ({"backdrop": {"name": "dya"}}, UnknownName, "day"),
        ({"crop": {"left": 0.5, "right": 0.4}}, InputError, "crop.right"),
        ({"chain_on": "yes", "chain": []}, InputError, "chain_on"),
        ({"postprocessor_chain": [["blom", {}]]}, InputError, "bloom"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_taken(
    data: dict[str, Any], error: type[AvatarRtcError], says: str
) -> None:
    with pytest.raises(error) as told:
        loaded({"framing": {"name": "face"}, **data} if "settings" in data else data, AvatarState())
    assert says in str(told.value)
