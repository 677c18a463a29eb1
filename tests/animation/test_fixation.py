"""Laws of micro-saccades: how many, how large, how quick."""

import numpy as np
import pytest

from avatar_rtc.animation.fixation import LEAST_APART, MOST, Fixation, leap_seconds


def places(seed: int, seconds: float, fps: float) -> np.ndarray:
    """(N,) complex degrees."""
    fixation = Fixation(seed)
    return np.array([fixation.at(n / fps) for n in range(round(seconds * fps))])


def test_there_are_one_or_two_a_second_each_of_less_than_a_degree():
    seen = places(1, 600, 25)  # a frame is longer than any of them takes
    leaps = np.abs(np.diff(seen))
    moves = leaps > 0
    assert 1.0 < (moves[1:] & ~moves[:-1]).sum() / 600 < 2.0
    assert leaps.max() < 1.0 and np.abs(seen).max() <= MOST / 2 + 1e-9 and abs(seen.mean()) < 0.05


def test_two_are_never_sooner_than_eyes_can():
    moving = np.abs(np.diff(places(2, 300, 200))) > 0
    begun = np.flatnonzero(moving[1:] & ~moving[:-1]) / 200
    assert np.diff(begun).min() >= LEAST_APART - 0.01
    ended = np.flatnonzero(~moving[1:] & moving[:-1]) / 200
    assert (ended - begun[: len(ended)]).max() <= leap_seconds(MOST) + 0.01


def test_places_do_not_depend_on_frames_and_survive_jumps():
    assert places(3, 60, 10) == pytest.approx(places(3, 60, 50)[::5], abs=1e-9)
    fixation = Fixation(1)
    assert all(abs(fixation.at(t)) < 1 for t in (0.0, 1e6, 1e6 + 1, 3.0, 4.0, 9.0))
