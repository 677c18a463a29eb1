"""A cathode ray tube: beams, phosphors, curved glass."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.curves import hermite
from avatar_rtc.filters_schema.tube import Crt
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import blur
from avatar_rtc.render.filters.planes import blended, scale_of
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.filters.warps import sample
from avatar_rtc.render.pixels import premultiplied, straight

_TRIAD, _SLOT = 3 / 512, 6 / 512
"""Width of a group of red, green and blue phosphors and height of a slot, heights of the picture."""
_SLOTTED = 0.6
"""How dark it is between slots, of how dark it is between phosphors."""
_SWELL = 0.65
"""How much of its relief a beam loses at full brightness, where it is so wide that it meets the next."""
_SCATTERED, _SCATTER_SIGMA = 0.5, 8.0
"""Share of the light that a glow of 1 scatters, and how far, px of a 512 px picture."""
_RIM, _ROUND = 50.0, 0.5
"""Of a curvature of 1: width of the dark edge, px of a 512 px picture; radius of corners, half heights."""


Map = NDArray[Any]
"""float32: a new setting's maps are ready in a third of the time that float64 takes."""


def crt(image: Tensor, params: Crt, t: float, seed: int) -> Tensor:
    """Glow, the curve of the glass, then beams and phosphors on it: v · (1 + M · (1 - 0.65 v)), clamped.

    M is a pattern of mean 0, so the mean brightness stays until peaks are cut off; bright colours show less
    of it: there beams are wide. Towards the edge of the glass it gets dark, and beyond, transparent.
    """
    h, w = image.shape[-2:]
    curvature, place = params.curvature, (image.device, image.dtype)
    strength = 0.0 if params.mask == "none" else params.mask_strength
    pattern = edge = None
    if params.scanline > 0 or strength > 0:
        pattern = _pattern(h, w, curvature, params.scanline, params.lines, params.mask, strength, *place)
    if curvature > 0:
        edge = _edge(h, w, curvature, *place)
    if params.glow == curvature == 0:
        return _on_glass(image, pattern, edge)
    light = premultiplied(image)
    if params.glow > 0:
        sigma = _SCATTER_SIGMA * scale_of(image)
        light = _scattered(light, blur(light, sigma, sigma), params.glow * _SCATTERED)
    if edge is None:
        return _on_glass(straight(light), pattern, edge)
    return _on_curved_glass(light, *_looked_up(h, w, curvature, *place), pattern, edge)


@fused()
def _scattered(light: Tensor, blurred: Tensor, share: float) -> Tensor:
    return blended(light, blurred, share)


@fused(kernels=3)
def _on_curved_glass(light: Tensor, y: Tensor, x: Tensor, pattern: Tensor | None, edge: Tensor) -> Tensor:
    """The same of a premultiplied picture, whose pixels are looked up at (y, x)."""
    return _on_glass(straight(sample(light, y, x)), pattern, edge)


@fused()
def _on_glass(image: Tensor, pattern: Tensor | None, edge: Tensor | None) -> Tensor:
    """The picture under beams and phosphors, (3, H, W), and the edge of the glass, (4, H, W)."""
    if pattern is not None:
        rgb = image[:3]
        relief = (rgb * -_SWELL).add_(1).mul_(rgb).mul_(pattern)
        image = torch.cat([relief.add_(rgb).clamp_(0, 1), image[3:]])
    return image if edge is None else image * edge


class Glass(NamedTuple):
    """For each pixel, what it shows of the screen; y and x of (H, 1) and (1, W), or (H, W) if curved."""

    y: Map
    x: Map
    """In half heights and half widths, from the middle."""
    stretch_y: Map
    stretch_x: Map
    """Screen per picture: above 1 where the glass bends away."""


def _glass(h: int, w: int, curvature: float) -> Glass:
    """Each axis bulges by the square of the other, as a sphere's does; edges touch in their middles."""
    y = ((np.arange(h) * 2 + 1) / h - 1).astype(np.float32)[:, None]
    x = ((np.arange(w) * 2 + 1) / w - 1).astype(np.float32)[None, :]
    stretch_y, stretch_x = 1 + curvature * x * x / 2, 1 + curvature * y * y / 2
    return Glass(y * stretch_y, x * stretch_x, stretch_y, stretch_x)


@kept(shared=4)
def _looked_up(
    h: int, w: int, curvature: float, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """y and x (H, W), px, of the flat picture that each pixel shows. Read only."""
    glass = _glass(h, w, curvature)
    y, x = ((glass.y + 1) * h - 1) / 2, ((glass.x + 1) * w - 1) / 2
    return uploaded(y, device, dtype), uploaded(x, device, dtype)


@kept(shared=4)
def _edge(h: int, w: int, curvature: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(4, H, W): how bright the glass is near its edge, and how much of each pixel is glass. Read only."""
    glass = _glass(h, w, curvature)
    radius = _ROUND * curvature * h / 2
    # Px to the edge of a rectangle with round corners, positive inside; beyond: their centres.
    beyond_y, beyond_x = (
        np.abs(glass.y) * h / 2 - (h / 2 - radius),
        np.abs(glass.x) * w / 2 - (w / 2 - radius),
    )
    corner = np.hypot(np.maximum(beyond_y, 0), np.maximum(beyond_x, 0))
    inside = radius - corner - np.minimum(np.maximum(beyond_y, beyond_x), 0)
    ramp = np.clip(inside / (_RIM * curvature * h / 512), 0, 1)
    bright = hermite(ramp)
    planes = np.stack([bright, bright, bright, np.clip(inside + 0.5, 0, 1)])
    return uploaded(planes, device, dtype)


@kept(shared=4)
def _pattern(
    h: int, w: int, curvature: float, scanline: float, lines: int, mask: str, strength: float,
    device: torch.device, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """(3, H, W): how much brighter than the mean a spot of each colour is. Read only."""
    glass = _glass(h, w, curvature)
    y, x = (glass.y + 1) / 2, glass.x * w / h / 2  # heights; x from the middle
    beams = 1 - scanline * _wave(lines * y, lines / h * glass.stretch_y)
    triads, slots = x / _TRIAD, y / _SLOT
    across, down = glass.stretch_x / _TRIAD / h, glass.stretch_y / _SLOT / h
    planes = []
    for colour in range(3):
        turns = triads - (colour + 0.5) / 3
        lit = beams * (1 + strength * _wave(turns, across))
        if mask == "slot":  # half a turn per triad: every other column of slots stands half a slot lower
            bricks = _wave(turns / 2, across / 2) * _wave(slots, down)
            lit = lit * (1 + strength * _SLOTTED * bricks)
        planes.append(lit - 1)
    return uploaded(np.stack(planes), device, dtype)


def _wave(turns: Map, per_px: Map) -> Map:
    """cos(2π · turns) as pixels show it that see so many turns each.

    The mean over a pixel is sinc(per_px) of it. From 1/3 to 1/2 it fades out: waves of two pixels to a turn
    or a little more beat with the pixels, and finer ones pass for coarser.
    """
    fade = np.clip((1 / 2 - per_px) / (1 / 2 - 1 / 3), 0, 1)
    shown: Map = np.cos(2 * np.pi * turns) * np.sinc(per_px) * fade
    return shown


FILTERS = {"crt": crt}
