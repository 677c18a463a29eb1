"""Pixels: colours multiplied by alpha and straight ones, bytes and floats. One copy of each law.

Pictures are floats (…, 4, H, W) in [0, 1] here, and bytes (H, W, 4) wherever they come from and go to; what
is done to the bytes themselves is in `stream/pixels.py`.
"""

from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.stream.crop import Crop

Picture = TypeVar("Picture", Tensor, NDArray[np.float32])

LEAST_ALPHA = 1e-6
"""From here on a straight colour is exact; below, it fades to 0 with alpha. So thin a pixel shows in no
picture of 16 bits, and what blurs and warps leave of its colour is their rounding."""


@fused()
def premultiplied(image: Tensor) -> Tensor:
    """Colours times alpha: what may be blurred and warped without dark rims."""
    alpha = image[..., 3:, :, :]
    return torch.cat([image[..., :3, :, :] * alpha, alpha], dim=-3)


@fused()
def straight(image: Tensor) -> Tensor:
    """The inverse of `premultiplied`: colours divided by alpha, at most 1, and 0 where alpha is 0.

    >>> straight(torch.tensor([0.25, 0.0, 0.0, 0.5])[:, None, None]).flatten().tolist()
    [0.5, 0.0, 0.0, 0.5]
    """
    alpha = image[..., 3:, :, :]
    return torch.cat([(image[..., :3, :, :] / divisor(alpha)).clamp_(0, 1), alpha], dim=-3)


def divisor(alpha: Tensor) -> Tensor:
    """What colours times alpha are divided by to be straight: alpha, and at least `LEAST_ALPHA`."""
    return alpha.clamp_min(LEAST_ALPHA)


def over_grey(image: Picture, white: float = 1.0) -> Picture:
    """A premultiplied picture as it shows over mid grey, (…, 3, H, W).

    Args:
        white: 1 or 255, the opaque alpha of the picture; 0 of a difference of two pictures.
    """
    return image[..., :3, :, :] + 0.5 * (white - image[..., 3:, :, :])


def cut(picture: Tensor, crop: Crop) -> Tensor:
    """The part (4, h, w) of a picture that a crop shows, both sides even; transparent beyond the picture.

    >>> cut(torch.ones(4, 8, 8), Crop(left=-0.25, right=0.75))[3, 0].tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    height, width = picture.shape[-2:]
    rows, columns = crop.window(height, width)
    inside = picture[:, max(0, rows.start) : max(0, rows.stop), max(0, columns.start) : max(0, columns.stop)]
    if inside.shape[-2:] == (len(rows), len(columns)):
        return inside
    beyond = [
        max(0, -columns.start), max(0, columns.stop - width), max(0, -rows.start), max(0, rows.stop - height)
    ]  # fmt: skip
    if not on_host(picture):
        return pad(inside, beyond)
    # Row by row and pixel by pixel, as students paint: bytes come from that in a tenth of the time.
    found = inside.new_zeros(len(rows), len(columns), len(picture)).permute(2, 0, 1)
    left, above = beyond[0], beyond[2]
    found[:, above : above + inside.shape[-2], left : left + inside.shape[-1]] = inside
    return found


def picture_of(rgba: NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """Bytes (H, W, C) as a picture (C, H, W) on a device; its pixels stay together in memory, as they come.

    >>> picture_of(np.full((2, 3, 4), 255, np.uint8)).shape
    torch.Size([4, 2, 3])
    """
    if torch.device(device).type == "cpu":
        # By numpy: of twenty avatars opened and closed five times a worker keeps 40 MB, not 75.
        return torch.from_numpy(rgba.transpose(2, 0, 1).astype(np.float32) / 255)
    pixels = torch.from_numpy(rgba if rgba.flags.writeable else rgba.copy())
    return from_bytes(uploaded(pixels, torch.device(device)).permute(2, 0, 1))


@fused()
def from_bytes(values: Tensor) -> Tensor:
    """Bytes of any shape as floats in [0, 1]."""
    return values.float() / 255


def rgba_of(image: Tensor) -> NDArray[np.uint8]:
    """The bytes (H, W, 4) of a picture (4, H, W), each the nearest, halves to even.

    On a CPU by OpenCV, in a tenth of torch's time.
    """
    if not on_host(image):
        return np.ascontiguousarray(to_bytes(image).transpose(1, 2, 0))
    h, w = image.shape[-2:]
    pixels = image.float().permute(1, 2, 0)
    rgba: NDArray[np.uint8]
    if pixels.is_contiguous():  # as students paint
        rgba = cv2.convertScaleAbs(pixels.numpy(), alpha=255)
    else:
        planes = cv2.convertScaleAbs(image.float().numpy().reshape(4 * h, w), alpha=255)
        rgba = cv2.merge([planes[n * h : (n + 1) * h] for n in range(4)])
    return rgba


def to_bytes(values: Tensor) -> NDArray[np.uint8]:
    """The inverse of `from_bytes`, on the CPU; rounded as in `rgba_of`."""
    found: NDArray[np.uint8] = to_levels(values).cpu().numpy()
    return found


@fused()
def to_levels(values: Tensor) -> Tensor:
    """The same where the values are."""
    return values.float().mul(255).round_().clamp_(0, 255).byte()
