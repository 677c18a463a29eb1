"""The predecessor's default chain, operation by operation in plain torch: what ours is timed against.

Honest, neither slow on purpose nor tuned: separable convolutions of 21 taps, `grid_sample`, one new tensor
per step. Formulas as in `render/filters`, with kernels cut at 21 taps.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, grid_sample, pad

_LUMA = (0.2126, 0.7152, 0.0722)


def default_chain(image: Tensor, t: float) -> Tensor:
    """bloom, chromatic aberration, vignetting, translucency, banding and scanlines of (4, H, W), linear."""
    image = bloom(image, 0.56, 0.842, 7.0)
    image = chromatic_aberration(image, 0.005, 1.0)
    image = vignetting(image, 0.42)
    image = torch.cat([image[:3], image[3:] * 0.9])
    image = banding(image, t, 0.4, 2.0, 16.0)
    return scanlines(image, t, 0.1)


def blur(planes: Tensor, sigma: float) -> Tensor:
    """Two passes of at most 21 taps."""
    taps = min(21, max(3, 2 * math.ceil(2 * sigma) + 1))
    reach = taps // 2
    at = torch.arange(-reach, reach + 1, dtype=torch.float32, device=planes.device)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = kernel / kernel.sum()
    count = planes.shape[0]
    padded = pad(planes[None], (reach, reach, 0, 0), "replicate")
    rows = conv2d(padded, kernel.view(1, 1, 1, -1).expand(count, -1, -1, -1), groups=count)
    padded = pad(rows, (0, 0, reach, reach), "replicate")
    return conv2d(padded, kernel.view(1, 1, -1, 1).expand(count, -1, -1, -1), groups=count)[0]


def luminance(rgb: Tensor) -> Tensor:
    """(1, H, W)."""
    return (_LUMA[0] * rgb[0] + _LUMA[1] * rgb[1] + _LUMA[2] * rgb[2])[None]


def bloom(image: Tensor, threshold: float, exposure: float, sigma: float) -> Tensor:
    """What is bright enough, blurred and added; then the curve."""
    bright = torch.where(luminance(image[:3]) >= threshold, image, torch.zeros_like(image))
    image = image + blur(bright, sigma)
    rgb = 1 - torch.exp(-exposure * image[:3])
    return torch.clamp(torch.cat([rgb, image[3:]]), 0, 1)


def chromatic_aberration(image: Tensor, scale: float, sigma: float) -> Tensor:
    """Red and blue warped and blurred, alpha the mean."""
    h, w = image.shape[-2:]
    y = (torch.arange(h, device=image.device) * 2 + 1) / h - 1
    x = (torch.arange(w, device=image.device) * 2 + 1) / w - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]

    def warped(planes: Tensor, factor: float) -> Tensor:
        return grid_sample(planes[None], grid * factor, "bilinear", "border", align_corners=False)[0]

    red = blur(warped(image[:1], 1 + scale), sigma)
    blue = blur(warped(image[2:3], 1 - scale), sigma)
    outer = blur(warped(image[3:], 1 + scale), sigma)
    inner = blur(warped(image[3:], 1 - scale), sigma)
    return torch.cat([red, image[1:2], blue, (outer + image[3:] + inner) / 3])


def vignetting(image: Tensor, strength: float) -> Tensor:
    """Darker towards the corners."""
    h, w = image.shape[-2:]
    y = ((torch.arange(h, device=image.device) * 2 + 1) / h - 1)[:, None]
    x = ((torch.arange(w, device=image.device) * 2 + 1) / w - 1)[None, :]
    d = torch.sqrt(x**2 + y**2) / math.sqrt(2)
    return torch.cat([image[:3] * torch.cos(strength * math.pi * d) ** 2, image[3:]])


def banding(image: Tensor, t: float, strength: float, density: float, speed: float) -> Tensor:
    """Bright bands that roll."""
    h = image.shape[-2]
    y = (torch.arange(h, device=image.device) + 0.5) / h * math.pi
    c = 1 - math.fmod(25 * t * speed / 512, 1.0)
    factor = 1 + strength * torch.sin(density * y + math.pi * c) ** 2
    return torch.cat([torch.clamp(image[:3] * factor[:, None], 0, 1), image[3:]])


def scanlines(image: Tensor, t: float, strength: float) -> Tensor:
    """Two rows of every four are darker, in luminance."""
    field = int(25 * t) % 2
    yuv = torch.stack(
        [
            luminance(image[:3])[0],
            (image[2] - luminance(image[:3])[0]) / 1.8556,
            (image[0] - luminance(image[:3])[0]) / 1.5748,
        ]
    )
    dark = torch.ones(image.shape[-2], device=image.device)
    for row in (0, 1):
        dark[2 * field + row :: 4] = 1 - strength
    y, u, v = yuv[0] * dark[:, None], yuv[1], yuv[2]
    r, b = y + 1.5748 * v, y + 1.8556 * u
    g = (y - _LUMA[0] * r - _LUMA[2] * b) / _LUMA[1]
    return torch.cat([torch.clamp(torch.stack([r, g, b]), 0, 1), image[3:]])
