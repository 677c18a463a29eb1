"""Files of pictures become pixels: small ones here, what may take long in a process of its own.

Some decoders hold the interpreter for seconds, and with it every thread of a server (JPEG 2000 of 64 million
pixels: 9 s), or take GB of memory. A process can be ended in time, and its memory is gone with it.
"""

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_rtc.characters.colours import in_srgb
from avatar_rtc.characters.framing import LARGEST, Frame, frame_figure
from avatar_rtc.characters.orientation import upright
from avatar_rtc.characters.targa import looks_like_tga
from avatar_rtc.errors import UnsuitableImage

# Left out on purpose: formats that start other programs (EPS), that nest pictures of undeclared size
# (ICO, ICNS), or that have no magic number and so claim any bytes, but TGA, which has a room of its own.
# JPEG and BMP are here only to be told that they lack transparency.
FORMATS = ("PNG", "WEBP", "AVIF", "GIF", "TIFF", "QOI", "JPEG2000", "JPEG", "BMP")
WANTED_PICTURE = (
    "wanted is a picture with a transparent background, best a square PNG of 1024 or 2048 pixels a side"
)
DECODING_PATIENCE_S = 20.0
"""For what is decoded apart, unless `decoding_within` says otherwise."""
_QUICK_PIXELS = LARGEST**2
"""What was kept is never decoded apart."""
_HOLDING = ("JPEG2000", "QOI")
"""Formats whose decoders hold the interpreter; they take 0.1 to 1 s for a million pixels."""
_HOLDING_PIXELS = 300_000
_QUICK_PROFILE_BYTES = 64 * 1024
"""Profiles of screens have 0.5 to 20 KiB, those of tables of colours up to MiB."""
_MEMORY_BYTES = 3 * 2**30
"""Of addresses, of the process: 64 million pixels as PNG take 1.5 GB."""

_SOLID, _FULL = 250, 0.98
"""Alpha from which on a pixel hides what is behind it, and the share of those in a picture without a hole."""

_until: ContextVar[float | None] = ContextVar("_until", default=None)


@contextlib.contextmanager
def decoding_within(seconds: float) -> Iterator[None]:
    """Whatever is decoded inside has so long, all together; threads of `asyncio.to_thread` included."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


Cut = Literal["whole", "middle", "head"] | Frame
"""What is wanted of a picture: all of it, its middle square, the square around its head, or this one."""


@dataclass(frozen=True, eq=False)
class DecodedPicture:
    """The pixels of a file, upright and in sRGB."""

    rgba: NDArray[np.uint8]
    """(height, width, 4), straight alpha."""
    frame: Frame
    """What was cut; the middle of the picture, if nothing was."""
    done: tuple[str, ...]
    """What was done that its owner may want to know: sentences in lower case, without a full stop."""


def open_picture(data: bytes) -> Image.Image:
    """The file with its header read and its pixels not.

    Raises:
        Exception: of whatever kind: it is no picture in one of `FORMATS`, or TGA.
    """
    formats = ("TGA",) if looks_like_tga(data) else FORMATS
    return Image.open(io.BytesIO(data), formats=formats)


def is_slow(image: Image.Image) -> bool:
    """Whether a picture, of which only the header was read, is to be decoded apart."""
    if len(image.info.get("icc_profile") or b"") > _QUICK_PROFILE_BYTES:
        return True
    return image.width * image.height > (_HOLDING_PIXELS if image.format in _HOLDING else _QUICK_PIXELS)


def decode_picture(image: Image.Image, data: bytes, cut: Cut) -> DecodedPicture:
    """The pixels of an opened picture.

    Args:
        data: its file.

    Raises:
        UnsuitableImage: the file is damaged.
    """
    _seconds_left()
    try:
        image.load()
        rgba, done = in_srgb(image, data)
    except Exception:  # decoders of a dozen formats raise whatever broken bytes lead them to
        raise UnsuitableImage(f"the {image.format} file is cut short or damaged; {WANTED_PICTURE}") from None
    rgba, turned = upright(rgba, image)
    frame, said = Frame.middle(*rgba.size), list[str]()
    if cut == "head":
        frame, said = frame_figure(rgba)
        said += _opaque(rgba)
    elif isinstance(cut, Frame):
        frame = cut.on(*rgba.size)
    if cut != "whole":
        rgba = frame.cut(rgba)
    return DecodedPicture(np.array(rgba, np.uint8), frame, (*turned, *done, *said))


def _opaque(rgba: Image.Image) -> list[str]:
    """What to say of a picture whose background was never taken away."""
    seen = sum(rgba.getchannel("A").histogram()[_SOLID:]) / (rgba.width * rgba.height)
    return ["nothing around the figure is transparent, so all of it moves along"] if seen > _FULL else []


def decode_apart(data: bytes, cut: Cut) -> DecodedPicture:
    """The same of an image file, by another process; blocks.

    Raises:
        UnsuitableImage: the file is damaged, or takes too much time or memory.
    """
    command = [sys.executable, "-m", __name__, json.dumps(asdict(cut) if isinstance(cut, Frame) else cut)]
    try:
        done = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_seconds_left()
        )
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    if done.returncode:
        raise UnsuitableImage(f"the file is damaged, or takes too much memory to decode; {WANTED_PICTURE}")
    head, _, pixels = done.stdout.partition(b"\n")
    told = json.loads(head)
    rgba = np.frombuffer(bytearray(pixels), np.uint8).reshape(told["shape"])
    return DecodedPicture(rgba, Frame(**told["frame"]), tuple(told["done"]))


def _seconds_left() -> float:
    until = _until.get()
    left = DECODING_PATIENCE_S if until is None else until - time.monotonic()
    if left <= 0:
        raise _too_slow()
    return left


def _too_slow() -> UnsuitableImage:
    return UnsuitableImage(f"the picture takes too long to decode; {WANTED_PICTURE}")


def main() -> None:
    """The other process: an image file on stdin; on stdout a line of JSON, then the pixels."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows; a lower limit may be set
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    Image.MAX_IMAGE_PIXELS = None  # whoever started this has judged the size
    data, wanted = sys.stdin.buffer.read(), json.loads(sys.argv[1])
    with open_picture(data) as image:
        found = decode_picture(image, data, Frame(**wanted) if isinstance(wanted, dict) else wanted)
    told = {"shape": found.rgba.shape, "frame": asdict(found.frame), "done": found.done}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.write(found.rgba.data)


if __name__ == "__main__":
    main()
