"""The pictures of a character, as they come with its opening."""

import math

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.link.orders import OpenAvatar
from avatar_rtc.render.portrait import SIZE


def pixels_of(message: OpenAvatar) -> NDArray[np.uint8]:
    """The character's picture (512, 512, 4)."""
    return np.frombuffer(message.rgba, np.uint8).reshape(SIZE, SIZE, 4)


def original_of(message: OpenAvatar) -> NDArray[np.uint8]:
    """The same as it was given, (N, N, 4)."""
    if not message.original:
        return pixels_of(message)
    side = math.isqrt(len(message.original) // 4)
    return np.frombuffer(message.original, np.uint8).reshape(side, side, 4)
