"""How much each rung of a rendition takes: the upper what looks well, the lower what a poor link carries.

Measured with 12 s of a talking bust of 320 x 640 px: at 200 kb/s, 30 pictures a second are 0.5 dB below 15,
in as many packets, and look smoother. At half the size, instead, 10 dB are lost.
"""

from typing import NamedTuple

from avatar_rtc.stream.frame import Rung
from avatar_rtc.stream.levels import default_bitrate_bps

LOWER_SHARE = 1 / 3
"""Of the bits of the upper rung, and no more than `LOWER_MOST_BPS`."""
LOWER_MOST_BPS = 170_000
"""With its headers, and sound of 80 kb/s with its own, 300 kb/s carry it and a tenth more."""
LOWER_LEAST_BPS = 60_000
LOWER_MOST_FPS = 30.0
THIN_SHARE = 1 / 6
"""With less than this share of the bits, every picture had to be poor: half of them are left out."""


class RungTake(NamedTuple):
    """What a rung takes."""

    fps: float
    """Pictures a second at most."""
    bitrate_bps: int


def take_of(rung: Rung, width: int, height: int, fps: float) -> RungTake:
    """What a rung takes for pictures of this size in px that come at this rate.

    >>> take_of("lower", 320, 640, 30.0)
    RungTake(fps=30.0, bitrate_bps=170000)
    >>> take_of("lower", 1280, 720, 30.0)
    RungTake(fps=15.0, bitrate_bps=170000)
    """
    whole = default_bitrate_bps(width, height, fps)
    if rung == "upper":
        return RungTake(fps, whole)
    bitrate_bps = max(LOWER_LEAST_BPS, round(min(whole * LOWER_SHARE, LOWER_MOST_BPS)))
    most_fps = LOWER_MOST_FPS / 2 if bitrate_bps < whole * THIN_SHARE else LOWER_MOST_FPS
    return RungTake(min(fps, most_fps), bitrate_bps)
