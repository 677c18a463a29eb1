"""What is kept of an avatar makes the same avatar again, whatever it was told."""

import json
from dataclasses import replace
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.control.changes import Change, next_state
from avatar_rtc.control.kept_state import KEPT_TYPES, messages_of
from avatar_rtc.control.messages import EmotionSet, control_from
from avatar_rtc.control.state import AvatarState
from avatar_rtc.control.state_json import state_json
from avatar_rtc.face.activity import Activity
from avatar_rtc.face.gestures import load_gestures
from avatar_rtc.resources import resource
from tests.control.test_complaints import MESSAGES, SETTINGS

MORE = (
    {"type": "settings.set", "settings": SETTINGS},
    {"type": "settings.patch", "settings": {"sway_hair": 0.0}},
    {"type": "emotion.set", "weights": {"joy": 0.25}, "intensity": 0.5},
    {
        "type": "emotions.set",
        "emotions": {"Très chic!": {"title": "Chic", "pose": {"head_x": 1.0}}, "joy": {}},
    },
    {"type": "emotions.set", "emotions": {}},
    {"type": "gaze.set", "target": "away"},
    {"type": "gaze.set", "target": None},
    {"type": "data_eyes.set", "on": True},
    {"type": "crop.set", "left": 0.5, "enabled": False},
    {"type": "framing.set"},
    {"type": "chain.set", "chain": [["upscale", {"factor": 4.0}]]},
    {"type": "chain.set", "chain": [["bloom", {}]], "on": False},
    {"type": "setup.set", "crop": {"top": 0.25}, "chain": [], "backdrop": {"name": "night"}},
    {"type": "backdrop.set", "chain": "shared", "fit": "contain"},
    {"type": "pause.set", "on": False},
)
GESTURES_HERE = load_gestures(resource("assets", "gestures"))
TOLD = [
    control_from(m) for m in (*MESSAGES, *MORE) if not str(m["type"]).startswith(("speech.", "microphone."))
]


def after(state: AvatarState, message: object) -> AvatarState:
    if isinstance(message, EmotionSet):  # by the avatar's mood, after which it is this
        return replace(state, emotions=message.blend(), intensity=message.intensity)
    assert isinstance(message, get_args(Change))
    return next_state(state, message, 5.0, gestures=GESTURES_HERE)


def lasting(state: AvatarState) -> AvatarState:
    """Without what ends by itself or is of a moment, and without when its eyes began to show data."""
    eyes = state.data_eyes and replace(state.data_eyes, since=0.0)
    passing = replace(state, cue=None, live_pose=None, gestures=(), activity=Activity(), hearing=None)
    return replace(passing, data_eyes=eyes if eyes and eyes.on else None)


@settings(deadline=None)
@given(st.lists(st.sampled_from(TOLD), max_size=20), st.lists(st.sampled_from(TOLD), max_size=5))
def test_it_is_the_same_again_whatever_it_was_and_whatever_the_new_one_is(told: list, other: list) -> None:
    state, fresh = AvatarState(), AvatarState()
    for message in told:
        state = after(state, message)
    for message in other:
        fresh = after(fresh, message)
    kept = json.loads(json.dumps(messages_of(state)))
    for message in kept:
        fresh = after(fresh, control_from(message))
    assert state_json(lasting(fresh)) == state_json(lasting(state)) and fresh.templates == state.templates
    assert lasting(fresh) == lasting(state)
    assert messages_of(fresh) == messages_of(state)


def test_every_message_that_lasts_has_its_place() -> None:
    flow, patches = {"cue.set", "pose.set", "hearing.set"}, {"overrides.patch", "settings.patch"}
    of_a_moment, several = {"gesture.play", "activity.set"}, {"setup.set"}
    kinds = {model.model_fields["type"].default for model in (EmotionSet, *get_args(Change))}
    lasting_kinds = kinds - flow - patches - of_a_moment - several
    assert set(KEPT_TYPES) == lasting_kinds and len(set(KEPT_TYPES)) == len(KEPT_TYPES)
