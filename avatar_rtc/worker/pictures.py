"""The pictures of a character, as they come with its opening, and at the size that is wanted."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.pixels import picture_of, premultiplied, rgba_of, straight
from avatar_rtc.render.portrait import SIZE, Portrait, portrait_of
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.stream.pixels import hide_unseen


def pixels_of(message: OpenAvatar) -> NDArray[np.uint8]:
    """The character's picture (512, 512, 4)."""
    return np.frombuffer(message.rgba, np.uint8).reshape(SIZE, SIZE, 4)


def original_of(message: OpenAvatar) -> NDArray[np.uint8]:
    """The same as it was given, (N, N, 4)."""
    if not message.original:
        return pixels_of(message)
    side = math.isqrt(len(message.original) // 4)
    return np.frombuffer(message.original, np.uint8).reshape(side, side, 4)


def source_side(message: OpenAvatar) -> int:
    """Px of the picture as it was given."""
    return math.isqrt(len(message.original or message.rgba) // 4)


def portrait_at(message: OpenAvatar, side: int, device: torch.device | str = "cpu") -> Portrait:
    """The portrait for pictures of a size; see `large_portrait`."""
    return large_portrait(pixels_of(message), original_of(message), side, device)


def large_portrait(
    rgba: NDArray[np.uint8],
    original: NDArray[np.uint8] | None,
    side: int,
    device: torch.device | str = "cpu",
) -> Portrait:
    """As `portrait_of`; a source that has less is enlarged, by the network for drawings.

    That takes a CPU some seconds, once.
    """
    original = rgba if original is None else original
    if side > original.shape[0]:
        original = enlarged_source(original, side, device)
    return portrait_of(rgba, original, side, device)


@torch.inference_mode()
def enlarged_source(
    rgba: NDArray[np.uint8], side: int, device: torch.device | str = "cpu"
) -> NDArray[np.uint8]:
    """A square picture (N, N, 4), straight alpha, at a larger side."""
    large = enlarge(premultiplied(picture_of(rgba, device)), side, side, "anime", "high")
    return hide_unseen(rgba_of(straight(large)))
