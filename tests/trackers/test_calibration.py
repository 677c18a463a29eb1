"""Calibration: whatever axes and signs an app has, the steps find them."""

import itertools
import random

import pytest

from avatar_rtc.errors import InputError
from avatar_rtc.trackers.calibration import Calibration, calibrated

WAYS = {"straight": (0, 0, 0), "left": (25, 0, 0), "up": (0, 18, 0), "lean": (0, 0, 20)}
"""What a person does in each step, in our angles."""
APPS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((-1, 1), repeat=3)
]


def as_sent(head, axes, signs, rest):
    """How an app with these axes and signs would tell our angles."""
    told = [0.0, 0.0, 0.0]
    for ours, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        told[axis] = sign * head[ours]
    return tuple((each + still + 180) % 360 - 180 for each, still in zip(told, rest, strict=True))


@pytest.mark.parametrize(("axes", "signs"), APPS)
def test_every_app_is_understood(axes, signs):
    rng = random.Random(f"{axes}{signs}")
    rest = tuple(rng.uniform(-180, 180) for _ in range(3))
    seen = {
        step: as_sent([each + rng.uniform(-3, 3) for each in head], axes, signs, rest)
        for step, head in WAYS.items()
    }
    seen["straight"] = as_sent((0, 0, 0), axes, signs, rest)
    found = calibrated(seen)
    for _ in range(20):
        head = tuple(rng.uniform(-60, 60) for _ in range(3))
        assert found.apply(as_sent(head, axes, signs, rest)) == pytest.approx(head)


def test_straight_alone_moves_the_rest():
    assert calibrated({"straight": (5.0, -3.0, 1.0)}).apply((15.0, -3.0, 1.0)) == (10.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({}, "straight ahead"),
        ({"left": (20, 0, 0)}, "straight ahead"),
        ({"straight": (0, 0, 0), "left": (2, 0, 0), "up": (0, 9, 0), "lean": (0, 0, 9)}, "moved by 2.0"),
        ({"straight": (0, 0, 0), "left": (20, 0, 0), "up": (20, 9, 0), "lean": (0, 0, 9)}, "same angle"),
        ({"straight": (0, 0, 0), "left": (20, 0, 0), "lean": (0, 0, 9)}, "'up' is missing"),
    ],
)
def test_steps_that_do_not_tell_are_refused(seen, said):
    with pytest.raises(InputError, match=said):
        calibrated(seen)


def test_two_angles_cannot_be_the_same():
    with pytest.raises(ValueError, match="in some order"):
        Calibration(axes=(0, 0, 2))
