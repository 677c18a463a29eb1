"""Batches that find no room, against a device of a given size."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.render.device.batches import LARGEST_BATCH, BatchLimit, in_pieces


class SmallDevice:
    """Has room for so many items at once."""

    def __init__(self, room: int) -> None:
        self.room, self.tries = room, list[int]()

    def work(self, items: Sequence[int]) -> list[int]:
        self.tries.append(len(items))
        if len(items) > self.room:
            raise torch.OutOfMemoryError("no room")
        return [2 * each for each in items]

    def run(self, count: int, limit: BatchLimit) -> list[int]:
        found = [f for _, f in in_pieces(range(count), self.work, limit, lambda items: False)]
        return [each for piece in found for each in piece]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 20))
def test_whatever_the_room_all_items_come_in_order(counts: list[int], room: int) -> None:
    device, limit = SmallDevice(room), BatchLimit()
    for count in counts:
        assert device.run(count, limit) == [2 * each for each in range(count)]
    assert sum(size > room for size in device.tries) <= 4, "what failed once is not tried at once again"
    assert max(device.tries) <= LARGEST_BATCH


def test_no_room_for_one_is_told() -> None:
    limit = BatchLimit()
    with pytest.raises(torch.OutOfMemoryError, match="no room"):
        SmallDevice(0).run(3, limit)
    assert SmallDevice(1).run(3, limit) == [0, 2, 4], "and is tried again"


def test_room_that_was_made_for_one_is_used() -> None:
    device = SmallDevice(0)

    def make_room(items: int) -> bool:
        device.room += items == 1
        return items == 1

    assert [found for _, found in in_pieces([1, 2], device.work, BatchLimit(), make_room)] == [[2], [4]]


def test_larger_batches_are_tried_again_and_ever_less_often() -> None:
    device, limit = SmallDevice(4), BatchLimit()
    for _ in range(6000):
        device.run(8, limit)
    failed = [number for number, size in enumerate(device.tries) if size > 4]
    waits = [later - earlier for earlier, later in pairwise(failed)]
    assert 3 <= len(failed) <= 8 and waits == sorted(waits), "each wait is twice the one before"
    device.room = 16
    for _ in range(20000):
        device.run(16, limit)
    assert limit.items == 16, "and when there is room, they go"
