"""What `saved.json` becomes when gestures are saved into a character, beside what its toml says."""

import pytest

from avatar_rtc.characters.saved_gestures import with_gesture, without_gesture, without_gestures
from avatar_rtc.errors import InputError, NotFound
from avatar_rtc.face.gestures import GestureFile

BOW = {"tracks": {"head_x": [[0.0, 0.0], [0.4, -0.9], [1.2, 0.0]]}}
TOML = {"voice": "x", "gestures": {"Bow": BOW, "sway": BOW}}
DEEP = GestureFile(tracks={"head_x": [(0.0, 0.0), (0.5, -1.0), (1.0, 0.0)]})


def test_what_the_toml_says_of_others_comes_along():
    saved = with_gesture(TOML, {"voice": "y"}, "bow", DEEP)
    assert saved["voice"] == "y" and saved["gestures"]["sway"] == BOW
    assert saved["gestures"]["bow"] == {"tracks": {"head_x": [[0.0, 0.0], [0.5, -1.0], [1.0, 0.0]]}}
    assert "Bow" not in saved["gestures"], "it is the same one by its id"


def test_there_and_back_is_as_it_came():
    saved = with_gesture(TOML, {}, "Bow", DEEP)
    assert without_gesture(TOML, saved, "bow") == {}
    new = with_gesture(TOML, saved, "My Own", DEEP)
    assert new["gestures"]["my_own"]["title"] == "My Own"
    assert without_gesture(TOML, new, "my own") == saved
    assert without_gestures(new) == {}


def test_what_was_not_saved_cannot_be_taken_back():
    with pytest.raises(NotFound):
        without_gesture(TOML, {}, "nod")
    with pytest.raises(InputError):
        with_gesture(TOML, {}, " ", DEEP)
