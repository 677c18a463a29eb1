"""Gestures that are saved into a character, one by one: what its `saved.json` becomes. Pure.

As with emotions, `saved.json` goes before `character.toml` key by key, so what the toml says of other
gestures comes along.
"""

from typing import Any

from avatar_rtc.characters.saved_emotions import SavedValues
from avatar_rtc.errors import NotFound
from avatar_rtc.face.gestures import GestureFile, gesture_id

_KEY = "gestures"


def with_gesture(toml: SavedValues, saved: SavedValues, name: str, to: GestureFile) -> SavedValues:
    """What is saved, with a gesture that does exactly this from now on.

    Raises:
        InputError: the name cannot be a gesture's.
    """
    known, title = gesture_id(name), to.title or name
    tracks = {moved: [list(key) for key in keys] for moved, keys in to.tracks.items()}
    held = {"tracks": tracks} if title == known else {"title": title, "tracks": tracks}
    return {**saved, _KEY: {**_but(saved.get(_KEY, toml.get(_KEY, {})), known), known: held}}


def without_gesture(toml: SavedValues, saved: SavedValues, name: str) -> SavedValues:
    """What is saved, with a gesture as the character came with it.

    Raises:
        InputError: the name cannot be a gesture's.
        NotFound: it was not saved.
    """
    known, held, came = gesture_id(name), saved.get(_KEY, {}), toml.get(_KEY, {})
    if all(gesture_id(each) != known for each in held):
        raise NotFound("saved gesture", name)
    factory = {each: to for each, to in came.items() if gesture_id(each) == known}
    left = {**_but(held, known), **factory}
    others = without_gestures(saved)
    return others if left == came else {**others, _KEY: left}


def without_gestures(saved: SavedValues) -> SavedValues:
    """What is saved, with all gestures as the character came with them."""
    return {key: value for key, value in saved.items() if key != _KEY}


def _but(held: SavedValues, known: str) -> dict[str, Any]:
    return {each: to for each, to in held.items() if gesture_id(each) != known}
