"""Single pictures of poses, and the pictures on the way to them."""

from typing import Any

import numpy as np
import pytest
import torch

from avatar_rtc.errors import UnknownName
from avatar_rtc.face.pose import pose_from
from avatar_rtc.link.stages import RESULT, SOURCE, STAGES
from avatar_rtc.render.animator import Animator, StagedAnimator
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.posed import PosedCharacter, Sheet
from avatar_rtc.render.static import create_static
from avatar_rtc.render.student.animator import StudentAnimator
from avatar_rtc.stream.crop import Crop
from tests.render.students import a_picture, a_student
from tests.render.thin_networks import thin_animator

RGBA = a_picture()
POSE = pose_from({"mouth_aaa": 0.8, "eyebrow_raised_left": 1.0, "head_y": 0.5})


@pytest.fixture(params=["tha3", "student", "static"])
def animator(request: pytest.FixtureRequest) -> Animator:
    made: dict[str, Any] = {
        "tha3": lambda: thin_animator("cpu", torch.float32),
        "student": lambda: StudentAnimator(a_student(RGBA)),
        "static": lambda: create_static("cpu"),
    }
    return made[request.param]()


def test_every_stage_is_a_picture_and_they_differ(animator: Animator) -> None:
    posed = PosedCharacter(animator, portrait_of(RGBA), {})
    found = {name: posed.picture(POSE, {}, Sheet(stage=name)) for name in STAGES[animator.name]}
    assert all(each.dtype == np.uint8 and each.shape[2] == 4 for each in found.values())
    assert np.array_equal(found[SOURCE], RGBA)
    assert np.array_equal(found[RESULT], posed.picture(POSE, {}))
    if animator.name == "student":  # without cels it is dressed in nothing
        assert np.array_equal(found["face"], found.pop("dressed"))
    assert len({each.tobytes() for each in found.values()}) == len(found)
    with pytest.raises(UnknownName, match="source"):
        posed.picture(POSE, {}, Sheet(stage="legs"))


def test_the_paint_over_what_is_warped_is_the_result_of_a_student() -> None:
    posed = PosedCharacter(StudentAnimator(a_student(RGBA)), portrait_of(RGBA), {})
    animator = posed.animator
    character = animator.prepare(portrait_of(RGBA))
    result = animator.animate(torch.from_numpy(POSE[None]), [character])[0].clone()
    assert isinstance(animator, StagedAnimator)
    warped, paint = (animator.stage(character, POSE, name) for name in ("warped", "paint"))
    box = np.s_[:, 32:480, 128:384]
    bare = np.ones(warped[box].shape[1:], np.float32)
    for stretch in character.kept.body._painted:
        bare[stretch.box.slices] = stretch.bare[..., 0]
    kept = torch.from_numpy(bare)
    torch.testing.assert_close(result[box], warped[box] * kept + paint[box], rtol=0, atol=1e-5)


def test_a_picture_is_cut_and_scaled(animator: Animator) -> None:
    posed = PosedCharacter(animator, portrait_of(RGBA), {})
    upper = Sheet(Crop(bottom=0.5))
    assert np.array_equal(posed.picture(POSE, {}, upper), posed.picture(POSE, {})[:256])
    for side, shape in ((128, (64, 128, 4)), (1024, (512, 1024, 4))):
        assert posed.picture(POSE, {}, Sheet(upper.crop, side)).shape == shape
