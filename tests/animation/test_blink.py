import numpy as np
import pytest

from avatar_rtc.animation.blink import BETWEEN, BLINK_RATES, DURATION, PARTIAL, Blink, lid, rate_of
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.face.emotions import EMOTIONS

PLAIN = AnimatorSettings(blink_double_probability=0.0, blink_partial_probability=0.0)


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
    blink = Blink(3, PLAIN)
    lids = np.array([blink.at(i / fps) for i in range(60 * fps)])
    shut = (lids[1:] >= 0.99) & (lids[:-1] < 0.99)
    assert shut.sum() == len(starts(Blink(3, PLAIN), fps, 60)) >= 8
    assert (lids == 0).mean() > 0.9


@pytest.mark.parametrize("fps", [25, 50])
def test_the_mean_interval_follows_the_law(fps: int):
    """E = (2 + 5) / 2 + (1 / 0.03) / 25 = 4.83 s of waiting, and the blink itself."""
    gaps = np.concatenate([np.diff(starts(Blink(seed, PLAIN), fps, 600)) for seed in range(6)])
    assert gaps.mean() == pytest.approx(4.83 + DURATION, rel=0.05)
    assert gaps.min() >= 2.0


def test_the_wait_after_the_minimum_has_probability_3_percent_per_25th_of_a_second():
    """While confused only that wait is left, and its median is ln(1/2) / ln(0.97) frames."""
    blink = Blink(1, PLAIN)
    gaps = []
    for k in range(200):
        blink.confuse(k * 10.0)
        gaps.extend(np.diff(starts(blink, 100, 10, begin=k * 10.0)) - DURATION)
    # Gaps longer than the window cannot be seen, which the mean of so short a wait hardly notices.
    assert np.median(gaps) == pytest.approx(np.log(0.5) / np.log(0.97) / 25, rel=0.1)


def test_confusion_blinks_rapidly_for_ten_seconds_only():
    calm, confused = [], []
    for seed in range(40):
        blink = Blink(seed, PLAIN)
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


def peaks(blink: Blink, seconds: float, fps: float = 200) -> tuple[np.ndarray, np.ndarray]:
    """When each blink began, and how far it closed the lids."""
    lids = np.array([blink.at(i / fps) for i in range(int(seconds * fps))])
    closed = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0)) + 1
    return closed / fps, np.array([lids[i : i + int(DURATION * fps)].max() for i in closed])


def several(settings: AnimatorSettings, seconds: float = 900, seeds: int = 6) -> list[np.ndarray]:
    return [starts(Blink(seed, settings), 50, seconds) for seed in range(seeds)]


@pytest.mark.parametrize(
    ("low", "high", "probability"), [(2.0, 5.0, 0.03), (1.0, 1.5, 0.2), (0.0, 0.0, 0.01), (4.0, 4.0, 1.0)]
)
def test_the_mean_interval_is_that_of_the_settings(low: float, high: float, probability: float):
    settings = PLAIN.model_copy(
        update={"blink_interval_min": low, "blink_interval_max": high, "blink_probability": probability}
    )
    gaps = np.concatenate([np.diff(each) for each in several(settings)])
    # A frame of 1/25 s without a blink has probability 1 - p: the wait is exponential with that survival.
    extra = 0.0 if probability == 1 else -1 / (25 * np.log(1 - probability))
    assert gaps.mean() == pytest.approx((low + high) / 2 + extra + DURATION, rel=0.05)


def test_no_probability_is_no_blink_not_even_in_pauses_or_confusion():
    blink = Blink(1, AnimatorSettings(blink_probability=0.0))
    blink.at(0.0)
    blink.invite(0.0)
    blink.confuse(0.0)
    assert not starts(blink, 25, 100).size


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_share_of_double_blinks_is_that_of_the_settings(share: float):
    settings = PLAIN.model_copy(update={"blink_double_probability": share})
    gaps = np.concatenate([np.diff(each) for each in several(settings)])
    doubles = np.isclose(gaps, DURATION + BETWEEN, atol=0.03).sum()
    blinks = len(gaps) - doubles  # a double blink counts once
    assert doubles / blinks == pytest.approx(share, abs=4 * np.sqrt(max(share, 1e-9) / blinks))


def test_a_third_blink_never_follows_at_once():
    gaps = np.diff(starts(Blink(1, PLAIN.model_copy(update={"blink_double_probability": 1.0})), 50, 600))
    double = np.isclose(gaps, DURATION + BETWEEN, atol=0.03)
    assert double[::2].all() and not double[1::2].any()


def test_partial_blinks_close_the_lids_partly():
    settings = PLAIN.model_copy(update={"blink_partial_probability": 0.4})
    depths = np.concatenate([peaks(Blink(seed, settings), 600)[1] for seed in range(5)])
    partial = depths < 0.99
    assert partial.mean() == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / len(depths)))
    assert depths[partial].min() >= PARTIAL[0] - 0.01 and depths[partial].max() <= PARTIAL[1]
    assert depths[partial].mean() == pytest.approx(sum(PARTIAL) / 2, abs=0.04)


def test_emotions_quicken_blinks_or_hold_them_back():
    assert set(BLINK_RATES) <= set(EMOTIONS)

    def mean(mood: float) -> float:
        gaps: list[float] = []
        for seed in range(6):
            blink = Blink(seed, PLAIN)
            blink.feel(mood)
            gaps.extend(np.diff(starts(blink, 25, 600)))
        return float(np.mean(gaps))

    for name in ("nervousness", "admiration"):
        assert mean(BLINK_RATES[name]) == pytest.approx(4.81 / BLINK_RATES[name] + DURATION, rel=0.06)
    assert BLINK_RATES["admiration"] < 1 < BLINK_RATES["nervousness"]


def test_moods_are_blended_as_emotions_are():
    nervous, admiring = BLINK_RATES["nervousness"], BLINK_RATES["admiration"]
    assert rate_of({"neutral": 1.0}, 1.0) == rate_of({}, 1.0) == rate_of({"own": 1.0}, 1.0) == 1
    assert rate_of({"nervousness": 1.0, "admiration": 1.0}, 1.0) == pytest.approx((nervous + admiring) / 2)
    assert rate_of({"nervousness": 1.0}, 0.5) == pytest.approx((1 + nervous) / 2)


def test_a_mood_also_moves_the_blink_that_is_due():
    calm, nervous = Blink(3, PLAIN), Blink(3, PLAIN)
    for blink in (calm, nervous):
        blink.at(0.0)
    nervous.feel(2.0)
    assert 2 * starts(nervous, 100, 20)[0] == pytest.approx(starts(calm, 100, 20)[0], abs=0.03)


def test_liveliness_changes_the_rate_a_little():
    gaps = {
        x: np.mean([g for e in several(PLAIN.model_copy(update={"liveliness": x})) for g in np.diff(e)])
        for x in (0.0, 2.0)
    }
    assert gaps[0.0] == pytest.approx(4.81 / 0.75 + DURATION, rel=0.06)
    assert gaps[2.0] == pytest.approx(4.81 / 1.25 + DURATION, rel=0.06)
