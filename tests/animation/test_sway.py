import numpy as np
import pytest

from avatar_rtc.animation.sway import AXES, INTERVAL_MIN, MACRO, MICRO, Sway
from avatar_rtc.pose import MORPHS

STILL = np.zeros(5)


def run(seed: int, emotion: np.ndarray, seconds: float = 120, fps: float = 30) -> np.ndarray:
    sway = Sway(seed)
    return np.array([sway.at(i / fps, emotion, i == 0) for i in range(int(seconds * fps))])


def test_it_moves_head_and_body_only():
    assert [MORPHS[i].name for i in AXES] == ["head_x", "head_y", "neck_z", "body_y", "body_z"]


def test_a_calm_stance_stays_within_the_bounds_and_uses_them():
    offsets = np.concatenate([run(seed, STILL) for seed in range(5)])
    assert np.abs(offsets).max() <= MACRO + MICRO
    assert (np.abs(offsets).max(axis=0) > 0.8 * MACRO).all()


def test_an_emotion_beyond_the_bounds_is_only_moved_back():
    emotion = np.array([0.9, -0.9, 0.3, 0.0, 0.0])
    swayed = emotion + np.concatenate([run(seed, emotion) for seed in range(5)])
    assert swayed[:, 0].max() <= 0.9 + MICRO and swayed[:, 0].min() >= -MACRO - MICRO
    assert swayed[:, 1].min() >= -0.9 - MICRO
    assert np.abs(swayed[:, 2]).max() <= MACRO + MICRO


def test_it_never_jumps():
    # The steepest part of the curve: 1.5 x the widest change (2 x MACRO) in 1.2 s, and the tremor.
    assert np.abs(np.diff(run(2, STILL), axis=0)).max() <= 1.5 * 2 * MACRO / 1.2 / 30 + 0.01


def test_stances_last_five_to_ten_seconds():
    moving = np.abs(np.diff(run(4, STILL, 300, 25), axis=0)).max(axis=1) * 25 > 6 * MICRO
    began = np.flatnonzero(moving[1:] & ~moving[:-1]) / 25
    gaps = np.diff(began)
    gaps = gaps[gaps > 1.5]  # the middle of a small move may look still
    assert gaps.min() >= INTERVAL_MIN - 1.3 and 6 < gaps.mean() < 9.5


def test_another_emotion_brings_another_stance_at_once():
    sway = Sway(1)
    for i in range(30):
        sway.at(i / 30, STILL, i == 0)
    before = sway.at(1.5, STILL, False)
    sway.at(1.5, STILL, True)
    assert sway.at(1.5, STILL, False) == pytest.approx(before)
    assert np.abs(sway.at(3.0, STILL, False) - before).max() > 0.05


def test_the_tremor_does_not_add_up():
    first, last = run(6, STILL, 600)[600:1200], run(6, STILL, 600)[-600:]
    assert np.abs(last).max() <= MACRO + MICRO and np.ptp(last) < 3 * np.ptp(first)
