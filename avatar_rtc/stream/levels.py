"""What a decoder is asked for: H.264's levels (ITU-T H.264 table A-1), and the bits that a picture takes."""

from typing import NamedTuple

from avatar_rtc.errors import InputError

BITS_PER_PIXEL = 1.8e6 / (512 * 1024 * 30)
"""1.8 Mb/s for the stacked 512 x 1024 picture at 30 fps: about 48 dB with x264 superfast."""
MIN_BITRATE_BPS = 200_000
"""Small pictures and slow animators still get keyframes that look like something."""


_PARTS = 64
"""Of a side, by which a picture that is too large becomes smaller."""


class H264Level(NamedTuple):
    """One row of ITU-T H.264 table A-1."""

    name: str
    macroblocks_per_second: int
    macroblocks: int
    max_bps: int


# Offers of H264 carry level 3.1 (42e01f) at least, so lower rows would gain nothing.
H264_LEVELS = (
    H264Level("3.1", 108_000, 3_600, 14_000_000),
    H264Level("3.2", 216_000, 5_120, 20_000_000),
    H264Level("4.0", 245_760, 8_192, 20_000_000),
    H264Level("4.1", 245_760, 8_192, 50_000_000),
    H264Level("4.2", 522_240, 8_704, 50_000_000),
    H264Level("5.0", 589_824, 22_080, 135_000_000),
    H264Level("5.1", 983_040, 36_864, 240_000_000),
)


def h264_level(width: int, height: int, fps: float, bitrate_bps: int) -> str:
    """The lowest level, such as "3.1", that allows this size in px at this rate.

    Raises:
        InputError: more than level 5.1 allows.
    """
    columns, rows = -(-width // 16), -(-height // 16)
    for level in H264_LEVELS:
        # A.3.1: neither side may exceed sqrt(8 * MaxFS) macroblocks.
        fits = max(columns, rows) ** 2 <= 8 * level.macroblocks and columns * rows <= level.macroblocks
        if fits and columns * rows * fps <= level.macroblocks_per_second and bitrate_bps <= level.max_bps:
            return level.name
    raise InputError(f"{width}x{height} at {fps:g} fps is beyond H.264 level 5.1; choose a smaller picture")


def encodable_size(width: int, height: int, fps: float) -> tuple[int, int]:
    """The largest size of this shape, at most this one, that level 5.1 allows at this rate.

    A smaller one has whole macroblocks, in each half of a stacked picture as well.

    >>> encodable_size(2048, 4096, 30.0), encodable_size(2048, 4096, 60.0)
    ((2048, 4096), (1440, 2880))
    """
    for parts in range(_PARTS, 1, -1):
        sides = (
            (width, height) if parts == _PARTS else (_blocks(width, parts, 16), _blocks(height, parts, 32))
        )
        if _fits(*sides, fps):
            return sides
    return _blocks(width, 1, 16), _blocks(height, 1, 32)


def _fits(width: int, height: int, fps: float) -> bool:
    try:
        h264_level(width, height, fps, default_bitrate_bps(width, height, fps))
    except InputError:
        return False
    return True


def _blocks(side: int, parts: int, step: int) -> int:
    """So many parts of a side, on whole blocks of so many px."""
    return max(step, round(side * parts / _PARTS / step) * step)


def default_bitrate_bps(width: int, height: int, fps: float) -> int:
    """Bits per second that keep drawn characters clean at this size in px and rate."""
    return max(MIN_BITRATE_BPS, round(BITS_PER_PIXEL * width * height * fps))
