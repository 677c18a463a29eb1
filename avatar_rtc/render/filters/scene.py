"""Operations on the scene, before any camera: light, shadow, dust, where one looks."""

import math
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.filters_schema.scene import AtmosphericDust, DropShadow, Outline, RimLight, Zoom
from avatar_rtc.render.colour import converted
from avatar_rtc.render.filters.planes import blur, magnified, moved, premultiplied, scale_of, straight
from avatar_rtc.render.upscale.enlarge import enlarge

_CROSSING_S = 40.0
"""Seconds in which a mote of speed 1 crosses the picture."""


def zoom(image: Tensor, params: Zoom, t: float, seed: int) -> Tensor:
    """Looked up at c + (p - c) / factor: bilinear, or by the network of `upscale` for the quality asked."""
    if params.quality == "low":
        centre = params.center_y, params.center_x
        return straight(magnified(premultiplied(image), params.factor, *centre))
    h, w = image.shape[-2:]
    high, wide = (max(8, round(side / params.factor)) for side in (h, w))
    top = round((params.center_y + 1) / 2 * (h - high))
    left = round((params.center_x + 1) / 2 * (w - wide))
    window = converted(image[:, top : top + high, left : left + wide], "linear", "srgb-premultiplied")
    large = enlarge(window, h, w, "anime", "high" if params.quality == "ultra" else "low")
    return converted(large, "srgb-premultiplied", "linear")


def atmospheric_dust(image: Tensor, params: AtmosphericDust, t: float, seed: int) -> Tensor:
    """Motes added to premultiplied colour and to alpha, so that they show beside the figure, too.

    A mote of depth z in [-1, 1] drifts on a line with a slow sway, faster when near, and is a disc whose
    radius grows with |z| while its light stays the same. Those with z < 0 are behind the figure.
    """
    result = premultiplied(image)
    h, w = image.shape[-2:]
    unit = scale_of(image)
    light = torch.tensor([*params.colour, 1.0], device=image.device, dtype=image.dtype)[:, None, None]
    for mote in _motes(params, seed, round(w / h, 3)):
        y, x, depth = mote.at(t * params.speed)
        soft = 1 + params.depth * abs(depth) * 5
        sprite = _disc(round(params.size * soft * unit * 4), image.device, image.dtype)
        at_y, at_x = round(y * h - sprite.shape[0] / 2), round(x * h - sprite.shape[1] / 2)
        rows = slice(max(0, at_y), min(h, at_y + sprite.shape[0]))
        columns = slice(max(0, at_x), min(w, at_x + sprite.shape[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        part = result[:, rows, columns]
        shown = sprite[rows.start - at_y : rows.stop - at_y, columns.start - at_x : columns.stop - at_x]
        shine = shown * (params.brightness * mote.brightness / soft**1.3)
        if depth < 0:
            shine = shine * (1 - part[3])
        part += light * shine * (1 - part)
    return straight(result)


class _Mote:
    """One mote's path; lengths in heights of the picture."""

    def __init__(self, r: np.random.Generator, wide: float) -> None:
        self.depth = float(r.uniform(-1, 1))
        self.brightness = float(r.uniform(0.4, 1.0))
        self._wide = wide
        self._start = r.uniform(0, 1, 2)
        near = 0.6 + 0.5 * (self.depth + 1)
        angle = r.normal(-math.pi / 2 + 0.9, 0.5)
        self._speed = near / _CROSSING_S * np.array([math.sin(angle), math.cos(angle)])
        self._sway, self._hz, self._phase = r.uniform(0.005, 0.02), r.uniform(0.05, 0.15), r.uniform(0, 6.3)

    def at(self, t: float) -> tuple[float, float, float]:
        """y, x and depth at t seconds; what leaves on one side comes back on the other, out of sight."""
        margin = 0.1
        y, x = self._start + self._speed * t
        x = x + self._sway * math.sin(2 * math.pi * self._hz * t + self._phase)
        span_y, span_x = 1 + 2 * margin, self._wide + 2 * margin
        return float(y % span_y - margin), float(x * self._wide % span_x - margin), self.depth


@lru_cache(maxsize=8)
def _motes(params: AtmosphericDust, seed: int, wide: float) -> tuple[_Mote, ...]:
    r = np.random.default_rng([seed % 2**63, 11])
    return tuple(_Mote(r, wide) for _ in range(params.count))


@lru_cache(maxsize=64)
def _disc(quarters: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A soft disc (n, n) with its radius in quarters of a px, 1 in the middle. Read only."""
    radius = max(0.5, quarters / 4)
    reach = math.ceil(radius) + 1
    axis = torch.arange(-reach, reach + 1, device=device, dtype=dtype)
    distance = torch.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2) / radius
    return (1 - distance * distance).clamp(min=0) * (0.6 + 0.4 * distance.clamp(max=1))


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
    """rgb + (1 - rgb) · colour · strength · edge, where edge is alpha less alpha of the figure moved away.

    The move goes against the light by `width`, and is blurred by a third of it.
    """
    unit = scale_of(image)
    angle = math.radians(params.angle)
    reach = params.width * unit
    away = moved(image[3:], -reach * math.sin(angle), -reach * math.cos(angle))
    edge = (image[3:] - blur(away, reach / 3, reach / 3)).clamp_(0, 1).mul_(params.strength)
    colour = torch.tensor(params.colour, device=image.device, dtype=image.dtype)[:, None, None]
    rgb = image[:3] + (1 - image[:3]) * (colour * edge)
    return torch.cat([rgb.clamp_(0, 1), image[3:]])


def _over_flat(image: Tensor, below: Tensor, colour: Colour, strength: float) -> Tensor:
    """The picture over a flat colour of opacity `below` · strength (1, H, W)."""
    ground = below.clamp(0, 1) * strength * (1 - image[3:])
    flat = torch.tensor(colour, device=image.device, dtype=image.dtype)[:, None, None]
    return straight(torch.cat([image[:3] * image[3:] + flat * ground, image[3:] + ground]))


def _grown(plane: Tensor, radius: float) -> Tensor:
    """The largest value within `radius` px of each pixel, (1, H, W); on a GPU, in a square as wide."""
    size = 2 * math.ceil(radius) + 1
    if plane.device.type == "cpu":
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        return torch.from_numpy(cv2.dilate(plane[0].contiguous().numpy(), disc))[None]
    return max_pool2d(plane[None], size, 1, size // 2)[0]


FILTERS = {
    "zoom": zoom,
    "atmospheric_dust": atmospheric_dust,
    "outline": outline,
    "rim_light": rim_light,
    "drop_shadow": drop_shadow,
}
