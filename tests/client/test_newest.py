"""The queue of live pictures: newest first to survive, everything counted."""

import asyncio

import pytest

from avatar_rtc.client.newest import Newest


async def test_keeps_the_newest_in_order_and_counts_the_rest() -> None:
    queue: Newest[int] = Newest(2)
    for item in range(5):
        queue.put(item)
    assert [await queue.next(), await queue.next()] == [3, 4]
    assert (queue.received, queue.dropped) == (5, 3)


async def test_waits_for_an_item_or_the_end() -> None:
    queue: Newest[int] = Newest(2)
    waiting = asyncio.create_task(queue.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put(7)
    assert await waiting == 7
    waiting = asyncio.create_task(queue.next())
    await asyncio.sleep(0)
    queue.end()
    assert await waiting is None


async def test_an_error_comes_after_what_is_held_and_the_first_counts() -> None:
    queue: Newest[int] = Newest(2)
    queue.put(1)
    queue.end(ValueError("first"))
    queue.end()
    assert await queue.next() == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="first"):
            await queue.next()
