"""Cels of the skin over a drawn eye or mouth: the hole that was left for the open eye is skin there, too,
and its lines keep their colour."""

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from avatar_rtc.render.filters.blurs import blur
from avatar_rtc.render.filters.planes import luminance
from avatar_rtc.render.pixels import divisor, premultiplied

HOLE = 17
"""Half of the largest hole in px that is closed: shipped eyes leave 30 px of height."""
_REACH = 6.0
"""Sigma in px of what gives a hole its colour."""
_BARE = 1 / 255
SKIN = 0.4
"""From this luminance on it is skin; what is darker are lashes and lines, which take no blush."""


def closed(cel: Tensor, scale: float = 1.0) -> Tensor:
    """A cel (4, h, w), linear, straight alpha, its holes filled: the closing of its alpha by a square.

    What has no hole stays as it is: a closing fills what is narrower than the square, and nothing outside.

    Args:
        scale: how many px make one of a picture of 512.
    """
    square, reach = 2 * round(HOLE * scale) + 1, _REACH * scale
    alpha = pad(cel[3:], (square, square, square, square))
    alpha = -_highest(-_highest(alpha, square), square)
    alpha = torch.maximum(alpha[:, square:-square, square:-square], cel[3:])
    around = pad(premultiplied(cel), (square, square, square, square))
    around = blur(around, reach, reach)[:, square:-square, square:-square]
    colour = (around[:3] / divisor(around[3:])).clamp(0, 1)
    return torch.cat([torch.where(cel[3:] > _BARE, cel[:3], colour), alpha])


def but_lines(cel: Tensor, below: Tensor) -> Tensor:
    """The cel (4, h, w) as skin wears it: thinner where what is below, (4, h, w) linear, is a dark line."""
    lightness = (luminance(below[:3]) / SKIN).clamp(0, 1)
    return torch.cat([cel[:3], cel[3:] * lightness])


def _highest(plane: Tensor, square: int) -> Tensor:
    """(1, h, w): the highest value in a square around each pixel."""
    rows = max_pool2d(plane[None], (square, 1), 1, (square // 2, 0))
    return max_pool2d(rows, (1, square), 1, (0, square // 2))[0]
