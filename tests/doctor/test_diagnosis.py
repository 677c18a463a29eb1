"""The doctor: shipped characters pass, spoilt copies of them are told what is wrong."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.characters.image import read_prepared
from avatar_rtc.doctor.diagnosis import PROBES, Diagnosis, diagnose, doctor_poses
from avatar_rtc.doctor.picture import largest, picture_findings
from avatar_rtc.render import posed
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.posed import render_poses
from avatar_rtc.resources import resource

Picture = NDArray[np.uint8]
MORPHS = ("eye_wink_left", "eye_wink_right", "mouth_aaa")
SKIN = (254, 244, 234, 255)


@pytest.fixture(scope="module", autouse=True)
def one_model() -> Iterator[None]:
    """THA3 is loaded once for all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posed, "Animators", cache(Animators))
        yield


def character(name: str) -> Picture:
    return read_prepared(resource("assets", "characters", name, "character.png").read_bytes()).rgba


def moved(rgba: Picture, right: int, down: int) -> Picture:
    out = np.zeros_like(rgba)
    shifted = np.roll(rgba, (down, right), (0, 1))
    rows = slice(max(down, 0), 512 + min(down, 0))
    columns = slice(max(right, 0), 512 + min(right, 0))
    out[rows, columns] = shifted[rows, columns]
    return out


def painted(rgba: Picture, rows: slice, columns: slice) -> Picture:
    out = rgba.copy()
    out[rows, columns] = SKIN
    return out


def landscape(rgba: Picture) -> Picture:
    rows, columns = np.mgrid[0:512, 0:512]
    out = np.full_like(rgba, 255)
    hills = (rows > 260 + 40 * np.sin(columns / 60))[..., None]
    noise = np.random.default_rng(0).integers(-12, 12, (512, 512, 1))
    out[..., :3] = np.where(hills, (60, 110, 50), (130, 180, 230)) + noise
    return out


def examine(rgba: Picture, morphs: tuple[str, ...] = MORPHS) -> Diagnosis:
    poses = doctor_poses(morphs)
    return diagnose(
        rgba, dict(zip(poses, render_poses(rgba, list(poses.values()), "tha3", "cpu"), strict=True))
    )


@pytest.mark.weights
@pytest.mark.parametrize("name", ("liora", "tavi"))
def test_shipped_characters_are_healthy(name: str) -> None:
    diagnosis = examine(character(name), PROBES)
    assert diagnosis.healthy and diagnosis.findings == ()


SPOILT: dict[str, tuple[Callable[[Picture], Picture], str]] = {
    "down": (lambda p: moved(p, 0, 60), "px too low"),
    "left": (lambda p: moved(p, -60, 0), "px too far to the left"),
    "flipped": (lambda p: p[::-1].copy(), "upside down"),
    "mouth": (lambda p: painted(p, slice(166, 188), slice(240, 272)), "the mouth does not react to aaa"),
    "landscape": (landscape, "no transparent background"),
}


@pytest.mark.weights
@pytest.mark.parametrize("fault", SPOILT)
def test_spoilt_copies_are_named(fault: str) -> None:
    spoil, sentence = SPOILT[fault]
    diagnosis = examine(spoil(character("liora")))
    errors = [finding.what for finding in diagnosis.findings if finding.severity == "error"]
    assert not diagnosis.healthy and any(sentence in error for error in errors), errors
    if fault == "mouth":
        assert len(errors) == 1  # and nothing else is blamed


@pytest.mark.parametrize("keep", (0.0, 0.3, 1.0))
def test_what_closes_eyes_closes_them_less_where_they_are_kept_open(keep: float) -> None:
    whole, less = doctor_poses(), doctor_poses(keep_eyes_open=keep)
    assert list(whole) == list(less) == ["neutral", *PROBES]
    for name, pose in whole.items():
        shut = name.startswith("eye_")
        assert np.allclose(less[name], pose * (1 - keep) if shut else pose)


@pytest.mark.weights
def test_an_eye_that_is_painted_over_is_told_not_to_be_seen() -> None:
    diagnosis = examine(painted(character("liora"), slice(126, 166), slice(260, 300)))
    assert set(diagnosis.eyes) == {"right"}
    (finding,) = [f for f in diagnosis.findings if f.part == "left"]
    assert finding.severity == "note" and "not seen" in finding.what


def test_a_picture_that_never_moves_has_no_eyes() -> None:
    still = character("liora")
    diagnosis = diagnose(still, dict.fromkeys(doctor_poses(MORPHS), still))
    assert not diagnosis.healthy and "no eyes" in diagnosis.findings[0].what


def test_stray_pixels_are_counted() -> None:
    rgba = character("liora")
    assert picture_findings(rgba) == []
    rgba[20:24, 20:25] = 255
    (finding,) = picture_findings(rgba)
    assert finding.what.startswith("20 stray pixels") and "(20,20)" in finding.what


def test_largest_part_touches_at_corners_and_forks() -> None:
    picture = ["#.#....", "#.#..##", ".#...##", "#.#...."]
    mask = np.array([[pixel == "#" for pixel in row] for row in picture])
    wanted = mask.copy()
    wanted[:, 5:] = False
    assert np.array_equal(largest(mask), wanted)
