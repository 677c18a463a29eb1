"""Levels of packets, against aiortc's own reckoning of RFC 6465."""

import av
import numpy as np
import pytest
from aiortc.rtp import compute_audio_level_dbov
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.media.loudness import told_level


@given(st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_levels_are_those_of_the_rfc(share: float, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-1, 1, 960)
    block = (32767 * share * noise).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
    assert told_level(block) & 0x7F == pytest.approx(-compute_audio_level_dbov(frame), abs=1)


@pytest.mark.parametrize(("peak", "is_speech"), [(0, False), (40, False), (1000, True), (30_000, True)])
def test_what_is_loud_enough_is_speech(peak: int, is_speech: bool) -> None:
    tone = (peak * np.sin(np.arange(960) / 7)).astype(np.int16)
    assert bool(told_level(tone) & 0x80) is is_speech
