"""A keyframe is asked for when the picture stands still because something is missing, and only then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.receiving.pleading import MAX_PAUSE_S, STALL_S, Pleading


def test_pauses_double_up_to_two_seconds():
    pleading, times = Pleading(), []
    pleading.stalled(is_missing=True, has_shown=False, now=1.0)
    for _ in range(7):
        now = pleading.due
        assert now is not None and not pleading.plead(now - 1e-6) and pleading.plead(now)
        times.append(now)
    pauses = [b - a for a, b in zip([1.0, *times], times, strict=False)]
    assert pauses == pytest.approx([STALL_S, 0.25, 0.5, 1.0, MAX_PAUSE_S, MAX_PAUSE_S, MAX_PAUSE_S])
    assert pleading.pleas == 7


@given(st.lists(st.floats(0.01, 5.0), max_size=30))
def test_without_loss_nobody_pleads_however_slow_the_pictures(steps):
    pleading, now = Pleading(), 0.0
    for step in steps:
        now += step
        pleading.stalled(is_missing=False, has_shown=True, now=now)
        assert pleading.due is None and not pleading.plead(now + 60)


def test_a_repair_ends_it_and_the_next_stall_begins_afresh():
    pleading = Pleading()
    pleading.stalled(True, False, 0.0)
    assert pleading.plead(0.3) and pleading.plead(0.6)
    pleading.stalled(False, True, 0.7)
    assert not pleading.plead(9.0)
    pleading.stalled(True, False, 10.0)
    assert pleading.due == 10.0 + STALL_S
    # More packets behind the gap change nothing; a picture that got through does.
    pleading.stalled(True, False, 10.2)
    assert pleading.due == 10.0 + STALL_S
    pleading.stalled(True, True, 10.2)
    assert pleading.due == pytest.approx(10.2 + STALL_S)
