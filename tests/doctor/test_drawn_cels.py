"""The doctor on drawn mouths and eyes: silent when they lie right; when not, told what is wrong."""

import numpy as np
import pytest

from avatar_rtc.doctor.drawn import drawn_cels, drawn_findings
from avatar_rtc.doctor.eyes import Eye, Side
from avatar_rtc.face.cels import REPLACING, CelImage
from avatar_rtc.stream.box import Box


def eye_at(side: Side, x: int) -> Eye:
    return Eye(side, Box(x - 18, 132, 36, 30), 24.0, 0.5, 0.0, (), 0.0, 0.0)


EYES: dict[Side, Eye] = {"right": eye_at("right", 232), "left": eye_at("left", 280)}


def ellipses(*boxes: Box) -> CelImage:
    """Opaque ellipses that touch the sides of these boxes."""
    around = Box.between(
        min(box.y for box in boxes), max(box.bottom for box in boxes),
        min(box.x for box in boxes), max(box.right for box in boxes),
    )  # fmt: skip
    rows, columns = np.mgrid[around.y : around.bottom, around.x : around.right] + 0.5
    alpha = np.zeros((around.height, around.width), bool)
    for box in boxes:
        x, y = box.x + box.width / 2, box.y + box.height / 2
        alpha |= ((columns - x) / box.width * 2) ** 2 + ((rows - y) / box.height * 2) ** 2 < 1
    rgba = np.full((around.height, around.width, 4), 240, np.uint8)
    rgba[..., 3] = 255 * alpha
    return CelImage(around.x, around.y, rgba)


MOUTH = ellipses(Box(239, 164, 34, 20))
ARCS = ellipses(*(eye.box.grown(2) for eye in EYES.values()))


def line() -> CelImage:
    rgba = np.zeros((12, 30, 4), np.uint8)
    rgba[5:7, :, 3] = 255
    return CelImage(241, 168, rgba)


def test_those_that_lie_right_are_not_spoken_of() -> None:
    good = {name: MOUTH if name.startswith("mouth") else ARCS for name in REPLACING}
    assert drawn_findings(good, EYES) == [] and drawn_findings({}, EYES) == []
    assert drawn_cels(good) == ([*REPLACING], [])
    assert drawn_cels({"mouth_cat": MOUTH, "blush1": MOUTH}) == (
        ["mouth_cat"], [name for name in REPLACING if name != "mouth_cat"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cel", "says"),
    [
        ("mouth_smile", ellipses(Box(239, 124, 34, 20)), "not where the mouth is"),
        ("mouth_smile", ellipses(Box(189, 164, 34, 20)), "not where the mouth is"),
        ("mouth_frown", line(), "no skin under its lines"),
        ("mouth_cat", ellipses(Box(239, 300, 34, 20)), "beyond the face"),
        ("eyes_arc", ellipses(EYES["left"].box.grown(2)), "of the right eye in sight"),
        (
            "eyes_arc_sad",
            ellipses(*(eye.box.moved(0, -22) for eye in EYES.values())),
            "right and the left eye",
        ),
        ("eyes_arc_sad", MOUTH, "100% of the right"),
    ],
)
def test_what_lies_wrong_is_named_with_its_remedy(name: str, cel: CelImage, says: str) -> None:
    (found,) = drawn_findings({name: cel, "mouth_pout": MOUTH}, EYES)
    assert says in found.what and name in found.what and found.part == name
    assert found.severity == "warning" and found.advice


def test_one_covered_eye_asks_for_no_other() -> None:
    left: dict[Side, Eye] = {"left": EYES["left"]}
    assert drawn_findings({"eyes_arc": ellipses(EYES["left"].box.grown(2))}, left) == []
    assert drawn_findings({"mouth_smile": line()}, {}) == []


def larger(cel: CelImage, times: int) -> CelImage:
    """The same cel of a larger picture."""
    rgba = cel.rgba.repeat(times, axis=0).repeat(times, axis=1)
    return CelImage(cel.x * times, cel.y * times, rgba, cel.side * times)


@pytest.mark.parametrize("times", [2, 4])
def test_cels_of_larger_pictures_are_judged_alike(times: int) -> None:
    judged = [
        {"mouth_smile": MOUTH}, {"eyes_arc": ARCS}, {"mouth_frown": line()}, {"eyes_arc_sad": MOUTH},
        {"mouth_smile": ellipses(Box(239, 124, 34, 20))}, {"mouth_cat": ellipses(Box(239, 300, 34, 20))},
        {"eyes_arc": ellipses(EYES["left"].box.grown(2))},
    ]  # fmt: skip
    for cels in judged:
        large = {name: larger(cel, times) for name, cel in cels.items()}
        assert drawn_findings(large, EYES) == drawn_findings(cels, EYES)
