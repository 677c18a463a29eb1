"""A cathode ray tube: beams, phosphors, curved glass."""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from avatar_rtc.filters_schema.tube import Crt
from avatar_rtc.render.filters.planes import blur, luminance, premultiplied, sample, scale_of, straight

_TRIADS = 170
"""Groups of red, green and blue phosphors in the height of the picture."""


def crt(image: Tensor, params: Crt, t: float, seed: int) -> Tensor:
    """Glow, beams, phosphors, then the curve of the glass; light lost between beams is given back.

    A beam is darker towards its edges by scanline · (1 - Y / 2) · sin²(π · lines · y), so bright beams swell.
    The glass is looked up at x · (1 + curvature · y² / 2), y likewise; where it ends, it is transparent.
    """
    light = premultiplied(image)
    if params.glow > 0:
        sigma = 5 * scale_of(image)
        light = torch.lerp(light, blur(light, sigma, sigma), params.glow)
    h, w = light.shape[-2:]
    rgb = light[:3]
    if params.scanline > 0:
        gap = _gaps(h, params.lines, light.device, light.dtype) * params.scanline
        rgb = rgb * (1 - gap * (1 - luminance(rgb) / 2)) * (1 + gap.mean() * 0.75)
    if params.mask != "none" and params.mask_strength > 0:
        rgb = rgb * _phosphors(h, w, params.mask, params.mask_strength, light.device, light.dtype)
    light = torch.cat([torch.minimum(rgb.clamp(0, 1), light[3:]), light[3:]])
    if params.curvature > 0:
        y, x, inside = _glass(h, w, params.curvature, light.device, light.dtype)
        light = sample(light, y, x) * inside
    return straight(light)


@lru_cache(maxsize=4)
def _gaps(h: int, lines: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(1, H, 1): how far each row lies between beams, in [0, 1]: the mean of sin² over it. Read only."""
    lines = min(lines, h // 2)  # finer beams than rows would only beat with them
    edges = np.arange(h + 1) / h * lines + 0.25  # else two rows to a line would be equally bright
    integral = edges / 2 - np.sin(2 * np.pi * edges) / (4 * np.pi)
    gap = 1 - np.diff(integral) * h / lines
    return torch.tensor(gap, device=device, dtype=dtype)[None, :, None]


@lru_cache(maxsize=4)
def _phosphors(
    h: int, w: int, mask: str, strength: float, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """(3, H, W): what each colour's phosphors let through, with a mean of 1. Read only."""
    triads = min(_TRIADS, h // 3)
    x = (np.arange(w) + 0.5) / h * triads
    y = (np.arange(h) + 0.5) / h * triads / 2
    rows = []
    for colour in range(3):
        across = 0.5 + 0.5 * np.cos(2 * np.pi * (x - (colour + 0.5) / 3))
        across = np.broadcast_to(across, (h, w))
        if mask == "slot":  # every other triad is half a slot lower, and slots have gaps between them
            lower = 0.5 * (np.floor(x) % 2)
            across = across * (0.6 + 0.4 * np.cos(2 * np.pi * (y[:, None] + lower[None, :])))
        rows.append(1 - strength * (1 - across))
    lets = np.stack(rows)
    return torch.tensor(lets / lets.mean(), device=device, dtype=dtype)


@lru_cache(maxsize=4)
def _glass(h: int, w: int, curvature: float, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Where each pixel looks, in px, and how much of it is glass: y, x (H, W) and (1, H, W). Read only."""
    y = torch.linspace(-1 + 1 / h, 1 - 1 / h, h, device=device, dtype=dtype)[:, None]
    x = torch.linspace(-1 + 1 / w, 1 - 1 / w, w, device=device, dtype=dtype)[None, :]
    # Each axis bulges by the square of the other, as a sphere's does; edges touch in their middles.
    bent_y, bent_x = y * (1 + curvature * x * x / 2), x * (1 + curvature * y * y / 2)
    edge = 3 / math.sqrt(h * w)
    inside = ((1 - bent_y.abs()) / edge).clamp(0, 1) * ((1 - bent_x.abs()) / edge).clamp(0, 1)
    return ((bent_y + 1) * h - 1) / 2, ((bent_x + 1) * w - 1) / 2, inside[None]


FILTERS = {"crt": crt}
