"""What words and tags mean as acts, and that their one written form is read as it was meant."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.face.gestures import GESTURES
from avatar_rtc.speech.acting.acts import (
    LOOK_TARGETS,
    Feeling,
    Gesture,
    Glance,
    Pause,
    TextAct,
    act_json,
    written,
)
from avatar_rtc.speech.acting.named import (
    ACT_KINDS,
    acts_in_token,
    acts_named,
    acts_of_object,
    expression_acts,
)
from avatar_rtc.speech.acting.words import MOST_ACTS, acts_told, meant_by
from avatar_rtc.speech.tags import strip_tags

SHARES = st.integers(0, 100).map(lambda percent: percent / 100)
TENTHS = st.integers(1, 99).map(lambda tenths: tenths / 10)
NAMES = st.sampled_from(("grumbly", "moon_walk", "ärger", "頷く"))
ASKED = st.one_of(
    st.builds(Feeling, st.sampled_from(EMOTIONS) | NAMES, SHARES, st.none() | TENTHS),
    st.builds(Gesture, st.sampled_from(GESTURES) | NAMES, SHARES),
    st.builds(Glance, st.sampled_from(list(LOOK_TARGETS)), TENTHS),
    st.builds(Pause, TENTHS),
)


def told(words: str) -> str:
    return written(acts_told(words))


@given(st.lists(ASKED, min_size=1, max_size=4))
def test_what_is_written_is_read_as_it_was_meant(acts: list[TextAct]) -> None:
    clean, tags = strip_tags(f"One {written(acts)} two")
    assert (clean, [tag.act for tag in tags]) == ("One two", acts)
    assert {tag.at for tag in tags} == {4}


@pytest.mark.parametrize(
    ("words", "acts"),
    [
        ("smiles softly", "[joy:0.5]"),
        ("rolls her eyes", "[look:away][annoyance:0.75]"),
        ("nods slowly", "[nod:0.5]"),
        ("she nodded", "[nod]"),
        ("laughs nervously, shaking his head", "[giggle][nervousness:0.75][shake]"),
        ("takes a deep breath", "[sigh]"),
        ("smiles sadly", "[sadness:0.75]"),
        ("wildly happy", "[joy]"),
        ("is utterly heartbroken", "[grief:0.75]"),
        ("shyly looks down", "[look:down][embarrassment:0.75]"),
        ("lacht leise", "[giggle:0.5][amusement:0.5]"),
        ("微微一笑", "[joy:0.5]"),
        ("首を横に振る", "[shake]"),
        ("手を振りながら", "[joy:0.75][tilt:0.5]"),
        ("한숨을 쉬며", "[sigh]"),
        ("long pause", "[pause:2]"),
        ("doesn't smile", ""),
        ("never nods", ""),
        ("in a low voice", ""),
        ("The door creaks.", ""),
        ("", ""),
    ],
)
def test_free_words_find_the_nearest_act(words: str, acts: str) -> None:
    assert told(words) == acts


@given(st.text(max_size=80))
def test_no_words_break_it_and_few_acts_come_of_one_direction(words: str) -> None:
    assert len(acts_told(words)) <= MOST_ACTS


@pytest.mark.parametrize(
    ("kind", "value", "acts"),
    [
        ("face", "happy", "[joy]"),
        ("emotion", "sad 0.5, 3s", "[sadness:0.5,3s]"),
        ("mood", "concerned, intensity: 70%", "[caring:0.7]"),
        ("exp", "smile", "[joy]"),
        ("motion", "nod", "[nod]"),
        ("motion", "Moon Walk", "[gesture:moon_walk]"),
        ("emotion", "blorp", "[emotion:blorp]"),
        ("gaze", "at the user", "[look:viewer]"),
        ("look", "sideways", ""),
        ("delay", "500ms", "[pause:0.5]"),
        ("pause", "", "[pause:1]"),
        ("wait", "1000", "[pause:10]"),
        ("表情", "生气", "[anger]"),
        ("emote", "42", ""),
    ],
)
def test_a_kind_and_a_value(kind: str, value: str, acts: str) -> None:
    assert written(acts_named(kind, value)) == acts


@given(st.sampled_from(sorted(ACT_KINDS)), st.text(max_size=40))
def test_no_value_breaks_a_kind(kind: str, value: str) -> None:
    acts_named(kind, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("emotion", "motion", "delay", "name", "intensity", "x")), inner)
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(("emotion", "motion", "delay", "intensity", "x")), JSON, max_size=3))
def test_no_object_breaks_it(data: dict[str, object]) -> None:
    acts_of_object(data)
    acts_in_token(f"ACT {json.dumps(data)}")


def test_an_object_that_is_not_well_formed_is_read_as_far_as_it_goes() -> None:
    assert written(acts_in_token("ACT {emotion: 'happy', motion: 'nod', ")) == "[joy][nod]"


@pytest.mark.parametrize(
    ("value", "mood", "acts"),
    [
        ("nods slowly", "", "[nod:0.5]"),
        ({"value": "smiles"}, "sad", "[joy]"),
        ({"expression": "tilts her head", "mood": "empathetic"}, "", "[caring][tilt]"),
        ('{"expression": "", "mood": "excited"}', "", "[excitement]"),
        ({"expression": 7}, "hopeful", "[optimism]"),
        ("{no json", "", ""),
        ("", "", ""),
    ],
)
def test_an_expression_beside_a_text(value: str | dict[str, object], mood: str, acts: str) -> None:
    assert written(expression_acts(value, mood)) == acts


@pytest.mark.parametrize("act", [Feeling("joy"), Gesture("nod"), Glance("away")])
def test_what_everybody_has_means_itself(act: Feeling | Gesture | Glance) -> None:
    assert meant_by(act) == ()


def test_acts_are_told_as_json() -> None:
    assert act_json(Feeling("joy", 0.5, 2.0)) == {"emotion": "joy", "strength": 0.5, "seconds": 2.0}
    assert act_json(Gesture("wink")) == {"gesture": "wink", "strength": 1.0}
    assert act_json(Glance("away")) == {"look": "away", "seconds": 1.5}
