"""The limits of a server: pools that callers share, and the count of what was refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import CapacityExceeded
from avatar_rtc.server.limits import MIB, Lease, Limits, Pool

STEPS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 60), st.booleans()), max_size=40)


@given(STEPS)
def test_leases_never_hold_more_than_the_pool(steps: list[tuple[int, float, bool]]) -> None:
    refused = []
    pool = Pool("things", 100, 1, lambda: refused.append(1))
    leases = [Lease(pool) for _ in range(4)]
    for which, amount, takes in steps:
        before = pool.taken
        try:
            leases[which].grow(amount) if takes else leases[which].shrink(amount)
        except CapacityExceeded:
            assert pool.taken == before and before + amount > 100
    assert pool.taken == pytest.approx(sum(lease.amount for lease in leases)) and pool.taken <= 100
    for lease in leases:
        lease.release()
        lease.release()
    assert pool.taken == pytest.approx(0, abs=1e-9)


def test_a_refusal_says_the_limit_and_is_counted() -> None:
    limits = Limits(LimitsConfig(uploads_mb=2))
    with limits.uploads.lease() as first:
        first.grow(1.5 * MIB)
        with (
            pytest.raises(CapacityExceeded, match="2 MiB of uploads"),
            limits.uploads.lease() as other,
        ):
            other.grow(MIB)
    assert limits.uploads.taken == 0
    assert limits.refused == {"uploads_mb": 1}


def test_an_error_to_raise_is_counted_too() -> None:
    limits = Limits(LimitsConfig())
    assert "the limit of 4 opens a second" in str(limits.refuse("opens_per_s", "opens a second", 4))
    assert limits.refused == {"opens_per_s": 1}
