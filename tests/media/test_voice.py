import numpy as np
import pytest

from avatar_rtc.media.voice import FADE_S, VoicePlayer, next_block

RATE = 48_000


def ramp(seconds: float) -> np.ndarray:
    return (np.arange(round(seconds * RATE)) % 30_000 + 1).astype(np.int16)


def heard(voice: VoicePlayer, start: float, seconds: float, block: int = 960) -> np.ndarray:
    blocks = range(round(start * RATE), round((start + seconds) * RATE), block)
    return np.concatenate([voice(first / RATE, block) for first in blocks])


def test_a_voice_that_says_nothing_is_silent():
    assert not heard(VoicePlayer(), 0, 0.1).any()


@pytest.mark.parametrize("begin", [0.1, 0.1 + 1 / RATE, 0.1234])
def test_a_clip_begins_at_its_sample(begin: float):
    voice, clip = VoicePlayer(), ramp(0.25)
    voice.put(begin, clip)
    out = heard(voice, 0, 0.6)
    first = round(begin * RATE)
    assert np.array_equal(out[first : first + len(clip)], clip)
    assert not out[:first].any() and not out[first + len(clip) :].any()


def test_clips_that_follow_each_other_leave_no_gap():
    voice, clip = VoicePlayer(), np.full(4_801, 500, np.int16)
    voice.put(0.1, clip)
    voice.put(0.1 + 4_801 / RATE, clip)
    out = heard(voice, 0, 0.4)
    assert (out[4_800 : 4_800 + 2 * 4_801] == 500).all()


def test_what_sounds_together_never_wraps_around():
    voice = VoicePlayer()
    voice.put(0.0, np.full(960, 30_000, np.int16))
    voice.put(0.0, np.full(960, 30_000, np.int16))
    assert heard(voice, 0, 0.02).tolist() == [32_767] * 960


def test_an_interruption_fades_and_ends():
    voice = VoicePlayer()
    voice.put(0.0, np.full(RATE, 10_000, np.int16))
    voice.put(1.0, np.full(RATE, 10_000, np.int16))
    voice.cut(0.04)
    out = heard(voice, 0, 1.5)
    at, fade = round(0.04 * RATE), round(FADE_S * RATE)
    assert (out[:at] == 10_000).all()
    assert (np.diff(out[at : at + fade]) <= 0).all() and out[at + fade // 2] > 3_000
    assert not out[at + fade :].any()


def test_an_interruption_in_silence_changes_nothing():
    voice = VoicePlayer()
    voice.put(0.0, np.full(960, 10_000, np.int16))
    voice.cut(0.5)
    assert heard(voice, 0, 0.02).all()


def test_a_long_life_keeps_no_old_sound():
    voice = VoicePlayer()
    for second in range(100):
        voice.put(second, np.zeros(RATE, np.int16))
    assert len(voice._clips) <= 3


@pytest.mark.parametrize("t", [0.0, 0.0199, 0.02, 1.2345])
def test_the_next_block_lies_on_the_grid_and_ahead(t: float):
    at = next_block(t)
    assert 0 < at - t <= 0.02 + 1e-9
    assert at / 0.02 == pytest.approx(round(at / 0.02))
