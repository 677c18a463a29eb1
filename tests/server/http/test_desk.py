"""Pictures are decoded one at a time, and nobody waits for ever."""

import asyncio

import pytest

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.server.http.desk import MOST_WAITING_TURNS, Desk
from avatar_rtc.server.limits import Limits


async def test_one_at_a_time_and_the_next_after_an_error():
    desk, inside = Desk(Limits(LimitsConfig())), []

    async def work(fails: bool) -> None:
        async with desk.turn():
            inside.append(1)
            assert len(inside) == 1
            await asyncio.sleep(0)
            inside.pop()
            if fails:
                raise ValueError

    done = await asyncio.gather(*(work(number % 2 == 0) for number in range(6)), return_exceptions=True)
    assert [type(each) for each in done] == [ValueError, type(None)] * 3


async def test_the_queue_is_short_and_moves_in_time():
    limits = Limits(LimitsConfig(decode_s=0.2))
    desk = Desk(limits)

    async def wait() -> None:
        async with desk.turn():
            raise AssertionError("nobody gets in")

    async with desk.turn():
        waiting = [asyncio.create_task(wait()) for _ in range(MOST_WAITING_TURNS)]
        await asyncio.sleep(0)
        with pytest.raises(CapacityExceeded, match="8 pictures"):
            await wait()
        for each in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(each, CapacityExceeded) and "0.2 seconds" in str(each)
    assert limits.refused == {"decode_s": MOST_WAITING_TURNS + 1}
    async with desk.turn():
        pass
