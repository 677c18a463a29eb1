import numpy as np
import pytest

from avatar_rtc.animation.sway import AXES, Sway
from avatar_rtc.control.settings import DEFAULTS, AnimatorSettings
from avatar_rtc.face.pose import MORPHS

STILL = np.zeros(5)
MACRO, MICRO = DEFAULTS.sway_macro_strength, DEFAULTS.sway_micro_strength
INTERVAL_MIN = DEFAULTS.sway_interval_min


def run(
    seed: int,
    emotion: np.ndarray,
    seconds: float = 120,
    fps: float = 30,
    settings: AnimatorSettings = DEFAULTS,
) -> np.ndarray:
    sway = Sway(seed, settings)
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


@pytest.mark.parametrize(
    ("settings", "bound"),
    [
        (AnimatorSettings(sway_macro_strength=0.2, sway_micro_strength=0.0), 0.2),
        (AnimatorSettings(sway_macro_strength=0.0, sway_micro_strength=0.1), 0.1),
        (AnimatorSettings(liveliness=0.5), 0.5 * (MACRO + MICRO)),
        (AnimatorSettings(liveliness=2.0), 1 + 2 * MICRO),  # a stance never leaves the range of the morphs
    ],
)
def test_settings_bound_it(settings: AnimatorSettings, bound: float):
    offsets = np.concatenate([run(seed, STILL, settings=settings) for seed in range(3)])
    assert 0.5 * bound < np.abs(offsets).max() <= bound


def test_no_liveliness_and_no_morphs_are_stillness():
    assert not run(1, STILL, settings=AnimatorSettings(liveliness=0.0)).any()
    assert not run(1, STILL, settings=AnimatorSettings(sway_morphs=())).any()
    offsets = run(1, STILL, settings=AnimatorSettings(sway_morphs=("neck_z",)))
    assert np.flatnonzero(offsets.any(axis=0)).tolist() == [2]


def test_intervals_are_those_of_the_settings():
    quick = AnimatorSettings(sway_interval_min=1.5, sway_interval_max=2.5, sway_micro_strength=0.0)
    still = (np.abs(np.diff(run(2, STILL, 300, settings=quick), axis=0)) == 0).all(axis=1)
    assert (still[1:] & ~still[:-1]).sum() == pytest.approx(300 / 2.0, rel=0.1)


def test_settings_that_change_do_not_jerk():
    sway, offsets = Sway(3), []
    for i in range(900):
        if i == 450:
            sway.configure(AnimatorSettings(sway_morphs=(), sway_macro_strength=0.1))
        offsets.append(sway.at(i / 30, STILL, i == 0))
    assert np.abs(np.diff(offsets, axis=0)).max() <= 1.5 * 2 * MACRO / 1.2 / 30 + 0.01
    assert np.abs(offsets[-1]).max() < 1e-3


def test_a_move_broken_off_by_the_next_does_not_jerk():
    def steps(fps: float) -> np.ndarray:
        sway = Sway(1, AnimatorSettings(sway_micro_strength=0.0))
        times = np.arange(round(4 * fps)) / fps
        return np.array([sway.at(t, STILL, i in (0, round(0.6 * fps))) for i, t in enumerate(times)])

    coarse, fine = (np.abs(np.diff(steps(fps), 2, axis=0)).max() * fps for fps in (500, 1000))
    assert fine < 0.6 * coarse


def test_time_that_goes_back_leaves_nothing_behind():
    sway = Sway(1)
    for start in (1e6, 0.0):
        offsets = [sway.at(start + i / 30, STILL, False) for i in range(3000)]
        assert np.abs(np.diff(offsets, axis=0)).max() <= 1.5 * 2 * MACRO / 1.2 / 30 + 0.01
    assert len(sway._moves) <= 1 and np.ptp(offsets, axis=0).min() > 0.3
