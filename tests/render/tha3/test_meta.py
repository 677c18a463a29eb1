"""THA3 on the meta device: what it asks of a card, in kernels, uploads and waits."""

from collections.abc import Sequence
from functools import partial

import pytest
import torch

from avatar_rtc.face.pose import EYEBROW, FACE, ROTATION
from avatar_rtc.render.device.operators import OperatorLog, operators_of
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.tha3.animator import Tha3Animator
from avatar_rtc.render.tha3.networks import PARTS, Maps, Network, PartName, warp
from avatar_rtc.render.tha3.parts import MovedPart

BEFORE: dict[MovedPart, int] = {"brows": 126, "face": 128, "body": 265}
"""Kernels of each part for one character before anything was fused, at 887080f."""
KERNELS: dict[MovedPart, tuple[int, int]] = {"brows": (87, 59), "face": (88, 59), "body": (186, 127)}
"""Now: as they are, and compiled. They may not grow."""
AROUND, AROUND_EACH = 15, 4
"""Operators of a frame beside those of the parts, and for each character: to gather, to keep, on the host."""


def on_meta(memory_format: torch.memory_format) -> Tha3Animator:
    with torch.device("meta"):
        networks: dict[PartName, Maps] = {
            name: Network(part, separable=True).half().eval().requires_grad_(False)
            for name, part in PARTS.items()
        }
    return Tha3Animator(networks, "meta", torch.float16, memory_format=memory_format)


@pytest.fixture(scope="module")
def animator() -> Tha3Animator:
    return on_meta(torch.contiguous_format)


def moved(*parts: slice) -> torch.Tensor:
    pose = torch.zeros(45)
    for part in parts:
        pose[part] += 0.1
    return pose


def assert_asks_for_no_more(log: OperatorLog, uploads: int) -> None:
    assert not log.waits and not log.downloads and len(log.uploads) == uploads


@pytest.mark.parametrize("memory_format", (torch.contiguous_format, torch.channels_last))
def test_kernels_of_each_part_do_not_grow_and_are_half_of_what_they_were(
    memory_format: torch.memory_format,
) -> None:
    animator = on_meta(memory_format)
    for height in (128, 192, 256, 512):
        warp(
            torch.zeros(1, 4, height, height, device="meta"), torch.zeros(1, 2, height, height, device="meta")
        )
    for part, work in animator.parts.examples(animator.device, animator.dtype).items():
        log = operators_of(work)
        # Pictures that are turned round for their networks.
        extra = (memory_format == torch.channels_last) * (2 if part == "body" else 1)
        assert (log.kernels - extra, log.fused_kernels - extra) == KERNELS[part], part
    assert 2 * sum(fused for _, fused in KERNELS.values()) <= sum(BEFORE.values())


@pytest.mark.parametrize("batch, first", ((1, 0), (5, 2)))
def test_a_frame_waits_for_nothing_and_takes_one_upload(
    animator: Tha3Animator, batch: int, first: int
) -> None:
    characters = [animator.prepare(Portrait.plain(torch.zeros(4, 512, 512))) for _ in range(batch)]
    steps: Sequence[tuple[tuple[slice, ...], set[MovedPart]]] = (
        ((), {"brows", "face", "body"}),
        ((), set()),
        ((EYEBROW,), {"brows", "face", "body"}),
        ((EYEBROW, FACE), {"face", "body"}),
        ((EYEBROW, FACE, ROTATION), {"body"}),
    )
    for parts, computed in steps[first : first + 5 - 2 * first]:
        poses = moved(*parts).expand(batch, -1)
        log = operators_of(partial(animator.animate, poses, characters))
        assert_asks_for_no_more(log, uploads=bool(computed))
        most = sum(KERNELS[part][1] for part in computed) + AROUND + AROUND_EACH * batch
        assert log.fused_kernels <= most, (parts, log.by_name())


def test_different_rows_move_different_parts_and_one_stands_there_twice(animator: Tha3Animator) -> None:
    one, other = (animator.prepare(Portrait.plain(torch.zeros(4, 512, 512))) for _ in range(2))
    animator.animate(torch.zeros(2, 45), [one, other])
    poses = torch.stack([moved(ROTATION), moved(FACE), moved(EYEBROW)])
    log = operators_of(lambda: animator.animate(poses, [one, other, one]))
    assert_asks_for_no_more(log, uploads=1)


def test_to_prepare_a_character_waits_for_nothing(animator: Tha3Animator) -> None:
    image = torch.zeros(4, 512, 512)
    assert_asks_for_no_more(operators_of(lambda: animator.prepare(Portrait.plain(image))), uploads=1)
    poses, characters = torch.zeros(2, 45), [animator.prepare(Portrait.plain(image)) for _ in range(2)]
    assert_asks_for_no_more(operators_of(lambda: animator.pose_faces(poses, characters)), uploads=1)
