"""Colour spaces of pictures (…, 4, H, W): the sRGB curve (IEC 61966-2-1), and colours multiplied by alpha.

Alpha itself is never touched.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.pixels import premultiplied, straight

ColourSpace = Literal["linear", "srgb", "srgb-premultiplied"]
"""Alpha is straight but in the last one, whose colours are multiplied by it."""
Curve = Literal["to linear", "to srgb"]


def to_linear(image: Tensor, space: ColourSpace) -> Tensor:
    """Linear RGB with straight alpha of a picture in any space."""
    return converted(image, space, "linear")


def to_srgb(image: Tensor, space: ColourSpace) -> Tensor:
    """sRGB with straight alpha of a picture in any space."""
    return converted(image, space, "srgb")


def from_linear(image: Tensor, space: ColourSpace) -> Tensor:
    """The inverse of `to_linear`."""
    return converted(image, "linear", space)


def converted(image: Tensor, space: ColourSpace, wanted: ColourSpace) -> Tensor:
    """A picture in one space as it is in another; itself if that is the same."""
    return image if space == wanted else _converted(image, space, wanted)


@fused()
def _converted(image: Tensor, space: ColourSpace, wanted: ColourSpace) -> Tensor:
    if space == "srgb-premultiplied":
        image = straight(image)
    if wanted == "linear":
        return _through("to linear", image)
    if space == "linear":
        image = _through("to srgb", image)
    return premultiplied(image) if wanted == "srgb-premultiplied" else image


@fused()
def srgb_to_linear(image: Tensor) -> Tensor:
    """Linear RGB of an sRGB picture; values in [0, 1], alpha kept.

    >>> srgb_to_linear(torch.ones(4, 1, 1)).flatten().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    rgb = image[..., :3, :, :]
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, _power((rgb + 0.055) / 1.055, 2.4))
    return torch.cat([linear, image[..., 3:, :, :]], dim=-3)


@fused()
def linear_to_srgb(image: Tensor) -> Tensor:
    """sRGB of a linear picture; values are clamped to [0, 1], alpha kept.

    >>> linear_to_srgb(torch.zeros(4, 1, 1)).flatten().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    rgb = image[..., :3, :, :].clamp(0, 1)
    srgb = torch.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * _power(rgb, 1 / 2.4) - 0.055)
    return torch.cat([srgb, image[..., 3:, :, :]], dim=-3)


def _through(curve: Curve, image: Tensor) -> Tensor:
    """The curve of every colour of a picture; of a large one on the host by a table of 16 bits.

    That is off by 2e-5 (to linear) and 1e-4 (to sRGB, next to black), a fortieth of a step of 8 bits, and
    takes half the time.
    """
    is_large = image.dim() == 3 and image.numel() >= _LARGE and image.dtype == torch.float32
    if not on_host(image) or not is_large:
        return _CURVES[curve](image)
    out = torch.empty_like(image, memory_format=torch.contiguous_format)
    colours = np.ascontiguousarray(image[:3].numpy()).reshape(-1, image.shape[-1])
    levels = cv2.multiply(colours, float(_LEVELS - 1), dtype=cv2.CV_16U)  # rounds, and clamps to [0, 1]
    # No level is beyond the table; "clip" spares numpy a copy.
    np.take(_table(curve), levels, out=out[:3].numpy().reshape(levels.shape), mode="clip")
    out[3] = image[3]
    return out


@cache
def _table(curve: Curve) -> NDArray[np.float32]:
    """The curve at 65,536 levels."""
    levels = torch.linspace(0, 1, _LEVELS, dtype=torch.float64).expand(4, 1, _LEVELS)
    table: NDArray[np.float32] = _CURVES[curve](levels)[0, 0].float().numpy()
    return table


_CURVES: dict[Curve, Callable[[Tensor], Tensor]] = {"to linear": srgb_to_linear, "to srgb": linear_to_srgb}
_LEVELS = 1 << 16
_LARGE = 1 << 17
"""Numbers in a picture from which the table is quicker."""


def _power(base: Tensor, exponent: float) -> Tensor:
    """base ** exponent for base >= 0; on the host in half the time that `pow` takes there."""
    if not on_host(base):
        return base.pow(exponent)
    return base.log().mul_(exponent).exp_()
