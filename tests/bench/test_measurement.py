"""The arithmetic of the bench against numpy, and verdicts at the limit."""

import numpy as np
import pytest

from avatar_rtc.bench.measurement import at_least, at_most, percentile, skipped, spread, told


@pytest.mark.parametrize("p", [1, 50, 95, 99, 100])
@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_percentile_is_numpys_inverted_cdf(p: float, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert percentile(list(values), p) == np.percentile(values, p, method="inverted_cdf")


def test_limits_are_inclusive() -> None:
    assert at_most("x", 2.0, "ms", 2).passed and not at_most("x", 2.01, "ms", 2).passed
    assert at_least("x", 29.0, "fps", 29).passed and not at_least("x", 28.99, "fps", 29).passed


def test_what_has_no_limit_neither_passes_nor_fails() -> None:
    assert told("x", 1.0, "s").passed is None and skipped("x", "no weights").value is None


def test_spread() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"samples": 3, "p50": 2.0, "p95": 3.0, "max": 3.0}
