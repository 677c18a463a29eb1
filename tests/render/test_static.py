"""The static animator: each part of the picture follows its morphs, and only that part."""

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar_rtc.errors import InputError, UnknownName
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.animators import Animators, create_animator, resolve
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.static import StaticAnimator, create_static

EYES, MOUTH, SHOULDERS = (
    (slice(130, 165), slice(210, 302)),
    (slice(160, 192), slice(236, 276)),
    slice(260, 512),
)


@pytest.fixture
def animator() -> StaticAnimator:
    return create_static("cpu")


@pytest.fixture
def picture() -> Tensor:
    image = torch.rand(4, 512, 512, generator=torch.manual_seed(2))
    image[3] = 1
    return image


def draw(animator: StaticAnimator, picture: Tensor, **morphs: float) -> Tensor:
    pose = torch.from_numpy(pose_from(morphs))[None]
    return animator.animate(pose, [animator.prepare(Portrait.plain(picture))])[0]


def test_the_neutral_pose_is_the_picture(animator: StaticAnimator, picture: Tensor) -> None:
    assert torch.equal(draw(animator, picture), picture)


@pytest.mark.parametrize(
    ("morphs", "where"),
    [
        ({"mouth_aaa": 1}, MOUTH),
        ({"mouth_uuu": 1}, MOUTH),
        ({"eye_wink_left": 1}, EYES),
        ({"eye_relaxed_right": 1}, EYES),
    ],
)
def test_a_morph_moves_its_region_only(
    animator: StaticAnimator, picture: Tensor, morphs: dict[str, float], where: tuple[slice, slice]
) -> None:
    changed = (draw(animator, picture, **morphs) != picture).any(0)
    assert changed[where].sum() > 20
    changed[where] = False
    assert not changed.any()


def test_left_is_the_characters_left(animator: StaticAnimator, picture: Tensor) -> None:
    changed = (draw(animator, picture, eye_wink_left=1) != picture).any(0)
    assert changed[:, 256:].any() and not changed[:, :256].any()


@pytest.mark.parametrize("name", ["head_x", "head_y", "neck_z"])
def test_the_head_moves_and_the_shoulders_stay(animator: StaticAnimator, picture: Tensor, name: str) -> None:
    moved = draw(animator, picture, **{name: 1.0})
    assert (moved[:, 64:192] != picture[:, 64:192]).float().mean() > 0.5
    assert torch.equal(moved[:, SHOULDERS], picture[:, SHOULDERS])


def test_a_batch_equals_its_members(animator: StaticAnimator, picture: Tensor) -> None:
    poses = [pose_from({"mouth_aaa": 1}), pose_from({"head_y": -0.5})]
    characters = [
        animator.prepare(Portrait.plain(picture)),
        animator.prepare(Portrait.plain(picture.flip(2))),
    ]
    batch = animator.animate(torch.stack([torch.from_numpy(p) for p in poses]), characters)
    for one, pose, character in zip(batch, poses, characters, strict=True):
        assert torch.equal(animator.animate(torch.from_numpy(pose)[None], [character])[0], one)


def test_names_and_devices() -> None:
    assert resolve("auto", "cpu", False) == "tha3" and create_animator("static", "cpu").name == "static"
    with pytest.raises(UnknownName, match="did you mean 'static'"):
        create_animator("statik", "cpu")
    with pytest.raises(InputError, match="student"):
        Animators("cpu").get("student", None, np.zeros((512, 512, 4), np.uint8))
