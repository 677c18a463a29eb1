import numpy as np
import pytest

from avatar_rtc.animation.breathing import IN, SHOULDER_PX, Breathing, breathing
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.resources import resource


def test_a_breath_is_in_then_longer_out_then_a_pause():
    values = np.array([breathing(n / 1000 * 4) for n in range(1001)])
    top = values.argmax() / 1000
    assert values[0] == values[-1] == 0 and values.max() == pytest.approx(1) and top == pytest.approx(IN)
    assert (np.diff(values[: round(IN * 1000)]) > 0).all() and (
        np.diff(values[round(IN * 1000) :]) <= 0
    ).all()
    assert (values[850:] < 1e-3).all() and 1.2 < (1 - IN) / IN < 2.5
    assert np.abs(np.diff(values, 2)).max() < 1e-4 * 6  # from rest to rest


def test_what_lies_higher_follows_the_chest():
    breath = Breathing()
    seen = np.array(
        [[b.chest, b.shoulders, b.head] for b in (breath.at(n / 100, 4.0, 0.01) for n in range(800))]
    )
    chest, shoulders, head = seen[:400].argmax(axis=0) / 100
    assert seen.min() >= 0 and seen.max() <= 1
    assert shoulders - chest == pytest.approx(0.16, abs=0.02) and head - chest == pytest.approx(
        0.36, abs=0.02
    )


def test_the_phase_does_not_slip_over_hours():
    for t in (0.7, 1.9):
        assert breathing(t + 4.0 * 10_000) == pytest.approx(breathing(t), abs=1e-6)


def breaths(periods: list[tuple[float, float]], fps: float = 50) -> np.ndarray:
    """The morph under (seconds, period) after each other."""
    breath, values, t = Breathing(), [], 0.0
    for seconds, period in periods:
        for _ in range(round(seconds * fps)):
            values.append(breath.at(t, period, 1 / fps).chest)
            t += 1 / fps
    return np.array(values)


def test_the_period_is_that_of_the_settings():
    values = breaths([(60, 2.5)])
    tops = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) / 50
    assert np.diff(tops) == pytest.approx(np.full(23, 2.5), abs=0.03)


def test_another_period_goes_on_from_where_the_breath_is():
    values = breaths([(7.3, 4.0), (5.0, 1.5), (5.0, 30.0), (2.0, 4.0)])
    assert (
        np.abs(np.diff(values)).max() <= 1.5 / (IN * 1.5) / 50 * 1.01
    )  # the steepest part of the quickest breath


def test_it_is_switched_off_and_on_softly():
    assert not breaths([(3.0, 0.0)]).any()
    values = breaths([(6.0, 4.0), (4.0, 0.0), (8.0, 4.0)])
    assert np.abs(np.diff(values)).max() < 0.07 and values[499] < 1e-4 and values[600:].max() > 0.99


def test_a_breath_lifts_the_shoulders_and_without_one_nothing_moves():
    def lifts(hair: float, **settings: float) -> np.ndarray:
        mixer = Mixer(load_emotions(resource("assets", "emotions")), seed=1)
        state = AvatarState(settings=AnimatorSettings(sway_hair=hair, **settings))
        return np.array([mixer.appearance(state, n / 25).swing for n in range(200)])

    breathes = lifts(0.6)[:, -1, 1]
    assert breathes.max() == 0 and breathes.min() == pytest.approx(-SHOULDER_PX, abs=0.02)
    assert not lifts(0.6, breathing_cycle_duration=0.0)[:, -1].any()
    assert not lifts(0.0).any()  # one warp does both, and it is off
