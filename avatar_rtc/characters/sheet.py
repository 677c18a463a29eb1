"""Contact sheets: many pictures of one character on one page, each with its name below."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_COLUMNS = 8
_CROP = (116, 16, 396, 296)
"""The part of each 512 px picture that is shown: head and shoulders."""
_SIDE, _LABEL = 196, 18
"""Side of a picture on the page and height of the line below it, in px."""
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
