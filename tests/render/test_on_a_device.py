"""Characters, cels and poses where the fake card computes: what goes over once, and what never again."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.bench.traffic import Traffic
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import pose_from
from avatar_rtc.render.animator import Animator, device_of
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.device.operators import OperatorLog, operators_of
from avatar_rtc.render.pixels import cut, rgba_of
from avatar_rtc.render.portrait import portrait_of
from avatar_rtc.render.posed import _rgba_in_one_copy, render_poses
from avatar_rtc.render.static import create_static
from avatar_rtc.stream.crop import Crop
from tests.render.thin_networks import thin_animator

META = torch.device("meta")
RNG = np.random.default_rng(5)
POSES = [{"mouth_aaa": 0.5, "head_x": 0.3}, {"eye_wink_left": 1.0}, {"neck_z": -0.5}, {}, {"mouth_ooo": 1.0}]


def rgba(side: int) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, (side, side, 4), dtype=np.uint8)


def cels(scale: int = 1) -> Cels:
    """Some on the skin, some around the head, one of the character's own, at a scale of the picture."""
    places = {"blush1": (200, 160), "tears1": (220, 150), "fx_heart1": (320, 40), "hat": (180, 10)}
    return Cels({n: CelImage(x * scale, y * scale, rgba(40 * scale)) for n, (x, y) in places.items()})


def static() -> Animator:
    return create_static("meta")


def tha3() -> Animator:
    return thin_animator("meta", torch.float16)


def poses(count: int) -> Tensor:
    return torch.from_numpy(np.stack([pose_from(POSES[number % 5]) for number in range(count)]))


@pytest.mark.parametrize("create", [static, tha3], ids=["static", "tha3"])
def test_a_character_goes_over_once_and_a_cel_at_its_first_use(create: Callable[[], Animator]) -> None:
    animator = create()
    assert device_of(animator) == META
    opened: list[DressedCharacter] = []
    log = operators_of(lambda: opened.append(DressedCharacter(animator, portrait_of(rgba(512)), cels())))
    (character,) = opened
    assert [each.written_bytes for each in log.uploads] == [4 * 512 * 512 * 4] and not log.waits
    first = operators_of(lambda: character.under({"blush1": 0.5, "tears1": 0.2}))
    assert len(first.uploads) == 2 and not first.waits
    again = operators_of(lambda: [character.under({"blush1": n / 10, "tears1": 1.0}) for n in range(1, 4)])
    assert again.kernels and not again.uploads and not again.downloads


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_static_animator_needs_nothing_of_the_host_but_the_pose(count: int) -> None:
    animator = create_static("meta")
    characters = [animator.prepare(portrait_of(rgba(512))) for _ in range(count)]
    log = operators_of(lambda: animator.animate(poses(count), characters))
    assert log.kernels and not log.uploads and not log.downloads


@pytest.mark.parametrize("scale", [1, 2], ids=["512", "1024"])
def test_effects_and_crop_stay_on_the_device(scale: int) -> None:
    drawn, side = cels(scale), 512 * scale
    picture = torch.empty(4, side, side, device=META)
    layers = drawn.layers({"fx_heart1": 0.7, "hat": 1.0})

    def show() -> Tensor:
        return cut(drawn.draw(picture, layers, "linear"), Crop(0.25, 0.0, 0.75, 0.5))

    first, second = operators_of(show), operators_of(show)
    assert len(first.uploads) == 2 and not second.uploads and not second.waits
    assert second.fused_kernels == 1 + 2 * 2  # the picture copied, and each cel laid over it and put back


def test_a_cel_is_kept_for_each_device_it_is_drawn_on() -> None:
    drawn = cels()
    for device in ("cpu", "meta", "cpu"):
        assert drawn.top("hat", torch.device(device))[0].device.type == device


def test_pictures_of_a_batch_come_back_in_one_copy() -> None:
    given = [pose_from(POSES[number % 5]) for number in range(20)]
    log = OperatorLog()
    with Traffic(), log:
        found = list(render_poses(rgba(512), given, "static", "meta"))
    assert len(found) == 20 and len(log.downloads) == 2
    assert all(picture.shape == (512, 512, 4) for picture in found)


def test_one_copy_holds_the_bytes_of_each() -> None:
    pictures = torch.rand(3, 4, 20, 30)
    for found, picture in zip(_rgba_in_one_copy(pictures), pictures, strict=True):
        assert np.array_equal(found, rgba_of(picture)) and found.flags.c_contiguous
