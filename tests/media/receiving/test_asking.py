"""What is lost is asked for at once, again every round-trip, ten times, and never without need."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.receiving.asking import (
    AGAIN,
    FIRST_RTT_S,
    GROWTH,
    MAX_MISSING,
    MAX_REQUESTS,
    MAX_RTT_S,
    MIN_RTT_S,
    Asking,
    LongNumbers,
)


def test_nothing_lost_nothing_asked():
    asking = Asking()
    assert [asking.arrived(number, number / 100) for number in range(65_000, 67_000)] == [[]] * 2_000
    assert asking.due is None and asking.requests == 0


def test_a_gap_is_asked_for_at_once_and_every_round_trip_and_no_more_than_ten_times():
    asking = Asking()
    asking.arrived(10, 0.0)
    assert asking.arrived(13, 1.0) == [11, 12]
    now, times = 1.0, 1
    while asking.due is not None:
        assert asking.due == pytest.approx(now + AGAIN * FIRST_RTT_S)
        assert asking.again(asking.due - 1e-6) == []
        now = asking.due
        assert asking.again(now) == [11, 12]
        times += 1
    assert times == MAX_REQUESTS and asking.requests == 2 * MAX_REQUESTS


def test_what_has_come_or_is_needed_no_more_is_not_asked_for_again():
    asking = Asking()
    asking.arrived(1, 0.0)
    asking.arrived(5, 0.0)
    asking.arrived(3, 0.01)
    asking.forget(before=4)
    assert asking.again(10.0) == [4]
    asking.arrived(4, 10.1)
    assert asking.due is None


def repaired(asking: Asking, number: int, begin: float, took_s: float) -> None:
    """Lose one packet before `number` and have it back."""
    asking.arrived(number, begin)
    asking.arrived(number - 1, begin + took_s)


@given(st.floats(0.0, 2.0))
def test_the_round_trip_is_measured_within_bounds(rtt_s):
    asking = Asking()
    asking.arrived(0, 0.0)
    for i in range(1, 80):
        repaired(asking, 2 * i, 10.0 * i, rtt_s)
    assert asking.rtt_s == pytest.approx(min(max(rtt_s, MIN_RTT_S), MAX_RTT_S), rel=0.05)


def test_overtaken_packets_hide_no_round_trip():
    """Three of four that are missing for a moment were overtaken, and the fourth is repaired after 150 ms."""
    asking, chance = Asking(), random.Random(1)
    asking.arrived(0, 0.0)
    for i in range(1, 400):
        repaired(asking, 2 * i, 10.0 * i, 0.15 if chance.random() < 0.25 else 0.01)
    assert 0.05 < asking.rtt_s < 0.16


def test_of_several_requests_none_is_measured():
    asking = Asking()
    asking.arrived(1, 0.0)
    asking.arrived(3, 0.0)
    asking.again(0.3)
    asking.arrived(2, 0.31)
    assert asking.rtt_s == FIRST_RTT_S
    asking.arrived(5, 1.0)
    assert asking.due == pytest.approx(1.0 + AGAIN * FIRST_RTT_S * GROWTH)
    asking.arrived(4, 1.0 + FIRST_RTT_S)
    asking.arrived(7, 2.0)
    assert asking.due == pytest.approx(2.0 + AGAIN * FIRST_RTT_S)


def lost_and_asked_for(asking: Asking, number: int, begin: float, rtt_s: float) -> int:
    """Lose the packet before `number`; every request is answered. Gives how many there were, ever."""
    asking.arrived(number, begin)
    while asking.due is not None and asking.due < begin + rtt_s:
        asking.again(asking.due)
    asking.arrived(number - 1, begin + rtt_s)
    return asking.requests


@given(st.floats(MIN_RTT_S, MAX_RTT_S))
def test_however_long_a_round_trip_is_one_request_is_enough_in_the_end(rtt_s):
    asking = Asking()
    asking.arrived(0, 0.0)
    counts = [lost_and_asked_for(asking, 2 * i, 10.0 * i, rtt_s) for i in range(1, 60)]
    assert counts[-1] - counts[-21] == 20
    assert rtt_s / AGAIN <= asking.rtt_s * 1.001 <= rtt_s * 1.6


def test_a_leap_asks_for_nothing_and_a_long_gap_for_its_newest():
    asking = Asking()
    asking.arrived(1, 0.0)
    assert asking.arrived(2 + MAX_MISSING, 0.0) == []
    assert asking.due is None
    first = 2 + MAX_MISSING
    for step in range(1, 20):
        asking.arrived(first + 50 * step, 0.0)
    lost = asking.again(9.0)
    assert min(lost) >= first + 50 * 19 - MAX_MISSING and len(lost) <= MAX_MISSING


@given(st.integers(0, 65_535), st.lists(st.integers(-200, 400), max_size=60))
def test_long_numbers_are_the_short_ones_counted_on(first, steps):
    numbers, newest = LongNumbers(), first
    assert numbers.long(first) == first
    for step in steps:
        assert numbers.long((newest + step) % 65_536) == newest + step
        newest = max(newest, newest + step)


def test_a_stream_that_begins_anew_leaps_ahead():
    numbers = LongNumbers()
    numbers.long(40_000)
    assert numbers.long(100) > 40_000
