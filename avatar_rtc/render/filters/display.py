"""Operations that a screen does: scanlines, bands, one colour only, few colours."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.filters_schema.display import (
    MAX_LEVELS,
    Banding,
    MonochromeDisplay,
    Pixelize,
    Posterize,
    Scanlines,
    TranslucentDisplay,
)
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import as_blocks
from avatar_rtc.render.filters.capture import tinted
from avatar_rtc.render.filters.chance import FRAME_HZ, tick_of
from avatar_rtc.render.filters.planes import centres, colour_planes, scale_of
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.pixels import premultiplied, straight

_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
"""The pattern of ordered dithering (Bayer 1973), 4 x 4."""
_FINEST_LINE = 1.5
"""Px. Finer lines are drawn 1 px high: with near 2 px to a pair, some pairs would vanish and others not."""


def pixelize(image: Tensor, params: Pixelize, t: float, seed: int) -> Tensor:
    """Means of squares of `size` px, premultiplied, from the upper left on.

    Sides are whole px, so that squares are squares; those that an edge cuts off are means of what is there.
    """
    h, w = image.shape[-2:]
    side = max(1, round(params.size * scale_of(image)))
    means = avg_pool2d(premultiplied(image), side, ceil_mode=True)
    return _in_squares(means, side, h, w, params.hard_alpha)


@fused()
def _in_squares(means: Tensor, side: int, h: int, w: int, hard: bool) -> Tensor:
    means = straight(means)
    if hard:
        solid = (means[3:] >= 0.5).to(means)
        means = torch.cat([means[:3] * solid, solid])
    return as_blocks(means, side, side, h, w).contiguous()


def posterize(image: Tensor, params: Posterize, t: float, seed: int) -> Tensor:
    """Colour rounded to even steps of √rgb, nearly even to the eye.

    Dithering shows the upper of two steps more often the nearer a colour is to it; dithered in full, the mean
    light is that of the picture.
    """
    if params.levels == MAX_LEVELS:
        return image
    pattern = None
    if params.dither > 0:
        side = max(1, round(params.dither_size * scale_of(image)))
        pattern = _pattern(image.shape[-2], image.shape[-1], side, image.device, image.dtype)
    return _stepped(image, params.levels - 1, params.dither, pattern)


@fused()
def _stepped(image: Tensor, steps: int, dither: float, pattern: Tensor | None) -> Tensor:
    v = image[:3].sqrt().mul_(steps)
    if pattern is None:
        v.round_()
    else:
        lower = v.floor()
        share = v.sub_(lower)  # of the way to the next step, to the eye
        # Of the light: (v² - k²) / ((k + 1)² - k²) = f + f (f - 1) / (2 k + 1), with v = k + f.
        light = (share - 1).mul_(share).div_(2 * lower + 1)
        if on_host(image):
            share.add_(light, alpha=dither)
        else:
            share.add_(light * dither)
        limit = (pattern - 0.5) * dither + 0.5
        v = lower.add_(share > limit).clamp_(max=steps)
    return torch.cat([v.div_(steps).square_(), image[3:]])


@kept(shared=4)
def _pattern(h: int, w: int, side: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(1, H, W) thresholds in (0, 1), dots of `side` px. Read only."""
    dots = np.kron((_BAYER + 0.5) / 16, np.ones((side, side)))
    tiled = np.tile(dots, (-(-h // dots.shape[0]), -(-w // dots.shape[1])))[:h, :w]
    return uploaded(tiled, device, dtype)[None]


def translucent_display(image: Tensor, params: TranslucentDisplay, t: float, seed: int) -> Tensor:
    """alpha · factor; the colour is kept.

    >>> translucent_display(torch.ones(4, 1, 1), TranslucentDisplay(alpha=0.5), 0, 0)[3].item()
    0.5
    """
    return _faded(image, params.alpha)


@fused()
def _faded(image: Tensor, factor: float) -> Tensor:
    return torch.cat([image[:3], image[3:] * factor])


def monochrome_display(image: Tensor, params: MonochromeDisplay, t: float, seed: int) -> Tensor:
    """(1 - s) · rgb + s · Y · tint."""
    return tinted(image, params.strength, colour_planes(params.tint_rgb, image.device, image.dtype))


def banding(image: Tensor, params: Banding, t: float, seed: int) -> Tensor:
    """rgb · (1 + strength · sin²(density · y + π c)), y in [0, π], c = 1 - frac(25 t · speed / 512)."""
    c = 1 - math.fmod(t * FRAME_HZ * params.speed / 512, 1.0)
    rows = centres(image.shape[-2], image.device, image.dtype)
    return _banded(image, rows, params.density, c, params.strength)


@fused()
def _banded(image: Tensor, rows: Tensor, density: float, c: float, strength: float) -> Tensor:
    factor = _gains(image, rows, density, c, strength)[None, :, None]
    return torch.cat([(image[:3] * factor).clamp_(max=1), image[3:]])


def _gains(image: Tensor, rows: Tensor, density: float, c: float, strength: float) -> Tensor:
    """(H,): of each row; `rows` are their centres in [-1, 1]."""
    if on_host(image):
        h = image.shape[-2]
        y = (np.arange(h) + 0.5) / h * np.pi
        gain = 1 + strength * np.sin(density * y + np.pi * c) ** 2
        return torch.from_numpy(gain).to(image.dtype)
    return torch.sin((rows + 1) * (density * math.pi / 2) + math.pi * c).square() * strength + 1


def scanlines(image: Tensor, params: Scanlines, t: float, seed: int) -> Tensor:
    """rgb or alpha of every other line · (1 - strength); fields change by a whole line, 25 times a second.

    A line is 1 px of a 512 px picture high, with double_size 2; rows that it covers in part get their share.
    """
    line = (2 if params.double_size else 1) * scale_of(image)
    if line < _FINEST_LINE:
        line = 1.0
    field = (params.field + (tick_of(t) if params.dynamic else 0)) % 2
    dark = _dark_lines(image.shape[-2], line, image.device, image.dtype)
    return _lined(image, dark[field], params.strength, params.channel == "A")


@fused()
def _lined(image: Tensor, dark: Tensor, strength: float, in_alpha: bool) -> Tensor:
    lit = 1 - dark * strength
    if in_alpha:
        return torch.cat([image[:3], image[3:] * lit])
    return torch.cat([image[:3] * lit, image[3:]])


@kept(shared=8)
def _dark_lines(h: int, line: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(2, 1, H, 1): for each field the share of each row that lies in a dark line. Read only.

    The first line is dark in field 0.
    """
    edges = np.arange(h + 1) + np.array([[0], [line]])
    periods, rest = np.divmod(edges, 2 * line)
    share = np.diff(periods * line + np.minimum(rest, line))  # of how much is dark above each edge of a row
    return uploaded(share, device, dtype)[:, None, :, None]


FILTERS = {
    "pixelize": pixelize,
    "posterize": posterize,
    "translucent_display": translucent_display,
    "monochrome_display": monochrome_display,
    "banding": banding,
    "scanlines": scanlines,
}
