"""Laws of what swings: springs against small steps, frame rates, bounds, rest."""

import math

import numpy as np
import pytest

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.animation.swing import HairSway, Springs
from avatar_rtc.control.settings import AnimatorSettings
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import HIGH, INDEX, LOW, MORPHS, Pose, neutral
from avatar_rtc.face.swing import MOVED, Swing
from avatar_rtc.resources import resource

HZ, DAMPING = np.array([[1.3], [2.2]]), np.array([[0.3], [0.45]])


def nodding(t: float) -> Pose:
    """A smooth turn and nod within 1.5 s."""
    pose = neutral()
    pose[INDEX["neck_z"]] = 0.6 * math.sin(2.1 * t) ** 3
    pose[INDEX["head_x"]] = 0.4 * math.sin(3.0 * t) ** 3
    pose[INDEX["body_z"]] = 0.2 * math.sin(1.3 * t) ** 3
    return pose


def swings_at(fps: float, times: list[float], strength: float = 1.0, liveliness: float = 1.0) -> list[Swing]:
    hair, found = HairSway(7), []
    for tick in range(round(times[-1] * fps) + 1):
        swing = hair.at(nodding(tick / fps), tick / fps, strength, liveliness)
        if any(abs(tick / fps - t) < 1e-9 for t in times):
            found.append(swing)
    return found


def test_springs_are_those_of_the_equation_solved_in_small_steps() -> None:
    omega, steps = 2 * math.pi * HZ, 800
    points = [np.array([[4.0 * k], [-3.0 * k]]) for k in (0.0, 1.0, 0.2, 0.2)]
    springs, value, speed = Springs(HZ, DAMPING), np.zeros((2, 1)), np.zeros((2, 1))
    springs.rest(points[0])
    for before, after, dt in zip(points, points[1:], (0.1, 0.033, 0.4), strict=False):
        found = springs.advance(after, dt)
        for step in range(steps):  # by the midpoint, at which the error is of the second order
            point = before + (after - before) * (step + 0.5) / steps
            half = speed + dt / steps / 2 * (
                -(omega**2) * (value + speed * dt / steps / 2 - point) - 2 * DAMPING * omega * speed
            )
            pull = -(omega**2) * (value + half * dt / steps / 2 - point) - 2 * DAMPING * omega * half
            value, speed = value + half * dt / steps, speed + pull * dt / steps
        assert np.allclose(found, value, atol=2e-3)


def test_a_step_is_the_sum_of_its_parts() -> None:
    """The solution is exact: a straight way cut anywhere ends where it did."""
    whole, cut = Springs(HZ, DAMPING), Springs(HZ, DAMPING)
    point, end = np.zeros((2, 1)), np.array([[7.0], [-5.0]])
    whole.rest(point)
    cut.rest(point)
    for share in (0.1, 0.45, 0.5, 1.0):
        last = cut.advance(end * share, 0.3 * (share - float(cut._point[0, 0]) / 7.0))
    assert np.allclose(whole.advance(end, 0.3), last)


def test_frame_rates_swing_alike() -> None:
    times = [0.5, 1.0, 1.5]
    exact = swings_at(960, times)
    for fps, most in ((60, 0.05), (30, 0.2), (20, 0.4)):
        assert max(np.abs(a - b).max() for a, b in zip(swings_at(fps, times), exact, strict=True)) < most, fps


def test_what_is_off_does_not_swing() -> None:
    assert not np.any(swings_at(30, [0.5, 1.0], strength=0.0))
    assert np.abs(swings_at(30, [1.0])[0]).max() > 2


@pytest.mark.parametrize("seed", range(3))
def test_no_pose_throws_it_too_far(seed: int) -> None:
    """Whatever comes, in whatever steps of time, back and forth and lost."""
    random, hair, t = np.random.default_rng(seed), HairSway(seed), 0.0
    for _ in range(400):
        t += float(random.choice([0.0, 1e-9, 0.016, 0.3, 5.0, -2.0]))
        pose = random.choice([LOW, HIGH]).copy() if random.random() < 0.5 else neutral()
        swing = hair.at(pose, t, 1.0, 2.0)
        assert swing.shape == (len(MOVED), 2) and swing.dtype == np.float32
        most = [[9, 4], [11, 4], [9, 4], [11, 4], [6, 2], [0, 0]]
        assert np.isfinite(swing).all() and (np.abs(swing) <= most).all()


def test_hair_lags_and_then_overshoots() -> None:
    """The head leans to its right, which is the left of the picture, and its hair comes later and too far."""
    hair, way = HairSway(0), []
    for tick in range(240):
        pose = neutral()
        pose[INDEX["neck_z"]] = 0.5 * min(tick / 20, 1.0)
        way.append(float(hair.at(pose, tick / 60, 1.0, 0.0)[0, 0]))
    assert max(way[:20]) > 3 and min(way[20:40]) < -1


def test_it_comes_to_rest_and_stays_there() -> None:
    hair = HairSway(0)
    pose = neutral()
    hair.at(pose, 0.0, 1.0, 0.0)
    pose[INDEX["head_y"]] = 0.5
    swings = [hair.at(pose, tick / 30, 1.0, 0.0) for tick in range(1, 400)]
    assert np.any(swings[5] != swings[6]) and np.array_equal(swings[-1], swings[-60])
    assert np.abs(np.diff(swings, axis=0)[120:]).max() < 0.05  # the end of it is not seen


def test_strands_are_no_one_jelly() -> None:
    """Left and right, high and low: no two swing in step."""
    hair, turned = HairSway(1), neutral()
    turned[INDEX["neck_z"]] = 0.5
    swings = [hair.at(turned if tick > 5 else neutral(), tick / 30, 1.0, 0.0)[:4, 0] for tick in range(60)]
    likeness = np.asarray(np.corrcoef(np.array(swings[15:]).T))
    assert likeness[np.triu_indices(4, 1)].max() < 0.95


def test_the_mixer_swings_what_it_shows_and_the_setting_calms_it() -> None:
    emotions = load_emotions(resource("assets", "emotions"))

    def shown(strength: float) -> list[Swing]:
        mixer, settings = Mixer(emotions, 5), AnimatorSettings(sway_hair=strength, breathing_cycle_duration=0)
        state = AvatarState(emotions={"joy": 1.0}, settings=settings)
        return [mixer.appearance(state, tick / 10).swing for tick in range(80)]

    assert not np.any(shown(0.0))
    half, whole = np.array(shown(0.5)), np.array(shown(1.0))
    assert np.allclose(2 * half, whole, atol=1e-5) and np.abs(whole).max() > 0.5
    assert len(MORPHS) == len(Mixer(emotions, 5).appearance(AvatarState(), 0.0).pose)


def test_switching_off_fades_and_ends_at_nothing() -> None:
    off, on = HairSway(2), HairSway(2)
    pairs = [
        (
            off.at(nodding(tick / 30), tick / 30, float(tick < 60), 1.0),
            on.at(nodding(tick / 30), tick / 30, 1.0, 1.0),
        )
        for tick in range(180)
    ]
    shares = [np.abs(fading).sum() / np.abs(whole).sum() for fading, whole in pairs]
    assert shares[59] == 1 and 0.85 < shares[60] < 1 and shares[-1] == 0
    assert (np.diff(shares[59:]) <= 0.02).all()
