"""Whatever a file says of how it stands, its picture comes upright: all eight ways, in all formats."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from avatar_rtc.characters.image import prepare_character, read_picture

# Exif 2.32, tag 0x0112: where the stored row 0 and column 0 are on the upright picture.
STORED = {
    1: lambda up: up,
    2: lambda up: up[:, ::-1],
    3: lambda up: up[::-1, ::-1],
    4: lambda up: up[::-1],
    5: lambda up: up.swapaxes(0, 1),
    6: lambda up: np.rot90(up, 1),
    7: lambda up: up[::-1, ::-1].swapaxes(0, 1),
    8: lambda up: np.rot90(up, -1),
}


def upright() -> np.ndarray:
    """Four quarters that differ, in a picture that is no square."""
    rgba = np.full((96, 64, 4), 255, np.uint8)
    rgba[:48, :32, :3], rgba[:48, 32:, :3] = (220, 20, 20), (20, 200, 20)
    rgba[48:, :32, :3], rgba[48:, 32:, :3] = (20, 20, 220), (210, 210, 20)
    return rgba


def file_of(kind: str, orientation: int) -> bytes:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    if kind == "JPEG":
        stored.convert("RGB").save(data, kind, exif=exif, quality=95, subsampling=0)
    elif kind == "TIFF":
        stored.save(data, kind, tiffinfo={0x0112: orientation})
    else:
        stored.save(data, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    return data.getvalue()


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG", "AVIF"])
def test_pictures_come_upright(kind: str, orientation: int) -> None:
    found = read_picture(file_of(kind, orientation)).astype(int)
    assert found.shape == (96, 64, 4)
    for y, x in ((24, 16), (24, 48), (72, 16), (72, 48)):
        assert np.abs(found[y, x] - upright()[y, x]).max() <= 12


@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_character_is_told(orientation: int) -> None:
    found = prepare_character(file_of("PNG", orientation))
    assert bool([said for said in found.done if re.search("turned|mirrored", said)]) == (orientation > 1)


@pytest.mark.parametrize(
    "exif", [b"nonsense", b"MM\0*\xff\xff\xff\xff", b"II*\0" + struct.pack("<IH", 8, 65535), b""]
)
def test_broken_exif_is_passed_over(exif: bytes) -> None:
    data = io.BytesIO()
    Image.fromarray(upright()).save(data, "PNG", exif=exif)
    assert (read_picture(data.getvalue()) == upright()).all()


def test_orientations_that_are_none_turn_nothing() -> None:
    for wrong in (0, 9, 65535):
        exif, data = Image.Exif(), io.BytesIO()
        exif[0x0112] = wrong
        Image.fromarray(upright()).save(data, "PNG", exif=exif, pnginfo=PngInfo())
        assert (read_picture(data.getvalue()) == upright()).all()
