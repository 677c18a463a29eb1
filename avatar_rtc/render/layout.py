"""Layouts: how a picture with alpha becomes a video picture, as I420 planes.

    alpha                      matte
    ┌──────────┐               ┌────────────────┐
    │ colour·a │               │   ┌──────┐     │
    ├──────────┤               │   │ head │     │
    │ a as luma│               └───┴──────┴─────┘
    └──────────┘

Y'CbCr is BT.601, limited range: what a browser assumes of a WebRTC track without a colour description.
Here they are made on a CPU; on a device, by `layout_device.py`.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate, pad

from avatar_rtc.render import pixels
from avatar_rtc.render.pixels import rgba_of
from avatar_rtc.stream.pixels import hide_unseen

YCBCR = torch.tensor([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
"""The BT.601 matrix for R'G'B' in [0, 1] (ITU-R BT.601-7, 2.5.1 and 2.5.2, scaled to 8 bit)."""
BLOCK = 16
"""Side of a macroblock, in px."""
_LUMA_OF_ALPHA = (np.arange(256) * 219 / 255 + 16.5).astype(np.uint8)


def alpha_layout(image: Tensor, premultiplied: bool = False) -> NDArray[np.uint8]:
    """Colour over alpha: I420 (3 H, W), where the picture is W x 2 H.

    By OpenCV, in a fifth of torch's time (0.9 ms against 4.7, 512x512, one thread).

    Args:
        image: (4, h, w) sRGB + alpha in [0, 1]. It is padded with transparency, above and at both sides, to
            multiples of 16, the size of a macroblock, so that colour and alpha never share one: a body that
            is cut goes on down to the lower edge, and its middle stays the middle.
        premultiplied: its colours are multiplied by alpha already.
    """
    rgba = rgba_of(image if premultiplied else pixels.premultiplied(image))
    above, left, right = padding(rgba.shape[:2])
    rgba = cv2.copyMakeBorder(rgba, above, 0, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    h, w = rgba.shape[:2]
    planes = np.empty((3 * h, w), np.uint8)
    planes[:h] = cv2.cvtColor(rgba, cv2.COLOR_RGBA2YUV_I420)[:h]
    planes[h : 2 * h] = _LUMA_OF_ALPHA[rgba[..., 3]]
    # OpenCV takes the chroma of the first of each four pixels, so it is given four times their mean.
    mean = cv2.resize(rgba, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    doubled = cv2.resize(mean, (w, h), interpolation=cv2.INTER_NEAREST)
    chroma = cv2.cvtColor(doubled, cv2.COLOR_RGBA2YUV_I420)[h:].reshape(2, h // 2, w // 2)
    below = planes[2 * h :].reshape(2, h, w // 2)
    below[:, : h // 2], below[:, h // 2 :] = chroma, 128
    return planes


def rgba_layout(image: Tensor, premultiplied: bool = False) -> NDArray[np.uint8]:
    """The picture itself, (H, W, 4) with straight alpha, all zero where nothing shows; see `alpha_layout`."""
    if premultiplied:
        image = pixels.straight(image)
    return hide_unseen(rgba_of(image))


def reduced_planes(planes: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A smaller video picture, I420 (3/2 height, width), of one that is larger; by area, plane by plane.

    Args:
        size: (width, height) of the picture wanted, both even.
    """
    width, height = size
    h, w = planes.shape[0] * 2 // 3, planes.shape[1]
    small = np.empty((height * 3 // 2, width), np.uint8)
    small[:height] = cv2.resize(planes[:h], size, interpolation=cv2.INTER_AREA)
    for chroma, into in zip(
        planes[h:].reshape(2, h // 2, w // 2), small[height:].reshape(2, height // 2, width // 2), strict=True
    ):
        into[:] = cv2.resize(chroma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return small


def padding(size: Sequence[int]) -> tuple[int, int, int]:
    """How many px come above, left and right of a picture (height, width) in the alpha layout.

    >>> padding((300, 340))
    (4, 6, 6)
    """
    above, beside = (-side % BLOCK for side in size)
    return above, beside // 2, beside - beside // 2


def place(picture: Sequence[int], frame: tuple[int, int]) -> tuple[tuple[int, int], int, int]:
    """At which size, row and column a picture stands in the matte layout; all but the column are even.

    Args:
        picture, frame: (height, width) in px.

    >>> place((100, 100), (180, 320))
    ((180, 180), 0, 70)
    """
    (h, w), (height, width) = picture, frame
    scale = min(height / h, width / w)
    rows, columns = int(h * scale) // 2 * 2, int(w * scale) // 2 * 2
    return (rows, columns), height - rows, (width - columns) // 2


class Matte:
    """The picture composited on what stands behind it, as large as it fits, standing on the lower edge."""

    def __init__(self, size: tuple[int, int]) -> None:
        """`size` is (width, height) in px, both even."""
        self.width, self.height = size
        self._behind: tuple[Tensor, Tensor] | None = None
        """The ground that was used last, and its planes."""

    def __call__(self, image: Tensor, ground: Tensor, premultiplied: bool = False) -> NDArray[np.uint8]:
        """I420 (3/2 height, width).

        Args:
            image: (4, h, w), sRGB + alpha in [0, 1]; see `alpha_layout`.
            ground: (3, height, width) sRGB. Given the same object as before, only the figure is written.
        """
        image, row, column = self._fitted(image, premultiplied)
        planes = self._planes_of(ground).clone()
        h, w = image.shape[-2:]
        behind = ground[:, row : row + h, column : column + w]
        _write(planes, self.height, image[:3] + behind * (1 - image[3:]), row, column)
        return planes.numpy()

    def scene(self, image: Tensor, ground: Tensor, premultiplied: bool = False) -> Tensor:
        """The same as an opaque picture (4, height, width), sRGB, for operations on the whole of it."""
        image, row, column = self._fitted(image, premultiplied)
        scene = torch.cat([ground, torch.ones_like(ground[:1])])
        part = scene[:3, row : row + image.shape[-2], column : column + image.shape[-1]]
        part.mul_(1 - image[3:]).add_(image[:3])
        return scene

    def whole(self, scene: Tensor, premultiplied: bool = False) -> NDArray[np.uint8]:
        """I420 of a scene after its operations, on black where they made it transparent."""
        return self(scene, torch.zeros(3, self.height, self.width), premultiplied)

    def _fitted(self, image: Tensor, premultiplied: bool) -> tuple[Tensor, int, int]:
        """The picture premultiplied and at its size, and the row and column of its corner."""
        size, row, column = place(image.shape[-2:], (self.height, self.width))
        if not premultiplied:
            image = pixels.premultiplied(image)
        if size != image.shape[-2:]:
            image = interpolate(image[None], size=size, mode="bilinear", align_corners=False)[0]
        if column % 2:  # chroma is written two columns at a time
            image, column = pad(image, (1, 1)), column - 1
        return image, row, column

    def _planes_of(self, ground: Tensor) -> Tensor:
        if self._behind is None or self._behind[0] is not ground:
            planes = torch.empty(self.height * 3 // 2, self.width, dtype=torch.uint8)
            _write(planes, self.height, ground, 0, 0)
            self._behind = (ground, planes)
        return self._behind[1]


def _write(planes: Tensor, height: int, rgb: Tensor, row: int, column: int) -> None:
    """Write R'G'B' (3, h, w), all even, into I420 planes of a picture `height` high, at (row, column)."""
    h, w = rgb.shape[-2:]
    luma, *chroma = (YCBCR.to(rgb.dtype) @ rgb.reshape(3, -1)).view(3, h, w)
    planes[row : row + h, column : column + w] = _to_byte(luma + 16)
    rows, columns = slice(row // 2, (row + h) // 2), slice(column // 2, (column + w) // 2)
    for plane, full in zip(_chroma(planes, height), chroma, strict=True):
        # Means of 2 x 2 by slices: avg_pool2d takes ten times as long on a CPU.
        pairs = full[::2] + full[1::2]
        plane[rows, columns] = _to_byte((pairs[:, ::2] + pairs[:, 1::2]) / 4 + 128)


def _chroma(planes: Tensor, height: int) -> tuple[Tensor, Tensor]:
    """Views (height / 2, width / 2) of U and V; each lies in one run of bytes below the luma."""
    width = planes.shape[1]
    flat, quarter = planes.view(-1)[height * width :], height * width // 4
    shape = (height // 2, width // 2)
    return flat[:quarter].view(shape), flat[quarter : 2 * quarter].view(shape)


def _to_byte(plane: Tensor) -> Tensor:
    return plane.clamp(0, 255).add(0.5).to(torch.uint8)
