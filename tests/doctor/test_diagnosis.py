"""The doctor: shipped characters pass, spoilt copies of them are told what is wrong."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_rtc.characters.framing import reduced
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
    return reduced(read_prepared(resource("assets", "characters", name, "character.png").read_bytes()).rgba)


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
@pytest.mark.parametrize(
    "name", (pytest.param("liora", marks=pytest.mark.soak), "tavi")
)  # 6 s of two cores each
def test_shipped_characters_are_healthy(name: str) -> None:
    diagnosis = examine(character(name), PROBES)
    assert diagnosis.healthy and diagnosis.findings == ()


def test_where_lids_do_not_close_the_picture_tells_why() -> None:
    rgba = character("liora")
    for spoilt, sentence in (
        (rgba[::-1].copy(), "upside down"),
        (landscape(rgba), "no transparent background"),
    ):
        first = diagnose(spoilt, dict.fromkeys(doctor_poses(MORPHS), spoilt)).findings[0]
        assert first.severity == "error" and sentence in first.what


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
