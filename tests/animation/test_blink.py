import numpy as np
import pytest

from avatar_rtc.animation.blink import DURATION, Blink, lid


def starts(blink: Blink, fps: float, seconds: float, begin: float = 0.0) -> np.ndarray:
    """When lids began to close."""
    times = begin + np.arange(int(seconds * fps)) / fps
    closed = np.array([blink.at(t) for t in times]) > 0
    return times[1:][closed[1:] & ~closed[:-1]]


def test_lids_close_within_80_ms_stay_a_moment_and_open_within_150_ms():
    assert lid(0.0) == 0 and 0 < lid(0.04) < 1 and lid(0.08) >= 0.99
    assert lid(0.12) >= 0.99 and 0 < lid(0.2) < 1 and lid(0.28) == 0 and lid(-1) == 0
    ages = np.linspace(0, DURATION, 500)
    assert np.abs(np.diff([lid(a) for a in ages])).max() < 0.02  # a curve, not a snap


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_every_blink_shows_a_frame_of_closed_and_one_of_open_lids(fps: int):
    blink = Blink(3)
    lids = np.array([blink.at(i / fps) for i in range(60 * fps)])
    shut = (lids[1:] >= 0.99) & (lids[:-1] < 0.99)
    assert shut.sum() == len(starts(Blink(3), fps, 60)) >= 8
    assert (lids == 0).mean() > 0.9


@pytest.mark.parametrize("fps", [25, 50])
def test_the_mean_interval_follows_the_law(fps: int):
    """E = (2 + 5) / 2 + (1 / 0.03) / 25 = 4.83 s of waiting, and the blink itself."""
    gaps = np.concatenate([np.diff(starts(Blink(seed), fps, 600)) for seed in range(6)])
    assert gaps.mean() == pytest.approx(4.83 + DURATION, rel=0.05)
    assert gaps.min() >= 2.0


def test_the_wait_after_the_minimum_has_probability_3_percent_per_25th_of_a_second():
    """While confused only that wait is left, and its median is ln(1/2) / ln(0.97) frames."""
    blink = Blink(1)
    gaps = []
    for k in range(200):
        blink.confuse(k * 10.0)
        gaps.extend(np.diff(starts(blink, 100, 10, begin=k * 10.0)) - DURATION)
    # Gaps longer than the window cannot be seen, which the mean of so short a wait hardly notices.
    assert np.median(gaps) == pytest.approx(np.log(0.5) / np.log(0.97) / 25, rel=0.1)


def test_confusion_blinks_rapidly_for_ten_seconds_only():
    calm, confused = [], []
    for seed in range(40):
        blink = Blink(seed)
        blink.at(0.0)
        blink.confuse(0.0)
        confused.append(len(starts(blink, 25, 10)))
        calm.append(len(starts(blink, 25, 30, begin=13.0)) / 3)
    assert np.mean(confused) == pytest.approx(10 / (1.31 + DURATION), rel=0.15)
    assert np.mean(calm) == pytest.approx(10 / (4.83 + DURATION), rel=0.15)


def test_the_moments_do_not_depend_on_the_frame_rate():
    assert starts(Blink(5), 25, 120) == pytest.approx(starts(Blink(5), 100, 120), abs=0.05)


def test_a_jump_of_time_starts_afresh_at_once():
    blink = Blink(1)
    blink.at(0.0)
    assert blink.at(1e7) == 0
    assert len(starts(blink, 25, 60, begin=1e7)) >= 8
