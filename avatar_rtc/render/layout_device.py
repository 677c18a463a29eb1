"""The layouts of `layout.py` on a device: a few kernels each, and their bytes stay there."""

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from avatar_rtc.render import pixels
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.layout import YCBCR, padding, place


@cache
def plane_weights(device: torch.device) -> Tensor:
    """(4, 4, 1, 1): what luma, alpha as luma, U and V take of red, green, blue and alpha; kept.

    It is given to each of these, for a compiler would make it anew inside.
    """
    weights = torch.zeros(4, 4)
    weights[[0, 2, 3], :3] = YCBCR
    weights[1, 3] = 219
    return uploaded(weights[:, :, None, None], device)


@fused(kernels=3)
def alpha_planes(image: Tensor, weights: Tensor, premultiplied: bool) -> Tensor:
    """Colour over alpha: I420 (3 H, W), uint8; see `alpha_layout`."""
    above, left, right = padding(image.shape[-2:])
    image = pad(_premultiplied(image, premultiplied), (left, right, above, 0))
    h, w = image.shape[-2:]
    lumas = _byte((weights[:2] * image).sum(1), 16)
    chroma = _byte((weights[2:] * avg_pool2d(image, 2)).sum(1), 128)
    return _one_run([lumas, pad(chroma, (0, 0, 0, h // 2), value=128)]).view(3 * h, w)


@fused()
def rgba_pixels(image: Tensor, premultiplied: bool) -> Tensor:
    """The picture itself, (H, W, 4) with straight alpha, uint8; see `rgba_layout`."""
    if premultiplied:
        image = pixels.straight(image)
    levels = (image.float() * 255).round().clamp(0, 255)
    return (levels * (levels[3:] > 0)).permute(1, 2, 0).to(torch.uint8).contiguous()


@fused(kernels=2)
def matte_planes(image: Tensor, ground: Tensor, weights: Tensor, premultiplied: bool) -> Tensor:
    """I420 (3/2 height, width), uint8, of the picture on its ground (3, height, width); see `Matte`."""
    return _i420(_on_ground(image, ground, premultiplied), weights)


@fused(kernels=2)
def matte_scene(image: Tensor, ground: Tensor, premultiplied: bool) -> Tensor:
    """The same as an opaque picture (4, height, width), sRGB; see `Matte.scene`."""
    seen = _on_ground(image, ground, premultiplied)
    return torch.cat([seen, torch.ones_like(seen[:1])])


@fused(kernels=2)
def scene_planes(scene: Tensor, weights: Tensor, premultiplied: bool) -> Tensor:
    """I420 of a scene after its operations, on black where they made it transparent; see `Matte.whole`."""
    return _i420(_premultiplied(scene, premultiplied)[:3], weights)


def _on_ground(image: Tensor, ground: Tensor, premultiplied: bool) -> Tensor:
    """(3, height, width): what is seen of both."""
    height, width = ground.shape[-2:]
    size, row, column = place(image.shape[-2:], (height, width))
    image = _premultiplied(image, premultiplied)
    if size != image.shape[-2:]:
        image = interpolate(image[None], size=size, mode="bilinear", align_corners=False)[0]
    margins = (column, width - column - size[1], row, height - row - size[0])
    image = pad(image, margins)
    return image[:3] + ground * (1 - image[3:])


def _i420(rgb: Tensor, weights: Tensor) -> Tensor:
    height, width = rgb.shape[-2:]
    luma = _byte((weights[0, :3] * rgb).sum(0), 16)
    chroma = _byte((weights[2:, :3] * avg_pool2d(rgb, 2)).sum(1), 128)
    return _one_run([luma, chroma]).view(height * 3 // 2, width)


def _premultiplied(image: Tensor, already: bool) -> Tensor:
    image = image.float()
    return image if already else pixels.premultiplied(image)


def _byte(plane: Tensor, zero: float) -> Tensor:
    return (plane + (zero + 0.5)).clamp(0, 255).to(torch.uint8)


def _one_run(parts: list[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])
