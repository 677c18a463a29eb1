import math

import numpy as np
import pytest

from avatar_rtc.animation.easing import approach, smoothstep, step_of_constant, step_of_rate

ONE = np.ones(45, np.float32)


@pytest.mark.parametrize("fps", [10, 25, 60])
@pytest.mark.parametrize(
    ("step", "constant"),
    [(lambda dt: step_of_rate(0.3, dt), 0.1121), (lambda dt: step_of_constant(0.05, dt), 0.05)],
)
def test_the_time_constant_does_not_depend_on_the_frame_rate(fps: int, step, constant: float):
    value, dt, frames = 0 * ONE, 1 / fps, math.ceil(0.2 * fps)
    for _ in range(frames):
        value = approach(value, ONE, step(dt))
    measured = -frames * dt / math.log(1 - float(value[0]))  # from 1 - exp(-t / constant)
    assert measured == pytest.approx(constant, rel=0.02)


def test_uneven_frames_arrive_where_even_ones_do():
    uneven = 1 - math.prod(1 - step_of_rate(0.3, dt) for dt in (0.01, 0.15, 0.04))
    assert uneven == pytest.approx(step_of_rate(0.3, 0.2))


def test_rate_0_holds_and_rate_1_jumps():
    assert step_of_rate(0.0, 0.1) == 0 and step_of_rate(1.0, 0.1) == 1


def test_targets_are_reached_exactly():
    value = 0 * ONE
    for _ in range(100):
        value = approach(value, 0.7 * ONE, 0.3)
    assert (value == np.float32(0.7)).all()


def test_smoothstep_runs_from_rest_to_rest():
    assert [smoothstep(x) for x in (-1, 0, 0.5, 1, 9)] == [0, 0, 0.5, 1, 1]
    assert smoothstep(1e-3) < 1e-5 and 1 - smoothstep(1 - 1e-3) < 1e-5
