"""What swings of THA3's pictures: off is as before; on, no upload more, and a few kernels."""

import numpy as np
import torch
from torch import Tensor

from avatar_rtc.face.pose import FACE, ROTATION
from avatar_rtc.face.swing import GROUPS, SWINGS
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.soft import WEIGHTS_SIDE, SoftParts
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.character import Tha3Character
from avatar_rtc.render.tha3.swinging import swung
from tests.render.thin_networks import thin_animator

KERNELS_EACH = (18, 6)
"""Of a character that swings, as they are and compiled: the warp of the weights and that of the picture."""


def a_soft_part() -> SoftParts:
    weights = np.zeros((len(GROUPS), WEIGHTS_SIDE, WEIGHTS_SIDE), np.float32)
    weights[0, 64:] = 1
    return SoftParts(weights)


def blocks() -> Tensor:
    """(4, 512, 512): smooth colours, opaque."""
    torch.manual_seed(2)
    coarse = torch.rand(1, 4, 16, 16)
    coarse[:, 3] = 1
    return torch.nn.functional.interpolate(coarse, size=(512, 512), mode="bicubic").clamp(0, 1)[0]


def rows(*swings: float, moved: slice | None = None) -> Tensor:
    poses = torch.zeros(len(swings), ROTATION.stop + SWINGS)
    poses[:, ROTATION.stop] = torch.tensor(swings)
    if moved is not None:
        poses[:, moved] = 0.3
    return poses


def softened(animator: Tha3Animator) -> Tha3Character:
    return animator.soften(animator.prepare(Portrait.plain(blocks())), a_soft_part())


def test_at_rest_every_bit_is_as_without() -> None:
    animator = thin_animator("cpu", torch.float32)
    soft, stiff = softened(animator), animator.prepare(Portrait.plain(blocks()))
    animator.animate(rows(5.0), [soft])
    found = animator.animate(rows(0.0, 5.0), [soft, stiff])
    plain = animator.animate(torch.zeros(1, 45), [stiff])[0]
    assert torch.equal(found[0], plain) and torch.equal(found[1], plain)


def test_kept_is_what_would_be_made() -> None:
    animator = thin_animator("cpu", torch.float32)
    soft = softened(animator)
    for x, moved in ((4.0, None), (-3.0, None), (-3.0, FACE), (0.0, ROTATION)):
        kept = animator.animate(rows(x, moved=moved), [soft])
        assert torch.equal(kept, animator.animate(rows(x, moved=moved), [softened(animator)])), (x, moved)


def test_one_that_stands_there_twice_swings_twice() -> None:
    animator = thin_animator("cpu", torch.float32)
    soft = softened(animator)
    both = animator.animate(rows(4.0, -4.0), [soft, soft])
    alone = [animator.animate(rows(x), [softened(animator)])[0] for x in (4.0, -4.0)]
    assert torch.equal(both[0], alone[0]) and torch.equal(both[1], alone[1])


def test_it_moves_so_many_pixels_where_it_is_soft_and_keeps_its_colours() -> None:
    picture = blocks()[None]
    picture[:, 3, :, 300:] = 0.4
    picture[:, :3, :, 300:] = 0.5
    soft, still = torch.from_numpy(a_soft_part().moving), torch.zeros(1, 2, 512, 512)
    swing = torch.zeros(SWINGS)
    swing[:2] = torch.tensor([6.0, -3.0])
    moved = swung(picture, still, soft, swing)
    assert torch.allclose(moved[..., :240, :], picture[..., :240, :], atol=1e-5)
    assert torch.allclose(moved[..., 300:500, 100:280], picture[..., 303:503, 94:274], atol=1e-3)
    assert torch.allclose(moved[:, :3, 300:500, 320:], torch.tensor(0.5), atol=1e-3)


def test_weights_go_where_the_body_turns() -> None:
    """A place whose picture comes from below the line is as soft as what it shows."""
    picture, soft = blocks()[None], torch.from_numpy(a_soft_part().moving)
    turned = torch.zeros(1, 2, 512, 512)
    turned[:, 1] = 80 / 256
    swing = torch.zeros(SWINGS)
    swing[0] = 6.0
    moved = swung(picture, turned, soft, swing)
    assert torch.allclose(moved[..., 200:240, 100:280], picture[..., 200:240, 94:274], atol=1e-3)


def test_it_takes_no_upload_of_its_own_and_few_kernels() -> None:
    animator = thin_animator("meta", torch.float16)
    characters = [
        animator.soften(animator.prepare(Portrait.plain(torch.zeros(4, 512, 512))), a_soft_part())
        for _ in range(3)
    ]
    animator.animate(rows(0.0, 0.0, 0.0), characters)
    stiff = operators_of(lambda: animator.animate(rows(0.0, 0.0, 0.0, moved=ROTATION), characters))
    animator.animate(rows(0.0, 0.0, 0.0), characters)
    log = operators_of(lambda: animator.animate(rows(1.0, 2.0, 0.0, moved=ROTATION), characters))
    assert len(log.uploads) == 1 and not log.waits
    more = log.kernels - stiff.kernels, log.fused_kernels - stiff.fused_kernels
    assert all(found <= 2 * most for found, most in zip(more, KERNELS_EACH, strict=True)), more
