"""Messages, settings, filters and files as the pages tell them, against the models that take them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from avatar_rtc.characters import character
from avatar_rtc.characters.character import build_character
from avatar_rtc.characters.parts import PICTURE, TOML
from avatar_rtc.config import Config, load_config
from avatar_rtc.control.messages import ControlMessage, control_from
from avatar_rtc.control.settings import AnimatorSettings, settings_schema
from avatar_rtc.face.emotions import EMOTIONS
from avatar_rtc.filters_schema.chain import OPERATIONS, check_chain
from avatar_rtc.filters_schema.presets import load_presets
from tests.documents import DOCS, ROOT, TOLD, blocks, code, named, objects, rows

TYPES = {str(model.model_fields["type"].default): model for model in get_args(ControlMessage)}


def events() -> set[str]:
    """What the server tells or takes beside the control messages, from its sources."""
    sources = (ROOT / "avatar_rtc" / "server").rglob("*.py")
    told = re.compile(r'"((?:speech|gesture|hearing)\.[a-z]+)"')
    return {found for file in sources for found in told.findall(file.read_text())}


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_message_types_exist(page: Path) -> None:
    nouns = "|".join(sorted({name.partition(".")[0] for name in TYPES if "." in name}))
    for line in code(page):
        for name in re.findall(rf"(?<![\w./])((?:{nouns})\.[a-z_]+)\b(?![(/.])", line):
            if name.rpartition(".")[2] not in ("py", "md", "json", "toml", "png"):
                is_key = name.partition(".")[0] == "speech" and name.partition(".")[2] in config_keys(
                    "speech"
                )
                assert name in TYPES or name in events() or is_key, f"{named(page)}: {name}"


def test_every_message_is_told_with_every_field() -> None:
    text = (DOCS / "control.md").read_text() + (DOCS / "speak.md").read_text()
    for name, model in TYPES.items():
        assert f'"{name}"' in text or f"`{name}`" in text, name
        missing = [field for field in model.model_fields if f"{field}" not in text]
        assert missing == [], name


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_messages_that_are_shown_are_taken(page: Path) -> None:
    for found in objects("\n".join(code(page))):
        if found.get("type") in TYPES:
            control_from(found)
            if isinstance(found.get("chain"), list):
                check_chain(found["chain"])


def test_flowing_messages_that_are_shown_are_taken() -> None:
    shown = [each for each in objects("\n".join(code(DOCS / "control.md"))) if "t_ms" in each]
    assert len(shown) >= 3
    for each in shown:
        control_from({"type": "cue.set" if "visemes" in each else "pose.set", **each})


def shown_range(declared: dict[str, Any]) -> str:
    return f"{declared['minimum']:g}..{declared['maximum']:g}"


def test_animator_settings_are_told_as_they_are() -> None:
    told, defaults = rows("control.md"), AnimatorSettings().model_dump(mode="json")
    for key, declared in settings_schema()["properties"].items():
        default, limits, *_ = told[key]
        if default.startswith("`"):
            assert json.loads(default.strip("`")) == defaults[key], key
        if "minimum" in declared:
            assert limits == shown_range(declared), key
        for choice in declared.get("enum", ()):
            assert f"`{choice}`" in limits, key


def config_keys(section: str = "") -> dict[str, Any]:
    model: Any = getattr(Config(), section) if section else Config()
    return dict(model.model_dump(mode="json"))


def declared_in(section: str) -> dict[str, Any]:
    model: type[BaseModel] = type(getattr(Config(), section)) if section else Config
    return dict(model.model_json_schema()["properties"])


def test_the_settings_of_the_server_are_told_as_they_are() -> None:
    told = rows("deploy.md") | rows("security.md")
    expected = set()
    for section in ("", "access", "turn", "speech", "openai", "limits"):
        declared = declared_in(section)
        for key, default in config_keys(section).items():
            if isinstance(default, dict) and not section:
                continue
            full = f"{section}.{key}" if section else key
            expected.add(full)
            assert full in told, f"{full} is nowhere told"
            shown, limits, *_ = told[full]
            assert (shown == "none") if default is None else json.loads(shown.strip("`")) == default, full
            if "minimum" in declared[key]:
                low, high = limits.split("..")
                assert float(low) == declared[key]["minimum"], full
                assert float(high) == declared[key]["maximum"], full
    sections = {key for key in told if re.match(r"(access|turn|speech|openai|limits)\.", key)}
    assert sections <= expected


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_toml_is_taken(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        tomllib.loads(block)
        if block.startswith("# character.toml"):
            picture = (ROOT / "assets" / "characters" / "placeholder" / "character.png").read_bytes()
            character = build_character("mina", {PICTURE: picture, TOML: block.encode()}, {})
            assert character.default_emotion in (*EMOTIONS, *character.own_emotions)
        else:
            file = tmp_path / "avatar.toml"
            file.write_text(block)
            load_config(file)


def test_every_key_of_a_character_is_told() -> None:
    (block,) = blocks(DOCS / "characters.md", "toml")
    assert set(tomllib.loads(block)) == set(character._Toml.model_fields)


def test_every_filter_is_told_with_every_parameter() -> None:
    told = rows("filters.md")
    for name, params in OPERATIONS.items():
        shown = dict(re.findall(r"`(\w+)` ([^,]+)", told[name][1]))
        assert set(shown) == set(params.model_fields) - {"enabled"}, name
        for key, value in shown.items():
            default = params.model_fields[key].default
            if isinstance(default, bool):
                assert value == str(default).lower(), f"{name}.{key}"
            elif isinstance(default, str):
                assert value == default, f"{name}.{key}"
            elif isinstance(default, tuple):
                assert tuple(map(float, value.split("/"))) == default, f"{name}.{key}"
            else:
                assert float(value) == default, f"{name}.{key}"
    assert set(load_presets()) <= set(told)
