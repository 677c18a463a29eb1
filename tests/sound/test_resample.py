"""One resampler for what is heard and for what is listened to: the laws of its filter, and of pieces."""

import numpy as np
import pytest

from avatar_rtc.errors import OutOfRange
from avatar_rtc.sound.pcm import MAX_RATE, MIN_RATE, Pcm, from_floats
from avatar_rtc.sound.resample import Resampler, resampled

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)


def tone(rate: int, seconds: float = 0.5, hz: float = 440.0) -> Pcm:
    return from_floats(0.4 * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate))


def loudest_hz(pcm: Pcm, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.fft.rfftfreq(len(pcm), 1 / rate)[spectrum.argmax()])


def level_db(pcm: Pcm) -> float:
    """Of its middle, where no edge is."""
    middle = pcm[len(pcm) // 4 : -len(pcm) // 4].astype(np.float64)
    return float(10 * np.log10((middle**2).mean() + 1e-3))


@pytest.mark.parametrize("to", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("rate", RATES)
def test_any_rate_keeps_pitch_level_and_length(rate: int, to: int):
    pcm = resampled(tone(rate), rate, to)
    assert abs(len(pcm) - to // 2) <= 2
    assert loudest_hz(pcm, to) == pytest.approx(440, abs=4)
    assert level_db(pcm) == pytest.approx(level_db(tone(rate)), abs=0.05)


@pytest.mark.parametrize("to", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("rate", RATES)
def test_what_both_rates_hold_passes_and_what_the_new_one_does_not_is_not_folded_back(rate: int, to: int):
    half = min(rate, to) / 2
    for share in (0.1, 0.5, 0.75):
        passed = resampled(tone(rate, hz=share * half), rate, to)
        assert level_db(passed) == pytest.approx(level_db(tone(rate)), abs=0.1), share
    for hz in np.arange(1.15 * half, 0.49 * rate, rate / 20):
        assert level_db(resampled(tone(rate, hz=hz), rate, to)) < level_db(tone(rate)) - 55, hz


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_heard_earlier_or_later(rate: int):
    click = np.zeros(rate, np.int16)
    click[rate // 2] = 30_000
    assert np.abs(resampled(click, rate, 16_000).astype(int)).argmax() == 8_000


@pytest.mark.parametrize("size", [1, 7, 333, 4096])
@pytest.mark.parametrize("to", [16_000, 48_000])
def test_pieces_give_the_same_sound_as_the_whole(size: int, to: int):
    pcm = np.random.default_rng(size).normal(0, 3000, 4_410).astype(np.int16)
    resampler = Resampler(22_050, to)
    parts = [resampler.push(pcm[i : i + size]) for i in range(0, len(pcm), size)]
    assert np.array_equal(np.concatenate([*parts, resampler.finish()]), resampled(pcm, 22_050, to))


@pytest.mark.parametrize("rate", [0, -5, 100, MIN_RATE - 1, MAX_RATE + 1, 1_000_000])
def test_an_absurd_rate_is_refused(rate: int):
    with pytest.raises(OutOfRange, match="sample rate"):
        Resampler(rate)
