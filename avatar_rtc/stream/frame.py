"""Encoded frames, the renditions they belong to, and presentation times."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from avatar_rtc.stream.crop import FULL_FRAME, Crop

Codec = Literal["h264", "vp8"]
ImageCodec = Literal["png", "qoi", "tga"]
Layout = Literal["alpha", "matte"]
Rung = Literal["upper", "lower"]
"""How many bits a picture gets; see `stream.rungs`."""

VIDEO_CLOCK_HZ = 90_000
AUDIO_CLOCK_HZ = 48_000
VIDEO_TIME_BASE = Fraction(1, VIDEO_CLOCK_HZ)
AUDIO_TIME_BASE = Fraction(1, AUDIO_CLOCK_HZ)


@dataclass(frozen=True)
class Rendition:
    """What is encoded once for many viewers; the key of the fan-out."""

    codec: Codec
    layout: Layout
    whole_nals: bool = False
    """H264 in slices that fit into a packet each, for those who take no parts of a NAL unit."""
    rung: Rung = "upper"

    def __str__(self) -> str:
        nals, rung = "/whole nals" if self.whole_nals else "", "/lower" if self.rung == "lower" else ""
        return f"{self.codec}/{self.layout}{nals}{rung}"


@dataclass(frozen=True)
class ImageRendition:
    """Frames as image files with straight alpha, each for itself."""

    codec: ImageCodec
    layout: ClassVar[Literal["rgba"]] = "rgba"
    rung: ClassVar[Rung] = "upper"

    def __str__(self) -> str:
        return f"{self.codec}/{self.layout}"


AnyRendition = Rendition | ImageRendition


@dataclass(frozen=True)
class EncodedFrame:
    """One encoded picture on its way from the worker to the viewers."""

    avatar: str
    rendition: AnyRendition
    pts: int
    """Presentation time in 1/90000 s of the avatar's media clock."""
    key: bool
    """True if decoding can start here."""
    data: bytes
    """H264: Annex B with SPS/PPS before a key picture. VP8: one frame. Image codecs: a whole file."""
    cost_ms: float = 0.0
    """Render and encode time spent on this frame."""
    crop: Crop = FULL_FRAME
    """Of an image: the part of the whole that it shows."""
    full_size: tuple[int, int] = (0, 0)
    """Of an image: (width, height) in px of that whole."""


def video_pts(t: float) -> int:
    """Media time in 1/90000 s; never count frames.

    >>> video_pts(1.0)
    90000
    """
    return round(t * VIDEO_CLOCK_HZ)


def audio_pts(t: float) -> int:
    """Media time in samples at 48 kHz."""
    return round(t * AUDIO_CLOCK_HZ)


def video_t(pts: int) -> float:
    """Media seconds of a video presentation time."""
    return pts / VIDEO_CLOCK_HZ
