"""Gaussian blurs, and pictures made smaller and larger again.

On the host they are OpenCV's, since torch takes five times as long there (Gaussian of 21 taps on
4 x 512 x 512: 5.9 ms against 27); on a card they are torch's. Both give the same to 1e-4. Edges repeat the
outermost pixel.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.planes import Plane, each_plane
from avatar_rtc.render.filters.tables import kept

_COARSE = 5.0
"""From this sigma on, in px, a blur works on a smaller picture: it has nothing fine to lose."""


def blur(planes: Tensor, sigma_y: float, sigma_x: float) -> Tensor:
    """Gaussian blur with sigmas in px, kernel cut at 3 sigma; a sigma of 0 leaves that axis alone.

    Args:
        planes: (C, H, W), C any; premultiplied if they are a picture with alpha.
    """
    if max(sigma_y, sigma_x) < 0.1:
        return planes
    steps = [_coarseness(sigma) for sigma in (sigma_y, sigma_x)]
    if max(steps) == 1:
        return _blur(planes, sigma_y, sigma_x)
    h, w = planes.shape[-2:]
    small = shrunk(planes, *steps)
    # Shrinking by n is a box of n px, enlarging again a triangle: variances (n² - 1) / 12 and (n² - 1) / 6.
    rest = [
        math.sqrt(max(0.0, sigma**2 - (n * n - 1) / 4)) / n
        for sigma, n in zip((sigma_y, sigma_x), steps, strict=True)
    ]
    return enlarged(_blur(small, *rest), h, w)


def _coarseness(sigma: float) -> int:
    return 1 if sigma < _COARSE else 2 ** int(math.log2(sigma / _COARSE * 2))


def shrunk(planes: Tensor, step_y: int, step_x: int) -> Tensor:
    """One px of so many, by area; (C, ⌈H / step_y⌉, ⌈W / step_x⌉)."""
    h, w = planes.shape[-2:]
    size = -(-h // step_y), -(-w // step_x)
    if on_host(planes) and h % step_y == 0 and w % step_x == 0:
        return each_plane(
            planes, size, lambda p, out: cv2.resize(p, size[::-1], out, interpolation=cv2.INTER_AREA)
        )
    return interpolate(planes[None], size=size, mode="area")[0]


def enlarged(planes: Tensor, h: int, w: int) -> Tensor:
    """At another size, bilinear; (C, h, w)."""
    if on_host(planes):
        return each_plane(
            planes, (h, w), lambda p, out: cv2.resize(p, (w, h), out, interpolation=cv2.INTER_LINEAR)
        )
    return interpolate(planes[None], size=(h, w), mode="bilinear", align_corners=False)[0]


def spread_nearest(planes: Tensor, h: int, w: int) -> Tensor:
    """At another size, each px the nearest; (C, h, w). The same planes if they are as large already."""
    if planes.shape[-2:] == (h, w):
        return planes
    return interpolate(planes[None], size=(h, w), mode="nearest")[0]


def as_blocks(planes: Tensor, high: int, wide: int, h: int, w: int) -> Tensor:
    """Each px as a block of high x wide px, from the upper left on, cut to (C, h, w)."""
    count, rows, columns = planes.shape
    blocks = planes[:, :, None, :, None].expand(-1, -1, high, -1, wide)
    return blocks.reshape(count, rows * high, columns * wide)[:, :h, :w]


def _blur(planes: Tensor, sigma_y: float, sigma_x: float) -> Tensor:
    ky, kx = gaussian(sigma_y), gaussian(sigma_x)
    if on_host(planes):
        size = planes.shape[-2], planes.shape[-1]
        return each_plane(
            planes, size, lambda p, out: cv2.sepFilter2D(p, -1, kx, ky, out, borderType=cv2.BORDER_REPLICATE)
        )
    down, right = len(ky) // 2, len(kx) // 2
    padded, count = pad(planes[None], (right, right, down, down), "replicate"), len(planes)
    if down:
        padded = conv2d(padded, _taps(sigma_y, "down", count, planes.device, planes.dtype), groups=count)
    if right:
        padded = conv2d(padded, _taps(sigma_x, "right", count, planes.device, planes.dtype), groups=count)
    return padded[0]


@lru_cache(maxsize=64)
def gaussian(sigma: float) -> Plane:
    """Taps of a Gaussian of that sigma in px, float32, cut at 3 sigma, with sum 1; one tap for 0.

    >>> gaussian(0.0).tolist()
    [1.0]
    """
    reach = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    kernel: Plane = (taps / taps.sum()).astype(np.float32)
    return kernel


@kept(shared=64)
def _taps(sigma: float, axis: str, count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(C, 1, n, 1) or (C, 1, 1, n): the taps for each of so many planes. Read only."""
    shape = (1, 1, -1, 1) if axis == "down" else (1, 1, 1, -1)
    return uploaded(gaussian(sigma), device, dtype).view(shape).repeat(count, 1, 1, 1)
