"""What swings of a student's character: off is as before, and on it moves what is soft, and only that."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import INDEX, neutral
from avatar_rtc.face.swing import GROUPS, SWINGS, Swing, at_rest
from avatar_rtc.render.animator import with_swings
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.soft import WEIGHTS_SIDE, SoftParts
from avatar_rtc.render.student.animator import StudentAnimator, StudentCharacter, create_student
from tests.render.students import BODY_BOX, a_picture, a_student

RGBA = a_picture()
IMAGE = torch.from_numpy(RGBA).permute(2, 0, 1).float() / 255
SOFT_FROM = 320
"""Row in px; below, the picture is soft."""


def a_soft_part() -> SoftParts:
    weights = np.zeros((len(GROUPS), WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    weights[1, SOFT_FROM // 4 :] = np.linspace(0, 1, WEIGHTS_SIDE - SOFT_FROM // 4)[:, None]
    return SoftParts(weights)


@pytest.fixture(scope="module")
def animator() -> StudentAnimator:
    return create_student(a_student(RGBA))


@pytest.fixture
def character(animator: StudentAnimator) -> StudentCharacter:
    return animator.soften(animator.prepare(Portrait.plain(IMAGE)), a_soft_part())


def turned(**values: float) -> NDArray[np.float32]:
    pose = neutral()
    for name, value in values.items():
        pose[INDEX[name]] = value
    return pose


def swung_by(x: float, y: float = 0.0) -> Swing:
    swing = at_rest()
    swing[1] = x, y
    return swing


def picture(
    animator: StudentAnimator, character: StudentCharacter, pose: NDArray[np.float32], swing: Swing
) -> Tensor:
    return animator.animate(with_swings([pose], [swing]), [character])[0].clone()


def test_nothing_swung_goes_as_a_pose_alone() -> None:
    pose = turned(head_x=0.3)
    assert with_swings([pose], [at_rest()]).shape == (1, 45)
    assert with_swings([pose] * 2, [at_rest(), swung_by(1)]).shape == (2, 45 + SWINGS)


def test_at_rest_every_bit_is_as_without(animator: StudentAnimator, character: StudentCharacter) -> None:
    """After it swung, too, and beside one that swings."""
    stiff = animator.prepare(Portrait.plain(IMAGE))
    for pose in (turned(), turned(head_y=0.5, mouth_aaa=1.0)):
        picture(animator, character, pose, swung_by(5))
        rows = animator.animate(with_swings([pose] * 2, [at_rest(), swung_by(5)]), [character, stiff])
        plain = animator.animate(torch.from_numpy(pose)[None], [stiff])[0]
        assert torch.equal(rows[0], plain) and torch.equal(rows[1], plain)


def test_what_is_soft_moves_as_far_as_it_swings(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    still = picture(animator, character, turned(), at_rest())
    moved = picture(animator, character, turned(), swung_by(6, 2))
    assert torch.equal(moved[:, : SOFT_FROM - 8], still[:, : SOFT_FROM - 8])
    rows, columns = slice(440, 460), slice(180, 330)
    weight = (450 - SOFT_FROM) / (512 - SOFT_FROM)
    dx, dy = round(6 * weight), round(2 * weight)
    back = moved[:, 440 + dy : 460 + dy, 180 + dx : 330 + dx]
    unmoved = float((moved[:, rows, columns] - still[:, rows, columns]).abs().mean())
    assert float((back - still[:, rows, columns]).abs().mean()) < 0.3 * unmoved


def test_it_swings_while_the_body_stands_as_it_does_anew(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    """Also under a face that moves: what is kept is what would be made."""
    pose = turned(head_y=0.4)
    steps = [(pose, 3.0), (pose, -4.0), (turned(head_y=0.4, mouth_aaa=1.0), -4.0), (pose, 0.0), (pose, 2.0)]
    for step, x in steps:
        kept = picture(animator, character, step, swung_by(x))
        anew = animator.soften(animator.prepare(Portrait.plain(IMAGE)), a_soft_part())
        assert torch.equal(kept, picture(animator, anew, step, swung_by(x)))
        assert torch.equal(kept, picture(animator, character, step, swung_by(x)))


def test_a_picture_that_stands_is_not_made_again(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    picture(animator, character, turned(), swung_by(3))
    where = character.kept.body._where
    picture(animator, character, turned(), swung_by(3))
    assert character.kept.body._where is where
    assert where.shape == (BODY_BOX.height, BODY_BOX.width, 2)
