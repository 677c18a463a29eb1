"""Operations on the scene, before any camera: light, shadow, dust, where one looks."""

import math
from typing import Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.filters_schema.scene import MAX_MOTES, AtmosphericDust, DropShadow, Outline, RimLight, Zoom
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.planes import (
    Plane,
    blur,
    draws,
    magnified,
    moved,
    scale_of,
)
from avatar_rtc.render.pixels import divisor, premultiplied, straight
from avatar_rtc.render.upscale.enlarge import enlarge

_CROSSING_S = 40.0
"""Seconds in which a mote of speed 1 crosses the picture."""
_MARGIN = 0.1
"""How far beyond the edges motes drift, heights of the picture: more than the largest radius."""
_STEP = 5
"""Radius, px, of the discs that a silhouette grows by; of the small ones the roundest."""


def zoom(image: Tensor, params: Zoom, t: float, seed: int) -> Tensor:
    """Looked up at c + (p - c) / factor, bilinear; or, to 1 px, in what the network of `upscale` makes."""
    factor = params.factor
    if params.quality == "low":
        return straight(magnified(premultiplied(image), factor, params.center_y, params.center_x))
    rows, columns = (
        _window(centre, factor, side)
        for centre, side in zip((params.center_y, params.center_x), image.shape[-2:], strict=True)
    )
    window = converted(image[:, rows.seen, columns.seen], "linear", "srgb-premultiplied")
    quality: Literal["low", "high"] = "high" if params.quality == "ultra" else "low"
    large = enlarge(window, rows.size, columns.size, "anime", quality)
    return converted(large[:, rows.kept, columns.kept], "srgb-premultiplied", "linear")


class _Window(NamedTuple):
    """One axis of what is looked at, with a margin, so that the network also knows what lies beside it."""

    seen: slice
    size: int
    """Of what is seen when enlarged, px."""
    kept: slice
    """Of what is enlarged, as many px as the picture has."""


def _window(centre: float, factor: float, side: int) -> _Window:
    start = (centre + 1) / 2 * side * (1 - 1 / factor)
    seen = slice(max(0, math.floor(start) - 4), min(side, math.ceil(start + side / factor) + 4))
    size = round((seen.stop - seen.start) * factor)
    first = min(round((start - seen.start) * factor), size - side)
    return _Window(seen, size, slice(first, first + side))


def atmospheric_dust(image: Tensor, params: AtmosphericDust, t: float, seed: int) -> Tensor:
    """p + s · light · (1 - p) on premultiplied colour p and on alpha, so motes show beside the figure, too.

    s is what the motes shine at a pixel, times 1 - alpha for those behind the figure. A mote of depth z in
    [-1, 1] drifts along a line with a slow sway, faster when near; out of focus, by |z|, it is larger,
    flatter and fainter. Those with z < 0 are behind the figure.
    """
    shine = _shine(params, t, seed, *image.shape[-2:]).reshape(2, -1)
    lit = np.flatnonzero(shine.any(axis=0))  # motes cover little of the picture: work on that little
    index = torch.from_numpy(lit).to(image.device)
    near, far = torch.from_numpy(np.minimum(shine[:, lit], 1)).to(image)
    pixels = image.flatten(1).clone()
    before = pixels[:, index]
    alpha = before[3]
    far = far * (1 - alpha)
    s = near + far - near * far
    after = alpha + s * (1 - alpha)
    light = torch.tensor(params.colour, device=image.device, dtype=image.dtype)[:, None]
    rgb = before[:3] * alpha
    rgb = (rgb + s * light * (1 - rgb)) / divisor(after)
    pixels[:, index] = torch.cat([rgb.clamp_(0, 1), after[None]])
    return pixels.view_as(image)


def _shine(params: AtmosphericDust, t: float, seed: int, h: int, w: int) -> Plane:
    """(2, h, w): the light of the motes before and behind the figure, 0 or more."""
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
    soft = 1 + 5 * blurred
    shine = params.brightness * (0.4 + 0.6 * chance[7]) / soft
    planes = np.zeros((2, h, w), np.float32)
    for k in range(params.count):
        radius = params.size * soft[k] * h / 512
        _add_disc(planes[int(depth[k] < 0)], y[k] * h, x[k] * h, radius, shine[k], blurred[k])
    return planes


def _add_disc(plane: Plane, y: float, x: float, radius: float, shine: float, flat: float) -> None:
    """Adds shine · min(1, (1 + 2 flat) · (1 - r² / radius²)) around a place in px from the corner."""
    h, w = plane.shape
    drawn = max(radius, 1.5)  # a smaller one would flicker on its way from px to px
    rows = slice(max(0, math.floor(y - drawn)), min(h, math.ceil(y + drawn)))
    columns = slice(max(0, math.floor(x - drawn)), min(w, math.ceil(x + drawn)))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    down = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5 - y) / drawn
    right = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - x) / drawn
    disc = (1 + 2 * flat) * (1 - (down * down)[:, None] - right * right)
    plane[rows, columns] += np.clip(disc, 0, 1) * (shine * (radius / drawn) ** 2)


def outline(image: Tensor, params: Outline, t: float, seed: int) -> Tensor:
    """The figure over its own silhouette, grown by `width` and filled with the colour."""
    unit = scale_of(image)
    grown = blur(_grown(image[3:], params.width * unit), params.softness * unit, params.softness * unit)
    return _over_flat(image, grown, params.colour, params.strength)


def drop_shadow(image: Tensor, params: DropShadow, t: float, seed: int) -> Tensor:
    """The figure over its own silhouette, moved, blurred and filled with the colour."""
    unit = scale_of(image)
    under = moved(image[3:], params.offset_y * unit, params.offset_x * unit)
    shadow = blur(under, params.blur * unit, params.blur * unit)
    return _over_flat(image, shadow, params.colour, params.strength)


def rim_light(image: Tensor, params: RimLight, t: float, seed: int) -> Tensor:
    """rgb + (1 - rgb) · colour · strength · edge, edge = 1 - moved / soft: what the figure moved uncovers.

    `soft` is alpha blurred by a third of the width; moved goes against the light by the width. Alpha is kept.
    Along the light, and where the frame cuts the figure off, is no edge.
    """
    unit = scale_of(image)
    angle = math.radians(params.angle)
    reach = params.width * unit
    soft = blur(image[3:], reach / 3, reach / 3).clamp(min=1e-3)
    away = moved(soft, -reach * math.sin(angle), -reach * math.cos(angle))
    edge = (1 - away / soft).clamp_(0, 1).mul_(image[3:] > 0).mul_(params.strength)
    colour = torch.tensor(params.colour, device=image.device, dtype=image.dtype)[:, None, None]
    rgb = image[:3] + (1 - image[:3]) * (colour * edge)
    return torch.cat([rgb.clamp_(0, 1), image[3:]])


def _over_flat(image: Tensor, below: Tensor, colour: Colour, strength: float) -> Tensor:
    """The picture over a flat colour of opacity `below` · strength (1, H, W)."""
    ground = below.clamp(0, 1) * strength * (1 - image[3:])
    flat = torch.tensor(colour, device=image.device, dtype=image.dtype)[:, None, None]
    return straight(torch.cat([image[:3] * image[3:] + flat * ground, image[3:] + ground]))


def _grown(plane: Tensor, radius: float) -> Tensor:
    """The largest value within `radius` px of each pixel, (1, H, W); between whole px, in proportion."""
    whole = int(radius)
    # Discs of 5 px one after the other make one as large as their sum, in a time that grows with r, not r².
    for part in [_STEP] * (whole // _STEP) + [whole % _STEP]:
        plane = _dilated(plane, part)
    share = radius - whole
    return torch.lerp(plane, _dilated(plane, 1), share) if share > 0.02 else plane


def _dilated(plane: Tensor, radius: int) -> Tensor:
    if radius == 0:
        return plane
    disc = _disc(radius)
    if plane.device.type == "cpu":
        return torch.from_numpy(cv2.dilate(plane[0].contiguous().numpy(), disc))[None]
    h = plane.shape[-2]
    halves = disc.sum(1).tolist()
    wide = [max_pool2d(plane[None], (1, n), 1, (0, n // 2))[0] for n in halves]
    tall = [pad(row, (0, 0, radius, radius))[:, k : k + h] for k, row in enumerate(wide)]
    return torch.stack(tall).amax(0)


def _disc(radius: int) -> NDArray[np.uint8]:
    """(n, n), n = 2 radius + 1, 1 inside; rounder with a quarter of a px more."""
    axis = np.arange(-radius, radius + 1)
    return (np.hypot(axis[:, None], axis) <= radius + 0.25).astype(np.uint8)


FILTERS = {
    "zoom": zoom,
    "atmospheric_dust": atmospheric_dust,
    "outline": outline,
    "rim_light": rim_light,
    "drop_shadow": drop_shadow,
}
