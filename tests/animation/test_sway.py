import numpy as np
import pytest

from avatar_rtc.animation.sway import AXES, LAG, OWN_SHARE, STANCE_REACH, SWAY_HELD_BACK, Sway
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
    shown: float = 0.0,
) -> np.ndarray:
    sway = Sway(seed, settings)
    return np.array([sway.at(i / fps, emotion, i == 0, shown) for i in range(int(seconds * fps))])


def test_it_moves_head_and_body_only():
    assert [MORPHS[i].name for i in AXES] == ["head_x", "head_y", "neck_z", "body_y", "body_z"]


def test_a_calm_stance_stays_within_the_bounds_and_near_the_middle():
    offsets = np.concatenate([run(seed, STILL, 600, 10) for seed in range(5)])
    assert np.abs(offsets).max() <= MACRO + MICRO
    assert (np.abs(offsets).max(axis=0) > 0.6 * STANCE_REACH * MACRO).all()
    # A head that is held askew reads as doubt, whose own tilt is 0.5.
    assert np.percentile(np.abs(offsets[:, 2]), 90) < 0.3 and offsets.mean(axis=0) == pytest.approx(
        0, abs=0.04
    )


@pytest.mark.parametrize("shown", [0.0, 0.5, 1.0])
def test_what_an_emotion_wants_keeps_its_sign_and_half_its_size(shown: float):
    emotion = np.array([0.9, -0.5, 0.2, 1.0, 0.0])
    around = np.concatenate([run(seed, emotion, 200, 10, shown=shown) for seed in range(5)]) + emotion
    wish = np.abs(emotion[:4])
    along = around[:, :4] * np.sign(emotion[:4])
    assert (along.min(axis=0) >= OWN_SHARE * wish - 1e-6).all() and np.abs(around).max() <= 1 + 1e-6
    assert np.ptp(around[:, 4]) > 0.05  # what it wants nothing of goes on


def test_an_emotion_that_shows_holds_sway_back():
    calm, moved = (np.concatenate([run(n, STILL, 300, 10, shown=x) for n in range(3)]) for x in (0.0, 1.0))
    assert moved.std(axis=0) == pytest.approx((1 - SWAY_HELD_BACK) * calm.std(axis=0), rel=1e-6)


def test_axes_set_off_one_after_another_and_shift_together_now_and_then():
    begun, sway = [], Sway(2)
    for n in range(600 * 25):
        sway.at(n / 25, STILL, False)
        if sway.begun is not None:
            begun.append((sway.begun, sway._moves[-1]))
    assert len(begun) > 60
    for (at, _), move in begun:
        order = np.argsort(move.begins)
        lags = np.diff(np.concatenate([[at], move.begins[order]]))
        assert ((lags >= LAG[0] - 1e-9) & (lags <= LAG[1] + 1e-9)).all()
        assert set(order[:2]) == {0, 1} and order[2] == 2
    shifts = [at for (at, by), _ in begun if (by != 0).all()]
    assert 20 < np.diff(shifts).mean() < 45
    largest = {int(np.abs(by).argmax()) for (_, by), _ in begun}
    assert largest == set(range(5))


@pytest.mark.parametrize("fps", [10, 25])
def test_sway_is_the_same_at_any_frame_rate(fps: int):
    emotion = np.array([0.0, 0.3, 0.0, 0.0, 0.0])
    fine = run(5, emotion, 90, 100, shown=0.4)
    assert run(5, emotion, 90, fps, shown=0.4) == pytest.approx(fine[:: 100 // fps], abs=1e-6)


def test_it_never_jumps():
    # The steepest part of the curve: 1.5 x the widest change (2 x MACRO) in 1.2 s, and the tremor.
    assert np.abs(np.diff(run(2, STILL), axis=0)).max() <= 1.5 * 2 * MACRO / 1.2 / 30 + 0.01


def stances(settings: AnimatorSettings, seconds: float) -> np.ndarray:
    """When each stance began."""
    sway, found = Sway(4, settings), []
    for n in range(round(seconds * 20)):
        sway.at(n / 20, STILL, False)
        if sway.begun is not None:
            found.append(sway.begun[0])
    return np.array(found)


def test_stances_last_five_to_ten_seconds():
    gaps = np.diff(stances(DEFAULTS, 900))
    assert gaps.min() >= INTERVAL_MIN and gaps.max() <= DEFAULTS.sway_interval_max
    assert gaps.mean() == pytest.approx(7.5, rel=0.1)


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
    assert 0.4 * bound < np.abs(offsets).max() <= bound


def test_no_liveliness_and_no_morphs_are_stillness():
    assert not run(1, STILL, settings=AnimatorSettings(liveliness=0.0)).any()
    assert not run(1, STILL, settings=AnimatorSettings(sway_morphs=())).any()
    offsets = run(1, STILL, settings=AnimatorSettings(sway_morphs=("neck_z",)))
    assert np.flatnonzero(offsets.any(axis=0)).tolist() == [2]


def test_intervals_are_those_of_the_settings():
    quick = AnimatorSettings(sway_interval_min=1.5, sway_interval_max=2.5)
    assert len(stances(quick, 300)) == pytest.approx(300 / 2.0, rel=0.1)


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
