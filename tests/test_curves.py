"""Curves from 0 to 1: from rest to rest, never back, and how many derivatives vanish at their ends."""

from collections.abc import Callable

import numpy as np
import pytest

from avatar_rtc.curves import hermite, smooth_transition, smoothstep

CURVES = {hermite: 1, smoothstep: 1, smooth_transition: 4}
"""How many derivatives are asked to vanish at both ends."""


@pytest.mark.parametrize(("curve", "flat"), CURVES.items())
def test_it_runs_from_rest_to_rest_and_is_symmetrical(curve: Callable[[float], float], flat: int) -> None:
    x = np.linspace(0, 1, 1001)
    y = np.array([curve(v) for v in x.tolist()])
    assert (y[0], y[500], y[-1]) == (0, 0.5, 1)
    assert (np.diff(y) >= 0).all() and y + y[::-1] == pytest.approx(np.ones(1001))
    for derivative in range(1, flat + 1):
        y = np.diff(y) * 1000
        assert max(abs(y[0]), abs(y[-1])) < 10.0**-derivative * np.abs(y).max()


@pytest.mark.parametrize("curve", [smoothstep, smooth_transition])
def test_it_stays_at_its_ends(curve: Callable[[float], float]) -> None:
    assert [curve(x) for x in (-np.inf, -1.0, 1.0, 9.0, np.inf)] == [0, 0, 1, 1, 1]


def test_an_array_is_as_its_numbers() -> None:
    x = np.random.default_rng(1).random((3, 50))
    assert hermite(x).tolist() == [[hermite(v) for v in row] for row in x.tolist()]
    assert [hermite(v) for v in x[0].tolist()] == [smoothstep(v) for v in x[0].tolist()]


def test_the_one_with_all_derivatives_is_the_steeper() -> None:
    for x in np.linspace(0.01, 0.49, 49).tolist():
        assert smooth_transition(x) < smoothstep(x)
