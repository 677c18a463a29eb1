"""Character pictures: whatever someone hands in, as square RGBA of 512 to 2048 px, or a clear no."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.decoding import (
    WANTED_PICTURE,
    Cut,
    DecodedPicture,
    decode_apart,
    decode_picture,
    is_slow,
    open_picture,
)
from avatar_rtc.characters.framing import Frame, reduced
from avatar_rtc.errors import TooLarge, UnknownName, UnsuitableImage
from avatar_rtc.face.cels import CelImage
from avatar_rtc.files import put_file
from avatar_rtc.stream.pixels import hide_unseen

MAX_PICTURE_BYTES = 16 * 2**20
MAX_PIXELS = 64 * 10**6

PICTURE_KINDS = {
    "png": "PNG", "qoi": "QOI", "webp": "WEBP", "tga": "TGA", "tiff": "TIFF", "bmp": "BMP", "jpg": "JPEG",
    "jpeg": "JPEG",
}  # fmt: skip
"""What pictures are written as, by the ending of their names."""


def prepare_character(data: bytes) -> DecodedPicture:
    """The picture in an image file, as (N, N, 4) sRGB with straight alpha, and what was done to it.

    It is turned and its colours are brought to sRGB as the file says. A head that does not stand where
    animators want it is framed, see `frame_figure`; else what is not square is cropped around its centre.
    A square of 512..2048 px keeps its pixels; a smaller one is scaled to 512, a larger one to 2048, by
    Lanczos on premultiplied colour. Animated files give their first frame. Pixels of alpha 0 are all zero,
    so hidden colours steer nothing. `reduced` makes of it what THA3 sees.

    Raises:
        TooLarge: more than 16 MiB, or 64 million pixels declared; checked before anything is decoded.
        UnsuitableImage: no picture, a broken one, one without alpha, or one that shows nothing.
    """
    return _visible(data, "head")


def read_character(data: bytes) -> NDArray[np.uint8]:
    """The picture of `prepare_character`, which see, as THA3 sees it: (512, 512, 4)."""
    return reduced(prepare_character(data).rgba)


def read_prepared(data: bytes) -> DecodedPicture:
    """A picture that was prepared before, as it is: no head is looked for; raises as `prepare_character`."""
    return _visible(data, "middle")


def read_cel(data: bytes, frame: Frame | None = None) -> CelImage | None:
    """A cel, cut down to what shows; None if nothing does.

    Args:
        frame: what was cut from the character's picture; None is the middle. The cel may have another size,
            and is kept no larger than the picture.

    Raises:
        TooLarge, UnsuitableImage: as `prepare_character`.
    """
    rgba = _read(data, frame or "middle").rgba
    rows, columns = (np.flatnonzero(rgba[..., 3].any(axis)) for axis in (1, 0))
    if not rows.size:
        return None
    box = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return CelImage(int(columns[0]), int(rows[0]), box.copy(), rgba.shape[0])


def read_picture(data: bytes, most_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Any picture, (height, width, 4) sRGB with straight alpha; one without alpha is opaque.

    Raises:
        TooLarge, UnsuitableImage: as `prepare_character`; or more than `most_pixels` are declared.
    """
    _check_bytes(data)
    with _header(data) as image:
        if image.width * image.height > most_pixels:
            raise TooLarge(
                f"the picture declares {image.width}x{image.height} pixels; at most {most_pixels} are taken"
            )
        return _decoded(image, data, "whole").rgba


def has_alpha(data: bytes) -> bool:
    """Whether a picture says where it is transparent.

    Raises:
        TooLarge, UnsuitableImage: as `read_picture`.
    """
    _check_bytes(data)
    with _header(data) as image:
        return image.has_transparency_data


def write_picture(rgba: NDArray[np.uint8], kind: str) -> bytes:
    """An image file of a picture (height, width, 4).

    Args:
        kind: png, qoi, webp, tga, tiff, bmp or jpg; jpg drops the alpha.

    Raises:
        UnknownName: another kind.
    """
    if kind.lower() not in PICTURE_KINDS:
        raise UnknownName("image format", kind, PICTURE_KINDS)
    image, file = Image.fromarray(rgba), io.BytesIO()
    name = PICTURE_KINDS[kind.lower()]
    image = image.convert("RGB") if name == "JPEG" else image
    image.save(file, name, **({"lossless": True} if name == "WEBP" else {}))
    return file.getvalue()


def full_frame(cel: CelImage) -> NDArray[np.uint8]:
    """The cel as a picture (N, N, 4), N its side: the inverse of `read_cel`."""
    height, width = cel.rgba.shape[:2]
    frame = np.zeros((cel.side, cel.side, 4), np.uint8)
    frame[cel.y : cel.y + height, cel.x : cel.x + width] = cel.rgba
    return frame


def write_png(
    path: Path, rgba: NDArray[np.uint8], finish: Callable[[bytes], bytes] = lambda png: png
) -> None:
    """Write (height, width, 4) RGBA as a PNG; see `put_file`.

    Args:
        finish: given the whole file before it is written, such as to sign it.
    """
    put_file(path, finish(write_picture(rgba, "png")))


def _visible(data: bytes, cut: Cut) -> DecodedPicture:
    found = _read(data, cut)
    if not found.rgba.any():
        raise UnsuitableImage(
            "the picture is transparent everywhere; a character must be visible in its middle"
        )
    return found


def _read(data: bytes, cut: Cut) -> DecodedPicture:
    """(N, N, 4), all zero where nothing shows; see `prepare_character`."""
    if len(data) > MAX_PICTURE_BYTES:
        raise TooLarge(
            f"the image file has {len(data) / 2**20:.1f} MiB; "
            f"at most {MAX_PICTURE_BYTES // 2**20} MiB are taken"
        )
    if not data:
        raise UnsuitableImage(f"the image file is empty (0 bytes); {WANTED_PICTURE}")
    with _open(data) as image:
        found = _decoded(image, data, cut)
    hide_unseen(found.rgba)
    return found


def _decoded(image: Image.Image, data: bytes, cut: Cut) -> DecodedPicture:
    return decode_apart(data, cut) if is_slow(image) else decode_picture(image, data, cut)


def _open(data: bytes) -> Image.Image:
    """As `_header`, of a picture that has transparency."""
    image = _header(data)
    if not image.has_transparency_data:
        raise UnsuitableImage(
            f"the picture ({image.format}, {image.mode}) has no alpha channel; "
            "export it with a transparent background, as PNG or WebP"
        )
    return image


def _check_bytes(data: bytes) -> None:
    if len(data) > MAX_PICTURE_BYTES:
        raise TooLarge(f"the image file has {len(data) / 2**20:.1f} MiB; at most 16 MiB are taken")


def _header(data: bytes) -> Image.Image:
    """The file with its header read and its pixels not."""
    try:
        image = open_picture(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge(_too_many("more than 64 million")) from None
    except Exception:  # parsers of a dozen formats raise whatever broken bytes lead them to
        raise UnsuitableImage(f"the file is no image that can be read; {WANTED_PICTURE}") from None
    if image.width * image.height > MAX_PIXELS:
        raise TooLarge(_too_many(f"{image.width}x{image.height}"))
    return image


def _too_many(pixels: str) -> str:
    return f"the picture declares {pixels} pixels; at most {MAX_PIXELS // 10**6} million are taken"
