"""One law for what an emotion does, whoever writes it down: a message, a file of emotions, a character."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.character import _about
from avatar_rtc.characters.parts import TOML
from avatar_rtc.control.messages import EmotionsSet, control_from
from avatar_rtc.errors import InputError
from avatar_rtc.face.emotions import EmotionTemplate
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
def test_breath_may_be_named_if_it_is_0(door: Door, breath: float) -> None:
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
        ({"pose": {"breathing": 0.5}}, "breathing is not an emotion's; it follows the clock"),
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
