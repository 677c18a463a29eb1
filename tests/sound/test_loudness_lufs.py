"""The meter against what ITU-R BS.1770-5 and EBU Tech 3341 publish, and against FFmpeg's."""

import math
from fractions import Fraction

import av
import numpy as np
import pytest

from avatar_rtc.sound.frames import audio_frame
from avatar_rtc.sound.loudness_lufs import loudness_lufs, true_peaks
from avatar_rtc.sound.pcm import as_floats, from_floats

TWO_CHANNELS_LU = 3.01
"""The tests of EBU have the same sound in two channels."""


def tone(
    dbfs: float, seconds: float, rate: int = 48_000, hz: float = 1_000.0, phase: float = 0.0
) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * t + phase)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_a_sine_at_full_scale_is_3_01_below(rate: int) -> None:
    assert loudness_lufs(tone(0, 5, rate, 997), rate) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "lufs"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_cases_1_to_5_of_ebu_tech_3341(levels: list[tuple[float, float]], lufs: float) -> None:
    sound = np.concatenate([tone(dbfs, seconds, 24_000) for dbfs, seconds in levels])
    assert loudness_lufs(sound, 24_000) + TWO_CHANNELS_LU == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize("rate", [22_050, 24_000, 48_000])
def test_it_is_as_loud_as_ffmpeg_finds_it(rate: int) -> None:
    noise = np.random.default_rng(1).standard_normal(6 * rate)
    swells = np.repeat(np.random.default_rng(2).random(60), rate // 10)
    sound = from_floats(0.1 * np.convolve(noise, [1, 0.8, 0.3], "same")[: len(swells)] * swells)
    assert loudness_lufs(as_floats(sound), rate) == pytest.approx(ffmpeg_lufs(sound, rate), abs=0.15)


def test_silence_is_none_and_a_short_cry_is_measured() -> None:
    assert loudness_lufs(np.zeros(48_000, np.float32), 48_000) == -math.inf
    assert loudness_lufs(np.zeros(0, np.float32), 48_000) == -math.inf
    assert loudness_lufs(tone(-20, 0.1), 48_000) == pytest.approx(-23.0, abs=0.3)


@pytest.mark.parametrize("phase", [0.0, 0.4, 0.785])
def test_peaks_between_samples_are_found(phase: float) -> None:
    """A sine at a quarter of the rate may be sampled 3 dB below its peak: BS.1770-5, Annex 2."""
    sound = tone(-6, 0.2, hz=12_000, phase=phase)
    assert 20 * math.log10(true_peaks(sound)[100:-100].max()) == pytest.approx(-6, abs=0.2)


def ffmpeg_lufs(pcm: np.ndarray, rate: int) -> float:
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    graph.push(audio_frame(pcm, rate))
    graph.push(None)
    last = -math.inf
    while True:
        try:
            frame = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return last
        last = float(frame.metadata.get("lavfi.r128.I", last))
