"""What goes through the face's mouth opener on its way to the pose, and what does not."""

import itertools

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.lips import LEAD, Lips
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState, Cue, LivePose
from avatar_rtc.face.opening import MouthOpener, OpeningCurves
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, neutral
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import SHAPE_OF_IPA, MouthShape, named_mouth
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
OPEN = [INDEX[name] for name in MOUTH_OPEN]
LATE = MouthOpener(OpeningCurves(((0.0, 0.0, 0.02, 0.1, 1.0),) * 6))
"""Of a small mouth: nothing is seen before three quarters."""
WORDS = ("p", "ɑ", "b", "i", "m", "oʊ", "p", "u", "m")


def word(sounds: tuple[str, ...] = WORDS) -> Timeline:
    shapes = [SHAPE_OF_IPA[sound[0]] for sound in sounds]
    segments = tuple(Segment(0.12 * n, 0.12 * (n + 1), shape) for n, shape in enumerate(shapes))
    return Timeline(0.12 * len(shapes), segments)


def spoken_by(opener: MouthOpener, articulation: float, fps: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    lips, poses = Lips(), []
    lips.append(0.5, word())
    times = np.arange(round(2.2 * fps)) / fps
    for t in times:
        pose = neutral()
        lips.apply(pose, float(t), 1 / fps, opener, articulation)
        poses.append(pose[OPEN])
    return times, np.array(poses)


def shown(state: AvatarState, opener: MouthOpener = LATE, seconds: float = 0.5) -> np.ndarray:
    """The mouth after so many seconds."""
    mixer = Mixer(EMOTIONS, 1, opener=opener)
    mouth: np.ndarray = [mixer.pose(state, n / 30) for n in range(round(seconds * 30))][-1][OPEN]
    return mouth


@pytest.mark.parametrize("articulation", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("opener", [MouthOpener(), LATE])
def test_lips_that_must_meet_meet_whatever_opens_them(opener: MouthOpener, articulation: float) -> None:
    times, mouths = spoken_by(opener, articulation)
    for n, sound in enumerate(WORDS):
        if sound in "pbm":
            start, end = (0.5 - LEAD + 0.12 * at for at in (n, n + 1))
            assert mouths[(times < end) & (times + 1 / 30 > start)].sum(1).max() == 0, f"{sound} at {start}"


def test_articulation_scales_the_whole_of_speech() -> None:
    widths = [spoken_by(MouthOpener(), a)[1].sum(1) for a in (0.0, 0.5, 1.0, 1.5, 2.0)]
    for less, more in itertools.pairwise(widths):
        assert (less <= more + 1e-6).all() and less.sum() < more.sum()


def test_a_small_mouth_is_moved_farther_for_the_same_words() -> None:
    usual, small = (spoken_by(opener, 1.0)[1].sum(1) for opener in (MouthOpener(), LATE))
    assert (small >= usual - 1e-6).all() and small.max() <= 1 + 1e-6
    assert np.median(small[usual > 0.05]) > np.median(usual[usual > 0.05])


@pytest.mark.parametrize("articulation", [0.0, 1.0, 2.0])
def test_morphs_a_caller_names_are_taken_as_they_are(articulation: float) -> None:
    settings = AnimatorSettings(articulation=articulation)
    named = {"mouth_aaa": 0.25, "mouth_ooo": 0.125}
    whole = {**dict.fromkeys(MOUTH_OPEN, 0.0), **named}
    wanted = np.array([named.get(name, 0.0) for name in MOUTH_OPEN])
    cue = AvatarState(cue=Cue(0.0, named, until=9.0), settings=settings)
    live = AvatarState(live_pose=LivePose(whole, 0.4), settings=settings)
    held = AvatarState(overrides=whole, settings=settings)
    for state in (cue, live, held):
        assert shown(state) == pytest.approx(wanted, abs=2e-3)


def test_sounds_a_caller_names_open_the_face_and_closures_close_it() -> None:
    def cued(articulation: float = 1.0, **visemes: float) -> np.ndarray:
        asked = named_mouth(visemes)
        cue = Cue(0.0, asked.morphs, 9.0, asked.sounds, asked.closed)
        return shown(AvatarState(cue=cue, settings=AnimatorSettings(articulation=articulation)))

    assert cued(aa=0.3)[0] > 0.7, "seen of a small mouth only from there"
    assert cued(0.0, aa=0.3).sum() < cued(1.0, aa=0.3).sum() < cued(2.0, aa=0.3).sum()
    assert cued(2.0, aa=1.0, aaa=1.0, PP=1.0).max() < 1e-3
    assert cued(aa=1.0, closed=0.5)[0] == pytest.approx(0.425 / 0.85, abs=0.01)


def test_random_talking_opens_the_face_as_speech_does() -> None:
    def mean_width(articulation: float) -> float:
        settings = AnimatorSettings(articulation=articulation)
        mixer, state = Mixer(EMOTIONS, 1), AvatarState(talking=True, settings=settings)
        return float(np.mean([mixer.pose(state, n / 30)[OPEN].sum() for n in range(150)]))

    assert mean_width(0.0) < 0.3 * mean_width(1.0) < 0.3 * mean_width(2.0) + 1e-6


def test_no_shape_of_a_sound_asks_for_more_than_a_whole_mouth() -> None:
    """A student knows mixtures that sum to 1 at most."""
    assert max(sum(shape.weights) for shape in SHAPE_OF_IPA.values()) <= 1 + 1e-9


@pytest.mark.parametrize(("one", "other"), [("i", "ɛ"), ("u", "o"), ("i", "u"), ("ɛ", "ɑ"), ("o", "ɑ")])
def test_vowels_differ_in_more_than_size(one: str, other: str) -> None:
    def direction(shape: MouthShape) -> np.ndarray:
        weights = np.array(shape.weights)
        unit: np.ndarray = weights / np.linalg.norm(weights)
        return unit

    assert direction(SHAPE_OF_IPA[one]) @ direction(SHAPE_OF_IPA[other]) < 0.87
