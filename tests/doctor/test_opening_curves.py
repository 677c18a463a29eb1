"""How wide a face opens, measured on drawn faces of which it is known."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from avatar_rtc.doctor.opening import drawn_area, mouth_of, opening_curves, opening_poses
from avatar_rtc.face.opening import LEVELS
from avatar_rtc.face.pose import INDEX, MOUTH_OPEN, Pose

SKIN, INSIDE, TEETH = (250, 225, 205), (170, 50, 60), (252, 246, 240)
FULL = {"aaa": (20, 10), "iii": (22, 2), "uuu": (6, 4), "eee": (20, 5), "ooo": (9, 10), "delta": (10, 4)}
"""Half widths and heights of the mouths in px at 1."""


def face_with(pose: Pose, scale: float, starts_at: float, noise: float = 0.0) -> np.ndarray:
    """A face (192, 192, 3): nothing shows up to `starts_at`, then lips, teeth and inside grow to full."""
    picture = np.full((192, 192, 3), SKIN, np.uint8)
    for name, (wide, high) in FULL.items():
        grown = max(0.0, (float(pose[INDEX[f"mouth_{name}"]]) - starts_at) / (1 - starts_at))
        if grown > 0:
            axes = round(wide * scale), round(high * scale * grown)
            cv2.ellipse(picture, (96, 140), axes, 0, 0, 360, INSIDE, -1)
            cv2.ellipse(picture, (96, 140 - axes[1] // 2), (axes[0] // 2, axes[1] // 3), 0, 0, 360, TEETH, -1)
    speckle = np.random.default_rng(1).normal(0, noise, picture.shape) if noise else 0.0
    return picture + speckle * (pose[INDEX["mouth_aaa"] : INDEX["mouth_smirk"] + 1].sum() > 0)


def shown(scale: float, starts_at: float = 0.0, noise: float = 0.0) -> Iterator[np.ndarray]:
    return (face_with(pose, scale, starts_at, noise) for pose in opening_poses())


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.6])
def test_curves_tell_areas_whatever_the_size(scale: float) -> None:
    curves = opening_curves(shown(scale))
    assert curves is not None
    full = dict(zip(MOUTH_OPEN, (curve[-1] for curve in curves.areas), strict=True))
    assert full["mouth_aaa"] == 1
    assert 0.1 < full["mouth_iii"] < 0.5 and full["mouth_uuu"] < full["mouth_eee"] < 0.75
    assert all(np.diff(curve).min() >= 0 for curve in curves.areas)


def test_a_face_that_opens_late_has_curves_that_rise_late() -> None:
    curves = opening_curves(shown(1.0, starts_at=0.5))
    assert curves is not None
    assert curves.areas[0][LEVELS.index(0.25)] == curves.areas[0][LEVELS.index(0.5)] == 0
    assert 0 < curves.areas[0][LEVELS.index(0.75)] < 1


def test_noise_of_a_student_is_no_mouth() -> None:
    plain, noisy = opening_curves(shown(1.0)), opening_curves(shown(1.0, noise=3.0))
    assert plain is not None and noisy is not None
    assert np.array(noisy.areas) == pytest.approx(np.array(plain.areas), abs=0.06)


def test_a_face_without_a_mouth_has_none() -> None:
    assert opening_curves(shown(0.05)) is None


def test_teeth_do_not_split_a_mouth() -> None:
    shut, opened = (face_with(opening_poses()[n], 1.6, 0.0) for n in (0, 4))
    changed = np.abs(opened - shut).max(-1) > 25
    assert mouth_of(opened, shut)[changed].all()
    assert drawn_area(opened, shut) == pytest.approx(changed.sum(), rel=0.1)
