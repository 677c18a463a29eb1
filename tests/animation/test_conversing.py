"""Laws of listening and thinking: how they come, what they leave alone, and what they do about a voice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from avatar_rtc.animation.blink import Blink
from avatar_rtc.animation.conversing import LEFT_TO_EMOTION, LISTENING, THINKING, Conversing
from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.hearing import (
    BROWS_MOST,
    NOD_AFTER,
    NOD_DEPTH,
    NODS_APART,
    HearingBrows,
    Nods,
)
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.activity import Activity, ActivityName, Hearing
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.gaze import Gaze
from avatar_rtc.face.pose import INDEX, MORPHS
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
DOINGS: tuple[ActivityName, ...] = ("idle", "listening", "thinking", "speaking")
NECK, CHIN, BROW = (INDEX[name] for name in ("neck_z", "head_x", "eyebrow_raised_left"))
GAZED = [INDEX[name] for name in ("iris_rotation_x", "iris_rotation_y", "head_x", "head_y")]

Doing = Callable[[float], ActivityName]


def faces(
    doing: Doing,
    seconds: float,
    fps: float = 60,
    seed: int = 1,
    calm: float = 1.0,
    strength: float = 1.0,
    hearing: Callable[[float], Hearing | None] = lambda t: None,
) -> np.ndarray:
    """(N, 45 + number of cels) of what is added to a face at rest."""
    conversing, blink, seen = Conversing(seed), Blink(seed), []
    for n in range(round(seconds * fps)):
        t = n / fps
        face = np.zeros(len(MORPHS) + len(CELS), np.float32)
        conversing.apply(face, doing(t), hearing(t), blink, t, 1 / fps, calm, strength)
        seen.append(face)
    return np.array(seen)


def talker(t: float) -> Hearing:
    """Somebody who talks for 2 s and is silent for 1.6 s, heard ten times a second."""
    heard = np.floor(t * 10) / 10
    voice = heard % 3.6 < 2.0
    return Hearing(0.6 if voice else 0.05, bool(voice), float(heard))


def test_an_idle_face_and_one_that_speaks_are_left_alone():
    assert not faces(lambda t: "idle", 5).any() and not faces(lambda t: "speaking", 5, hearing=talker).any()


@pytest.mark.parametrize("doing, shown", [("listening", LISTENING), ("thinking", THINKING)])
def test_an_activity_comes_and_goes_within_three_to_six_tenths_of_a_second(doing: ActivityName, shown):
    seen = faces(lambda t: doing if 0.5 <= t < 2.5 else "idle", 5, fps=100)
    share = seen[:, shown > 0.1] / shown[shown > 0.1]
    comes = np.argmax(share.min(1) > 0.95) / 100 - 0.5
    goes = np.argmax((share.max(1) < 0.05) & (np.arange(500) > 260)) / 100 - 2.5
    assert 0.3 <= comes <= 0.6 and 0.3 <= goes <= 0.6
    assert not seen[-1].any()


@pytest.mark.parametrize("seed", range(5))
def test_nothing_jumps_over_random_switches(seed: int):
    random = np.random.default_rng(seed)
    names = [DOINGS[n] for n in random.integers(len(DOINGS), size=200)]
    seen = faces(lambda t: names[int(t / 0.15)], 29, seed=seed, hearing=talker)
    assert np.abs(np.diff(seen, axis=0)).max() < 0.1 and np.abs(seen).max() <= 1.0


def test_an_emotion_stays_what_is_seen():
    calm, moved = (faces(lambda t: "thinking", 2, calm=calm)[-1] for calm in (1.0, 0.0))
    assert moved == pytest.approx((1 - LEFT_TO_EMOTION) * calm, abs=1e-6)


def test_a_listener_tilts_its_head_now_and_then_and_at_liveliness_nil_never():
    tilts = faces(lambda t: "listening", 60, fps=20)[:, NECK]
    assert tilts.max() > 0.15 and tilts.min() < -0.15 and (np.abs(tilts) < 0.02).mean() > 0.1
    still = faces(lambda t: "listening", 20, fps=20, strength=0.0, hearing=talker)
    assert still[-1] == pytest.approx(LISTENING) and np.ptp(still[40:], axis=0).max() < 1e-5


def test_the_same_times_look_the_same_at_any_frame_rate():
    fine, coarse = (faces(lambda t: "listening" if t < 4 else "thinking", 8, fps=fps) for fps in (60, 20))
    assert coarse[:-1] == pytest.approx(fine[2:-3:3], abs=0.02), "a step leads to the end of its frame"


def nods_of(hearing: Callable[[float], Hearing | None], seed: int, seconds: float, fps: float = 50):
    """When nods begin, in s, and how deep each is."""
    nods = Nods(seed)
    depths = np.array([nods.at(hearing(n / fps), n / fps, True) for n in range(round(seconds * fps))])
    begun = np.flatnonzero((depths[1:] > 0) & (depths[:-1] == 0))
    return begun / fps, np.array([each.max() for each in np.split(depths, begun)[1:]])


def test_a_listener_nods_in_pauses_never_twice_in_two_and_a_half_seconds():
    for seed in range(5):
        begun, depths = nods_of(talker, seed, 360)
        since_voice = (begun - 1.9) % 3.6
        assert 40 < len(begun) < 100, "of 100 pauses"
        assert since_voice.min() >= NOD_AFTER[0] - 0.03 and since_voice.max() <= NOD_AFTER[1] + 0.15
        assert np.diff(begun).min() >= NODS_APART and depths.min() > NOD_DEPTH[0] - 0.02
    assert nods_of(talker, 1, 100)[0].tolist() != nods_of(talker, 2, 100)[0].tolist()


@pytest.mark.parametrize(
    "hearing",
    [
        lambda t: None,
        lambda t: Hearing(0.7, True, t),
        lambda t: Hearing(0.7, False, t),
        lambda t: Hearing(0.7, t % 3 < 0.2, t),
    ],
    ids=["nothing", "no pause", "no voice", "a cough"],
)
def test_no_nod_without_a_voice_that_pauses(hearing):
    assert not len(nods_of(hearing, 1, 60)[0])


def test_a_caller_that_falls_silent_gets_its_nod_too():
    begun = [nods_of(lambda t: Hearing(0.6, True, min(t, 3.0)), seed, 8)[0] for seed in range(12)]
    assert sum(len(each) for each in begun) >= 6 and all(3.3 <= t <= 4.1 for each in begun for t in each)


def test_brows_answer_a_loud_onset_within_150_ms_and_come_down_again():
    brows, fps = HearingBrows(), 100
    raised = np.array(
        [brows.at(Hearing(0.1 if t < 1 else 0.9, True, t), t, 1 / fps) for t in np.arange(0, 6, 1 / fps)]
    )
    before, onset = raised[95], raised[100:115]
    assert before < 0.06 and onset.max() > 0.85 * BROWS_MOST and raised.max() <= BROWS_MOST
    assert raised[-1] < 0.05, "a voice that stays loud is no news"
    assert np.abs(np.diff(raised)).max() < 0.08


def test_a_noise_raises_no_brow():
    brows = HearingBrows()
    assert not any(brows.at(Hearing(0.9, False, n / 50), n / 50, 0.02) for n in range(100))


def poses(state: Callable[[float], AvatarState], seconds: float, fps: float = 30) -> np.ndarray:
    mixer = Mixer(EMOTIONS, seed=3)
    return np.array([mixer.pose(state(n / fps), n / fps) for n in range(round(seconds * fps))])


def test_the_whole_face_moves_over_random_switches_as_little_a_frame_as_it_does_at_rest():
    """Irises leap, lids blink and drawn mouths dissolve, which they do at rest too; nothing else jumps."""
    random = np.random.default_rng(4)
    names = [DOINGS[n] for n in random.integers(len(DOINGS), size=100)]
    seen = poses(lambda t: AvatarState(activity=Activity(names[int(t / 0.4)]), hearing=talker(t)), 30, fps=60)
    quick = [n for n, m in enumerate(MORPHS) if m.name.startswith(("iris", "eye_", "mouth"))]
    calm = np.delete(np.arange(45), quick)
    assert np.abs(np.diff(seen, axis=0))[:, calm].max() < 0.1


def test_an_explicit_gaze_is_kept_whatever_it_does():
    asked = Gaze((0.5, 0.0))
    for doing in ("idle", "listening", "thinking"):
        where = poses(lambda t, doing=doing: AvatarState(activity=Activity(doing), gaze=asked), 6)
        angle = 30.0 * where[60:, INDEX["iris_rotation_y"]] + 15.0 * where[60:, INDEX["head_y"]]
        assert angle.mean() == pytest.approx(-15.0, abs=1.0)


def test_overrides_win_and_liveliness_nil_keeps_the_face_of_the_activity():
    held = {"head_x": 0.3, "eyebrow_raised_left": 0.0, "iris_rotation_x": 0.0}
    state = AvatarState(activity=Activity("thinking"), overrides=held)
    last = poses(lambda t: state, 3)[-1]
    assert {name: float(last[INDEX[name]]) for name in held} == pytest.approx(held, abs=1e-3)
    dead = AnimatorSettings(liveliness=0.0, blink_probability=0.0, breathing_cycle_duration=0.0)
    seen = poses(lambda t: replace(state, overrides={}, settings=dead), 6)[60:]
    assert np.ptp(seen[:, BROW]) < 1e-4 and seen[-1, BROW] > 0.2
    assert abs(seen[-1, GAZED]).max() > 0.3, "it looks away all the same"
