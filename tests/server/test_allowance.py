"""What one caller may take over time, for any arrivals and amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server import allowance as allowances
from avatar_rtc.server.allowance import Allowance

ASKED = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 30), st.floats(0.1, 400)), max_size=100)


@given(st.floats(0.1, 50), st.floats(1, 300), ASKED)
def test_nobody_gets_more_than_the_rate_and_the_bucket_and_one_that_was_too_large(per_s, burst, asked):
    bucket, now = Allowance(per_s, burst), 0.0
    had: dict[str, list[tuple[float, float]]] = {}
    for who, gap, amount in asked:
        now += gap
        if bucket.take(str(who), now, amount) == 0:
            had.setdefault(str(who), []).append((now, amount))
    for taken in had.values():
        for first in range(len(taken)):
            # Debts only ever hold up those who come later, so the last one alone may overdraw.
            so_far = sum(amount for _, amount in taken[first:-1])
            seconds = taken[-1][0] - taken[first][0]
            assert (
                so_far + min(taken[-1][1], burst) <= burst + per_s * seconds + 1e-6 * burst + taken[first][1]
            )


@given(st.floats(0.1, 50), st.floats(1, 300), ASKED)
def test_who_waits_as_long_as_told_gets_it_and_a_moment_sooner_does_not(per_s, burst, asked):
    bucket, now = Allowance(per_s, burst), 0.0
    for _, gap, amount in asked:
        now += gap
        wait = bucket.take("one", now, amount)
        if wait > 0.01:
            assert bucket.take("one", now + wait * 0.99, amount) > 0
            now += wait * 1.000001 + 1e-6
            assert bucket.take("one", now, amount) == 0


def test_callers_do_not_pay_for_each_other():
    bucket = Allowance(1, 10)
    assert bucket.take("a", 0.0, 10) == 0 and bucket.take("a", 0.0, 5) == pytest.approx(5)
    assert bucket.take("b", 0.0, 10) == 0


def test_callers_are_forgotten(monkeypatch):
    monkeypatch.setattr(allowances, "MOST_CALLERS", 50)
    bucket = Allowance(1, 1)
    for number in range(500):
        bucket.take(str(number), number / 10)
    assert len(bucket) <= 50
