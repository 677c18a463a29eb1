"""What hangs loosely, on drawn silhouettes, on shipped characters and on others'."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.framing import reduced
from avatar_rtc.face.swing import MOVED
from avatar_rtc.render.soft import SoftParts, soft_parts, trunk
from avatar_rtc.resources import resource

HAIR, SKIN, CLOTH = (200, 60, 140), (250, 225, 210), (40, 60, 140)
OTHERS = os.environ.get("AVATAR_RTC_TEST_DATA")
SHIPPED = ("liora", "tavi", "placeholder")
STRANGERS = ("aria/aria1", "farmhand/farmhand1")


def drawn(
    hair_down: int = 330,
    hair: tuple[int, int, int] = HAIR,
    cloth: tuple[int, int, int] = CLOTH,
    skirt: bool = False,
) -> NDArray[np.uint8]:
    """(512, 512, 4): a head with two side locks down to a row, on a body."""
    rgba = np.zeros((512, 512, 4), np.uint8)
    hem = (150, 362) if skirt else (212, 300)
    body = np.array([(200, 225), (312, 225), (300, 380), (hem[1], 511), (hem[0], 511), (212, 380)])
    cv2.fillPoly(rgba, [body.astype(np.int32)], (*cloth, 255))
    cv2.rectangle(rgba, (238, 190), (274, 230), (*SKIN, 255), -1)
    cv2.ellipse(rgba, (256, 120), (66, 72), 0, 0, 360, (*hair, 255), -1)
    for x in (180, 308):
        cv2.rectangle(rgba, (x, 130), (x + 24, hair_down), (*hair, 255), -1)
    cv2.ellipse(rgba, (256, 150), (44, 48), 0, 0, 360, (*SKIN, 255), -1)
    return rgba


def character(name: str) -> NDArray[np.uint8]:
    folder = resource("assets", "characters")
    if name in SHIPPED:
        return reduced(np.array(Image.open(folder / name / "character.png").convert("RGBA")))
    if OTHERS is None:
        pytest.skip("AVATAR_RTC_TEST_DATA names no folder of pictures")
    return np.array(Image.open(Path(OTHERS) / "characters" / f"{name}.png").convert("RGBA"))


def whole(soft: SoftParts) -> NDArray[np.float32]:
    """(512, 512): how loose hair is."""
    return cv2.resize(soft.weights[:4].sum(0), (512, 512))


def check(soft: SoftParts) -> None:
    weights = soft.weights
    assert weights.shape == (5, 128, 128) and weights.dtype == np.float32
    assert weights.min() >= 0 and weights.sum(0).max() <= 1 + 1e-5
    loose = whole(soft)
    assert loose[128:186, 216:296].max() < 0.02, "eyes and mouth stay"
    assert loose[196:216, 250:262].max() < 0.02, "and so does the neck"


def test_locks_hang_from_the_skull_to_their_tips() -> None:
    soft = soft_parts(drawn())
    check(soft)
    lock = whole(soft)[:, 190]
    assert lock[150] < 0.2 and lock[325] > 0.9
    assert (np.diff(lock[150:330]) > -0.02).all()
    assert whole(soft)[300, 256] < 0.05, "not the chest"


def test_left_and_right_high_and_low_are_groups_of_their_own() -> None:
    left_high, left_low, right_high, right_low, hem = soft_parts(drawn()).weights
    assert left_high[:, 70:].max() < 0.01 and right_low[:, :57].max() < 0.01
    assert left_low[:45].max() == 0 == right_high[58:].max()
    assert not hem.any()


def test_short_hair_swings_less_than_long() -> None:
    tips = [float(whole(soft_parts(drawn(hair_down=down))).max()) for down in (215, 250, 330)]
    assert 0.2 < tips[0] < tips[1] < tips[2] <= 1


def test_a_skirt_swings_and_trousers_do_not() -> None:
    skirt = soft_parts(drawn(skirt=True)).weights[4]
    assert skirt[-1].max() > 0.5 and skirt[:85, 50:78].max() < 0.05
    assert not soft_parts(drawn()).weights[4].any()


def test_hair_of_the_colour_of_the_clothes_ends_at_the_shoulders() -> None:
    soft = soft_parts(drawn(hair=CLOTH))
    check(soft)
    assert whole(soft)[250:, 212:300].max() < 0.02 and whole(soft)[180:220].max() > 0.2


@pytest.mark.parametrize("kind", ("empty", "background", "noise", "one colour", "half a head"))
def test_of_what_is_no_figure_nothing_swings_that_should_not(kind: str) -> None:
    rgba = drawn()
    if kind == "empty":
        rgba[:] = 0
    elif kind == "background":
        rgba[rgba[..., 3] == 0] = (90, 120, 90, 255)
    elif kind == "noise":
        rgba = np.random.default_rng(0).integers(0, 256, rgba.shape, np.uint8)
    elif kind == "one colour":
        rgba[..., :3] = SKIN
    else:
        rgba[:, 256:] = 0
    soft = soft_parts(rgba)
    assert np.isfinite(soft.weights).all() and soft.weights.min() >= 0
    if kind != "half a head":
        assert not soft.weights[:4].any()


@pytest.mark.parametrize("name", (*SHIPPED, *STRANGERS))
def test_characters_have_soft_hair_and_a_face_that_stays(name: str) -> None:
    rgba = character(name)
    soft = soft_parts(rgba)
    check(soft)
    assert whole(soft).max() > 0.3
    # What it does at its farthest: nothing folds over, and next to nothing is lost.
    limits = np.array([[9, 4], [11, 4], [9, 4], [11, 4], [6, 2]])
    for signs in ((1, 1), (-1, 1), (1, -1)):
        drift = np.einsum("gyx,gc->yxc", soft.weights, limits * signs).astype(np.float32)
        drift = cv2.resize(drift, (512, 512))
        (xy, xx), (yy, yx) = np.gradient(drift[..., 0]), np.gradient(drift[..., 1])
        assert ((1 - xx) * (1 - yy) - xy * yx).min() > 0.1, signs
        y, x = np.mgrid[:512, :512].astype(np.float32)
        alpha = rgba[..., 3].astype(np.float32)
        moved = cv2.remap(alpha, x - drift[..., 0], y - drift[..., 1], cv2.INTER_LINEAR)
        assert abs(float(moved.sum() / alpha.sum()) - 1) < 0.02


def test_breath_lifts_shoulders_wholly_the_head_half_and_the_lower_edge_not_at_all() -> None:
    lift = trunk()
    assert (lift == lift[:, :1]).all() and lift.min() >= 0 and lift.max() == 1
    assert not lift[-1].any() and np.allclose(lift[:44], 0.5) and lift[55:70].min() > 0.8
    # Far from folding: of 4 px from row to row, a breath of 3 px takes a fifth at most.
    assert np.abs(np.diff(lift[:, 0])).max() * 3 < 0.2 * 4
    assert soft_parts(drawn()).moving.shape[0] == len(MOVED)
