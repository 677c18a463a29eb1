"""The arithmetic that filters share: luminance, chroma, places in the picture. Pictures are (C, H, W), on any
device.

Lengths are in px of the picture at hand; `scale_of` tells how many there are to one of a picture 512 px high.
On a card what is elementwise is `fused`. Fused functions are given their tables, and nothing in them is
decided by a float: there it is a tensor without dimensions.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.tables import kept

Plane = NDArray[np.float32]
LUMA = (0.2126, 0.7152, 0.0722)
"""Of linear red, green, blue: relative luminance (ITU-R BT.709-6, 3.2)."""
_U, _V = 1.8556, 1.5748
"""What B - Y and R - Y are divided by, so that chroma lies in [-0.5, 0.5] (BT.709-6, 3.2)."""


def scale_of(image: Tensor) -> float:
    """How many px of this picture make one of a picture 512 px high."""
    return image.shape[-2] / 512


@lru_cache(maxsize=32)
def centres(count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Centres of `count` pixels on the axis from -1 to 1: (2 i + 1) / count - 1. Read only."""
    return (torch.arange(count, device=device, dtype=dtype) * 2 + 1) / count - 1


@kept(shared=32)
def colour_planes(colour: Colour, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A colour as (3, 1, 1), to multiply planes by. Read only."""
    return uploaded(np.array(colour)[:, None, None], device, dtype)


def blended(first: Tensor, second: Tensor, share: float) -> Tensor:
    """(1 - s) · first + s · second."""
    return torch.lerp(first, second, share) if on_host(first) else first + share * (second - first)


@fused()
def luminance(rgb: Tensor) -> Tensor:
    """Relative luminance (1, H, W) of linear RGB (3, H, W)."""
    return (rgb[0] * LUMA[0]).add_(rgb[1], alpha=LUMA[1]).add_(rgb[2], alpha=LUMA[2])[None]


@fused()
def with_luminance(rgb: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """The same chroma with another luminance, clamped: in YUV all three colours move by its change."""
    return (rgb + (after - before)).clamp_(0, 1)


@fused()
def to_yuv(rgb: Tensor) -> Tensor:
    """Y in [0, 1], U and V in [-0.5, 0.5], (3, H, W), of linear RGB (3, H, W)."""
    y = luminance(rgb)
    return torch.cat([y, (rgb[2:] - y) / _U, (rgb[:1] - y) / _V])


@fused()
def from_yuv(yuv: Tensor) -> Tensor:
    """Linear RGB (3, H, W), clamped to [0, 1]."""
    return from_planes(*yuv)


@fused()
def from_planes(y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Linear RGB (3, H, W), clamped to [0, 1], of three planes (H, W)."""
    r, b = y + _V * v, y + _U * u
    return torch.stack([r, (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1], b]).clamp_(0, 1)


def each_plane(planes: Tensor, size: tuple[int, int], change: Callable[[Plane, Plane], object]) -> Tensor:
    """What `change` writes of each plane into a new one of that size; on the host."""
    out = torch.empty(len(planes), *size, dtype=torch.float32)
    for before, after in zip(planes.contiguous().float(), out, strict=True):
        change(before.numpy(), after.numpy())
    return out
