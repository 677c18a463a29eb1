import math

import numpy as np
import pytest

from avatar_rtc.animation.easing import Eased, approach, pace_of_rate, step_of_constant

ONE = np.ones(45, np.float32)


PACE = pace_of_rate(0.3)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_the_time_constant_of_an_approach_does_not_depend_on_the_frame_rate(fps: int):
    value, dt, frames = 0 * ONE, 1 / fps, math.ceil(0.2 * fps)
    for _ in range(frames):
        value = approach(value, ONE, step_of_constant(0.05, dt))
    measured = -frames * dt / math.log(1 - float(value[0]))  # from 1 - exp(-t / constant)
    assert measured == pytest.approx(0.05, rel=0.02)


def spring(pace: float, t: float) -> float:
    """The step response of a critically damped spring."""
    return 1 - (1 + pace * t) * math.exp(-pace * t)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_an_emotion_follows_the_spring_at_any_frame_rate(fps: int):
    eased, dt = Eased(0 * ONE), 1 / fps
    for n in range(1, fps + 1):
        value = eased.advance(ONE, PACE, dt)
        assert value == pytest.approx(np.full(45, spring(PACE, n * dt)), rel=1e-5)


def test_at_the_default_rate_95_percent_have_come_when_the_predecessors_had():
    # (1 - 0.3) ** (25 t) = 0.05
    t = math.log(0.05) / math.log(0.7) / 25
    assert t == pytest.approx(0.336, abs=1e-3) and spring(PACE, t) == pytest.approx(0.95, abs=1e-6)


def test_uneven_frames_arrive_where_even_ones_do():
    uneven, even = Eased(0 * ONE), Eased(0 * ONE)
    for dt in (0.01, 0.15, 0.04):
        uneven.advance(ONE, PACE, dt)
    assert uneven.value == pytest.approx(even.advance(ONE, PACE, 0.2))


def test_rate_0_holds_and_rate_1_jumps():
    held, jumped = Eased(0 * ONE), Eased(0 * ONE)
    assert not held.advance(ONE, pace_of_rate(0.0), 9.0).any()
    assert (jumped.advance(ONE, pace_of_rate(1.0), 1e-6) == 1).all()


def path(story: list[tuple[float, float, float]], fps: float) -> np.ndarray:
    """One value over time, under (seconds, target, pace) after each other."""
    eased, values = Eased(0 * ONE), [0.0]
    for seconds, target, pace in story:
        values += [float(eased.advance(target * ONE, pace, 1 / fps)[0]) for _ in range(round(seconds * fps))]
    return np.array(values)


STORY = [(0.1, 1.0, PACE), (0.05, 0.0, PACE / 5), (0.2, 0.4, 3 * PACE), (0.1, 1.0, 0.0), (1.0, 0.0, PACE)]


def test_neither_another_target_nor_another_pace_jerks():
    """Twice as fine steps halve every change of velocity per step, which a jump of velocity would survive."""
    coarse, fine = (np.abs(np.diff(path(STORY, fps), 2)).max() * fps for fps in (2_000, 4_000))
    assert fine < 0.6 * coarse
    began = path([(0.1, 1.0, PACE)], 1_000)
    assert began[1] * 1_000 < 0.2  # per second, from rest


def test_it_stays_between_its_targets():
    values = path(STORY * 3, 500)
    assert values.min() >= 0 and values.max() <= 1


@pytest.mark.parametrize(("slow", "fast"), [(10, 25), (10, 60), (25, 60)])
def test_a_change_of_target_and_pace_is_the_same_at_any_frame_rate(slow: int, fast: int):
    story = [(0.4, 1.0, PACE), (0.6, 0.2, 2 * PACE)]
    assert path(story, slow)[-1] == pytest.approx(path(story, fast)[-1], rel=1e-5)
    assert path(story[:1], slow)[-1] == pytest.approx(path(story[:1], fast)[-1], rel=1e-5)


def test_targets_are_reached_exactly():
    value = 0 * ONE
    for _ in range(100):
        value = approach(value, 0.7 * ONE, 0.3)
    assert (value == np.float32(0.7)).all()
