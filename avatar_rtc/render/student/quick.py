"""Decoders as they are run: the numbers of `networks.py`, laid out so that one thread of a CPU is quick.

A transposed convolution of 4 x 4 that doubles a map is four convolutions of 2 x 2, one for each of the four
pixels that one becomes. They are done as one, on rows of pixels, which torch computes in a third of the time;
and its maps come as rows of pixels, as OpenCV takes them.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d, silu

from avatar_rtc.render.student.kernel import BodyKernel
from avatar_rtc.render.student.networks import (
    BodyDecoder,
    DoublingLevel,
    FaceDecoder,
    StudentDecoder,
    body_features,
)

PixelRows = NDArray[np.float32]
"""(H, W, n), rows of pixels."""
_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""(row, column) of the four pixels that one becomes."""


def quick_face(part: nn.Module) -> Callable[[Tensor], PixelRows]:
    """Morphs (N,) → maps (H, W, M) of a part of the face."""
    if isinstance(part, FaceDecoder):
        decode = _QuickDecoder(part.decoder)
        return lambda morphs: _rows(decode(morphs[None]))
    return lambda morphs: _rows(part(morphs[None]))


def quick_body(body: BodyDecoder | BodyKernel) -> Callable[[Tensor], tuple[PixelRows, PixelRows]]:
    """A pose (45,) → the bulk of the grid (h, w, 2) and maps (H, W, 7), as `BodyDecoder.raw` has them."""
    if isinstance(body, BodyDecoder):
        decode, size, inputs = _QuickDecoder(body.decoder), body.bulk_size, body.decoder.shape.inputs
        linear: Callable[[Tensor], Tensor] = body.bulk

        def both(pose: Tensor) -> tuple[PixelRows, PixelRows]:
            features = body_features(pose[None])[:, :inputs]
            bulk = linear(features).view(1, 2, *size)
            return _rows(bulk), _rows(decode(features))

        return both

    def raw(pose: Tensor) -> tuple[PixelRows, PixelRows]:
        bulk, maps = body.raw(pose[None])
        return _rows(bulk), _rows(maps)

    return raw


class _QuickDecoder:
    """Morphs (1, N) → maps (1, M, H, W), whose pixels lie in rows."""

    def __init__(self, decoder: StudentDecoder) -> None:
        self._inside, self._seed, self._shape = decoder.inside, decoder.seed, decoder.shape
        self._levels = [_QuickLevel(level) for level in decoder.levels if isinstance(level, DoublingLevel)]
        self._head = _four_in_one(decoder.head.weight)
        bias = decoder.head.bias
        assert bias is not None
        self._bias = bias.repeat(len(_CORNERS))

    def __call__(self, morphs: Tensor) -> Tensor:
        inside = self._inside(morphs)
        maps = silu(self._seed(inside).view(1, -1, self._shape.rows, self._shape.columns))
        for level in self._levels:
            maps = level(maps, inside)
        return _doubled(maps, self._head, self._bias)


class _QuickLevel:
    """A `DoublingLevel`; what the pose scales and shifts are the numbers of its convolution."""

    def __init__(self, level: DoublingLevel) -> None:
        self._weight, self._modulate = _four_in_one(level.up.weight), level.modulate
        assert level.up.bias is not None
        self._bias = level.up.bias
        rows, columns = (side // 2 for side in level.constant.shape[2:])
        self._constant = level.constant[0].permute(1, 2, 0).reshape(rows, 2, columns, 2, -1).contiguous()

    def __call__(self, maps: Tensor, inside: Tensor) -> Tensor:
        scale, shift = self._modulate(inside)[0].chunk(2)
        scale = scale + 1
        weight = self._weight * scale.repeat(len(_CORNERS))[:, None, None, None]
        bias = torch.addcmul(shift, self._bias, scale).repeat(len(_CORNERS))
        return silu(_doubled(maps, weight, bias, self._constant), inplace=True)


def _four_in_one(weight: Tensor) -> Tensor:
    """Of a transposed convolution (C, n, 4, 4), stride 2, padding 1: its weights (4 n, C, 2, 2)."""
    taps = [
        weight[:, :, [3 - row, 1 - row]][:, :, :, [3 - column, 1 - column]].transpose(0, 1)
        for row, column in _CORNERS
    ]
    return torch.cat(taps).contiguous(memory_format=torch.channels_last)


def _doubled(maps: Tensor, weight: Tensor, bias: Tensor, constant: Tensor | None = None) -> Tensor:
    """(1, n, 2 h, 2 w) of maps (1, C, h, w), plus a constant (h, 2, w, 2, n)."""
    height, width = maps.shape[2:]
    maps = maps.contiguous(memory_format=torch.channels_last)
    corners = conv2d(maps, weight, bias, padding=1)[0].permute(1, 2, 0)
    corners = corners.view(*corners.shape[:2], len(_CORNERS), -1)
    out = corners.new_empty(height, 2, width, 2, corners.shape[-1])
    for number, (row, column) in enumerate(_CORNERS):
        corner = corners[row : row + height, column : column + width, number]
        if constant is None:
            out[:, row, :, column] = corner
        else:
            torch.add(corner, constant[:, row, :, column], out=out[:, row, :, column])
    doubled: Tensor = out.view(1, 2 * height, 2 * width, -1)
    return doubled.permute(0, 3, 1, 2)


def _rows(maps: Tensor) -> PixelRows:
    """Maps (1, n, H, W) as rows of pixels."""
    rows: PixelRows = np.ascontiguousarray(maps[0].permute(1, 2, 0).numpy())
    return rows
