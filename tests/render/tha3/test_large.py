"""THA3 at a larger side: laws of the enlarged maps, and that it is THA3's own picture once reduced."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import FACE, ROTATION
from avatar_rtc.face.swing import SWINGS
from avatar_rtc.render.cels import Cels, Dressing
from avatar_rtc.render.colour import srgb_to_linear
from avatar_rtc.render.device.host import HOSTS
from avatar_rtc.render.device.operators import operators_of
from avatar_rtc.render.portrait import PICTURE_PX, Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.boxes import FACE_BOX, HEAD_BOX, HEAD_IN_FACE, box_at
from avatar_rtc.render.tha3.character import Shown
from avatar_rtc.render.tha3.large import layer_warp, maps_at, sharp_warp, slight, steadied
from avatar_rtc.render.tha3.networks import PARTS, Maps, PartName, warp
from avatar_rtc.render.tha3.parts import MovedPart
from tests.render.tha3.test_swinging import a_soft_part
from tests.render.thin_networks import thin_animator

LARGE_KERNELS: dict[MovedPart, int] = {"brows": 4, "face": 29, "body": 6}
"""Compiled kernels more of each part at another side than 512; they may not grow."""


def smooth(side: int, seed: int = 3) -> Tensor:
    """(4, side, side) in [0, 1]: the same opaque drawing at any side, without detail."""
    coarse = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(seed))
    coarse[:, 3] = 1
    at = interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)
    return at.clamp(0.05, 1)[0]


def portrait(side: int, seed: int = 3) -> Portrait:
    return (
        Portrait(smooth(512, seed), smooth(side, seed)) if side != 512 else Portrait.plain(smooth(512, seed))
    )


def reduced(pictures: Tensor) -> Tensor:
    return interpolate(pictures, size=(512, 512), mode="area")


def pose(seed: int) -> Tensor:
    """Far from rest in all parts."""
    return torch.rand(45, generator=torch.Generator().manual_seed(seed)) * 0.5 + 0.5


def sliding(shift_px: float = 0.0) -> dict[PartName, Maps]:
    """Networks that paint nothing and slide the body to the right, by a pixel of 512 for each 0.1 of head_x.

    Args:
        shift_px: by which it is also shifted at rest, as THA3 does it.
    """

    def maps_of(name: PartName) -> Maps:
        count = sum(channels for _, channels in PARTS[name].heads)

        def run(pictures: Tensor, given: Tensor) -> Tensor:
            found = pictures.new_full((len(pictures), count, *pictures.shape[-2:]), -30.0)
            if name == "eyebrow_decomposer":
                found[:, 5] = 30.0  # brows are the head itself, but for its alpha
            elif name != "two_algo_face_body_rotator":
                found[:, :2] = 0
            else:
                found[:] = 0
            if name == "editor":
                found[:, 0] = -(10 * given[:, :1, None] + shift_px)[..., 0, None] / 256
            return found

        return run

    return {name: maps_of(name) for name in PARTS}


def rotated(*turns: float) -> Tensor:
    poses = torch.zeros(len(turns), 45)
    poses[:, ROTATION.start] = torch.tensor(turns)
    return poses


@pytest.mark.parametrize("side", PICTURE_PX)
def test_boxes_fall_on_whole_pixels_of_every_side(side: int) -> None:
    for box in (HEAD_BOX, FACE_BOX, HEAD_IN_FACE):
        exact = [edge * side / 512 for edge in (box.x, box.y, box.width, box.height)]
        found = box_at(box, side)
        assert [found.x, found.y, found.width, found.height] == exact


@pytest.mark.parametrize("side", (96, 128, 256))
def test_host_and_card_enlarge_alike(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = torch.randn(2, 12, 64, 64)
    found = maps_at(maps, side)
    monkeypatch.setattr("avatar_rtc.render.tha3.large.on_host", lambda _: False)
    assert "cpu" in HOSTS and torch.allclose(found, maps_at(maps, side), atol=1e-4)


def test_a_sharp_warp_moves_whole_pixels_exactly_and_blurs_less_between() -> None:
    image = torch.rand(2, 4, 48, 48) * 2 - 1
    change = torch.zeros(2, 2, 48, 48)
    change[:, 0] = 3 * 2 / 48
    assert torch.allclose(sharp_warp(image, change)[..., :-3], image[..., 3:], atol=1e-4)
    change[:, 0] = 0.5 * 2 / 48
    assert sharp_warp(image, change).std() > 1.1 * warp(image, change).std()


def test_a_layer_between_pixels_takes_no_colour_from_what_does_not_show() -> None:
    image = torch.full((1, 4, 32, 32), -1.0)
    image[:, :, 8:24, 8:24] = torch.tensor([0.6, 0.2, -0.2, 1.0])[:, None, None]
    found = layer_warp(image, torch.full((1, 2, 32, 32), 0.5 * 2 / 32))[0]
    shows = found[3] > -0.99
    assert shows.sum() > 16 * 16
    assert torch.allclose(
        found[:3, shows], torch.tensor([0.6, 0.2, -0.2])[:, None].expand(-1, int(shows.sum()))
    )


def test_rest_is_taken_off_near_rest_only() -> None:
    maps, rest = torch.randn(3, 5, 4, 4), torch.randn(1, 2, 4, 4)
    poses = torch.tensor([[0.0, 0.0], [0.25, 0.0], [1.0, 1.0]])
    found = steadied(maps, rest, poses)
    for row, share in enumerate((1.0, np.exp(-0.5), np.exp(-2 / (2 * 0.25**2)))):
        assert torch.allclose(found[row, :2], maps[row, :2] - float(share) * rest[0], atol=1e-6)
    assert torch.equal(found[:, 2:], maps[:, 2:])


def test_what_is_meant_at_rest_stays() -> None:
    """A mouth that closes moves by pixels, the rest of the face by tenths."""
    grid = torch.full((1, 2, 96, 96), 0.2 / 48)
    grid[:, :, 40:50, 30:60] = 5 / 48
    found = slight(grid)
    assert torch.equal(found[..., 36:54, 26:64], torch.zeros(1, 2, 18, 38))
    assert torch.equal(found[..., :20, :], grid[..., :20, :])


def test_at_rest_it_is_the_source_whatever_the_networks_shift() -> None:
    animator = Tha3Animator(sliding(shift_px=0.4), "cpu", torch.float32)
    noise = torch.rand(4, 1024, 1024, generator=torch.Generator().manual_seed(1)) * 0.9 + 0.1
    character = animator.prepare(Portrait(smooth(512), noise))
    shown = animator.animate(torch.zeros(1, 45), [character])[0]
    wanted = srgb_to_linear(noise[None])[0]
    beside = torch.ones(1024, 1024, dtype=torch.bool)
    beside[box_at(HEAD_BOX, 1024).slices] = False  # its brows are laid on anew
    assert torch.allclose(shown[:, beside], wanted[:, beside], atol=2e-3)


@pytest.mark.parametrize("side", (768, 1024))
def test_reduced_it_is_the_picture_of_512(side: int) -> None:
    """Under cels, covered, swinging and as it is: of a drawing without detail."""
    animator = thin_animator("cpu", torch.float32)
    cels = Cels({
        "mouth_smile": CelImage(240, 160, np.full((20, 30, 4), (255, 80, 60, 255), np.uint8)),
        "blush1": CelImage(200, 130, np.full((24, 40, 4), (255, 60, 60, 120), np.uint8)),
    })  # fmt: skip
    blush = Dressing(cels, cels.layers({"blush1": 1.0}))
    smile = Dressing(cels, cels.layers({"mouth_smile": 1.0}))
    posed = torch.cat([pose(1), torch.full((SWINGS,), 4.0)])[None]
    shown = []
    for at in (512, side):
        given = portrait(at)
        bare = animator.soften(animator.prepare(given), a_soft_part())
        dressed = animator.dress(bare, given, blush)
        each: list[Shown] = [bare, dressed, animator.cover(bare, smile)]
        shown.append(torch.cat([animator.animate(posed, [one]).clone() for one in each]))
    assert shown[1].shape == (3, 4, side, side)
    assert shown[1].min() >= 0 and shown[1].max() <= 1
    error = (reduced(shown[1]) - shown[0]).square().mean((1, 2, 3))
    assert error.max() < 1e-4, error  # 40 dB
    assert (shown[1][0] - shown[1][1]).abs().max() > 0.02 < (shown[1][0] - shown[1][2]).abs().max()


def test_a_batch_is_what_each_is_alone() -> None:
    animator = thin_animator("cpu", torch.float32)
    one, other = (animator.prepare(portrait(768, seed)) for seed in (1, 2))
    poses = torch.stack([pose(1), pose(2), pose(3)])
    together = animator.animate(poses, [one, other, one])
    for row, seed in enumerate((1, 2, 1)):
        alone = animator.animate(poses[row : row + 1], [animator.prepare(portrait(768, seed))])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("side", (512, 1024))
def test_stages_have_the_side_that_is_shown(side: int) -> None:
    animator = thin_animator("cpu", torch.float32)
    character = animator.prepare(portrait(side))
    animator.animate(pose(1)[None], [character])
    sides = {"brows": 128, "background": 128, "head": 128, "face": 192, "posed": 512, "turned": 512}
    for name, at in {**sides, "warped": 512, "paint": 512}.items():
        found = animator.stage(character, pose(1).numpy(), name)
        assert found.shape == (4, at * side // 512, at * side // 512), name
    assert character.large_face().shape[-1] == 192 * side // 512


@pytest.mark.parametrize("side", (512, 768))
def test_in_betweens_go_half_way_and_then_all_of_it(side: int) -> None:
    """The body slides by 10 px of 512 for each turn; the networks are asked for rows that are none only."""
    asked: list[int] = []
    networks = sliding()
    editor = networks["editor"]

    def counted(pictures: Tensor, of: Tensor) -> Tensor:
        asked.append(1)
        return editor(pictures, of)

    networks["editor"] = counted
    animator = Tha3Animator(networks, "cpu", torch.float32)
    character = animator.prepare(portrait(side))
    asked.clear()
    still = animator.animate(rotated(2.0), [character]).clone()

    def slid(turn: float, between: bool) -> float:
        """By how many turns the picture differs from that of 2.0."""
        found = animator.animate(rotated(turn), [character], [between])
        unit = 10 * side // 512
        tries = [step / 2 for step in range(-2, 9)]
        errors = [
            float((found.roll(round(-unit * by), -1) - still)[..., unit * 5 : -unit * 5].abs().mean())
            for by in tries
        ]
        return tries[int(np.argmin(errors))]

    assert slid(3.0, True) == 0.0, "it turns as it did last"
    assert slid(4.0, False) == 1.0, "half way from 2 to 4"
    assert slid(5.0, True) == 2.0, "all of the way"
    assert slid(6.0, False) == 3.0
    assert slid(6.0, False) == 4.0, "nothing moves any more: it arrives"
    assert slid(4.0, False) == 2.0, "without in-betweens as ever"
    assert len(asked) == 4


def test_the_face_of_an_in_between_is_posed() -> None:
    animator = thin_animator("cpu", torch.float32)
    character, fresh = animator.prepare(portrait(512)), animator.prepare(portrait(512))
    first, second = pose(1), pose(1)
    second[FACE] *= 0.5
    animator.animate(first[None], [character])
    animator.animate(second[None], [character], [True])
    animator.animate(second[None], [fresh])
    assert torch.equal(character.posed, fresh.posed)


def test_on_a_card_it_waits_for_nothing_and_takes_one_upload() -> None:
    animator = thin_animator("meta", torch.float16)
    given = [Portrait(torch.zeros(4, 512, 512), torch.zeros(4, 1024, 1024)) for _ in range(2)]
    characters = [animator.prepare(each) for each in given]
    log = operators_of(partial(animator.prepare, given[0]))
    assert len(log.uploads) == 2 and not log.waits, "both sizes"
    steps: Sequence[Sequence[bool]] = ((), (True, False), (False, True))
    for number, between in enumerate(steps):
        log = operators_of(partial(animator.animate, torch.full((2, 45), 0.1 + number), characters, between))
        assert not log.waits and not log.downloads and len(log.uploads) == 1, between
    for part, work in animator.parts.examples(animator.device, animator.dtype, side=1024).items():
        small = animator.parts.examples(animator.device, animator.dtype)[part]
        more = operators_of(work).fused_kernels - operators_of(small).fused_kernels
        assert more <= LARGE_KERNELS[part], (part, more)
