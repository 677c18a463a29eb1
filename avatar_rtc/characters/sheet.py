"""Contact sheets: many pictures of one character on one page, each named; what the doctor saw."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from avatar_rtc.stream.box import Box

_COLUMNS = 8
_CROP = (116, 16, 396, 296)
"""The part of each 512 px picture that is shown: head and shoulders."""
_SIDE, _LABEL = 196, 18
"""Side of a picture on the page and height of the line below it, in px."""
_MARKS = {"": (70, 160, 90), "note": (60, 140, 190), "warning": (220, 150, 30), "error": (210, 50, 50)}
"""Colours of frames and sentences, by how bad it is."""
_LETTER = 7
"""Width of a letter of 12 px, about."""
_PAPER, _INK = (236, 239, 244), (50, 54, 66)


def contact_sheet(pictures: Mapping[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """One page (height, width, 4) of (512, 512, 4) pictures, labelled with their keys, row by row."""
    rows = -(-len(pictures) // _COLUMNS)
    page = Image.new("RGBA", (_COLUMNS * _SIDE, rows * (_SIDE + _LABEL)), (*_PAPER, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for number, (name, rgba) in enumerate(pictures.items()):
        x, y = number % _COLUMNS * _SIDE, number // _COLUMNS * (_SIDE + _LABEL)
        small = Image.fromarray(rgba).crop(_CROP).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        page.alpha_composite(small, (x, y))
        draw.text((x + 5, y + _SIDE + 1), name, fill=_INK, font=font)
    return np.array(page)


def seen_sheet(
    pictures: Mapping[str, NDArray[np.uint8]],
    part: Box,
    frames: Mapping[str, Sequence[tuple[Box, str]]],
    sentences: Sequence[tuple[str, str]],
) -> NDArray[np.uint8]:
    """One page (height, width, 4): a part of each picture in a row, framed where something was found.

    Args:
        pictures: (512, 512, 4) by what is written below each.
        part: what is shown of each.
        frames: picture → boxes in it, each with "" for well, "note", "warning" or "error".
        sentences: what is written below the row, each with the same words.
    """
    side = 2 * _SIDE
    high = round(side * part.height / part.width)
    width = side * len(pictures)
    font = ImageFont.load_default(12)
    lines = [
        (line, mark)
        for sentence, mark in sentences
        for line in textwrap.wrap(sentence, max(20, width // _LETTER), subsequent_indent="    ")
    ]
    page = Image.new("RGBA", (width, high + _LABEL * (len(lines) + 2)), (*_PAPER, 255))
    draw, scale = ImageDraw.Draw(page), side / part.width
    for number, (name, rgba) in enumerate(pictures.items()):
        left = number * side
        corners = (part.x, part.y, part.right, part.bottom)
        page.alpha_composite(
            Image.fromarray(rgba).crop(corners).resize((side, high), Image.Resampling.LANCZOS), (left, 0)
        )
        for box, mark in frames.get(name, ()):
            at = box.within(part)
            edges = (at.x * scale, at.y * scale, at.right * scale, at.bottom * scale)
            moved = (left + edges[0], edges[1], left + edges[2], edges[3])
            draw.rectangle(moved, outline=_MARKS[mark], width=2)
        draw.text((left + 5, high + 1), name, fill=_INK, font=font)
    for row, (line, mark) in enumerate(lines):
        draw.text((5, high + _LABEL * (row + 1) + 5), line, fill=_MARKS[mark], font=font)
    return np.array(page)


def compared(pairs: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """One page (height, width, 4) of pairs of pictures (512, 512, 3), the second of each above the first."""
    per_row = _COLUMNS // 2
    rows = -(-len(pairs) // per_row)
    side = _SIDE * 2
    page = Image.new("RGBA", (per_row * side, rows * (2 * side + _LABEL)), (*_PAPER, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for number, (below, above) in enumerate(pairs):
        x, y = number % per_row * side, number // per_row * (2 * side + _LABEL)
        for picture, top in ((above, y), (below, y + side)):
            small = Image.fromarray(picture).crop(_CROP).resize((side, side), Image.Resampling.LANCZOS)
            page.paste(small, (x, top))
        draw.text((x + 5, y + 2 * side + 1), "student above, teacher below", fill=_INK, font=font)
    return np.array(page)
