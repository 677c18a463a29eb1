"""How long a viewer waits follows from loss and round-trip, and goes back to nothing on a clean way."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.sending.red import MAX_DISTANCE
from avatar_rtc.media.sending.way import (
    LEAST_LOST,
    MAX_PLAYOUT_S,
    LossReports,
    ViewerWay,
    copy_distances,
    playout_s,
)

shares, times = st.floats(0, 1), st.floats(0, 2)


@given(shares, shares, times, times, times)
def test_it_grows_with_loss_with_the_round_trip_and_with_outages(lost, more, round_trip_s, longer, outage_s):
    base = playout_s(lost, round_trip_s, outage_s)
    assert 0 <= base <= MAX_PLAYOUT_S
    assert playout_s(max(lost, more), round_trip_s, outage_s) >= base - 1e-9
    assert playout_s(lost, round_trip_s + longer, outage_s) >= base
    assert playout_s(lost, round_trip_s, outage_s + longer) >= base
    assert (base == 0) == (lost < LEAST_LOST)


@pytest.mark.parametrize(("lost", "round_trip_s"), [(0.01, 0.02), (0.05, 0.06), (0.1, 0.1), (0.02, 0.2)])
def test_so_few_packets_are_still_missing_when_their_picture_is_due(lost, round_trip_s):
    chance, wait_s = random.Random(1), playout_s(lost, round_trip_s)
    late = 0
    for _ in range(20_000):
        arrived = chance.random() * 0.033  # noticed by the next packet
        while chance.random() < lost:
            arrived += round_trip_s
        late += arrived > wait_s
    assert late / 20_000 < 1.5 * lost**2  # only what is lost again and again


@given(shares, times)
def test_copies_are_within_what_red_can_tell_and_beyond_an_outage(lost, outage_s):
    distances = copy_distances(lost, outage_s)
    assert bool(distances) == (lost >= LEAST_LOST)
    assert all(1 <= each <= MAX_DISTANCE for each in distances)
    if distances:
        assert distances[0] == 1 and distances[-1] * 0.02 >= min(outage_s, 0.16)


def test_a_way_is_believed_soon_and_forgiven_within_half_a_minute():
    way = ViewerWay()
    assert way.playout_s(0.0) == 0 and way.copy_distances(0.0) == ()
    for _ in range(3):
        way.reported(0.05, 0.06)
    assert 0.04 < way.lost <= 0.05 and way.playout_s(2.0) > 0.12
    assert way.copy_distances(2.0) == (1, 2)
    for _ in range(30):
        way.reported(0.0, 0.06)
    assert way.playout_s(32.0) == 0 and way.copy_distances(32.0) == ()


def test_an_outage_is_what_was_asked_for_in_a_row_and_forgotten():
    way = ViewerWay()
    way.reported(0.2, 0.1)
    for number, sent_at in ((65_534, 1.0), (65_535, 1.01), (0, 1.07), (1, 1.09), (9, 1.3)):
        way.missed(number, sent_at, 1.4)
    assert way.copy_distances(1.4) == (1, 6, 12)  # 0.09 s are five blocks
    assert way.copy_distances(30.0) == (1, 2)


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), max_size=100))
def test_reports_make_the_share_that_was_lost_however_often_they_come(first, steps):
    reports, shares = LossReports(), []
    highest, lost, now = first, 0, 0.0
    for more, gone in steps:
        share = reports.add(lost, highest % 2**32, now)
        shares += [] if share is None else [share]
        highest, lost, now = highest + more, lost + min(gone, more), now + 0.05
    assert all(0 <= share <= 1 for share in shares)
    assert len(shares) <= now
    if all(gone >= more for more, gone in steps):
        assert all(share == 1 for share in shares)


def test_reports_that_tell_nonsense_tell_nothing():
    reports = LossReports()
    assert reports.add(0, 1000, 0.0) is None
    assert reports.add(500, 100, 5.0) is None, "the stream has begun anew"
    assert reports.add(500 - 9, 200, 9.0) == 0.0, "what came twice is taken off"
    assert reports.add(2**23, 300, 19.0) == 1.0
