"""A body that is turned as far as poses go: what its network adds is smoothed; nearer poses are as before."""

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import ROTATION, neutral
from avatar_rtc.render.student.networks import GRID_UNIT
from avatar_rtc.render.student.quick import quick_body
from avatar_rtc.render.student.turning import BodyTurns
from tests.render.students import a_picture, a_student

STUDENT = a_student(a_picture())
DIRECTIONS = np.random.default_rng(3).choice([-1.0, 1.0], (6, 5)).astype(np.float32)


def turned_so_far(direction: NDArray[np.float32], length: float) -> Tensor:
    pose = neutral()
    pose[ROTATION][:-1] = direction * length / np.sqrt(5)
    return torch.from_numpy(pose)


def added(pose: Tensor) -> NDArray[np.float32]:
    """(H, W, 2): what the maps add to the bulk of the grid."""
    turned = BodyTurns(STUDENT).of(pose)
    bulk, maps = quick_body(STUDENT.body)(pose)
    return turned.change - cv2.resize(bulk, (maps.shape[1], maps.shape[0]))


def roughness(maps: NDArray[np.float32]) -> float:
    """How much neighbours differ, of how much all differ."""
    return float(np.abs(np.diff(maps, axis=0)).mean() / np.abs(maps - maps.mean((0, 1))).mean())


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_farther_the_smoother(direction: NDArray[np.float32]) -> None:
    rough = [roughness(added(turned_so_far(direction, far))) for far in (1.3, 1.6, 1.9, np.sqrt(5))]
    assert rough == sorted(rough, reverse=True)
    assert rough[-1] < rough[0] / 3


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_up_to_there_nothing_is_smoothed_and_nothing_jumps(direction: NDArray[np.float32]) -> None:
    near = turned_so_far(direction, 1.39)
    _, maps = quick_body(STUDENT.body)(near)
    assert np.allclose(added(near), maps[..., :2] * GRID_UNIT, atol=1e-6)
    steps = [added(turned_so_far(direction, far)) for far in np.arange(1.3, 2.24, 0.02)]
    jumps = [float(np.abs(b - a).mean()) for a, b in pairwise(steps)]
    assert max(jumps) < float(np.abs(steps[0]).mean()) / 4


def test_blots_of_paint_are_smoothed_too() -> None:
    for direction in DIRECTIONS:
        near, far = (
            roughness(BodyTurns(STUDENT).of(turned_so_far(direction, far)).paint) for far in (1.3, np.sqrt(5))
        )
        assert far < near / 2
