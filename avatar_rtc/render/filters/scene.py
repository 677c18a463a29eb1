"""Operations on the scene, before any camera: light, shadow, dust, where one looks."""

import math
from typing import Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool2d

from avatar_rtc.filters_schema.scene import DropShadow, Outline, RimLight, Zoom
from avatar_rtc.render.colour import converted
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.filters.blurs import blur
from avatar_rtc.render.filters.dust import atmospheric_dust
from avatar_rtc.render.filters.planes import colour_planes, scale_of
from avatar_rtc.render.filters.warps import magnified, moved
from avatar_rtc.render.pixels import premultiplied, straight
from avatar_rtc.render.upscale.enlarge import enlarge

_STEP = 5
"""Radius, px, of the discs that a silhouette grows by; of the small ones the roundest."""


def zoom(image: Tensor, params: Zoom, t: float, seed: int) -> Tensor:
    """Looked up at c + (p - c) / factor, bilinear; or, to 1 px, in what the network of `upscale` makes."""
    factor = params.factor
    if params.quality == "low":
        return _zoomed(image, factor, params.center_y, params.center_x)
    rows, columns = (
        _window(centre, factor, side)
        for centre, side in zip((params.center_y, params.center_x), image.shape[-2:], strict=True)
    )
    window = converted(image[:, rows.seen, columns.seen], "linear", "srgb-premultiplied")
    quality: Literal["low", "high"] = "high" if params.quality == "ultra" else "low"
    large = enlarge(window, rows.size, columns.size, "anime", quality)
    return converted(large[:, rows.kept, columns.kept], "srgb-premultiplied", "linear")


@fused(kernels=2)
def _zoomed(image: Tensor, factor: float, centre_y: float, centre_x: float) -> Tensor:
    return straight(magnified(premultiplied(image), factor, centre_y, centre_x))


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


def outline(image: Tensor, params: Outline, t: float, seed: int) -> Tensor:
    """The figure over its own silhouette, grown by `width` and filled with the colour."""
    unit = scale_of(image)
    grown = blur(_grown(image[3:], params.width * unit), params.softness * unit, params.softness * unit)
    colour = colour_planes(params.colour, image.device, image.dtype)
    return _over_flat(image, grown, colour, params.strength)


def drop_shadow(image: Tensor, params: DropShadow, t: float, seed: int) -> Tensor:
    """The figure over its own silhouette, moved, blurred and filled with the colour."""
    unit = scale_of(image)
    under = _moved(image[3:], params.offset_y * unit, params.offset_x * unit)
    shadow = blur(under, params.blur * unit, params.blur * unit)
    colour = colour_planes(params.colour, image.device, image.dtype)
    return _over_flat(image, shadow, colour, params.strength)


@fused()
def _moved(plane: Tensor, down: float, right: float) -> Tensor:
    return moved(plane, down, right)


def rim_light(image: Tensor, params: RimLight, t: float, seed: int) -> Tensor:
    """rgb + (1 - rgb) · colour · strength · edge, edge = 1 - moved / soft: what the figure moved uncovers.

    `soft` is alpha blurred by a third of the width; moved goes against the light by the width. Alpha is kept.
    Along the light, and where the frame cuts the figure off, is no edge.
    """
    unit = scale_of(image)
    angle = math.radians(params.angle)
    reach = params.width * unit
    soft = _opaque_enough(blur(image[3:], reach / 3, reach / 3))
    away = _moved(soft, -reach * math.sin(angle), -reach * math.cos(angle))
    colour = colour_planes(params.colour, image.device, image.dtype)
    return _rimmed(image, soft, away, colour, params.strength)


@fused()
def _opaque_enough(soft: Tensor) -> Tensor:
    """To divide by."""
    return soft.clamp(min=1e-3)


@fused()
def _rimmed(image: Tensor, soft: Tensor, away: Tensor, colour: Tensor, strength: float) -> Tensor:
    edge = (1 - away / soft).clamp_(0, 1).mul_(image[3:] > 0).mul_(strength)
    rgb = image[:3] + (1 - image[:3]) * (colour * edge)
    return torch.cat([rgb.clamp_(0, 1), image[3:]])


@fused()
def _over_flat(image: Tensor, below: Tensor, colour: Tensor, strength: float) -> Tensor:
    """The picture over a flat colour (3, 1, 1) of opacity `below` · strength (1, H, W)."""
    ground = below.clamp(0, 1) * strength * (1 - image[3:])
    return straight(torch.cat([image[:3] * image[3:] + colour * ground, image[3:] + ground]))


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
    if on_host(plane):
        return torch.from_numpy(cv2.dilate(plane[0].contiguous().numpy(), disc))[None]
    return _largest(
        *(max_pool2d(plane[None], size, 1, (size[0] // 2, size[1] // 2))[0] for size in _rectangles(disc))
    )


def _rectangles(disc: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """(height, width) of the fewest rectangles that make up the disc, all about its middle."""
    wide = disc.sum(1).tolist()
    return [(wide.count(width) + sum(other > width for other in wide), width) for width in sorted(set(wide))]


@fused()
def _largest(*planes: Tensor) -> Tensor:
    return torch.stack(planes).amax(0)


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
