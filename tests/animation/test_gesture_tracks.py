"""The ways of gestures: through each key, between its keys, without a corner."""

import itertools
import math

import numpy as np
import pytest

from avatar_rtc.animation.gesture_tracks import GestureWays, TrackWay, slopes
from avatar_rtc.face.gestures import GESTURE_RANGES, MAX_GESTURE_S, load_gestures
from avatar_rtc.resources import resource

GESTURES = load_gestures(resource("assets", "gestures"))
HEADS = ("head_x", "head_y", "neck_z")
HUMAN_DEGREES_S = 150.0
"""Heads of people who nod and shake reach this; 1.0 of a head's morph is 15 degrees."""


def made_up(seed: int) -> list[tuple[float, float]]:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 17))
    times = np.concatenate([[0.0], np.cumsum(random.uniform(0.05, 0.6, count - 1))])
    values = np.concatenate([[0.0], random.uniform(-1, 1, count - 2), [0.0]])
    return [(float(t), float(v)) for t, v in zip(times, values, strict=True)]


@pytest.mark.parametrize("seed", range(20))
def test_a_way_passes_its_keys_stays_between_them_and_has_no_corner(seed: int):
    keys = made_up(seed)
    way, end = TrackWay(tuple(keys)), keys[-1][0]
    for t, value in keys:
        assert way.at(t) == pytest.approx(value, abs=1e-12)
    for (t, value), (after, other) in itertools.pairwise(keys):
        seen = np.array([way.at(x) for x in np.linspace(t, after, 50)])
        steps = np.diff(seen) * np.sign(other - value or 1)
        assert (steps >= -1e-12).all(), "it goes one way from key to key"
    h = 1e-6
    for t in np.linspace(h, end - h, 400):
        before, behind = (way.at(t) - way.at(t - h)) / h, (way.at(t + h) - way.at(t)) / h
        assert before == pytest.approx(behind, abs=0.01 + 1e-3 * abs(before))
    assert way.at(-1.0) == way.at(end + 1) == 0.0
    assert abs(way.at(h)) / h < 0.1 and abs(way.at(end - h)) / h < 0.1, "from rest to rest"


def test_slopes_are_those_of_fritsch_and_butland():
    """Against the formula of the paper, written out; 0 where the way turns."""
    times, values = [0.0, 0.3, 0.5, 1.2, 1.5], [0.0, 0.2, 0.8, 0.9, 0.0]
    h, d = np.diff(times), np.diff(values) / np.diff(times)
    expected = [0.0]
    for n in (1, 2, 3):
        share = (h[n - 1] + 2 * h[n]) / (3 * (h[n - 1] + h[n]))
        both = share * d[n - 1] ** -1 + (1 - share) * d[n] ** -1
        expected.append(1 / both if d[n - 1] * d[n] > 0 else 0.0)
    assert slopes(times, values) == pytest.approx([*expected, 0.0])


def test_the_shipped_ones_are_twelve_within_their_ranges_and_come_to_rest():
    assert len(GESTURES) == 12
    for name, template in GESTURES.items():
        ways = GestureWays(template)
        assert 0.8 <= template.seconds <= MAX_GESTURE_S / 2, name
        for t in (0.0, template.seconds, template.seconds + 1):
            assert not any(value for _, value in ways.slots(t)) and not any(ways.fx(t).values()), name
        for moved, keys in template.tracks.items():
            GESTURE_RANGES.check({moved: max(value for _, value in keys)})


@pytest.mark.parametrize("name", sorted(GESTURES))
def test_heads_are_no_quicker_than_a_human_one(name: str):
    times = np.arange(0, GESTURES[name].seconds, 0.002)
    for axis in HEADS:
        if keys := GESTURES[name].tracks.get(axis):
            way = TrackWay(keys)
            speed = np.abs(np.diff([way.at(t) for t in times])) * 15 / 0.002
            assert speed.max() < HUMAN_DEGREES_S, axis


def test_a_nod_goes_down_and_a_shake_from_side_to_side():
    """… and neither goes the other's way by more than a sixth."""
    nod, shake = (moved(name) for name in ("nod", "shake"))
    assert nod["head_x"] > 0.8 and nod["head_y"] < nod["head_x"] / 6
    assert shake["head_y"] > 1.5 and shake["head_x"] < shake["head_y"] / 6
    assert min(v for _, v in GESTURES["nod"].tracks["head_x"]) < -0.5, "down"
    assert moved("tilt")["neck_z"] > 3 * moved("tilt")["head_y"]


@pytest.mark.parametrize("name", ["nod", "shake", "tilt", "wink", "look_away", "shrug", "yawn"])
def test_what_moves_the_head_goes_a_little_the_other_way_first(name: str):
    """Anticipation; the largest move of the gesture counts."""
    axis = max(HEADS, key=lambda each: moved(name)[each])
    first = GESTURES[name].tracks[axis][1][1]
    largest = max((v for _, v in GESTURES[name].tracks[axis]), key=abs)
    assert first * largest < 0 or (name == "shake" and abs(first) < 0.2)


def moved(name: str) -> dict[str, float]:
    """How far each axis of the head goes in all, from one end to the other."""
    keys = {axis: GESTURES[name].tracks.get(axis, ((0.0, 0.0),)) for axis in HEADS}
    return {axis: float(np.ptp([value for _, value in track])) for axis, track in keys.items()}


def test_one_eye_closes_wholly_in_a_wink_and_no_other_lid_moves():
    tracks = GESTURES["wink"].tracks
    lids = [name for name in tracks if name.startswith("eye_")]
    assert len(lids) == 1 and max(v for _, v in tracks[lids[0]]) == 1.0
    held = [t for t, v in tracks[lids[0]] if v == 1.0]
    assert held[-1] - held[0] >= 0.4, "long enough to be no blink"
    assert not math.isclose(held[0], 0.0)
