"""What the extension makes of a card's file: a picture alone, its name, and its face in its place."""

import base64
import io
import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.integrations.in_node import in_node

CUT = """return cases.map((each) => {
  try {
    return Buffer.from(it.pictureOnly(new Uint8Array(Buffer.from(each, 'base64')))).toString('base64');
  } catch (error) { return { error: error.message }; }
});"""


def card(mode: str, text: bool) -> bytes:
    """A PNG of noise, as a card with its character's text in it."""
    pixels = np.random.default_rng(5).integers(0, 256, (24, 17, 4), np.uint8)
    picture = Image.fromarray(pixels, "RGBA").convert(mode)
    told = PngInfo()
    if text:
        told.add_text("chara", base64.b64encode(b'{"secret": 1}' * 50).decode())
        told.add_itxt("ccv3", "geheim", zip=True)
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=told, dpi=(72, 72))
    return out.getvalue()


def cut(*files: bytes) -> list[Any]:
    return in_node("picture.js", CUT, [base64.b64encode(each).decode() for each in files])


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "P", "L"])
def test_a_card_is_its_picture_and_nothing_else(mode: str) -> None:
    with_text, without = (base64.b64decode(each) for each in cut(card(mode, True), card(mode, False)))
    assert with_text == without, "another text is no other picture"
    assert b"tEXt" not in with_text and b"iTXt" not in with_text and b"pHYs" not in with_text
    first, second = (Image.open(io.BytesIO(each)) for each in (card(mode, True), with_text))
    assert first.mode == second.mode and np.array_equal(np.asarray(first), np.asarray(second))


def test_what_is_no_png_stays_and_one_cut_off_is_told() -> None:
    whole = card("RGBA", True)
    webp = b"RIFF\0\0\0\0WEBP"
    kept, *wrong = cut(webp, whole[:-20], whole[:40], whole[:8])
    assert base64.b64decode(kept) == webp
    assert wrong == [{"error": "the picture is cut off"}] * 3


def test_prints_tell_pictures_apart() -> None:
    body = "return cases.map((each) => it.fingerprint(Uint8Array.from(each)))"
    cases = [[], [0], [0, 0], [1], *([n, m] for n, m in itertools.combinations(range(30), 2))]
    prints = in_node("picture.js", body, cases)
    assert len(set(prints)) == len(cases) and all(re.fullmatch("[0-9a-f]{16}", each) for each in prints)


def test_names_are_such_as_the_server_takes() -> None:
    cards = [
        "Seraphina.png",
        "default_Séräphina ☆.png",
        "日本.png",
        "a" * 90 + ".png",
        "--.PNG",
        "../x y.png",
    ]
    names = in_node(
        "picture.js", "return cases.map((each) => it.characterName(each, '0123456789abcdef'))", cards
    )
    assert all(re.fullmatch("[a-z0-9_-]{1,64}", name) for name in names)
    assert names[:3] == [f"card-{slug}0123456789abcdef" for slug in ("seraphina-", "default-seraphina-", "")]


def test_a_marked_face_lies_upright_in_its_place() -> None:
    rng = np.random.default_rng(6)
    cases = []
    for _ in range(200):
        apart, angle = rng.uniform(12, 90), rng.uniform(-0.7, 0.7)
        down = apart * rng.uniform(0.4, 0.7)
        middle = rng.uniform(150, 350, 2)
        along = np.array([math.cos(angle), math.sin(angle)])
        across = np.array([-along[1], along[0]])
        eyes = [middle - along * apart / 2, middle + along * apart / 2]
        mouth = middle + across * down + along * rng.uniform(-3, 3)
        points = np.array([*(eyes if rng.random() < 0.5 else eyes[::-1]), mouth])
        cases.append((points / (400, 600)).tolist())
    laid = in_node("placing.js", "return cases.map((marks) => it.layingOf(marks, 400, 600))", cases)
    for marks, (a, b, c, d, e, f) in zip(cases, laid, strict=True):
        seen = np.array(marks) * (400, 600) @ [[a, b], [c, d]] + (e, f)
        left, right = sorted(seen[:2].tolist())
        assert left[1] == pytest.approx(146, abs=1e-6) and right[1] == pytest.approx(146, abs=1e-6)
        assert (left[0] + right[0]) / 2 == pytest.approx(256, abs=1e-6)
        # Between what the eyes and what the mouth want: both are off by the same factor.
        assert (right[0] - left[0]) / 60 * (seen[2][1] - 146) / 30 == pytest.approx(1, abs=1e-6)
        assert a * d - b * c > 0, "not mirrored"


def test_marks_that_are_no_face_are_refused() -> None:
    cases = [
        [[0.4, 0.2], [0.6, 0.2], [0.5, 0.1]],
        [[0.4, 0.2], [0.4, 0.2], [0.5, 0.3]],
        [[0.4, 0.2], [0.6, 0.2], [0.5, 0.2]],
        [[0.49, 0.2], [0.51, 0.2], [0.5, 0.9]],
    ]
    body = """return cases.map((marks) => {
      try { return it.layingOf(marks, 400, 400); } catch ({ message }) { return message; }
    })"""
    assert all(str(each).startswith("these marks are no face") for each in in_node("placing.js", body, cases))


def test_a_ground_is_told_from_a_figure() -> None:
    body = "return cases.map((rgba) => it.hasGround(rgba, 16, 16))"
    full = np.full((16, 16, 4), 255)
    figure = full.copy()
    figure[:4, :, 3] = figure[:, :3, 3] = figure[:, -3:, 3] = 0
    wide = full.copy()
    wide[:6, :, 3] = 0
    assert in_node("placing.js", body, [each.ravel().tolist() for each in (full, figure, wide)]) == [
        True,
        False,
        False,
    ]
