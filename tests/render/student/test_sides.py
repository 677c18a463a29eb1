"""A student's character at every side: the same picture, and what the large one has beyond the small one."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import INDEX, Pose, neutral
from avatar_rtc.render.cels import Cels, Dressing
from avatar_rtc.render.portrait import Portrait, portrait_of
from avatar_rtc.render.student.animator import StudentAnimator, StudentCharacter, create_student
from avatar_rtc.render.student.networks import FaceDecoder
from avatar_rtc.render.student.patches import kept_detail
from avatar_rtc.render.student.quick import quick_body, quick_face
from avatar_rtc.render.student.turning import TurnsInOrder, turned_half_way
from tests.render.students import a_picture, a_student

SMALL = cv2.GaussianBlur(a_picture(), (0, 0), 2.0)
SMALL[SMALL[..., 3] == 0] = 0
SIDES = (512, 768, 1024, 2048)
CEL = np.full((13, 21, 4), (250, 40, 60, 200), np.uint8)
CELS = Cels({"data1": CelImage(221, 119, CEL), "blush1": CelImage(301, 191, CEL)})
DRESSING = Dressing(CELS, CELS.layers({"data1": 1.0, "blush1": 0.5}))


def pose(**values: float) -> Pose:
    vector = neutral()
    for name, value in values.items():
        vector[INDEX[name]] = value
    return vector


TURNED = {"head_x": 0.4, "neck_z": -0.6, "body_y": 0.3}


@pytest.fixture(scope="module")
def animator() -> StudentAnimator:
    return create_student(a_student(SMALL))


def shown(
    animator: StudentAnimator, character: StudentCharacter, of: Pose, between: bool = False
) -> NDArray[np.float32]:
    """(S, S, 4)."""
    picture = animator.animate(torch.from_numpy(of)[None], [character], [between])[0]
    return np.array(picture.permute(1, 2, 0).numpy())


def psnr(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    return float(-10 * np.log10(np.mean((ours - theirs) ** 2) + 1e-9))


@pytest.mark.parametrize("side", SIDES[1:])
def test_reduced_it_is_the_small_picture(animator: StudentAnimator, side: int) -> None:
    moved = pose(mouth_aaa=1.0, eye_wink_left=0.6, **TURNED)
    small = shown(animator, animator.prepare(portrait_of(SMALL)), moved)
    large = shown(animator, animator.prepare(portrait_of(SMALL, side=side)), moved)
    assert large.shape == (side, side, 4)
    assert psnr(cv2.resize(large, (512, 512), interpolation=cv2.INTER_AREA), small) > 34


@pytest.mark.parametrize("side", [768, 1024])
def test_what_is_kept_is_what_would_be_made(animator: StudentAnimator, side: int) -> None:
    """A face alone that moves, cels that come and go, a pose that stands: all bits as afresh."""
    portrait = portrait_of(SMALL, side=side)
    kept = animator.prepare(portrait)
    dressed = animator.dress(kept, portrait, DRESSING)
    still, talking = pose(**TURNED), pose(mouth_aaa=1.0, eye_wink_right=1.0, **TURNED)
    order = [(kept, still), (dressed, still), (dressed, talking), (kept, talking), (kept, still)]
    made = [shown(animator, character, of) for character, of in order]
    for (character, of), picture in zip(order, made, strict=True):
        assert (shown(animator, character, of) == picture).all()
        afresh = animator.prepare(portrait)
        if character is dressed:
            afresh = animator.dress(afresh, portrait, DRESSING)
        assert (shown(animator, afresh, of) == picture).all()
    assert all(np.abs(one - other).max() > 0.1 for one, other in pairwise(made))


def test_cels_lie_at_every_side_where_they_lie_at_512(animator: StudentAnimator) -> None:
    change = []
    for side in (512, 1024):
        portrait = portrait_of(SMALL, side=side)
        bare = animator.prepare(portrait)
        plain = shown(animator, bare, pose())
        change.append(shown(animator, animator.dress(bare, portrait, DRESSING), pose()) - plain)
    assert psnr(cv2.resize(change[1], (512, 512), interpolation=cv2.INTER_AREA), change[0]) > 34


def test_detail_of_the_large_picture_is_kept_where_the_face_stays_and_nowhere_else() -> None:
    student = a_student(SMALL)
    large = portrait_of(SMALL, side=1024).large.clone()
    pattern = 0.08 * ((torch.arange(1024)[:, None] + torch.arange(1024)[None]) % 2 * 2 - 1)
    large[:3] = (large[:3] + pattern * (large[3] > 0.99)).clamp(0, 1)
    animator = create_student(student)
    image = portrait_of(SMALL).image
    fine, plain = (
        animator.prepare(Portrait(image, each)) for each in (large, portrait_of(SMALL, side=1024).large)
    )
    for of in (pose(), pose(mouth_aaa=1.0, eye_wink_left=1.0)):
        shown(animator, fine, of)
        shown(animator, plain, of)
    # The neutral face is the source: what is finer than it is there, as it was given, but where it moved.
    face = fine.kept.face
    detail = np.abs(face.posed - plain.kept.face.posed)[..., :3].max(-1)
    kept = kept_detail(face._change)
    x, y = face._corner
    gone = cv2.resize(kept, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST) == 0
    away = cv2.erode(gone.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    height, width = away.shape
    in_frame = detail[y : y + height, x : x + width][:, :width]
    away = away[: in_frame.shape[0], : in_frame.shape[1]]
    assert away.sum() > 50 and in_frame[away].max() < 0.02
    assert np.median(detail[10:100]) > 0.06


def test_in_betweens_show_the_mean_and_then_the_new_turn(animator: StudentAnimator) -> None:
    first, second = pose(**TURNED), pose(head_y=0.5)
    one, other = animator._body.of(torch.from_numpy(first)), animator._body.of(torch.from_numpy(second))
    turns = TurnsInOrder()
    assert turns.next(first, False, lambda: one) is one
    assert turns.next(second, True, lambda: other) is one
    mean = turns.next(second, False, lambda: other)
    assert np.allclose(mean.change, (one.change + other.change) / 2, atol=1e-6)
    assert turns.next(second, True, lambda: one) is other
    assert turns.next(second, False, lambda: one) is other
    still = turned_half_way(one, one)
    assert all((getattr(still, name) == getattr(one, name)).all() for name in ("change", "paint", "bare"))


def test_the_face_is_posed_in_every_in_between(animator: StudentAnimator) -> None:
    character = animator.prepare(portrait_of(SMALL))
    shown(animator, character, pose(**TURNED))
    between = shown(animator, character, pose(mouth_aaa=1.0, head_y=0.5), between=True)
    afresh = shown(animator, animator.prepare(portrait_of(SMALL)), pose(mouth_aaa=1.0, **TURNED))
    assert psnr(between, afresh) > 25
    plain = animator.prepare(portrait_of(SMALL))
    assert (
        shown(animator, plain, pose(**TURNED), between=True) == shown(animator, plain, pose(**TURNED))
    ).all()


def test_quick_decoders_give_what_the_networks_give() -> None:
    student, random = a_student(SMALL, seed=5), torch.Generator().manual_seed(0)
    for _ in range(5):
        of = torch.rand(45, generator=random)
        bulk, maps = student.body.raw(of[None])
        quick = quick_body(student.body)(of)
        assert np.allclose(quick[0], bulk[0].permute(1, 2, 0), atol=1e-5)
        assert np.allclose(quick[1], maps[0].permute(1, 2, 0), atol=1e-4)
        for network in student.faces.values():
            assert isinstance(network, FaceDecoder)
            morphs = of[: network.decoder.shape.inputs]
            theirs = network(morphs[None])[0].permute(1, 2, 0)
            assert np.allclose(quick_face(network)(morphs), theirs, atol=1e-4)
