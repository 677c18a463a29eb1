"""Emotions that are saved into a character, one by one: what its `saved.json` becomes. Pure.

`saved.json` goes before `character.toml` key by key, so what the toml says of other emotions comes along.
"""

from collections.abc import Mapping
from typing import Any

from avatar_rtc.errors import NotFound
from avatar_rtc.face.emotions import EMOTIONS, EmotionTemplate, Template, emotion_id

_KEYS = ("emotions", "own_emotions")
SavedValues = Mapping[str, Any]
"""What `character.toml` or `saved.json` holds."""


def with_emotion(
    toml: SavedValues, saved: SavedValues, name: str, to: Template, common: EmotionTemplate | None
) -> SavedValues:
    """What is saved, with an emotion that does exactly this from now on.

    Args:
        common: the shared template of that name; what it names and `to` does not becomes 0.

    Raises:
        InputError: the name cannot be an emotion's.
    """
    known, key = emotion_id(name), _key_of(name)
    given = to.model_dump(include={"pose", "cels", "title"}, exclude_defaults=True)
    title = {"title": given["title"]} if given.get("title") else {}
    held = {**title, "pose": dict(to.pose), "cels": dict(to.cels)}
    if common is not None and key == "emotions":
        held["pose"] = {**dict.fromkeys(common.pose, 0.0), **to.pose}
        held["cels"] = {**dict.fromkeys(common.cels, 0.0), **to.cels}
    return {**saved, key: {**_others(saved.get(key, toml.get(key, {})), known), known: held}}


def without_emotion(toml: SavedValues, saved: SavedValues, name: str) -> SavedValues:
    """What is saved, with an emotion as the character came with it.

    Raises:
        InputError: the name cannot be an emotion's.
        NotFound: it was not saved.
    """
    known, key = emotion_id(name), _key_of(name)
    held, came = saved.get(key, {}), toml.get(key, {})
    if all(emotion_id(each) != known for each in held):
        raise NotFound("saved emotion", name)
    factory = {each: to for each, to in came.items() if emotion_id(each) == known}
    left = {**_others(held, known), **factory}
    others = {each: value for each, value in saved.items() if each != key}
    return others if left == came else {**others, key: left}


def without_emotions(saved: SavedValues) -> SavedValues:
    """What is saved, with all emotions as the character came with them."""
    return {key: value for key, value in saved.items() if key not in _KEYS}


def _key_of(name: str) -> str:
    return "emotions" if emotion_id(name) in EMOTIONS else "own_emotions"


def _others(held: SavedValues, known: str) -> dict[str, Any]:
    return {each: to for each, to in held.items() if emotion_id(each) != known}
