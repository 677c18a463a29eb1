"""Idle life in figures: whether a calm head ever stands still, and whether its axes set off together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.animation.emotions import load_emotions
from avatar_rtc.animation.mixer import Mixer
from avatar_rtc.animation.sway import SWAYED
from avatar_rtc.bench.measurement import Measurement, at_most, told
from avatar_rtc.control.state import AvatarState
from avatar_rtc.face.pose import INDEX
from avatar_rtc.resources import resource

DEGREES = 15.0
"""What 1.0 of head, neck and body turns."""
IDLE_FPS, MINUTES = 30.0, 10.0
SEEDS = (1, 2, 3)
SLOW_DEGREES_S = 0.3
STANDS_STILL_S, TOGETHER_SHARE = 1.0, 0.2
"""What is promised."""
TOGETHER_S = 0.05
"""Axes that set off within this time do so together."""
SETS_OFF_DEGREES_S = (1.0, 2.0, 3.0)
"""Speeds above which an axis moves, after it was slower for `RESTED_S`; the worst of them counts."""
RESTED_S = 0.3

Series = NDArray[np.float64]


def measure(quick: bool) -> list[Measurement]:
    """Ten minutes of somebody calm, for several seeds."""
    seconds = 60.0 * (1 if quick else MINUTES)
    runs = [idle_poses(seed, seconds) for seed in SEEDS[: 1 if quick else None]]
    still = [longest_still(poses, IDLE_FPS) for poses in runs]
    together = [max(together_share(poses, IDLE_FPS, least) for least in SETS_OFF_DEGREES_S) for poses in runs]
    speeds = np.concatenate([head_speed(poses, IDLE_FPS) for poses in runs])
    slow, median, fast = np.percentile(speeds, (10, 50, 90))
    return [
        at_most(
            f"longest time with the head slower than {SLOW_DEGREES_S:g} degrees a second",
            max(still), "s", STANDS_STILL_S, of_each_seed=still,
        ),
        at_most(
            f"axes that set off within {1000 * TOGETHER_S:g} ms of another",
            100 * max(together), "%", 100 * TOGETHER_SHARE, of_each_seed=together,
        ),
        told("speed of a calm head, median", float(median), "degrees/s", p10=float(slow), p90=float(fast)),
    ]  # fmt: skip


def idle_poses(seed: int, seconds: float, fps: float = IDLE_FPS) -> Series:
    """(N, 45) poses of somebody calm whom nobody asks anything."""
    mixer, calm = Mixer(load_emotions(resource("assets", "emotions")), seed), AvatarState()
    return np.array([mixer.pose(calm, n / fps) for n in range(round(seconds * fps))], np.float64)


def head_speed(poses: Series, fps: float) -> Series:
    """(N - 1,) degrees a second by which the head nods and turns, of poses (N, 45)."""
    axes = poses[:, [INDEX["head_x"], INDEX["head_y"]]]
    speed: Series = np.hypot(*np.diff(axes, axis=0).T) * DEGREES * fps
    return speed


def longest_still(poses: Series, fps: float, least: float = SLOW_DEGREES_S) -> float:
    """Seconds of the longest time with the head slower than `least` degrees a second."""
    return _longest(head_speed(poses, fps) < least) / fps


def starts(values: Series, fps: float, least: float) -> Series:
    """(K,) seconds at which an axis (N,) gets faster than `least` degrees a second after a rest."""
    moves = np.abs(np.diff(values)) * DEGREES * fps > least
    rest = round(RESTED_S * fps)
    quiet = np.convolve(moves, np.ones(rest), "full")[: len(moves)] == 0  # the last `rest` steps
    begun = np.flatnonzero(moves[rest:] & quiet[rest - 1 : -1]) + rest
    found: Series = begun / fps
    return found


def together_share(
    poses: Series, fps: float, least: float, names: Sequence[str] = SWAYED, within: float = TOGETHER_S
) -> float:
    """The share of starts of any of these axes beside which another starts within `within` seconds."""
    by_axis = [starts(poses[:, INDEX[name]], fps, least) for name in names]
    close = 0
    for one, own in enumerate(by_axis):
        others = np.concatenate([other for n, other in enumerate(by_axis) if n != one])
        close += int((np.abs(own[:, None] - others[None, :]) <= within).any(axis=1).sum())
    return close / max(1, sum(map(len, by_axis)))


def _longest(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
