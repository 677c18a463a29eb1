"""Small smiles, flashes of the brows and swallows: how often, to whom, and that none outstays its welcome."""

import numpy as np
import pytest

from avatar_rtc.animation.idle_gestures import BROW_FLASH, KINDS, SMILE, SWALLOW, IdleGesture, IdleGestures
from avatar_rtc.face.cels import CELS
from avatar_rtc.face.pose import INDEX, MORPHS

CORNER, BROW, CHIN = (INDEX[name] for name in ("mouth_raised_corner_left", "eyebrow_raised_left", "head_x"))
SHOWN_ON = {id(SMILE): CORNER, id(BROW_FLASH): BROW, id(SWALLOW): CHIN}


def faces(
    seed: int, seconds: float, fps: float, calm=1.0, speaking=lambda t: False, strength=1.0
) -> np.ndarray:
    """(N, 45 + number of cels) of what they add."""
    gestures, seen = IdleGestures(seed), []
    for n in range(round(seconds * fps)):
        face = np.zeros(len(MORPHS) + len(CELS), np.float32)
        gestures.apply(face, n / fps, 1 / fps, calm, speaking(n / fps), strength)
        seen.append(face)
    return np.array(seen)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_comes_as_seldom_as_it_is_to_and_never_within_its_dead_time(kind: IdleGesture):
    shows = np.abs(np.concatenate([faces(seed, 2400, 10) for seed in range(2)])[:, SHOWN_ON[id(kind)]]) > 0
    begun = np.flatnonzero(shows[1:] & ~shows[:-1]) / 10
    assert 4800 / len(begun) == pytest.approx(kind.every, rel=0.25)
    assert np.diff(begun[begun < 2390]).min() >= kind.dead - 0.3


def test_nobody_who_speaks_or_feels_something_makes_them():
    assert not faces(1, 600, 10, calm=0.4).any() and not faces(1, 600, 10, speaking=lambda t: True).any()
    assert not faces(1, 600, 10, strength=0.0).any()
    half, whole = (faces(1, 300, 10, strength=x) for x in (0.5, 1.0))
    assert half[:, : INDEX["head_x"]] == pytest.approx(0.5 * whole[:, : INDEX["head_x"]], abs=1e-6)


def test_a_smile_makes_way_for_speech_at_once_but_softly():
    alone = faces(1, 300, 50)[:, CORNER]
    at = (np.argmax(alone > 0.99 * alone[: int(alone.argmax()) + 1].max()) + 5) / 50
    assert alone[round(at * 50)] > 0.3
    cut = faces(1, 300, 50, speaking=lambda t: at <= t < at + 3)[:, CORNER]
    assert cut[round(at * 50) + 15] < 0.05 * alone.max() and np.abs(np.diff(cut)).max() < 0.15


def test_gestures_are_the_same_at_any_frame_rate_and_never_jerk():
    fine = faces(4, 120, 60)
    assert faces(4, 120, 10) == pytest.approx(fine[::6], abs=1e-5)
    assert np.abs(np.diff(fine, axis=0)).max() < 0.1 and fine.any()


def test_jumps_of_time_show_nothing_half_way():
    gestures = IdleGestures(1)
    for t in (0.0, 1e6, 1e6 + 0.1, 5.0, 5.1):
        face = np.zeros(len(MORPHS) + len(CELS), np.float32)
        gestures.apply(face, t, 0.1, 1.0, False, 1.0)
        assert not face.any()
