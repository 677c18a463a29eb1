"""The poses a student learns from: what an avatar really shows, its corners, and some of everything.

Pose number i follows from (seed, stream, i) alone, so that a run that was interrupted goes on where it was.
"""

from collections.abc import Mapping

import numpy as np

from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.pose import (
    EYEBROW,
    FACE,
    HIGH,
    INDEX,
    LOW,
    MOUTH_OPEN,
    ROTATION,
    Pose,
    neutral,
    pose_from,
)

_BROWS = "eyebrow_troubled eyebrow_angry eyebrow_lowered eyebrow_raised eyebrow_happy eyebrow_serious".split()
_LIDS = "eye_wink eye_happy_wink eye_surprised eye_relaxed eye_unimpressed eye_raised_lower_eyelid".split()
_CORNERS = ("mouth_lowered_corner", "mouth_raised_corner")
_OPEN = np.array([INDEX[name] for name in MOUTH_OPEN])
_MOUTH = slice(INDEX["mouth_aaa"], INDEX["mouth_smirk"] + 1)
_GAZE = slice(INDEX["iris_rotation_x"], INDEX["iris_rotation_y"] + 1)
_TURNED = 5
"""Axes of head, neck and body, -1 to 1; the sixth of ROTATION is breathing, 0 to 1."""


class PoseSampler:
    """Poses by number: 40 % emotions, 50 % mixtures of single morphs, 10 % uniform."""

    def __init__(self, emotions: Mapping[str, EmotionTemplate], seed: int, stream: int) -> None:
        """`stream` tells apart sets of poses that must not share any."""
        self._emotions = [pose_from(template.pose) for template in emotions.values()]
        self._seed, self._stream = seed, stream

    def pose(self, number: int) -> Pose:
        """The pose (45,) of this number; the first ones are the emotions at full strength."""
        r = np.random.default_rng([self._seed, self._stream, number])
        if number < len(self._emotions):
            pose = self._emotions[number].copy()
        else:
            kind = r.random()
            pose = self._emotion(r) if kind < 0.4 else _mixture(r) if kind < 0.9 else _anything(r)
        pose[ROTATION] += _turn(r)
        clipped: Pose = np.clip(pose, LOW, HIGH).astype(np.float32)
        return clipped

    def _emotion(self, r: np.random.Generator) -> Pose:
        """One or a blend of two, as strong as states show them, with speech, gaze and blinks on top."""
        first, second = (self._emotions[i] for i in r.integers(len(self._emotions), size=2))
        share = r.choice([0.0, r.random()])
        pose: Pose = (first + np.float32(share) * (second - first)) * np.float32(r.choice([1.0, r.random()]))
        if r.random() < 0.4:
            pose[_MOUTH] *= np.float32(0.3)
            pose[_OPEN] = _visemes(r)
        if r.random() < 0.5:
            pose[_GAZE] += r.normal(0, 0.35, 2).astype(np.float32)
        if r.random() < 0.3:
            _set_pair(pose, "eye_wink", r, r.choice([1.0, r.random()]))
        return pose


def probe_poses() -> list[Pose]:
    """The neutral pose, then every morph of the face alone at each of its ends."""
    poses = [neutral()]
    for index in range(FACE.stop):
        for end in {float(LOW[index]), float(HIGH[index])} - {0.0}:
            poses.append(neutral())
            poses[-1][index] = end
    return poses


def _mixture(r: np.random.Generator) -> Pose:
    """A few morphs at once, each often at its very end."""
    pose = neutral()
    for name in r.permutation(_BROWS)[: r.choice([0, 1, 2], p=[0.3, 0.5, 0.2])]:
        _set_pair(pose, name, r, r.choice([1.0, r.random()], p=[0.3, 0.7]))
    if r.random() < 0.6:
        _set_pair(pose, str(r.choice(_LIDS)), r, r.choice([1.0, r.random()]))
    if r.random() < 0.35:
        _set_pair(pose, "eye_wink", r, r.choice([1.0, r.random()]))
    if r.random() < 0.25:
        _set_pair(pose, "iris_small", r, r.random())
    if r.random() < 0.75:
        pose[_OPEN] = _visemes(r)
    if r.random() < 0.35:
        _set_pair(pose, str(r.choice(_CORNERS)), r, r.random())
    if r.random() < 0.05:
        pose[INDEX["mouth_smirk"]] = r.random()
    if r.random() < 0.75:
        pose[_GAZE] = r.normal(0, 0.4, 2)
    return pose


def _anything(r: np.random.Generator) -> Pose:
    pose: Pose = r.uniform(LOW, HIGH).astype(np.float32)
    pose[EYEBROW] *= r.random(12) < 0.4
    pose[_OPEN] /= np.float32(max(1.0, pose[_OPEN].sum()))
    pose[ROTATION] = 0
    return pose


def _visemes(r: np.random.Generator) -> Pose:
    """One to three mouth shapes; alone they are often fully there, together they sum to 1 at most."""
    weights = neutral()[: len(_OPEN)]
    chosen = r.permutation(len(_OPEN))[: r.integers(1, 4)]
    values = r.random(len(chosen)) if len(chosen) > 1 else np.array([r.choice([1.0, r.random()])])
    weights[chosen] = values / max(1.0, values.sum())
    return weights


def _set_pair(pose: Pose, name: str, r: np.random.Generator, value: float) -> None:
    """Both sides alike; of ten, two differ and one has one side only."""
    left, right = INDEX[f"{name}_left"], INDEX[f"{name}_right"]
    other = r.choice([value, r.random(), 0.0], p=[0.7, 0.2, 0.1])
    pose[left], pose[right] = (value, other) if r.random() < 0.5 else (other, value)


def _turn(r: np.random.Generator) -> Pose:
    """Head, neck, body and breath (6,): mostly near the middle, some at the very ends, some still."""
    kind = r.random()
    if kind < 0.7:
        axes = r.normal(0, 0.5, _TURNED)
    elif kind < 0.85:
        axes = r.uniform(-1, 1, _TURNED)
    elif kind < 0.95:
        axes = r.choice([-1.0, 0.0, 1.0], size=_TURNED)
    else:
        axes = np.zeros(_TURNED)
    breath = r.choice([0.0, r.random(), 1.0], p=[0.15, 0.75, 0.1])
    turn: Pose = np.clip(np.append(axes, breath), -1, 1).astype(np.float32)
    return turn
