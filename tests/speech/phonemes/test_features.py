import math

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.errors import OutOfRange
from avatar_rtc.sound.pcm import Pcm, from_floats, silence
from avatar_rtc.speech.phonemes.features import (
    BANDS,
    COLUMNS,
    HOP_S,
    RANGE_DB,
    FeatureStream,
    band_hz,
    features,
    mel_power,
)

RATES = (8_000, 16_000, 22_050, 22_051, 24_000, 44_100, 48_000)


def tone(hz: float, rate: int, seconds: float = 0.5, amplitude: float = 0.5) -> Pcm:
    t = np.arange(round(seconds * rate)) / rate
    return from_floats(amplitude * np.sin(2 * np.pi * hz * t))


def noise(rate: int, seconds: float, rms: float = 3000, seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).normal(0, rms, round(seconds * rate)).astype(np.int16)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [200, 450, 1000, 2100, 3300])
def test_a_tone_is_loudest_in_the_band_that_holds_it(hz: float, rate: int):
    loudest = mel_power(tone(hz, rate), rate)[20].argmax()
    assert loudest == np.abs(band_hz()[1:-1] - hz).argmin()


@pytest.mark.parametrize("rate", RATES)
def test_the_bands_add_up_to_the_mean_square_of_a_tone(rate: int):
    power = mel_power(tone(1000, rate, amplitude=0.5), rate).sum(axis=1)
    assert power[5:-5] == pytest.approx(0.5**2 / 2, rel=0.06)


def test_a_tone_beyond_16_khz_sampling_is_not_folded_back():
    assert mel_power(tone(11_000, 48_000), 48_000)[5:-5].sum(axis=1).max() < 0.5**2 / 2 * 1e-4


def test_a_sound_gives_the_same_rows_at_any_rate():
    rows = {
        rate: features(sum(tone(hz, rate, amplitude=0.1) for hz in (150, 700, 1500, 2800)), rate)
        for rate in RATES
    }
    for rate, found in rows.items():
        loud = rows[16_000] > -40
        assert np.abs(found[:50] - rows[16_000])[5:-5][loud[5:-5]].max() < 0.5, rate


def test_loudness_is_taken_out():
    pcm = noise(16_000, 1.0, rms=8000)
    assert features(pcm // 4, 16_000) == pytest.approx(features(pcm, 16_000), abs=0.05)


def test_the_level_is_told_under_a_peak_that_sinks_by_3_db_a_second():
    pcm = np.concatenate([tone(1000, 16_000, 1.0), tone(1000, 16_000, 3.0, amplitude=0.05)])
    level = features(pcm, 16_000)[:, BANDS]
    assert level[50] == pytest.approx(0, abs=0.1)
    for seconds in (1, 2):
        assert level[100 + seconds * 100] == pytest.approx(-20 + 3 * seconds, abs=0.2)


def test_a_click_is_in_the_row_of_its_10_ms():
    pcm = silence(16_000)
    pcm[5 * 160 + 79 : 5 * 160 + 81] = 32_767
    power = mel_power(pcm, 16_000).sum(axis=1)
    assert power.argmax() == 5
    assert power[4] == pytest.approx(power[6], rel=1e-3)


@pytest.mark.parametrize("rate", RATES)
def test_a_stream_gives_the_very_same_rows(rate: int):
    pcm = noise(rate, 1.234)
    pcm[rate // 4 : rate // 2] //= 50
    random = np.random.default_rng(rate)
    stream, found, at = FeatureStream(rate), [], 0
    while at < len(pcm):
        size = int(random.choice([0, 1, 7, int(random.integers(0, rate // 10))]))
        found.append(stream.feed(pcm[at : at + size]))
        at += size
    found.append(stream.finish())
    assert np.concatenate(found) == pytest.approx(features(pcm, rate), abs=1e-4)


def test_a_stream_gives_a_row_once_its_17_5_ms_are_there():
    stream = FeatureStream(16_000)
    assert len(stream.feed(noise(16_000, 0.0174))) == 0
    assert len(stream.feed(noise(16_000, 0.0002))) == 1


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [0, 1, 2, 79, 159, 160, 161, 441, 480, 481, 3_333, 16_000])
def test_every_begun_10_ms_has_a_row(samples: int, rate: int):
    rows = features(np.zeros(samples, np.int16), rate)
    assert rows.shape == (math.ceil(samples / rate / HOP_S - 1e-9), COLUMNS)
    assert (rows == -RANGE_DB).all()


@pytest.mark.parametrize("rate", [0, -48_000, 3_999, 192_001])
def test_an_odd_sample_rate_is_refused(rate: int):
    with pytest.raises(OutOfRange, match="sample rate"):
        features(np.zeros(10, np.int16), rate)
