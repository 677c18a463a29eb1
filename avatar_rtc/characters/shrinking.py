"""Small copies of pictures."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def made_small(rgba: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture (height, width, 4), straight alpha, of which no side is longer than `side` px.

    One that is small enough stays as it is. Colours are weighted by alpha.
    """
    height, width = rgba.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return rgba
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(rgba).convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    return np.asarray(small)


def png_made_small(png: bytes, side: int) -> bytes:
    """The same of a PNG of our own, as a PNG."""
    with Image.open(io.BytesIO(png)) as picture:
        small = made_small(np.asarray(picture.convert("RGBA")), side)
    out = io.BytesIO()
    Image.fromarray(small).save(out, "PNG")
    return out.getvalue()
