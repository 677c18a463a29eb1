"""Whatever comes in and cannot be: every door says where, what is wrong and what is wanted."""

import json
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.characters.character import build_character
from avatar_rtc.characters.parts import TOML
from avatar_rtc.config import Config, load_config
from avatar_rtc.control.messages import ControlMessage, control_from
from avatar_rtc.control.settings import check_settings
from avatar_rtc.errors import InputError, OutOfRange, UnknownName
from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.server.http.bodies import check_model
from avatar_rtc.server.http.compat.imagefx import Enlarge, Process
from avatar_rtc.server.http.routes.audio import read_units
from avatar_rtc.server.http.routes.avatars import AvatarCreate, DistillationStart

NO_WORDS = re.compile(
    r"pydantic|https?://errors|\b[a-z]+_(type|parsing|forbidden|error|equal|schema)\b"
    r"|Input should|Extra inputs|Field required|input_value|<class|Traceback|function-"
    r"|\bdict\b|\bstr\b|\bNone\b|\bNoneType\b"
)
"""What only Python or pydantic would say."""
WANTED = re.compile(
    r"wanted|Wanted|must|did you mean|is missing|give |at most|goes with|follows the clock"
    r"|is \[name|are an object"
)
MESSAGES: tuple[dict[str, Any], ...] = (
    {"type": "emotion.set", "name": "joy", "intensity": 0.5, "hold_ms": 100},
    {"type": "emotion.set", "weights": {"joy": 0.5, "anger": 0.25}},
    {"type": "emotions.set", "emotions": {"smug": {"pose": {"mouth_smirk": 0.5}, "cels": {"blush1": 0.5}}}},
    {"type": "overrides.set", "overrides": {"head_x": 0.5, "blush1": 1.0}},
    {"type": "overrides.patch", "overrides": {"eye_wink_left": 0.5}},
    {"type": "gaze.set", "target": {"x": 0.5, "y": -0.5}},
    {"type": "gesture.play", "name": "nod", "strength": 0.5},
    {"type": "gestures.set", "gestures": {"bow": {"tracks": {"head_x": [[0, 0], [0.5, -0.8], [1, 0]]}}}},
    {"type": "activity.set", "name": "thinking", "hold_ms": 500},
    {"type": "hearing.set", "level": 0.5, "voice": True},
    {"type": "microphone.set", "mode": "listen"},
    {"type": "talking.set", "on": True},
    {"type": "pause.set", "on": True},
    {"type": "still.set", "values": {"head_x": 0.5, "blush1": 1.0}},
    {"type": "framing.set", "name": "face", "headroom": 0.1},
    {"type": "crop.set", "left": 0.25, "right": 0.75, "enabled": True},
    {"type": "data_eyes.set", "on": False},
    {"type": "chain.set", "chain": [["bloom", {"exposure": 1.5}], ["upscale", {"factor": 2.0}]]},
    {
        "type": "backdrop.set",
        "name": "day",
        "colour": "#204060",
        "blur": 3.0,
        "chain": [["bloom", {"sigma": 2.0}]],
    },
    {"type": "cue.set", "t_ms": 5.0, "visemes": {"aaa": 0.5}},
    {"type": "pose.set", "t_ms": 5.0, "morphs": {"head_x": 0.5}},
    {"type": "pose.set", "t_ms": 5.0, "blendshapes": {"jawOpen": 0.5}, "head": [1.0, 2.0, 3.0]},
    {"type": "speech.say", "text": "Hello", "voice": "x", "speed": 1.5, "narration": "skip", "more": False},
    {"type": "speech.append", "speech_id": "a", "text": "b", "more": True},
    {"type": "speech.stop", "speech_id": "a"},
)
SETTINGS = {
    "liveliness": 0.5, "size": 1024, "in_betweens": "on",
    "target_fps": 30.0, "emotion_speed": {"joy": 2.0}, "talking_morph": "mouth_aaa",
    "animefx": [{"name": "x", "type": "cycle", "fps": 3.0, "cels": ["fx_heart1"]}], "animefx_enabled": False,
}  # fmt: skip


def built(toml: dict[str, Any]) -> object:
    return build_character("mina", {"character.png": b"", TOML: "\n".join(toml_lines(toml)).encode()}, {})


def toml_lines(table: dict[str, Any], path: str = "") -> list[str]:
    """A table as TOML."""
    lines = [f"{json.dumps(k)} = {as_toml(v)}" for k, v in table.items() if not isinstance(v, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = f"{path}{json.dumps(key)}"
            lines += [f"[{inner}]", *toml_lines(value, f"{inner}.")]
    return lines


def as_toml(value: object) -> str:
    if value is None:
        return "false"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def configured(tmp_path: Path) -> Callable[[dict[str, Any]], object]:
    def check(data: dict[str, Any]) -> object:
        file = tmp_path / "avatar.toml"
        file.write_text("\n".join(toml_lines(data)))
        return load_config(file)

    return check


def stored_emotion(tmp_path: Path) -> Callable[[dict[str, Any]], object]:
    def check(data: dict[str, Any]) -> object:
        (tmp_path / "smug.json").write_text(json.dumps(data))
        return load_emotions(tmp_path)

    return check


TOML_DATA = {
    "voice": "x", "default_emotion": "joy", "crop": {"left": 0.25, "right": 0.75},
    "emotions": {"fear": {"pose": {"head_x": 0.5}}}, "own_emotions": {"smug": {"cels": {"blush1": 0.5}}},
    "settings": {"liveliness": 0.5},
}  # fmt: skip
CONFIG = {
    "port": 8080, "animator": "static", "fps": 30, "allowed_hosts": ["a.example"],
    "stun_urls": ["stun:a.example"],
    "speech": {"speed": 1.5, "voicevox_url": "http://a"}, "limits": {"connections": 100, "body_s": 10.0},
}  # fmt: skip
EMOTION = {"pose": {"mouth_smirk": 0.5, "head_x": -0.5}, "cels": {"blush1": 0.5}}
UNITS = [{"t": 0, "d": 100, "w": "Over"}, {"t": 100, "d": 50, "w": "here"}]


def broken(data: Any, pick: random.Random) -> tuple[Any, tuple[Any, ...]]:
    """The data with one thing in it that may not be, and the path of that."""
    places = [path for path in paths(data) if path[-1] != "type" or len(path) > 1]
    path = pick.choice(places)
    copied = json.loads(json.dumps(data))
    node = copied
    for step in path[:-1]:
        node = node[step]
    match pick.randrange(4):
        case 0:
            node[path[-1]] = pick.choice(
                [1e9, -1e9, "Nonsense word", [[[]]], {"x1": {"y1": []}}, [None], 10**400]
            )
        case 1 if isinstance(node, dict):
            node[f"{path[-1]}x!"] = node.pop(path[-1])
        case 2 if isinstance(node, dict):
            node["zzz"] = pick.choice([1, "a", None, []])
        case _:
            node[path[-1]] = pick.choice([None, {}, [], -7, "", "~" * 500, {"a": None}])
    return copied, path


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    here = [path] if path else []
    return here + [below for key, value in items for below in paths(value, (*path, key))]


def doors(tmp_path: Path) -> dict[str, tuple[Callable[[Any], object], Any]]:
    found: dict[str, tuple[Callable[[Any], object], Any]] = {
        f"message {number}": (control_from, message) for number, message in enumerate(MESSAGES)
    }
    bodies: dict[type[BaseModel], dict[str, Any]] = {
        AvatarCreate: {
            "id": "guest",
            "animator": "static",
            "settings": {"liveliness": 0.5},
            "emotion": "joy",
        },
        DistillationStart: {"quality": "good"},
        Process: {"format": "png", "filters": [["bloom", {"sigma": 2.0}]]},
        Enlarge: {"upscaled_width": 256, "upscaled_height": 256, "quality": "low"},
    }
    for model, body in bodies.items():
        found[model.__name__] = (partial(check_model, model), body)
    return found | {
        "settings": (check_settings, SETTINGS),
        "chain": (check_chain, [["bloom", {"exposure": 1.5}], ["chroma_subsample", {"mode": "digital"}]]),
        "timings": (lambda data: read_units(json.dumps(data)), UNITS),
        "character.toml": (built, TOML_DATA),
        "emotion": (stored_emotion(tmp_path), EMOTION),
        "config": (configured(tmp_path), CONFIG),
    }


def told_of(check: Callable[[Any], object], data: Any) -> InputError | None:
    try:
        check(data)
    except InputError as error:
        return error
    return None


def test_every_door_says_where_and_what_is_wanted(tmp_path: Path) -> None:
    """200 made-up faults at each."""
    pick = random.Random(15)
    for door, (check, data) in doors(tmp_path).items():
        refused = 0
        for _ in range(200):
            wrong, path = broken(data, pick)
            error = told_of(check, wrong)
            if error is None or "image file" in str(error):  # the picture, which comes after the toml
                continue
            refused += 1
            said = str(error)
            where = f"{door}: {wrong} → {said}"
            assert not NO_WORDS.search(said), where
            assert WANTED.search(said), where
            assert len(said) < 700 and "\n" not in said, where
            steps = [str(step) for step in path if isinstance(step, str)]
            assert not steps or any(step in said for step in (*steps, "zzz")), where
        assert refused > 40, (door, refused)


def test_every_message_is_among_the_doors() -> None:
    types = {model.model_fields["type"].default for model in get_args(ControlMessage)}
    # `ping` takes nothing, settings have a door of their own, and a setup is made of the others.
    told = {message["type"] for message in MESSAGES}
    assert told == types - {"ping", "settings.set", "settings.patch", "setup.set"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_of_every_operation_tells_its_range_and_nearest(name: str) -> None:
    for key, declared in OPERATIONS[name].model_json_schema()["properties"].items():
        if "minimum" in declared:
            with pytest.raises(
                OutOfRange, match=rf"{name}\.{key} is 1e\+09, but must lie in {declared['minimum']:g}\.\."
            ):
                check_chain([[name, {key: 1e9}]])
        with pytest.raises(UnknownName, match=rf"'{name}\.{key}q'; did you mean '{name}\.{key}'"):
            check_chain([[name, {f"{key}q": 1}]])


def test_every_setting_with_a_range_tells_it() -> None:
    for name, declared in Config.model_json_schema()["properties"].items():
        if "minimum" in declared and "maximum" in declared:
            with pytest.raises(
                OutOfRange, match=rf"^{name} is -1e\+06, but must lie in {declared['minimum']:g}\.\."
            ):
                load_config(None, **{name: -1_000_000})


@pytest.mark.parametrize("secret", [7, ["hush"], {"hush": 1}])
def test_secrets_are_never_shown(secret: object) -> None:
    with pytest.raises(InputError, match=r"turn\.secret") as told:
        load_config(None, turn={"urls": ["turn:a.example"], "secret": secret})
    assert "hush" not in str(told.value) and "7" not in str(told.value)
