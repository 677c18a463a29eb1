"""The shipped placeholder: a character that animators find their places in."""

import subprocess
import sys

import numpy as np

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.resources import resource

FOLDER = resource("assets", "characters")
STORE = CharacterStore(FOLDER, FOLDER / "none")
RGBA = STORE.load("placeholder").astype(int)


def test_it_is_shipped_and_stands_free():
    assert "placeholder" in STORE.names()
    alpha = RGBA[..., 3]
    assert alpha[0, 0] == alpha[0, -1] == alpha[511, 0] == alpha[511, -1] == 0
    assert alpha[160, 256] == alpha[400, 256] == 255


def test_the_face_is_where_networks_look_for_it():
    skin = np.abs(RGBA[..., :3] - [0xFE, 0xF4, 0xEA]).max(axis=2) <= 3
    chin = np.flatnonzero(skin[:, 254][150:200]).max() + 150
    assert 190 <= chin <= 200
    row = np.flatnonzero(skin[166, 180:330]) + 180
    assert abs((row.min() + row.max()) / 2 - 254) <= 2  # the axis
    dark = RGBA[130:160, :, :3].sum(axis=2) < 200
    for x in (230, 278):  # lashes above both eyes, near-black
        assert dark[:, x - 8 : x + 8].sum() > 40
    red, green, blue = RGBA[178, 254, :3]
    assert red > 220 and green < 180 and blue < 180  # the mouth is drawn open


def test_the_drawing_is_what_its_script_draws():
    code = "import draw, sys; sys.stdout.buffer.write(draw.picture().encode())"
    folder = FOLDER / "placeholder"
    drawn = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, check=True
    ).stdout
    assert drawn == (folder / "source.svg").read_bytes()
