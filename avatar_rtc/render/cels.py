"""Cels: straight-alpha "over" in linear light, inside each cel's own box."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from avatar_rtc.face.cels import CELS, FX, REPLACING, CelImage
from avatar_rtc.render.colour import ColourSpace, from_linear, srgb_to_linear, to_linear
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.pixels import divisor, picture_of
from avatar_rtc.render.portrait import SIZE, Portrait, resized
from avatar_rtc.render.skin import closed
from avatar_rtc.stream.box import Box

STEPS = 64
"""Opacities are rounded to 1/64: an easing then ends, and with it the composing of new pictures."""

Layers = tuple[tuple[str, int], ...]
"""Cels in drawing order, bottom to top, with their opacity in 1/64."""


def apart(layers: Layers) -> tuple[Layers, Layers]:
    """Those that replace a part of the posed face, and the others.

    >>> apart((("mouth_smile", 64), ("blush1", 32)))
    ((('mouth_smile', 64),), (('blush1', 32),))
    """
    replacing = tuple(layer for layer in layers if layer[0] in REPLACING)
    return replacing, tuple(layer for layer in layers if layer[0] not in REPLACING)


@fused()
def over(top: Tensor, base: Tensor, strength: float | Tensor) -> Tensor:
    """`top`, its alpha scaled by `strength`, over `base` (Porter and Duff).

    Pictures are (4, h, w), linear RGB with straight alpha in [0, 1]; a strength may differ by pixel.
    """
    a_top = top[3:] * strength
    a_base = base[3:] * (1 - a_top)
    alpha = a_top + a_base
    colour = (top[:3] * a_top + base[:3] * a_base) / divisor(alpha)
    return torch.cat([colour, alpha])


class Cels:
    """The cels of a character in linear light, drawn in a fixed order."""

    def __init__(self, cels: Mapping[str, CelImage], side: int = SIZE) -> None:
        """`side` is that of the pictures they are drawn on, in px; a cel is scaled to it when first drawn."""
        self.side = side
        self._at: dict[int, Cels] = {}
        self._scaled: dict[str, CelImage] = {}
        own = sorted(cels.keys() - {*CELS, *FX})
        self._cels = {name: cels[name] for name in (*CELS, *FX, *own) if name in cels}
        self._linear: dict[tuple[str, torch.device], Tensor] = {}
        """Those that were drawn already: all of them take 40 ms to convert, and most are never seen. On each
        device that drew them, for beside a card a student draws on the CPU."""

        self._closed: dict[tuple[str, torch.device], Tensor] = {}

    def at(self, side: int) -> "Cels":
        """The same for pictures of another side; made once."""
        if side == self.side:
            return self
        if side not in self._at:
            self._at[side] = Cels(self._cels, side)
        return self._at[side]

    def layers(self, strengths: Mapping[str, float]) -> Layers:
        """What there is to draw for these opacities; cels that are missing or do not show are left out."""
        wanted = ((name, round(strengths.get(name, 0.0) * STEPS)) for name in self._cels)
        return tuple((name, level) for name, level in wanted if level)

    def draw(self, picture: Tensor, layers: Layers, space: ColourSpace) -> Tensor:
        """The picture (4, H, W) under these layers, in the colour space it has; a copy, if any."""
        return Dressing(self, layers).draw(picture, space) if layers else picture

    def closed(self, name: str, device: torch.device) -> Tensor:
        """A cel as `top` gives it, without the hole that it leaves for the eyes."""
        if (name, device) not in self._closed:
            self._closed[name, device] = closed(self.top(name, device)[0], self.side / SIZE)
        return self._closed[name, device]

    def top(self, name: str, device: torch.device) -> tuple[Tensor, Box]:
        """A cel (4, h, w), linear, straight alpha, on the device, and where it lies."""
        if name not in self._scaled:
            self._scaled[name] = cel_at_side(self._cels[name], self.side)
        cel = self._scaled[name]
        if (name, device) not in self._linear:
            self._linear[name, device] = uploaded(srgb_to_linear(picture_of(cel.rgba)), device)
        height, width = cel.rgba.shape[:2]
        return self._linear[name, device], Box(cel.x, cel.y, width, height)


def cel_at_side(cel: CelImage, side: int) -> CelImage:
    """The cel in a frame of another side; its box grows to whole pixels of both frames."""
    if side == cel.side:
        return cel
    common = math.gcd(side, cel.side)
    up, down = side // common, cel.side // common
    height, width = cel.rgba.shape[:2]
    left, top = cel.x % down, cel.y % down
    right, below = -(cel.x + width) % down, -(cel.y + height) % down
    whole = np.pad(cel.rgba, ((top, below), (left, right), (0, 0)))
    size = whole.shape[1] // down * up, whole.shape[0] // down * up
    return CelImage((cel.x - left) // down * up, (cel.y - top) // down * up, resized(whole, size), side)


class PreparedCel(NamedTuple):
    """One cel, ready to be drawn."""

    pixels: Tensor
    """(4, h, w), linear, straight alpha."""
    box: Box
    strength: float
    """Its opacity in [0, 1]."""
    name: str


@dataclass(frozen=True)
class Dressing:
    """Cels of certain opacities."""

    cels: Cels
    layers: Layers

    def at(self, side: int) -> "Dressing":
        """The same for pictures of another side."""
        return Dressing(self.cels.at(side), self.layers)

    def drawn_on(self, portrait: Portrait) -> Portrait:
        """A copy of the portrait under them."""
        image = self.at(portrait.image.shape[-1]).draw(portrait.image, "srgb")
        is_plain = portrait.large is portrait.image
        return Portrait(image, image if is_plain else self.at(portrait.side).draw(portrait.large, "srgb"))

    def draw(self, picture: Tensor, space: ColourSpace) -> Tensor:
        """A copy of the picture (4, H, W), which has their side, under them, in the colour space it has."""
        picture = picture.clone()
        for top in self.tops(picture.device):
            part = picture[:, *top.box.slices]
            part[:] = from_linear(over(top.pixels, to_linear(part, space), top.strength), space)
        return picture

    def tops(self, device: torch.device) -> Iterator[PreparedCel]:
        """Each cel, bottom to top."""
        for name, level in self.layers:
            yield PreparedCel(*self.cels.top(name, device), level / STEPS, name)
