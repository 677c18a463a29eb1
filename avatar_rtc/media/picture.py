"""Decoded video frames as pictures with transparency."""

from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.stream.pixels import rounded, straight_levels


class VideoFrame(Protocol):
    """What we use of `av.VideoFrame`, which is what arrives."""

    width: int
    height: int
    pts: int | None
    time_base: Fraction

    @property
    def time(self) -> float | None:
        """Seconds since the first frame of this connection, on the avatar's media clock."""

    def to_ndarray(self, **options: Any) -> NDArray[np.uint8]:
        """The pixels in a `format`."""


def rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    """(height, width, 3) sRGB uint8 of the whole frame, which is BT.601 in limited range."""
    # Said outright, for VP8 carries no colour description and a decoder may then guess by size.
    return frame.to_ndarray(format="rgb24", src_colorspace="ITU601", src_color_range="MPEG")


def rgba_from_stacked(frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture of a frame in the `alpha` layout: colour · alpha over alpha as luma.

    Returns:
        (height / 2, width, 4) sRGB + straight alpha, uint8; pixels of alpha 0 are all zero.
    """
    half = frame.height // 2
    colour = rgb(frame)[:half].astype(np.float32)
    luma = frame.to_ndarray(format="yuv420p")[half : 2 * half, : frame.width].astype(np.float32)
    # Codec noise around black must not become a haze over the page: 2 of 219 steps are cut.
    alpha = np.round(np.clip((luma - 16) * (255 / 219), 0, 255))
    alpha[alpha < _HAZE] = 0
    return rounded(np.concatenate([straight_levels(colour, alpha[..., None]), alpha[..., None]], axis=2))


def rgba_opaque(frame: VideoFrame) -> NDArray[np.uint8]:
    """(height, width, 4) sRGB uint8 of a frame in the `matte` layout; alpha is 255 everywhere."""
    opaque = np.full((frame.height, frame.width, 1), 255, np.uint8)
    return np.concatenate([rgb(frame), opaque], axis=2)


_HAZE = 4
"""Alpha of 255 below which a pixel counts as empty."""
