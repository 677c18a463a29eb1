"""A decoder that begins as another's: the same in the same box, the same picture stretched in another."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from avatar_rtc.distill.warm_start import begin_as, shipped_student
from avatar_rtc.render.student.networks import DecoderSizes, StudentDecoder
from avatar_rtc.render.student.parts import FACE_PARTS

SIDES = st.integers(1, 6)


def decoder(rows: int, columns: int, seed: int, inputs: int = 5) -> StudentDecoder:
    torch.manual_seed(seed)
    found = StudentDecoder(DecoderSizes(inputs, rows, columns, (8, 6, 4), 3, 7, 2))
    with torch.no_grad():
        for level in found.levels:
            level.constant.normal_()
    return found.eval().requires_grad_(False)


@settings(max_examples=15, deadline=None)
@given(SIDES, SIDES, st.integers(0, 99))
def test_in_a_box_of_the_same_size_it_is_the_same(rows: int, columns: int, seed: int) -> None:
    mine, other = decoder(rows, columns, 1), decoder(rows, columns, seed)
    begin_as(mine, other)
    morphs = torch.rand(3, 5)
    assert torch.equal(mine(morphs), other(morphs))


@settings(max_examples=15, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES)
def test_what_is_alike_everywhere_is_so_in_any_box(rows: int, columns: int, others: int, wide: int) -> None:
    """A decoder whose picture is even, but for the edges, is as even in another box."""
    mine, other = decoder(rows, columns, 1), decoder(others, wide, 2)
    with torch.no_grad():
        for level in other.levels:
            level.constant[:] = level.constant.mean((2, 3), keepdim=True)
        for each in (other.seed[1].weight, other.seed[1].bias):
            maps = each.view(8, others * wide, -1)
            maps[:] = maps.mean(1, keepdim=True)
    begin_as(mine, other)
    small, large = (net.levels[0].constant for net in (mine, other))
    assert torch.allclose(small.mean((2, 3)), large.mean((2, 3)), atol=1e-5)
    morphs = torch.rand(2, 5)
    seeds = [net.seed(net.inside(morphs)).view(2, 8, -1)[..., 0] for net in (mine, other)]
    assert torch.allclose(*seeds, atol=1e-5)


def test_constants_are_stretched() -> None:
    mine, other = decoder(4, 6, 1), decoder(2, 3, 2)
    begin_as(mine, other)
    for ours, theirs in zip(mine.levels, other.levels, strict=True):
        wanted = interpolate(theirs.constant, ours.constant.shape[-2:], mode="bilinear", align_corners=False)
        assert torch.equal(ours.constant, wanted)


def test_one_that_is_told_less_takes_what_it_knows() -> None:
    mine, other = decoder(2, 2, 1, inputs=3), decoder(2, 2, 2, inputs=5)
    begin_as(mine, other)
    morphs = torch.rand(3, 5)
    morphs[:, 3:] = 0
    assert torch.allclose(mine(morphs[:, :3]), other(morphs), atol=1e-6)


def test_nobody_begins_as_oneself() -> None:
    first = shipped_student("")
    assert first is not None
    second = shipped_student(first.image_hash)
    assert second is not None and second.image_hash != first.image_hash


@pytest.mark.parametrize("part", FACE_PARTS)
def test_the_shipped_ones_are_of_the_sizes_that_are_trained(part: str) -> None:
    from avatar_rtc.distill.face import part_sizes

    student = shipped_student("")
    assert student is not None
    box = student.boxes[part]  # type: ignore[index]
    assert student.faces[part].decoder.shape == part_sizes(part, box)  # type: ignore[index, arg-type]
