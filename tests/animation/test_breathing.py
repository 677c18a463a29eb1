import math

import numpy as np
import pytest

from avatar_rtc.animation.breathing import Breathing, breathing


def test_a_breath_takes_four_seconds_and_follows_sine_squared():
    for t in (0.0, 0.3, 1.0, 2.0, 3.9):
        assert breathing(t) == pytest.approx(math.sin(math.pi * t / 4) ** 2)
    assert breathing(1.0) == pytest.approx(0.5) and breathing(2.0) == 1


def test_the_phase_does_not_slip_over_hours():
    for t in (0.7, 1.9):
        assert breathing(t + 4.0 * 10_000) == pytest.approx(breathing(t), abs=1e-6)


def breaths(periods: list[tuple[float, float]], fps: float = 50) -> np.ndarray:
    """The morph under (seconds, period) after each other."""
    breath, values, t = Breathing(), [], 0.0
    for seconds, period in periods:
        for _ in range(round(seconds * fps)):
            values.append(breath.at(t, period, 1 / fps))
            t += 1 / fps
    return np.array(values)


def test_the_period_is_that_of_the_settings():
    values = breaths([(60, 2.5)])
    tops = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) / 50
    assert np.diff(tops) == pytest.approx(np.full(23, 2.5), abs=0.03)


def test_another_period_goes_on_from_where_the_breath_is():
    values = breaths([(7.3, 4.0), (5.0, 1.5), (5.0, 30.0), (2.0, 4.0)])
    assert (
        np.abs(np.diff(values)).max() <= np.pi / 1.5 / 50 * 1.01
    )  # the steepest part of the quickest breath


def test_it_is_switched_off_and_on_softly():
    assert not breaths([(3.0, 0.0)]).any()
    values = breaths([(6.0, 4.0), (4.0, 0.0), (8.0, 4.0)])
    assert np.abs(np.diff(values)).max() < 0.07 and values[499] < 1e-4 and values[600:].max() > 0.99
