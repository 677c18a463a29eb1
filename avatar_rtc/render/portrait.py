"""A character's picture as animators take it: at THA3's size, and at the size that pictures are made at."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import picture_of, premultiplied, rgba_of, straight
from avatar_rtc.stream.pixels import hide_unseen

SIZE = 512
"""Side of the square pictures that THA3 looks at, in px; boxes and warps are told in it."""
PICTURE_PX = (512, 768, 1024, 1536, 2048)
"""Of the pictures that animators give, in px."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """A character's picture twice, float32 in [0, 1], sRGB + straight alpha, all zero where alpha is."""

    image: Tensor
    """(4, 512, 512): what THA3 sees."""
    large: Tensor
    """(4, S, S): what is warped and shown; `image` itself where S is 512."""

    @classmethod
    def plain(cls, image: Tensor) -> Self:
        """Of a picture of 512 px alone."""
        return cls(image, image)

    @property
    def side(self) -> int:
        """S, in px."""
        return self.large.shape[-1]

    @property
    def scale(self) -> float:
        """How many px of `large` make one of `image`."""
        return self.side / SIZE

    def on(self, device: torch.device) -> "Portrait":
        """The same on a device."""
        image = uploaded(self.image, device)
        return Portrait(image, image if self.large is self.image else uploaded(self.large, device))


def portrait_of(
    rgba: NDArray[np.uint8],
    original: NDArray[np.uint8] | None = None,
    side: int = SIZE,
    device: torch.device | str = "cpu",
) -> Portrait:
    """The portrait of a character.

    Args:
        rgba: (512, 512, 4) sRGB, straight alpha: the reduction of `original`.
        original: (N, N, 4), N in 512..2048: as it was given; None is `rgba`.
        side: of the pictures to be made, in px.
    """
    image = picture_of(rgba, device)
    if side == SIZE:
        return Portrait(image, image)
    return Portrait(image, picture_of(at_side(rgba if original is None else original, side), device))


def at_side(rgba: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square picture (N, N, 4) of straight alpha at another side."""
    return rgba if rgba.shape[0] == side else resized(rgba, (side, side))


def resized(rgba: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture (h, w, 4), straight alpha, at another size (width, height); alpha weights its colours."""
    pixels = premultiplied(picture_of(rgba)).permute(1, 2, 0).contiguous().numpy()
    how = cv2.INTER_AREA if size[0] < rgba.shape[1] else cv2.INTER_CUBIC
    scaled = torch.from_numpy(cv2.resize(pixels, size, interpolation=how)).clamp_(0, 1)
    return hide_unseen(rgba_of(straight(scaled.permute(2, 0, 1))))
