"""The shipped students against frames that THA3 made of the same characters (tests/data/teacher)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.cels import Cels, Dressing
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.posed import render_poses
from avatar_rtc.render.student.animator import create_student
from avatar_rtc.render.student.file import TEACHER, read_student
from avatar_rtc.resources import resource
from avatar_rtc.stream.box import Box

TEACHER_FRAMES = Path(__file__).parents[2] / "data" / "teacher"
POSES = json.loads((TEACHER_FRAMES / "poses.json").read_text())
STORE = CharacterStore(resource("assets", "characters"), Path())
CHARACTERS = ("liora", "tavi")


def over_grey(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    pixels = rgba.astype(np.float64) / 255
    return pixels[..., :3] * pixels[..., 3:] + 0.5 * (1 - pixels[..., 3:])


def psnr(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    return float(-10 * np.log10(np.mean((ours - theirs) ** 2)))


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("name", CHARACTERS)
def test_near_the_teacher(name: str, pose: str) -> None:
    character = STORE.load_character(name)
    assert character.student is not None
    student = read_student(character.student)
    (picture,) = render_poses(character.rgba, [pose_from(POSES[pose])], "student", "cpu", character.student)
    theirs = over_grey(np.array(Image.open(TEACHER_FRAMES / f"{name}_{pose}.webp")))
    ours = over_grey(picture)
    assert psnr(ours, theirs) > (28 if pose == "turned" else 32)
    left, right = student.boxes["eye_left"], student.boxes["eye_right"]
    eyes = Box(right.x, right.y, left.x + left.width - right.x, left.height)
    for box, floor in ((eyes, 24), (student.boxes["mouth"], 27)):
        assert psnr(ours[box.slices], theirs[box.slices]) > (floor - 4 if pose == "turned" else floor)


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_blink_hides_what_is_drawn_on_the_eyes(name: str) -> None:
    """Data eyes at full strength change an open eye much, and a closed one by next to nothing."""
    character = STORE.load_character(name)
    assert character.student is not None
    animator = create_student(read_student(character.student))
    image = torch.from_numpy(character.rgba).permute(2, 0, 1).float() / 255
    cels = Cels(character.cels)
    change = []
    for closed in (0.0, 1.0):
        pose = torch.from_numpy(pose_from({"eye_wink_left": closed, "eye_wink_right": closed}))[None]
        bare = animator.prepare(Portrait.plain(image))
        plain = animator.animate(pose, [bare])[0].clone()
        shown = animator.dress(bare, Portrait.plain(image), Dressing(cels, cels.layers({"data1": 1.0})))
        change.append((animator.animate(pose, [shown])[0] - plain).abs().sum().item())
    assert change[1] < change[0] / 8


@pytest.mark.parametrize("name", CHARACTERS)
def test_the_file_is_small_and_says_whose_it_is(name: str) -> None:
    data = STORE.load_character(name).student
    assert data is not None and len(data) < 5 * 2**20
    assert TEACHER.encode() in data and b"CC BY 4.0" in data
    about = read_student(data).about
    assert about["figures"]["whole"]["mean"] > 32 and about["good_enough"] is True
