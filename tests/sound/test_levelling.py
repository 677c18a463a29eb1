"""Every sentence comes out at its level, nothing clips, and nothing pumps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.sound.levelling import CEILING_DBTP, TARGET_LUFS, Leveller, VoiceLevels, limited
from avatar_rtc.sound.loudness_lufs import loudness_lufs, true_peaks
from avatar_rtc.sound.pcm import as_floats, from_floats, silence

RATE = 24_000


def babble(seconds: float, loud: float, seed: int = 0) -> np.ndarray:
    """Noise with the swells of syllables."""
    pick = np.random.default_rng(seed)
    swells = np.interp(
        np.arange(round(seconds * RATE)), np.arange(0, 99 * RATE, RATE // 8), pick.random(99 * 8)
    )
    return from_floats(loud * pick.standard_normal(len(swells)) * swells**2)


@pytest.mark.parametrize("loud", [0.02, 0.05, 0.2, 0.45])
def test_a_sentence_comes_out_at_the_target(loud: float) -> None:
    out = as_floats(Leveller().push(babble(3, loud), RATE))
    assert loudness_lufs(out, RATE) == pytest.approx(TARGET_LUFS, abs=0.3)
    assert 20 * np.log10(true_peaks(out).max()) <= CEILING_DBTP + 0.05


def test_within_a_sentence_nothing_pumps() -> None:
    quiet = babble(3, 0.02)
    ratio = (
        as_floats(Leveller().push(quiet, RATE))[np.abs(quiet) > 300] / as_floats(quiet)[np.abs(quiet) > 300]
    )
    assert ratio.max() - ratio.min() < 0.02 * ratio.mean()


def test_sentences_that_follow_keep_their_difference_and_the_voice_its_level() -> None:
    leveller = Leveller()
    outs = [
        leveller.push(babble(3, loud, n), RATE) for n, loud in enumerate((0.1, 0.05, 0.1, 0.05, 0.1, 0.05))
    ]
    levels = [loudness_lufs(as_floats(out), RATE) for out in outs]
    assert all(3 < a - b < 9 for a, b in zip(levels[2::2], levels[3::2], strict=True))
    assert loudness_lufs(as_floats(np.concatenate(outs)), RATE) == pytest.approx(TARGET_LUFS, abs=1.5)


def test_after_a_shout_it_rises_slowly_and_after_a_whisper_it_falls_at_once() -> None:
    leveller = Leveller()
    first, whisper, shout = (leveller.push(babble(3, loud, 1), RATE) for loud in (0.1, 0.02, 0.3))
    before, after = (
        np.abs(out).mean() / np.abs(babble(3, loud, 1)).mean()
        for out, loud in ((first, 0.1), (whisper, 0.02))
    )
    assert 1 <= after / before < 10 ** (3.5 / 20)
    assert loudness_lufs(as_floats(shout), RATE) < TARGET_LUFS + 3.1


def test_silence_stays_and_counts_for_nothing() -> None:
    leveller = Leveller()
    for pcm in (silence(), silence(RATE), np.full(RATE, 1, np.int16)):
        assert leveller.push(pcm, RATE) is pcm
    assert leveller == Leveller()


def test_each_voice_has_its_own() -> None:
    levels = VoiceLevels()
    assert levels.of("hibari", "heart") is levels.of("hibari", "heart")
    assert levels.of("hibari", "heart") is not levels.of("espeak", "")


def test_what_is_under_the_ceiling_is_not_touched() -> None:
    sound = as_floats(babble(1, 0.05))
    assert limited(sound, RATE) is sound


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400), st.floats(1, 30))
def test_no_peak_comes_through(samples: list[float], gain: float) -> None:
    sound = np.repeat(np.array(samples, np.float32), 9) * np.float32(gain)
    smooth = np.convolve(sound, np.hanning(9) / 4, "same").astype(np.float32)
    assert true_peaks(limited(smooth, RATE)).max() <= 10 ** (CEILING_DBTP / 20) * 1.01
