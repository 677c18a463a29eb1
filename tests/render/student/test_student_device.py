"""A student where a card renders: the CPU computes, and its finished pictures are the card's."""

import numpy as np
import pytest
import torch

from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import neutral
from avatar_rtc.filters_schema.chain import check_chain
from avatar_rtc.render.animator import computes_on_cpu
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.cels import Cels, Dressing
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.filters.chain import run_chain
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.student.animator import StudentAnimator, StudentCharacter, create_student
from avatar_rtc.render.student.file import write_student
from tests.render.students import a_picture, a_student

META = torch.device("meta")
RGBA = a_picture()
IMAGE = torch.from_numpy(RGBA).permute(2, 0, 1).float() / 255
POSE = torch.from_numpy(neutral())[None]
CELS = Cels({"blush1": CelImage(300, 190, np.full((12, 20, 4), 200, np.uint8))})


@pytest.fixture
def animator() -> StudentAnimator:
    return create_student(a_student(RGBA), "meta")


@pytest.fixture
def character(animator: StudentAnimator) -> StudentCharacter:
    return animator.prepare(Portrait.plain(IMAGE))


@torch.inference_mode()
def test_a_picture_goes_over_once_and_nobody_waits(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    for batch in (1, 3):
        log = operators_of(lambda n=batch: animator.animate(POSE.repeat(n, 1), [character] * n))  # type: ignore[misc]
        assert [each.written_bytes for each in log.uploads] == [batch * 4 * 512 * 512 * 4]
        assert not log.waits and not log.downloads


@torch.inference_mode()
def test_cels_are_drawn_by_the_cpu_and_what_comes_after_by_the_card(
    animator: StudentAnimator, character: StudentCharacter
) -> None:
    """The same cel here and there; chain and upscaler would raise at anything of the CPU."""
    layers = CELS.layers({"blush1": 0.5})
    dressed = animator.dress(character, Portrait.plain(IMAGE), Dressing(CELS, layers))
    picture = CELS.draw(animator.animate(POSE, [dressed])[0], layers, animator.space)
    chain = check_chain([["vignetting"], ["upscale", {"factor": 2.0, "method": "anime"}]])
    large, _ = run_chain(picture, animator.space, chain, 0.0, 0)
    assert large.device == META and large.shape == (4, 1024, 1024)


@torch.inference_mode()
def test_one_character_may_stand_in_a_batch_several_times() -> None:
    """As a card's batches have it when poses are rendered to files."""
    animator = create_student(a_student(RGBA))
    poses = torch.cat([POSE, POSE + 0.3, POSE - 0.2])
    together = animator.animate(poses, [animator.prepare(Portrait.plain(IMAGE))] * 3)
    alone = animator.prepare(Portrait.plain(IMAGE))
    for row, pose in enumerate(poses):
        assert torch.equal(together[row], animator.animate(pose[None], [alone])[0])


def test_who_asks_for_a_student_beside_a_card_gets_one_of_its_pictures(
    animator: StudentAnimator,
) -> None:
    found, _ = Animators("meta").get("student", write_student(a_student(RGBA)), RGBA)
    assert isinstance(found, StudentAnimator) and computes_on_cpu(found)
    assert found.animate(POSE, [found.prepare(Portrait.plain(IMAGE))]).device == META
