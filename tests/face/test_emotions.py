"""One law for what an emotion does, whoever writes it down: a message, a file of emotions, a character."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.character import _about
from avatar_rtc.characters.parts import TOML
from avatar_rtc.control.messages import EmotionSet, EmotionsSet, control_from
from avatar_rtc.control.state import HELD, check_overrides
from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import EmotionTemplate, emotion_id
from avatar_rtc.face.pose import MORPH_RANGES, MORPHS
from avatar_rtc.intake.names import check_name, is_name

Door = Callable[[Mapping[str, Any]], EmotionTemplate]


def by_message(data: Mapping[str, Any]) -> EmotionTemplate:
    message = control_from({"type": "emotions.set", "emotions": {"smug": data}})
    assert isinstance(message, EmotionsSet)
    return message.templates()["smug"]


def by_character(data: Mapping[str, Any]) -> EmotionTemplate:
    lines = [
        f"[own_emotions.smug.{part}]\n" + "\n".join(f"{k} = {v}" for k, v in values.items())
        for part, values in data.items()
    ]
    return _about({TOML: "\n".join(lines).encode()}).own_emotions["smug"].template("smug")


@pytest.fixture(params=["message", "file", "character"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    def by_file(data: Mapping[str, Any]) -> EmotionTemplate:
        (tmp_path / "smug.json").write_text(json.dumps(data))
        return load_emotions(tmp_path)["smug"]

    doors: dict[str, Door] = {"message": by_message, "file": by_file, "character": by_character}
    return doors[request.param]


@pytest.mark.parametrize("breath", [0, 0.0])
def test_breath_may_be_named_and_is_left_out(door: Door, breath: float) -> None:
    found = door(
        {
            "pose": {"mouth_smirk": 0.5, "breathing": breath, "head_x": 0},
            "cels": {"blush1": 0.25, "tears1": 0},
        }
    )
    assert found == EmotionTemplate("smug", {"mouth_smirk": 0.5}, {"blush1": 0.25})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"pose": {"breathing": 1.5}}, "breathing is 1.5, but must lie in 0..1"),
        ({"pose": {"mouth_smrk": 1}}, "unknown morph 'mouth_smrk'; did you mean 'mouth_smirk'?"),
        ({"pose": {"head_x": -1.5}}, "head_x is -1.5, but must lie in -1..1"),
        ({"cels": {"blush1": 2}}, "blush1 is 2, but must lie in 0..1"),
    ],
)
def test_each_door_says_the_same(door: Door, data: Mapping[str, Any], says: str) -> None:
    with pytest.raises(InputError) as told:
        door(data)
    assert str(told.value).endswith(says) and next(iter(data)) in str(told.value)


@pytest.mark.parametrize("text", ["a", "-", "0_9", "x" * 64])
def test_names(text: str) -> None:
    assert is_name(text) and check_name(text) == text


@pytest.mark.parametrize("text", ["", "A", "a b", "a/b", "a\n", "é", "x" * 65, ".."])
def test_what_is_no_name(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(InputError, match="cannot be a name; wanted are 1 to 64 of a-z"):
        check_name(text)


@given(st.text(min_size=1, max_size=64))
@example(":" * 64)  # by its code points it is longer than a name may be
def test_the_id_of_an_id_is_itself_and_a_plain_word(name: str) -> None:
    if not name.strip():
        with pytest.raises(InputError, match="1 to 64"):
            emotion_id(name)
        return
    known = emotion_id(name)
    assert emotion_id(known) == known and 1 <= len(known) <= 64
    assert all(sign.isalnum() or sign in "_-" or unicodedata.category(sign)[0] in "MN" for sign in known)


@given(st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True).filter(lambda name: name.strip("_") == name))
def test_a_name_of_before_is_its_own_id(name: str) -> None:
    assert emotion_id(name) == ("zero" if name == "reset" else name)


def test_free_names_are_known_by_ids_and_keep_their_titles() -> None:
    message = EmotionsSet(emotions={"My Emotion!": {"pose": {"mouth_aaa_index": 1}}, "joy": {"pose": {}}})
    found = message.templates()
    assert list(found) == ["my_emotion", "joy"] and found["my_emotion"].pose == {"mouth_aaa": 1.0}
    assert [each.title for each in found.values()] == ["My Emotion!", ""]
    told = {name: {"title": each.title, **each.json()} for name, each in found.items()}
    again = EmotionsSet(emotions=told)
    assert again.templates() == found
    with pytest.raises(InputError, match="two emotions have the id 'my_emotion'"):
        EmotionsSet(emotions={"My Emotion!": {}, "my emotion": {}})
    assert EmotionSet(name="MY EMOTION").blend() == {"my_emotion": 1.0}
    assert EmotionSet(weights={"[reset]": 0.5, "Joy": 0.5}).blend() == {"zero": 0.5, "joy": 0.5}


@given(st.dictionaries(st.sampled_from([m.name for m in MORPHS]), st.floats(0, 1), max_size=12), st.data())
def test_morphs_are_read_with_their_former_ending(pose: dict[str, float], data: st.DataObject) -> None:
    former = {name + data.draw(st.sampled_from(["", "_index"])): value for name, value in pose.items()}
    assert MORPH_RANGES.check(former) == pose and check_overrides(former) == pose
    changes = HELD.check_changes({**dict.fromkeys(former), "blush1": None})
    assert changes == {**dict.fromkeys(pose), "blush1": None}
