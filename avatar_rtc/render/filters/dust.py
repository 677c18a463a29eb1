"""Dust in the light: motes that drift, as few numbers each."""

import math
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.filters_schema.scene import MAX_MOTES, AtmosphericDust
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.chance import draws
from avatar_rtc.render.filters.planes import Plane, colour_planes
from avatar_rtc.render.pixels import divisor

Blurred = TypeVar("Blurred", float, NDArray[np.float64])
_CROSSING_S = 40.0
"""Seconds in which a mote of speed 1 crosses the picture."""
_MARGIN = 0.1
"""How far beyond the edges motes drift, heights of the picture: more than the largest radius."""
_FINEST_MOTE = 1.5
"""Radius, px, that a mote is drawn with at least."""


def atmospheric_dust(image: Tensor, params: AtmosphericDust, t: float, seed: int) -> Tensor:
    """p + s · light · (1 - p) on premultiplied colour p and on alpha, so motes show beside the figure, too.

    s is what the motes shine at a pixel, times 1 - alpha for those behind the figure. A mote of depth z in
    [-1, 1] drifts along a line with a slow sway, faster when near; out of focus, by |z|, it is larger,
    flatter and fainter. Those with z < 0 are behind the figure.
    """
    h, w = image.shape[-2:]
    motes = _motes(params, t, seed, h, w)
    if on_host(image):
        return _lit_in_part(image, _shine(motes, h, w), params.colour)
    side = 2 * math.ceil(max(_FINEST_MOTE, params.size * _softness(params.depth) * h / 512)) + 2
    colour = colour_planes(params.colour, image.device, image.dtype)
    return _lit(image, _shine_on_card(uploaded(motes.astype(np.float32), image.device), side, h, w), colour)


def _lit_in_part(image: Tensor, shine: Plane, colour: Colour) -> Tensor:
    """Motes cover little of the picture: work on that little."""
    shine = shine.reshape(2, -1)
    lit = np.flatnonzero(shine.any(axis=0))
    index = torch.from_numpy(lit)
    near, far = torch.from_numpy(np.minimum(shine[:, lit], 1)).to(image)
    pixels = image.flatten(1).clone()
    pixels[:, index] = _lit_pixels(
        pixels[:, index], near, far, torch.tensor(colour, dtype=image.dtype)[:, None]
    )
    return pixels.view_as(image)


@fused(kernels=2)
def _lit(image: Tensor, shine: Tensor, colour: Tensor) -> Tensor:
    near, far = shine.to(image.dtype).clamp_(max=1)
    return torch.where(near + far > 0, _lit_pixels(image, near, far, colour), image)


def _lit_pixels(before: Tensor, near: Tensor, far: Tensor, light: Tensor) -> Tensor:
    """Pixels (4, …) in the light of motes before and behind the figure."""
    alpha = before[3]
    far = far * (1 - alpha)
    s = near + far - near * far
    after = alpha + s * (1 - alpha)
    rgb = before[:3] * alpha
    rgb = (rgb + s * light * (1 - rgb)) / divisor(after)
    return torch.cat([rgb.clamp_(0, 1), after[None]])


def _motes(params: AtmosphericDust, t: float, seed: int, h: int, w: int) -> NDArray[np.float64]:
    """(6, n): y and x in px from the corner, radius in px, light, flatness, and 1 if behind the figure."""
    chance = draws(seed, 0.0, 11).random((MAX_MOTES, 8))[: params.count].T
    depth = chance[0] * 2 - 1
    angle = (chance[1] - 0.5) * 1.6 - 0.67
    speed = params.speed * (1.1 + depth / 2) / _CROSSING_S
    turns = t * params.speed * (chance[3] + 0.5) / 10 + chance[4]
    sway = (0.005 + 0.015 * chance[2]) * np.sin(2 * np.pi * turns)
    # Lengths in heights of the picture. What leaves on one side comes back on the other, both out of sight.
    y = (chance[5] * (1 + 2 * _MARGIN) + t * speed * np.sin(angle)) % (1 + 2 * _MARGIN) - _MARGIN
    wide = w / h + 2 * _MARGIN
    x = (chance[6] * wide + t * speed * np.cos(angle) + sway) % wide - _MARGIN
    blurred = params.depth * np.abs(depth)
    soft = _softness(blurred)
    shine = params.brightness * (0.4 + 0.6 * chance[7]) / soft
    return np.stack([y * h, x * h, params.size * soft * h / 512, shine, blurred, depth < 0])


def _softness(blurred: Blurred) -> Blurred:
    """How many times as large a mote is out of focus."""
    return 1 + 5 * blurred


def _shine(motes: NDArray[np.float64], h: int, w: int) -> Plane:
    """(2, h, w): the light of the motes before and behind the figure, 0 or more."""
    planes = np.zeros((2, h, w), np.float32)
    for y, x, radius, shine, flat, behind in motes.T:
        _add_disc(planes[int(behind)], y, x, radius, shine, flat)
    return planes


def _add_disc(plane: Plane, y: float, x: float, radius: float, shine: float, flat: float) -> None:
    """Adds shine · min(1, (1 + 2 flat) · (1 - r² / radius²)) around a place in px from the corner."""
    h, w = plane.shape
    drawn = max(radius, _FINEST_MOTE)  # a smaller one would flicker on its way from px to px
    rows = slice(max(0, math.floor(y - drawn)), min(h, math.ceil(y + drawn)))
    columns = slice(max(0, math.floor(x - drawn)), min(w, math.ceil(x + drawn)))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    down = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5 - y) / drawn
    right = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - x) / drawn
    disc = (1 + 2 * flat) * (1 - (down * down)[:, None] - right * right)
    plane[rows, columns] += np.clip(disc, 0, 1) * (shine * (radius / drawn) ** 2)


@fused(kernels=2)
def _shine_on_card(motes: Tensor, side: int, h: int, w: int) -> Tensor:
    """See `_shine`; each mote is drawn into a square of so many px, whose pixels are then added up."""
    y, x, radius, shine, flat, behind = motes[:, :, None, None]
    drawn = radius.clamp(min=_FINEST_MOTE)
    place = torch.arange(side, device=motes.device, dtype=torch.float32)
    row, column = (y - drawn).floor() + place[:, None], (x - drawn).floor() + place[None, :]
    down, right = (row + 0.5 - y) / drawn, (column + 0.5 - x) / drawn
    disc = (1 + 2 * flat) * (1 - down.square() - right.square())
    light = disc.clamp(0, 1) * (shine * (radius / drawn).square())
    light = light * ((row >= 0) & (row < h) & (column >= 0) & (column < w))
    index = (behind.long() * h + row.long().clamp(0, h - 1)) * w + column.long().clamp(0, w - 1)
    planes = torch.zeros(2 * h * w, device=motes.device)
    return planes.index_add_(0, index.flatten(), light.flatten()).view(2, h, w)
