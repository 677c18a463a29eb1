"""Packs of pictures, one for each emotion, as other programs want them named.

plain        joy.png, joy.json, …, emotions.json     what pose editors read again
sillytavern  joy.png, …                              its expressions are the same 28 words
airi         happy.png, …, emotions.json             its nine words, each by the emotion that comes nearest
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from avatar_rtc.errors import InputError, UnknownName
from avatar_rtc.face.emotions import EmotionTemplate, emotion_id

Packing = Literal["plain", "sillytavern", "airi"]
PACKINGS: tuple[Packing, ...] = get_args(Packing)
INDEX_FILE = "emotions.json"
AIRI: Mapping[str, str] = {
    "angry": "anger",
    "awkward": "embarrassment",
    "curious": "curiosity",
    "happy": "joy",
    "neutral": "neutral",
    "question": "confusion",
    "sad": "sadness",
    "surprised": "surprise",
    "think": "realization",
}
"""AIRI's word → the emotion that is shown for it."""


@dataclass(frozen=True)
class Sprite:
    """One picture of a pack."""

    file: str
    emotion: str
    """Its id."""


def check_packing(name: str) -> Packing:
    """The name of a packing.

    Raises:
        UnknownName: there is none of that name.
    """
    for each in PACKINGS:
        if each == name:
            return each
    raise UnknownName("packing", name, PACKINGS, listed=True)


def sprites_of(
    packing: Packing, templates: Mapping[str, EmotionTemplate], wanted: Iterable[str] = ()
) -> list[Sprite]:
    """The pictures of a pack, by name.

    Args:
        templates: of the character, by id.
        wanted: emotions to be in it; none is all that there are.

    Raises:
        UnknownName: an emotion that it does not have.
        InputError: none of those that are wanted is in such a pack.
    """
    chosen = [emotion_id(name) for name in wanted] or list(templates)
    for name in chosen:
        if name not in templates:
            raise UnknownName("emotion", name, templates)
    if packing == "airi":
        found = [Sprite(f"{word}.png", name) for word, name in AIRI.items() if name in chosen]
    else:
        found = [Sprite(f"{name}.png", name) for name in sorted(set(chosen))]
    if not found:
        raise InputError(f"a pack for {packing} has {', '.join(AIRI.values())} alone; name one of these")
    return found


def notes_of(
    packing: Packing, templates: Mapping[str, EmotionTemplate], sprites: Iterable[Sprite]
) -> dict[str, bytes]:
    """The files of a pack that are no pictures: file → JSON."""
    if packing == "sillytavern":
        return {}
    faces = {each.file.removesuffix(".png"): templates[each.emotion].json() for each in sprites}
    single = {f"{name}.json": {name: face} for name, face in faces.items()} if packing == "plain" else {}
    return {file: json.dumps(held, indent=1).encode() for file, held in {**single, INDEX_FILE: faces}.items()}
