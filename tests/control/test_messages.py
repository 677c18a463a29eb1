"""Control messages: what is taken, and what a refusal says."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES, json_object
from avatar_rtc.control.messages import (
    ChainSet,
    CueSet,
    DataEyesSet,
    EmotionSet,
    Ping,
    control_from,
)
from avatar_rtc.errors import AvatarRtcError, BadMessage, UnknownName
from avatar_rtc.face.visemes import NamedMouth


def read(text: str) -> object:
    return control_from(json_object(text))


def test_messages_are_read() -> None:
    assert read('{"type":"emotion.set","name":"joy","id":3}') == EmotionSet(name="joy", id=3)
    assert read('{"type":"ping"}') == Ping()
    assert read('{"type":"data_eyes.set","on":true}') == DataEyesSet(on=True)
    assert read('{"type":"chain.set","chain":[["upscale",{}]]}') == ChainSet(chain=[["upscale", {}]])


def test_a_blend_is_the_same_for_both_forms() -> None:
    assert EmotionSet(name="joy").blend() == EmotionSet(weights={"joy": 1}).blend() == {"joy": 1.0}


def test_cues_take_short_and_long_viseme_names() -> None:
    cue = CueSet(t_ms=5, visemes={"aaa": 0.8, "mouth_ooo": 0.1})
    assert cue.mouth() == NamedMouth({"mouth_aaa": 0.8, "mouth_ooo": 0.1}, {}, 0.0)


def test_our_own_names_in_a_cue_are_morphs_and_others_are_sounds() -> None:
    asked = CueSet(t_ms=5, visemes={"aaa": 0.4, "viseme_aa": 0.5, "closed": 0.25, "PP": 0.5}).mouth()
    assert asked.morphs == {"mouth_aaa": 0.4}
    assert asked.sounds == {"mouth_aaa": pytest.approx(0.5 * 0.85)}
    assert asked.closed == 0.5


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("", BadMessage, "not JSON"),
        ("[]", BadMessage, "JSON object"),
        ("{}", BadMessage, "emotion.set"),
        ('{"type": 5}', BadMessage, "type"),
        ('{"type": "emotoin.set"}', UnknownName, "emotion.set"),
        ('{"type": "emotion.set"}', BadMessage, "name"),
        ('{"type": "emotion.set", "name": "joy", "weights": {"joy": 1}}', BadMessage, "either"),
        ('{"type": "emotion.set", "name": "joy", "intensity": 2}', BadMessage, "intensity"),
        ('{"type": "emotion.set", "name": "joy", "intensity": NaN}', BadMessage, "no number"),
        ('{"type": "emotion.set", "name": "joy", "speed": 2}', BadMessage, "speed"),
        ('{"type": "data_eyes.set", "on": 1}', BadMessage, "on"),
        ("[" * 60_000, BadMessage, "values"),
        (" " * (MAX_MESSAGE_BYTES + 1), BadMessage, "at most"),
    ],
)
def test_refusals_name_the_fault(text: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        read(text)


def test_an_unknown_viseme_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="visemes: unknown viseme 'aaaa'; did you mean 'aaa'"):
        read('{"type": "cue.set", "t_ms": 0, "visemes": {"aaaa": 1}}')


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


# No deadline: a busy machine is no fault of the messages.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["emotion.set", "chain.set", "ping", "cue.set"]), st.dictionaries(st.text(), json_values)
)
def test_any_object_is_read_or_refused_with_a_sentence(kind: str, fields: dict[str, object]) -> None:
    try:
        read(json.dumps({**fields, "type": kind}))
    except AvatarRtcError as error:
        assert str(error)
