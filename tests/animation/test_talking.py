import itertools

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.animation.talking import Talking
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState, Cue, LivePose
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN
from avatar_rtc.face.timeline import Segment, Timeline
from avatar_rtc.face.visemes import MouthShape
from avatar_rtc.resources import resource

EMOTIONS = load_emotions(resource("assets", "emotions"))
PLAIN = AnimatorSettings()
OPEN = [INDEX[name] for name in MOUTH_OPEN]
AAA, UUU = INDEX["mouth_aaa"], INDEX["mouth_uuu"]


def openings(seed: int, count: int, settings: AnimatorSettings = PLAIN) -> np.ndarray:
    talking = Talking(seed)
    fps = settings.talking_fps
    return np.array([talking.shapes(settings, (n + 0.5) / fps)[settings.talking_morph] for n in range(count)])


def test_openings_follow_the_law_from_one_to_the_next():
    """x' = clamp(|1 - x| + U(-2, 2)) to [0, 1]."""
    x = np.concatenate([openings(seed, 1500) for seed in range(2)])
    before, after = x[:-1], x[1:]
    inside = (after > 0) & (after < 1)
    draws = after[inside] - np.abs(1 - before[inside])
    assert np.abs(draws).max() < 2
    # P(x' = 0 | x) = (2 - |1 - x|) / 4, P(x' = 1 | x) = (1 + |1 - x|) / 4
    shut = np.abs(1 - before)
    for hit, probability in ((after == 0, (2 - shut) / 4), (after == 1, (1 + shut) / 4)):
        error = 4 * np.sqrt((probability * (1 - probability)).sum())
        assert hit.sum() == pytest.approx(probability.sum(), abs=error)
        for low, high in itertools.pairwise((0.0, 0.01, 0.99, 1.01)):
            some = (shut >= low) & (shut < high)
            spread = 4 * np.sqrt((probability[some] * (1 - probability[some])).sum())
            assert hit[some].sum() == pytest.approx(probability[some].sum(), abs=spread)


def test_what_came_before_counts_only_as_far_as_the_law_says():
    """Any opening is the same whether the ones before were asked for or not."""
    x = openings(3, 200)
    assert [Talking(3).shapes(PLAIN, (n + 0.5) / 12)["mouth_aaa"] for n in range(0, 200, 7)] == x[
        ::7
    ].tolist()
    assert openings(4, 200).tolist() != x.tolist()


@pytest.mark.parametrize("rate", [6.0, 12.0, 24.0])
def test_the_mouth_is_new_as_often_as_the_settings_say(rate: float):
    settings, talking = AnimatorSettings(talking_fps=rate), Talking(1)
    shown = np.array([talking.shapes(settings, n / 1000)["mouth_aaa"] for n in range(60_000)])
    changes = np.flatnonzero(np.diff(shown)) + 1
    # One in five or so of the openings is as shut, or as open, as the one before; none comes off the grid.
    grid = changes * rate / 1000
    assert np.abs(grid - np.round(grid)).max() < rate / 1000 + 1e-6
    same = (np.diff(openings(1, round(60 * rate), settings)) == 0).sum()
    assert len(changes) == 60 * rate - 1 - same
    assert 0.1 < same / (60 * rate) < 0.45


def run(mixer: Mixer, state: AvatarState, seconds: float, start: float = 0.0, fps: float = 60) -> np.ndarray:
    return np.array([mixer.pose(state, start + n / fps) for n in range(round(seconds * fps))])


def test_it_moves_its_own_morph_and_shuts_the_others():
    state = AvatarState({"joy": 1.0}, talking=True, settings=AnimatorSettings(talking_morph="mouth_uuu"))
    poses = run(Mixer(EMOTIONS, 1), state, 10)[30:]
    assert np.ptp(poses[:, UUU]) > 0.9
    assert poses[:, [i for i in OPEN if i != UUU]].max() < 1e-3


def test_its_end_is_eased_not_snapped():
    mixer = Mixer(EMOTIONS, 1)
    run(mixer, AvatarState(), 1)
    talk = AvatarState(talking=True)
    t, pose = 1.0, mixer.pose(talk, 1.0)
    while pose[AAA] < 0.95:
        t += 1 / 60
        pose = mixer.pose(talk, t)
    after = run(mixer, AvatarState(), 0.6, start=t + 1 / 60)[:, AAA]
    assert (np.diff(after) <= 0).all() and 0.7 < after[0] < pose[AAA] and after[-1] < 1e-3


def test_it_wins_over_nothing_that_knows_better():
    """Appendix A 3 of the predecessor: random talking won over lips."""
    seconds = 3.0
    cue = AvatarState(cue=Cue(0.0, {"mouth_iii": 0.5}, until=99.0))
    live = AvatarState(live_pose=LivePose({"mouth_ooo": 0.25}, seconds - 0.4))
    held = AvatarState(overrides={"mouth_aaa": 0.125})

    def talking(state: AvatarState) -> AvatarState:
        return AvatarState(cue=state.cue, live_pose=state.live_pose, overrides=state.overrides, talking=True)

    for state in (cue, live):
        quiet, loud = (run(Mixer(EMOTIONS, 5), each, seconds)[150:] for each in (state, talking(state)))
        assert loud[:, OPEN] == pytest.approx(quiet[:, OPEN], abs=0.01)
    assert (run(Mixer(EMOTIONS, 5), talking(held), seconds)[:, AAA] == 0.125).all()


def test_what_is_said_wins_over_it():
    said = Timeline(3.0, (Segment(0.0, 3.0, MouthShape((0.0, 0.0, 0.0, 0.0, 0.8, 0.0))),))

    def spoken(talking: bool) -> np.ndarray:
        mixer = Mixer(EMOTIONS, 5)
        mixer.lips.append(0.0, said)
        return run(mixer, AvatarState(talking=talking), 2.5)[30:, OPEN]

    assert spoken(True) == pytest.approx(spoken(False), abs=1e-6)


def test_no_rate_is_no_talking():
    state = AvatarState(talking=True, settings=AnimatorSettings(talking_fps=0.0))
    assert not run(Mixer(EMOTIONS, 1), state, 3)[:, OPEN].any()
