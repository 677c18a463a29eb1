"""Enlarging by interpolation: OpenCV's on a CPU, the same kernels by torch on a device."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded

Interpolation = Literal["bilinear", "bicubic", "lanczos"]
_OF_OPENCV: Mapping[Interpolation, int] = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
_LOBES = 4
"""Of the Lanczos kernel, to each side, as OpenCV has it."""


def interpolated(planes: Tensor, height: int, width: int, kernel: Interpolation) -> Tensor:
    """Planes (C, H, W) at another size, (C, height, width), borders repeated; all but bilinear may ring.

    Bicubic is Keys' kernel with a = -0.75, as torch and OpenCV have it; Lanczos a sinc within a wider sinc.
    """
    way = _by_opencv if on_host(planes) else _by_torch
    return way(planes, height, width, kernel)


def _by_opencv(planes: Tensor, height: int, width: int, kernel: Interpolation) -> Tensor:
    rows = np.ascontiguousarray(planes.permute(1, 2, 0).numpy())
    found = cv2.resize(rows, (width, height), interpolation=_OF_OPENCV[kernel]).reshape(height, width, -1)
    return torch.from_numpy(found).permute(2, 0, 1).contiguous()


def _by_torch(planes: Tensor, height: int, width: int, kernel: Interpolation) -> Tensor:
    if kernel != "lanczos":
        return interpolate(planes[None], size=(height, width), mode=kernel, align_corners=False)[0]
    # They are nearly all 0, and still two products are quicker than eight gathers for each axis.
    rows = _weights(planes.shape[-2], height, planes.device, planes.dtype)
    columns = _weights(planes.shape[-1], width, planes.device, planes.dtype)
    return torch.bmm(rows.expand(len(planes), -1, -1), planes @ columns.T)


@lru_cache(maxsize=8)
def _weights(before: int, after: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(after, before): how much of each pixel there is in each new one, by Lanczos. Read only."""
    centre = (np.arange(after) + 0.5) * before / after - 0.5
    places = np.floor(centre).astype(int)[:, None] + np.arange(1 - _LOBES, 1 + _LOBES)
    distance = places - centre[:, None]
    weight = np.sinc(distance) * np.sinc(distance / _LOBES) * (np.abs(distance) < _LOBES)
    matrix = np.zeros((after, before))
    np.add.at(matrix, (np.arange(after)[:, None], places.clip(0, before - 1)), weight)
    return uploaded(matrix / matrix.sum(1, keepdims=True), device, dtype)
