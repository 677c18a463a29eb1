"""Pictures in, good and bad: the laws are the sizes asked for and the pixels put in."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_rtc.characters import image as subject
from avatar_rtc.characters.image import read_character, write_png
from avatar_rtc.errors import SetupError, TooLarge, UnsuitableImage


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format=kind, **options)
    return out.getvalue()


def disc(width: int = 512, height: int = 512, radius: float = 100.0) -> Image.Image:
    """A red disc in the middle; around it, alpha 0 that hides green."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x + 0.5 - width / 2, y + 0.5 - height / 2) < radius
    return Image.fromarray(np.where(inside[..., None], [200, 10, 20, 255], [0, 255, 0, 0]).astype(np.uint8))


def png_declaring(width: int, height: int) -> bytes:
    """A tiny PNG whose header promises a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_pixels_of_a_fitting_picture_are_kept_and_hidden_colours_dropped():
    source = np.array(disc())
    rgba = read_character(file_of(disc()))
    assert rgba.shape == (512, 512, 4) and rgba.dtype == np.uint8
    shown = source[..., 3] == 255
    assert (rgba[shown] == source[shown]).all()
    assert not rgba[~shown].any()


@pytest.mark.parametrize("size", [(1024, 1024), (256, 256), (1024, 700), (300, 4000)])
def test_other_sizes_are_cropped_around_the_centre_and_scaled(size: tuple[int, int]):
    rgba = read_character(file_of(disc(*size, radius=min(size) / 4)))
    assert rgba.shape == (512, 512, 4)
    # The area of a disc of a quarter of the side, by the formula.
    assert (rgba[..., 3] / 255).sum() == pytest.approx(np.pi * 128**2, rel=0.02)
    # Premultiplied scaling: no green comes out of the transparent part (rounding counts at faint edges).
    assert rgba[rgba[..., 3] >= 64][:, 1].max() <= 14


def test_extreme_strips_are_cropped_to_their_middle():
    strip = Image.new("RGBA", (4000, 8), (9, 9, 9, 255))
    strip.paste((200, 0, 0, 255), (1996, 0, 2004, 8))
    rgba = read_character(file_of(strip))
    assert rgba.shape == (512, 512, 4) and (rgba == [200, 0, 0, 255]).all()


def palette_with_transparency() -> bytes:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, 200, 10, 20])
    image.paste(0, (0, 0, 64, 8))
    return file_of(image, transparency=0)


def png_of_16_bits() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + struct.pack(">4H", 200 * 257, 10 * 257, 20 * 257, 65535) * 16) * 16
    header = struct.pack(">IIBBBBB", 16, 16, 16, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def animated(kind: str) -> bytes:
    first, second = disc(64, 64, 30), Image.new("RGBA", (64, 64), (0, 0, 255, 255))
    return file_of(first, kind, save_all=True, append_images=[second], lossless=True)


@pytest.mark.parametrize(
    "data",
    [
        palette_with_transparency(),
        png_of_16_bits(),
        file_of(disc(64, 64, 30), "WEBP", lossless=True),
        file_of(disc(64, 64, 30), "TIFF"),
        animated("PNG"),
        animated("WEBP"),
    ],
    ids=["palette", "16-bit", "webp", "tiff", "apng", "animated webp"],
)
def test_every_kind_that_carries_alpha_is_read(data: bytes):
    assert read_character(data)[256, 256] == pytest.approx([200, 10, 20, 255], abs=1)


def test_an_opaque_alpha_channel_is_accepted():
    assert (read_character(file_of(Image.new("RGBA", (64, 64), (1, 2, 3, 255)))) == [1, 2, 3, 255]).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, I am a picture", "no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image"),
        (bytes(1000), "no image"),
        (b"\x89PNG\r\n\x1a\n", "no image"),
        (file_of(disc())[:900], "cut short"),
        (file_of(Image.new("RGB", (64, 64))), "transparent background"),
        (file_of(Image.new("RGB", (64, 64)), "JPEG"), "transparent background"),
        (file_of(Image.new("I;16", (64, 64))), "transparent background"),
        (file_of(Image.new("RGBA", (64, 64))), "transparent everywhere"),
    ],
    ids=[
        "0 bytes",
        "text",
        "eps",
        "zeros",
        "magic only",
        "truncated",
        "rgb",
        "jpeg",
        "16-bit grey",
        "invisible",
    ],
)
def test_unsuitable_files_are_refused_with_a_reason(data: bytes, words: str):
    with pytest.raises(UnsuitableImage, match=words):
        read_character(data)


@pytest.mark.parametrize("side", [8001, 12_000, 60_000])
def test_bombs_are_refused_by_their_header(side: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subject, "decode_picture", lambda image: pytest.fail("decoded a bomb"))
    with pytest.raises(TooLarge, match="64 million"):
        read_character(png_declaring(side, side))


def test_too_many_bytes_are_refused():
    with pytest.raises(TooLarge, match="16 MiB"):
        read_character(bytes(16 * 2**20 + 1))


def test_a_written_png_reads_back_the_same(tmp_path: Path):
    rgba = read_character(file_of(disc()))
    write_png(tmp_path / "a.png", rgba)
    assert (np.array(Image.open(tmp_path / "a.png")) == rgba).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avatar_rtc.files.os.fsync", full_disk)
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(SetupError, match="No space left"):
        write_png(tmp_path / "a.png", np.zeros((4, 4, 4), np.uint8))
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.png", b"old")]
