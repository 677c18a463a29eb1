"""Heads are found from faces and from mere outlines, and a bust shows them whole."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from avatar_rtc.characters.framing import reduced
from avatar_rtc.characters.head import find_head
from avatar_rtc.characters.image import read_prepared
from avatar_rtc.resources import resource
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.framing import Head, crop_for

SIDE = 512


@dataclass(frozen=True)
class Outline:
    """A figure without a face, and the box of its head with hair, ears and hat, in px."""

    rgba: NDArray[np.uint8]
    x: float
    left: float
    top: float
    right: float
    chin: float


@st.composite
def outlines(draw: st.DrawFn) -> Outline:
    """A head of any size, somewhere; with a hat, ears, shoulders and all, or without."""
    height = 180 * draw(st.floats(0.4, 1.0))
    half = height * draw(st.floats(0.36, 0.5))
    x = draw(st.floats(150, 362))
    crown = draw(st.floats(50, 120)) + (hat := draw(st.sampled_from([0.0, 0.3, 0.8])) * height)
    image = Image.new("RGBA", (SIDE, SIDE))
    pen = ImageDraw.Draw(image)
    pen.ellipse((x - half, crown, x + half, crown + height), fill="#775544")
    left, top, right = x - half, crown, x + half
    if hat:
        pen.rectangle((x - 0.7 * half, crown - hat, x + 0.7 * half, crown + 0.2 * height), fill="#222233")
        pen.rectangle(
            (x - 1.3 * half, crown + 0.1 * height, x + 1.3 * half, crown + 0.2 * height), fill="#222233"
        )
        left, top, right = x - 1.3 * half, crown - hat, x + 1.3 * half
    elif draw(st.booleans()):
        for way in (-1, 1):
            tip = (x + way * 0.9 * half, crown - 0.25 * height)
            pen.polygon(
                [tip, (x + way * half, crown + 0.5 * height), (x, crown + 0.1 * height)], fill="#775544"
            )
        top = crown - 0.25 * height
    chin = crown + height
    if draw(st.booleans()):
        neck, shoulder = 0.4 * half, half * draw(st.floats(1.2, 2.0))
        pen.rectangle((x - neck, chin - 0.1 * height, x + neck, chin + 0.2 * height), fill="#ddbbaa")
        pen.rectangle((x - shoulder, chin + 0.15 * height, x + shoulder, SIDE), fill="#335577")
    return Outline(np.asarray(image), x, left, top, right, chin)


def box(crop: Crop) -> tuple[float, float, float, float]:
    return crop.left * SIDE, crop.top * SIDE, crop.right * SIDE, crop.bottom * SIDE


@settings(max_examples=15)
@given(outline=outlines())
def test_a_bust_cuts_nothing_of_a_head_of_which_only_the_outline_is_known(outline: Outline) -> None:
    head = find_head(outline.rgba)
    assert head is not None
    left, top, right, bottom = box(crop_for(head, "bust"))
    assert left <= outline.left + 1 and outline.right - 1 <= right
    assert top <= outline.top + 1 and bottom >= outline.chin - 0.1 * (outline.chin - outline.top)
    assert abs((left + right) / 2 - outline.x) <= 2.5


@pytest.fixture(scope="module")
def liora() -> NDArray[np.uint8]:
    path = resource("assets", "characters") / "liora" / "character.png"
    return reduced(read_prepared(path.read_bytes()).rgba)


def moved(rgba: NDArray[np.uint8], scale: float, x: int, y: int) -> NDArray[np.uint8]:
    """The figure smaller, and elsewhere."""
    side = round(SIDE * scale)
    canvas = Image.new("RGBA", (SIDE, SIDE))
    canvas.paste(Image.fromarray(rgba).resize((side, side), Image.Resampling.LANCZOS), (x, y))
    return np.asarray(canvas)


def as_it_was(head: Head, scale: float, x: int, y: int) -> list[float]:
    """A head of the moved picture, in px of the picture before."""
    return [
        (head.x * SIDE - x) / scale, (head.eyes_y * SIDE - y) / scale, head.eyes * SIDE / scale,
        (head.top * SIDE - y) / scale, head.reach * SIDE / scale,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scale", "x", "y"), [(0.4, 20, 150), (0.55, 230, 20), (0.75, 0, 128), (1.0, -60, 0), (1.0, 40, 30)]
)
def test_a_face_is_found_wherever_it_stands(liora: NDArray[np.uint8], scale: float, x: int, y: int) -> None:
    there = find_head(liora)
    head = find_head(moved(liora, scale, x, y))
    assert there is not None and head is not None
    found, wanted = as_it_was(head, scale, x, y), as_it_was(there, 1.0, 0, 0)
    assert np.abs(np.subtract(found, wanted)).max() < 9, (found, wanted)


@pytest.mark.parametrize("name", ["liora", "tavi"])
def test_the_axis_of_our_own_faces_is_found_to_a_pixel(name: str) -> None:
    path = resource("assets", "characters") / name / "character.png"
    head = find_head(reduced(read_prepared(path.read_bytes()).rgba))
    assert head is not None and abs(head.x * SIDE - 254) <= 1  # where they are drawn
    assert head.room == head.bottom == 1.0 and head.is_cut_out


def test_an_opaque_picture_is_framed_by_its_face_and_never_beyond_its_edges(liora: NDArray[np.uint8]) -> None:
    ground = Image.new("RGBA", (SIDE, SIDE), "#88aacc")
    ground.alpha_composite(Image.fromarray(moved(liora, 0.8, 20, 60)))
    head = find_head(np.asarray(ground))
    assert head is not None and not head.is_cut_out
    assert abs(head.x * SIDE - (20 + 0.8 * 254)) <= 4
    left, top, right, bottom = box(crop_for(head, "bust", 0.9))
    assert left >= 0 <= top and right <= SIDE >= bottom


def test_what_is_empty_has_no_head_and_is_shown_as_a_whole() -> None:
    assert find_head(np.zeros((SIDE, SIDE, 4), np.uint8)) is None
    assert crop_for(None, "bust") == FULL_FRAME


@pytest.mark.parametrize("side", [1, 3, 40])
def test_a_speck_is_framed_as_well(side: int) -> None:
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[200 : 200 + side, 300 : 300 + side] = 255
    for name in ("face", "bust"):
        left, top, right, bottom = box(crop_for(find_head(rgba), name))
        assert left <= 300 and right >= 300 + side and top <= 200 and bottom >= 200 + side - 1
