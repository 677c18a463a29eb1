"""Drawn mouths and eyes over a face of THA3: what they are, what they cost, and that the student agrees."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.cels import Cels, Dressing, over
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.posed import render_poses
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.character import Shown
from avatar_rtc.render.tha3.cover import covered
from avatar_rtc.resources import resource
from avatar_rtc.stream.pixels import seen_on
from tests.render.thin_networks import thin_animator

MOUTH = (241, 165)
"""Where a patch of 31 x 19 px lies: its edges are odd."""


def patch(colour: tuple[int, int, int]) -> np.ndarray:
    """(19, 31, 4): an opaque ellipse with a line through it."""
    rows, columns = np.mgrid[-9:10, -15:16]
    rgba = np.zeros((19, 31, 4), np.uint8)
    rgba[..., :3] = np.where((np.abs(rows) < 2)[..., None], (70, 20, 30), colour)
    rgba[..., 3] = 255 * ((rows / 9.5) ** 2 + (columns / 15.5) ** 2 < 1)
    return rgba


CELS = Cels({
    "mouth_smile": CelImage(*MOUTH, patch((255, 240, 230))),
    "mouth_frown": CelImage(*MOUTH, patch((200, 240, 230))),
    "eyes_arc": CelImage(215, 140, np.tile(patch((255, 240, 230)), (1, 2, 1))),
    "mouth_cat": CelImage(0, 300, patch((255, 240, 230))),
    "blush1": CelImage(238, 150, np.full((40, 40, 4), (255, 60, 60, 120), np.uint8)),
})  # fmt: skip
IMAGE = torch.rand(4, 512, 512, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.5
TURN, FACE = {"head_x": 0.5}, {"mouth_aaa": 0.5}


def dressing(**strengths: float) -> Dressing:
    return Dressing(CELS, CELS.layers(strengths))


def posed_by(*poses: dict[str, float]) -> Tensor:
    return torch.from_numpy(np.stack([pose_from(pose) for pose in poses]))


@pytest.fixture
def animator() -> Tha3Animator:
    return thin_animator("cpu", torch.float32)


def test_covered_is_over_in_another_range() -> None:
    top, base = torch.rand(4, 8, 9), torch.rand(4, 8, 9)
    top[3, :3], base[3, 2:5] = 0, 0
    found = (covered((base * 2 - 1)[None], (top * 2 - 1)[None])[0] + 1) / 2
    shows = found[3] > 0
    assert torch.allclose(found[:, shows], over(top, base, 1.0)[:, shows], atol=1e-5)


def test_it_lies_on_the_posed_face_at_both_sizes_and_leaves_no_trace(animator: Tha3Animator) -> None:
    character = animator.prepare(Portrait.plain(IMAGE))
    bare = animator.animate(posed_by(FACE), [character])
    face, half = character.posed.clone(), character.posed_half.clone()
    smile = animator.cover(character, dressing(mouth_smile=1.0))
    shown = animator.animate(posed_by(FACE), [smile])
    rows, columns = slice(165, 184), slice(241, 272)
    assert not torch.equal(shown, bare)
    opaque = torch.from_numpy(patch((255, 240, 230))[..., 3] == 255)
    line = (character.posed[0, 0, rows, columns][9] + 1) / 2
    assert opaque[9].all() and torch.allclose(
        line, torch.full((31,), ((70 / 255 + 0.055) / 1.055) ** 2.4), atol=1e-4
    )
    beside = [posed[0, :, rows, columns][:, ~opaque] for posed in (character.posed, face)]
    assert torch.allclose(beside[0], beside[1], atol=1e-5)
    assert torch.allclose(
        character.posed_half[..., 16:112, 80:176], avg_pool2d(character.posed, 2)[..., 16:112, 80:176]
    )
    # Another one takes its place wholly, and then none is left.
    animator.animate(posed_by(FACE), [animator.cover(character, dressing(eyes_arc=1.0))])
    assert torch.equal(character.posed[0, :, rows, columns], face[0, :, rows, columns])
    assert torch.equal(animator.animate(posed_by(FACE), [character]), bare)
    assert torch.equal(character.posed, face) and torch.equal(character.posed_half, half)


def test_it_stays_while_the_face_moves_below(animator: Tha3Animator) -> None:
    character = animator.prepare(Portrait.plain(IMAGE))
    smile = animator.cover(character, dressing(mouth_smile=0.5))
    for pose in ({}, FACE, FACE | TURN, {"eyebrow_raised_left": 1.0}):
        stepwise = animator.animate(posed_by(pose), [smile])
        fresh = animator.cover(animator.prepare(Portrait.plain(IMAGE)), dressing(mouth_smile=0.5))
        assert torch.equal(stepwise, animator.animate(posed_by(pose), [fresh]))


def test_one_beyond_the_face_is_none(animator: Tha3Animator) -> None:
    character = animator.prepare(Portrait.plain(IMAGE))
    bare = animator.animate(posed_by({}), [character])
    assert torch.equal(
        animator.animate(posed_by({}), [animator.cover(character, dressing(mouth_cat=1.0))]), bare
    )


def test_several_in_a_batch_wear_their_own(animator: Tha3Animator) -> None:
    one, other = animator.prepare(Portrait.plain(IMAGE)), animator.prepare(Portrait.plain(IMAGE.flip(2)))
    shown: list[Shown] = [
        animator.cover(one, dressing(mouth_smile=1.0)), other,
        animator.cover(one, dressing(mouth_frown=1.0)), one,
    ]  # fmt: skip
    poses = posed_by(TURN, FACE, FACE, TURN)
    together = animator.animate(poses, shown)
    assert torch.equal(animator.animate(poses, shown), together)
    for row, cels in ((0, "mouth_smile"), (2, "mouth_frown")):
        alone = animator.cover(animator.prepare(Portrait.plain(IMAGE)), dressing(**{cels: 1.0}))
        torch.testing.assert_close(together[row : row + 1], animator.animate(poses[row : row + 1], [alone]))
    bare = animator.animate(poses[3:], [animator.prepare(Portrait.plain(IMAGE))])
    torch.testing.assert_close(together[3:], bare)


def test_a_blush_of_the_source_goes_on_over_it(animator: Tha3Animator) -> None:
    flushed = animator.dress(
        animator.prepare(Portrait.plain(IMAGE)), Portrait.plain(IMAGE), dressing(blush1=1.0)
    )
    bare = animator.prepare(Portrait.plain(IMAGE))
    smiles = [
        found
        for each in (flushed, bare)
        if (found := animator.cover(each, dressing(mouth_smile=1.0)).cover) is not None
    ]
    assert smiles[0].box == smiles[1].box
    assert torch.equal(smiles[0].pixels[0, 3], smiles[1].pixels[0, 3])
    red, pale = ((each.pixels[0, :3, 5, 16] + 1) / 2 for each in smiles)
    assert red[1] < 0.6 * pale[1], "skin is flushed"
    dark, before = ((each.pixels[0, :3, 10, 16] + 1) / 2 for each in smiles)
    assert torch.allclose(dark, before, atol=0.03), "and lines are not"


def test_on_a_card_it_waits_for_nothing_and_a_change_costs_a_body() -> None:
    animator = thin_animator("meta", torch.float16)
    character = animator.prepare(Portrait.plain(torch.zeros(4, 512, 512)))

    def kernels(level: float, pose: dict[str, float]) -> int:
        dressed = animator.cover(character, dressing(mouth_smile=level)) if level else character
        log = operators_of(lambda: animator.animate(posed_by(pose), [dressed]))
        assert not log.waits and not log.downloads and len(log.uploads) == 1, "the pose"
        return log.fused_kernels

    animator.animate(posed_by({}), [animator.cover(character, dressing(mouth_smile=1.0))])
    bare = kernels(0, TURN)
    # A mouth that eases is composed, laid over the face, halved and put; the one before it is taken off.
    assert bare < kernels(0.5, TURN) <= bare + 16
    assert kernels(0.75, TURN) <= bare + 16


@pytest.mark.weights
def test_student_and_tha3_have_it_at_the_same_place() -> None:
    """Its dark line, on a head that turns: within a pixel."""
    character = CharacterStore(resource("assets", "characters"), Path("/none")).load_character("liora")
    cels = {"mouth_smile": CelImage(*MOUTH, patch((255, 240, 230)))}
    poses = [pose_from(pose) for pose in ({"head_y": 0.6, "neck_z": 0.5}, {"head_x": -0.5, "body_y": 0.4})]
    places = []
    for name in ("student", "tha3"):
        bare, drawn = (
            render_poses(
                character.rgba, poses, name, "cpu", character.student, cels, [{"mouth_smile": strength}] * 2
            )
            for strength in (0.0, 1.0)
        )
        places.append([centre_of_line(*pair) for pair in zip(bare, drawn, strict=True)])
    assert np.abs(np.array(places[0]) - np.array(places[1])).max() < 1, places


def centre_of_line(bare: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    """(x, y) of what a cel darkens around the mouth."""
    before, after = (seen_on(each, 128)[150:205, 225:290].mean(-1).astype(float) for each in (bare, drawn))
    dark = np.clip(before - after - 60, 0, None)
    rows, columns = np.mgrid[150:205, 225:290]
    return float((dark * columns).sum() / dark.sum()), float((dark * rows).sum() / dark.sum())
