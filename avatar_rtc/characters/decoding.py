"""Files of pictures become pixels: small ones here, what may take long in a process of its own.

Some decoders hold the interpreter for seconds, and with it every thread of a server (JPEG 2000 of 64 million
pixels: 9 s), or take GB of memory. A process can be ended in time, and its memory is gone with it.
"""

import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.errors import UnsuitableImage

SIZE = 512
"""Side in pixels of the square that animators work on."""
# Left out on purpose: formats that start other programs (EPS), that nest pictures of undeclared size
# (ICO, ICNS), or that have no magic number and so claim any bytes. JPEG and BMP are here only to be told
# that they lack transparency.
FORMATS = ("PNG", "WEBP", "AVIF", "GIF", "TIFF", "QOI", "JPEG2000", "JPEG", "BMP")
WANTED_PICTURE = "wanted is a picture with a transparent background, best a PNG of 512x512 pixels"
DECODING_PATIENCE_S = 20.0
"""For what is decoded apart, unless `decoding_within` says otherwise."""
_QUICK_PIXELS = 4 * 10**6
_HOLDING = ("JPEG2000", "QOI")
"""Formats whose decoders hold the interpreter; they take 0.1 to 1 s for a million pixels."""
_HOLDING_PIXELS = 300_000
_MEMORY_BYTES = 3 * 2**30
"""Of addresses, of the process: 64 million pixels as PNG take 1.5 GB."""

_until: ContextVar[float | None] = ContextVar("_until", default=None)


@contextlib.contextmanager
def decoding_within(seconds: float) -> Iterator[None]:
    """Whatever is decoded inside has so long, all together; threads of `asyncio.to_thread` included."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def is_slow(image: Image.Image) -> bool:
    """Whether a picture, of which only the header was read, is to be decoded apart."""
    return image.width * image.height > (_HOLDING_PIXELS if image.format in _HOLDING else _QUICK_PIXELS)


def decode_picture(image: Image.Image) -> Image.Image:
    """The pixels, RGBA.

    Raises:
        UnsuitableImage: the file is damaged.
    """
    _seconds_left()
    try:
        image.load()
        return image.convert("RGBA")
    except Exception:  # decoders of a dozen formats raise whatever broken bytes lead them to
        raise UnsuitableImage(f"the {image.format} file is cut short or damaged; {WANTED_PICTURE}") from None


def square(image: Image.Image) -> Image.Image:
    """Cropped around the centre and scaled to 512x512; Pillow premultiplies RGBA by itself for this."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def decoded_apart(data: bytes, square: bool) -> NDArray[np.uint8]:
    """The pixels of an image file, (height, width, 4), by another process; blocks.

    Args:
        square: as `square` makes it.

    Raises:
        UnsuitableImage: the file is damaged, or takes too much time or memory.
    """
    command = [sys.executable, "-m", __name__, *(["--square"] if square else [])]
    try:
        done = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_seconds_left()
        )
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    if done.returncode:
        raise UnsuitableImage(f"the file is damaged, or takes too much memory to decode; {WANTED_PICTURE}")
    width, height = (int.from_bytes(done.stdout[at : at + 4]) for at in (0, 4))
    return np.frombuffer(bytearray(done.stdout[8:]), np.uint8).reshape(height, width, 4)


def _seconds_left() -> float:
    until = _until.get()
    left = DECODING_PATIENCE_S if until is None else until - time.monotonic()
    if left <= 0:
        raise _too_slow()
    return left


def _too_slow() -> UnsuitableImage:
    return UnsuitableImage(f"the picture takes too long to decode; {WANTED_PICTURE}")


def main() -> None:
    """The other process: an image file on stdin, its size and pixels on stdout."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows; a lower limit may be set
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    Image.MAX_IMAGE_PIXELS = None  # whoever started this has judged the size
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as image:
        rgba = decode_picture(image)
    if "--square" in sys.argv:
        rgba = square(rgba)
    sys.stdout.buffer.write(b"".join(side.to_bytes(4) for side in rgba.size) + rgba.tobytes())


if __name__ == "__main__":
    main()
