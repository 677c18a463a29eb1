"""Texts in PNG files."""

import io
from typing import Any

import pytest
from PIL import Image

from avatar_rtc.provenance.png_text import tiny_png, with_text


def test_pillow_reads_the_text_and_the_picture() -> None:
    marked = with_text(tiny_png(), "Comment", "it is")
    image: Any = Image.open(io.BytesIO(marked))
    assert image.text == {"Comment": "it is"} and image.getpixel((0, 0)) == 128
    Image.open(io.BytesIO(marked)).verify()


def test_several_texts_stay() -> None:
    twice = with_text(with_text(tiny_png(), "Comment", "a"), "Software", "b")
    again: Any = Image.open(io.BytesIO(twice))
    assert again.text == {"Comment": "a", "Software": "b"}


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a" + bytes(40), tiny_png()[:14]])
def test_what_is_no_png_stays_as_it_is(data: bytes) -> None:
    assert with_text(data, "Comment", "a") == data
