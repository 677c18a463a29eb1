"""A small picture of a character, to choose it by: its head, where stored pictures have it."""

import io

from PIL import Image

from avatar_rtc.errors import UnsuitableImage

MIN_SIDE, MAX_SIDE = 32, 512
_FRAME = 512
"""Side of a stored picture, in px; a head stands in the same place of each."""
_LEFT, _TOP, _HEAD = 140, 22, 228
"""The square of head and shoulders within it."""
_COLOURS = 128
"""A list of characters is seen on a phone as well: with fewer colours it is a third of the bytes."""


def head_thumbnail(png: bytes, side: int) -> bytes:
    """A PNG of `side` x `side` px, with transparency.

    Args:
        png: a stored character's picture.
        side: MIN_SIDE..MAX_SIDE px.

    Raises:
        UnsuitableImage: it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(png)) as image:
            scale = image.width / _FRAME
            box = [round(scale * edge) for edge in (_LEFT, _TOP, _LEFT + _HEAD, _TOP + _HEAD)]
            head = image.convert("RGBA").crop((box[0], box[1], box[2], box[3]))
    except (OSError, ValueError) as error:
        raise UnsuitableImage(f"the picture cannot be read: {error}") from None
    file = io.BytesIO()
    small = head.resize((side, side), Image.Resampling.LANCZOS)
    small.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()
