"""The lag of a loop whose clock is ours."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.durations import Durations
from avatar_rtc.server.loop_lag import LAG_EVERY_S, LoopLag
from tests.virtual_time import VirtualLoop, run


def test_a_loop_that_is_held_up_is_late_by_so_much_once():
    lag = LoopLag()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        lag.start()
        await asyncio.sleep(4.5 * LAG_EVERY_S)
        loop.stall(LAG_EVERY_S / 2 + 0.3)
        await asyncio.sleep(3.9 * LAG_EVERY_S)
        lag.close()
        await asyncio.sleep(10)

    run(main())
    within = dict(lag.lags.within())
    assert within[0.001] == within[0.25] == 7 and within[0.5] == within[float("inf")] == 8
    assert lag.lags.total_s == pytest.approx(0.3)


@given(st.lists(st.floats(0, 1e6)), st.sets(st.floats(0, 1e3), min_size=1))
def test_durations_are_counted_as_one_would_by_hand(times, bounds):
    took = Durations(sorted(bounds))
    for seconds in times:
        took.add(seconds)
    assert took.within() == [
        *((bound, sum(t <= bound for t in times)) for bound in sorted(bounds)),
        (float("inf"), len(times)),
    ]
    assert took.total_s == pytest.approx(sum(times))
