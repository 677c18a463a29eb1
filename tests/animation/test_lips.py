"""Laws of speaking lips, against the timelines they follow."""

import itertools

import numpy as np
import pytest

from avatar_rtc.animation.lips import GIVE_BACK, LEAD, SLEW, STOP, TAKE, Lips
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, pose_from
from avatar_rtc.face.timeline import Timeline
from avatar_rtc.speech.phonemes.lips import Style, timeline
from avatar_rtc.speech.spoken import TimedPhoneme

RATE = 16_000
AAA, UUU, CORNER = INDEX["mouth_aaa"], INDEX["mouth_uuu"], INDEX["mouth_raised_corner_left"]
OPEN = [INDEX[name] for name in MOUTH_OPEN]
SMILE = pose_from({"mouth_delta": 0.5, "mouth_raised_corner_left": 1.0})


def said(sounds: list[tuple[str, float]], begin: float = 1.0, **options) -> tuple[float, Timeline]:
    """Sounds of equal loudness, each as long as told, and when the first begins."""
    phonemes, at = [], 0.0
    for ipa, seconds in sounds:
        phonemes.append(TimedPhoneme(at, at + seconds, ipa))
        at += seconds
    return begin, timeline(np.full(round(at * RATE), 8_000, np.int16), RATE, phonemes, **options)


def run(lips: Lips, until: float, fps: float = 30.0, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Frame times and poses (N, 45)."""
    times = np.arange(round(start * fps), round(until * fps)) / fps
    poses = []
    for t in times:
        pose = SMILE.copy()
        lips.apply(pose, float(t), 1 / fps)
        poses.append(pose)
    return times, np.stack(poses)


def spoken(
    *timelines: tuple[float, Timeline], until: float = 4.0, fps: float = 30.0
) -> tuple[np.ndarray, np.ndarray]:
    lips = Lips()
    for each in timelines:
        lips.append(*each)
    return run(lips, until, fps)


def opening(poses: np.ndarray) -> np.ndarray:
    return poses[:, OPEN].sum(1)


def test_silence_leaves_the_emotion_its_mouth():
    _, poses = spoken(said([("", 1.0)]))
    assert (poses == SMILE).all()


@pytest.mark.parametrize("fps", [20, 25, 30, 60])
@pytest.mark.parametrize("offset", np.linspace(0, 0.05, 7))
def test_every_bilabial_closes_on_some_frame(fps: int, offset: float):
    sounds = [
        ("", 0.1),
        ("m", 0.04),
        ("ˈɑ", 0.2),
        ("p", 0.05),
        ("i", 0.12),
        ("b", 0.03),
        ("oʊ", 0.2),
        ("", 0.3),
    ]
    times, poses = spoken(said(sounds, 1.0 + offset, marks_burst=True), fps=fps)
    at = 1.0 + offset - LEAD
    for start, end in ((0.1, 0.14), (0.34, 0.39), (0.51, 0.54)):
        near = (times > at + start - 0.06) & (times < at + end + 0.03)
        assert opening(poses[near]).min() <= 0.1, f"the closure at {start} s"
    vowel = np.abs(times - (at + 0.22)).argmin()
    assert poses[vowel, AAA] > 0.45


def test_lips_run_ahead_of_the_sound_by_the_lead():
    """A vowel between pauses is half open LEAD before it sounds, at a frame rate that hides nothing."""
    times, poses = spoken(said([("", 0.5), ("ˈɑ", 0.4), ("", 0.6)]), fps=500)
    rising = times[(poses[:, AAA] > 0.5).argmax()]
    assert rising == pytest.approx(1.5 - LEAD, abs=0.033)


def test_the_same_lips_at_any_frame_rate():
    sounds = [
        ("h", 0.06),
        ("ɛ", 0.09),
        ("l", 0.05),
        ("ˈoʊ", 0.2),
        ("w", 0.08),
        ("ɜː", 0.15),
        ("l", 0.06),
        ("d", 0.05),
    ]
    (slow_t, slow), (fast_t, fast) = (spoken(said(sounds), fps=fps) for fps in (30, 240))
    nearest = np.abs(fast_t[None] - (slow_t + 0.5 / 30 - 0.5 / 240)[:, None]).argmin(1)
    assert np.abs(slow[:, OPEN] - fast[nearest][:, OPEN]).mean() < 0.02


def test_weights_stay_in_range_and_never_exceed_the_largest_target():
    sounds = [
        ("p", 0.05),
        ("ˈaɪ", 0.2),
        ("ʃ", 0.1),
        ("uː", 0.15),
        ("w", 0.05),
        ("æ", 0.1),
        ("v", 0.06),
        ("i", 0.1),
    ]
    _, poses = spoken(said(sounds))
    assert poses[:, OPEN].min() >= 0 and opening(poses).max() <= 1.15


def test_shapes_never_jump():
    sounds = [("ɑ", 0.05), ("i", 0.05), ("u", 0.05), ("ɑ", 0.05), ("ɛ", 0.05), ("o", 0.05)] * 2
    _, poses = spoken(said(sounds), fps=60)
    inside = poses[60:, OPEN]
    assert np.abs(np.diff(inside, axis=0)).max() <= SLEW / 60 + 0.15  # taking the mouth adds its own motion


def test_a_rounded_sound_starts_earlier_than_a_spread_one():
    def begins(vowel: str, morph: int) -> float:
        times, poses = spoken(said([("", 0.05), ("k", 0.3), (vowel, 0.3), ("", 0.3)]), fps=500)
        return float(times[(poses[:, morph] > 0.3 * poses[:, morph].max()).argmax()])

    assert begins("u", UUU) < begins("ɛ", INDEX["mouth_eee"]) - 0.005


def test_speech_takes_the_mouth_and_gives_it_back():
    times, poses = spoken(said([("ɑ", 0.5)]), fps=200)
    assert (poses[times < 1 - LEAD - TAKE - 0.01] == SMILE).all()
    during = np.abs(times - 1.25).argmin()
    assert poses[during, INDEX["mouth_delta"]] < 0.05 and poses[during, CORNER] == pytest.approx(
        0.3, abs=1e-3
    )
    after = times > 1.5 - LEAD + GIVE_BACK + 0.01
    assert (poses[after] == SMILE).all()


def test_a_short_pause_keeps_the_mouth_and_a_long_one_returns_it():
    short = spoken(said([("ɑ", 0.3), ("", 0.2), ("ɑ", 0.3)]), fps=200)
    long = spoken(said([("ɑ", 0.3), ("", 0.6), ("ɑ", 0.3)]), fps=200)
    assert short[1][(short[0] > 1.3) & (short[0] < 1.45), CORNER].max() <= 0.31
    assert long[1][np.abs(long[0] - 1.65).argmin(), CORNER] == 1.0


@pytest.mark.parametrize("vowel", ["ɑ", "i", "u", "ɛ", "o"])
def test_an_interruption_shuts_the_mouth_in_80_ms(vowel: str):
    lips = Lips()
    lips.append(*said([(vowel, 2.0), ("p", 0.1), (vowel, 1.0)]))
    lips.append(*said([(vowel, 1.0)], begin=4.1))
    run(lips, 1.5, fps=200)
    lips.stop(1.5)
    times, poses = run(lips, 5.0, fps=200, start=1.5)
    shut = np.abs(times - (1.5 + STOP)).argmin()
    assert opening(poses[shut : shut + 1])[0] < 0.12
    assert (poses[times > 1.5 + STOP + GIVE_BACK + 0.02] == SMILE).all()


def test_what_is_said_after_an_interruption_moves_the_lips():
    lips = Lips()
    lips.append(*said([("ɑ", 2.0)]))
    run(lips, 1.5, fps=100)
    lips.stop(1.5)
    lips.append(*said([("ɑ", 1.0)], begin=1.7))
    times, poses = run(lips, 2.5, fps=100, start=1.5)
    assert poses[np.abs(times - 2.1).argmin(), AAA] > 0.6


def test_sentences_that_follow_each_other_are_one_flow():
    whole = spoken(said([("ɑ", 0.3), ("i", 0.3), ("u", 0.3), ("ɛ", 0.3)]), fps=100)[1]
    first, second = said([("ɑ", 0.3), ("i", 0.3)]), said([("u", 0.3), ("ɛ", 0.3)], begin=1.6)
    assert np.abs(spoken(first, second, fps=100)[1] - whole).max() < 0.06


def test_quiet_speech_has_smaller_lips():
    pcm = np.concatenate([np.full(RATE, 12_000, np.int16), np.full(RATE, 300, np.int16)])
    phonemes = [TimedPhoneme(0, 1, "ɑ"), TimedPhoneme(1, 2, "ɑ")]
    lips = Lips()
    lips.append(1.0, timeline(pcm, RATE, phonemes))
    times, poses = run(lips, 3.5)
    loud, quiet = (poses[np.abs(times - t).argmin(), AAA] for t in (1.6, 2.7))
    assert 0.5 * loud < quiet < 0.9 * loud, "smaller, and far from gone"


def test_a_mumble_and_a_shout_differ_in_the_jaw():
    mumble, shout = (spoken(said([("ˈɑ", 0.5)], style=Style(jaw=jaw)))[1][:, AAA].max() for jaw in (0.4, 1.4))
    assert mumble < 0.75 * shout


def test_stresses_and_pauses_are_told_once():
    lips = Lips()
    lips.append(*said([("ˈɑ", 0.3), ("", 0.5), ("ˈɛ", 0.3)]))
    grid = np.arange(0, 3, 1 / 30)
    assert sum(lips.stresses(a, b) for a, b in itertools.pairwise(grid)) == 2
    assert sum(lips.pauses(a, b) for a, b in itertools.pairwise(grid)) == 1


def test_hours_of_speech_keep_no_old_timelines():
    lips = Lips()
    for second in range(1, 3_600):
        lips.append(*said([("ɑ", 0.9)], begin=float(second)))
    assert len(lips._tracks) <= 4
