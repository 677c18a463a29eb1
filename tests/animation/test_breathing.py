import math

import pytest

from avatar_rtc.animation.breathing import breathing


def test_a_breath_takes_four_seconds_and_follows_sine_squared():
    for t in (0.0, 0.3, 1.0, 2.0, 3.9):
        assert breathing(t) == pytest.approx(math.sin(math.pi * t / 4) ** 2)
    assert breathing(1.0) == pytest.approx(0.5) and breathing(2.0) == 1


def test_the_phase_does_not_slip_over_hours():
    for t in (0.7, 1.9):
        assert breathing(t + 4.0 * 10_000) == pytest.approx(breathing(t), abs=1e-6)
