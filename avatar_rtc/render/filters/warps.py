"""The picture looked up at other places, bilinear: by OpenCV on the host, by torch on a card.

Both give the same to 1e-4. Edges repeat the outermost pixel.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.filters.planes import each_plane


def sample(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """The picture (C, H, W) looked up at places in px, bilinear; (C, h, w).

    Args:
        y, x: where to look for each pixel, (h, w) or what broadcasts to it; 0 is the first pixel's centre.
    """
    if on_host(image):
        shape = torch.broadcast_shapes(y.shape, x.shape)  # type: ignore[no-untyped-call]
        y, x = y.expand(shape), x.expand(shape)
        rows = image.permute(1, 2, 0).contiguous().numpy()
        found = cv2.remap(
            rows, x.float().contiguous().numpy(), y.float().contiguous().numpy(), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return torch.from_numpy(found.reshape(*y.shape, -1)).permute(2, 0, 1).contiguous()
    h, w = image.shape[-2:]
    return _sample_on_card(image, y.mul(2 / h).add_(1 / h - 1), x.mul(2 / w).add_(1 / w - 1))


def shifted(image: Tensor, shift_y: Tensor | float, shift_x: Tensor | float) -> Tensor:
    """Each pixel looked up so many px further down and right, bilinear; shifts broadcast to (H, W)."""
    h, w = image.shape[-2:]
    y = torch.arange(h, device=image.device, dtype=image.dtype)[:, None] + shift_y
    x = torch.arange(w, device=image.device, dtype=image.dtype)[None, :] + shift_x
    return sample(image, y, x)


def magnified(image: Tensor, factor: float, centre_y: float = 0.0, centre_x: float = 0.0) -> Tensor:
    """The picture grown by a factor about a point in [-1, 1]²: looked up at c + (p - c) / factor."""
    h, w = image.shape[-2:]
    y, x = ((centre + 1) * side / 2 - 0.5 for centre, side in ((centre_y, h), (centre_x, w)))
    return _placed(image, 1 / factor, y - y / factor, x - x / factor)


def moved(image: Tensor, down: float, right: float) -> Tensor:
    """The picture moved by px, bilinear."""
    return _placed(image, 1.0, -down, -right)


def _placed(image: Tensor, scale: float, y: float, x: float) -> Tensor:
    """Looked up at p · scale + (y, x), in px."""
    h, w = image.shape[-2:]
    if on_host(image):
        matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
        flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
        return each_plane(
            image, (h, w), lambda p, out: cv2.warpAffine(p, matrix, (w, h), out, flags, borderMode=border)
        )
    return _sample_on_card(image, _axis(image, h, scale, y)[:, None], _axis(image, w, scale, x)[None, :])


def _axis(image: Tensor, count: int, scale: float, start: float) -> Tensor:
    """i · scale + start, in px, for each of `count` px, on the axis from -1 to 1."""
    places = torch.arange(count, device=image.device, dtype=image.dtype)
    return places * (2 / count * scale) + ((2 * start + 1) / count - 1)


def _sample_on_card(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """See `sample`; places on axes from -1 to 1."""
    shape = torch.broadcast_shapes(y.shape, x.shape)  # type: ignore[no-untyped-call]
    grid = torch.stack([x.expand(shape), y.expand(shape)], dim=-1).to(image.dtype)
    return grid_sample(image[None], grid[None], "bilinear", "border", align_corners=False)[0]
