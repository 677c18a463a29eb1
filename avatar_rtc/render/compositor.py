"""Cels on pictures: straight-alpha "over" in linear light, inside each cel's own box.

character + blush, tears, … ──► animator ──► picture + fx_heart, … ──► crop, chain
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from avatar_rtc.look import CELS, FX, CelImage
from avatar_rtc.render.animator import Animator, ColourSpace
from avatar_rtc.render.colour import linear_to_srgb, srgb_to_linear

STEPS = 64
"""Opacities are rounded to 1/64: an easing then ends, and with it the composing of new pictures."""
_KEPT = 4
"""Prepared pictures kept per character: wavering and data eyes go round two and four of them."""

Layers = tuple[tuple[str, int], ...]
"""Cels in drawing order, bottom to top, with their opacity in 1/64."""


def over(top: Tensor, base: Tensor, strength: float) -> Tensor:
    """`top`, its alpha scaled by `strength`, over `base` (Porter and Duff).

    All are (4, h, w), linear RGB with straight alpha in [0, 1].
    """
    a_top = top[3:] * strength
    a_base = base[3:] * (1 - a_top)
    alpha = a_top + a_base
    colour = (top[:3] * a_top + base[:3] * a_base) / alpha.clamp_min(1e-12)
    return torch.cat([colour, alpha])


class Cels:
    """The cels of a character in linear light, drawn in a fixed order."""

    def __init__(self, cels: Mapping[str, CelImage]) -> None:
        self._boxes, self._linear = {}, {}
        for name in (*CELS, *FX):
            if name in cels:
                cel = cels[name]
                height, width = cel.rgba.shape[:2]
                self._boxes[name] = (slice(cel.y, cel.y + height), slice(cel.x, cel.x + width))
                pixels = torch.tensor(cel.rgba).permute(2, 0, 1).float() / 255
                self._linear[name] = srgb_to_linear(pixels)

    def layers(self, strengths: Mapping[str, float]) -> Layers:
        """What there is to draw for these opacities; cels that are missing or do not show are left out."""
        wanted = ((name, round(strengths.get(name, 0.0) * STEPS)) for name in self._boxes)
        return tuple((name, level) for name, level in wanted if level)

    def draw(self, picture: Tensor, layers: Layers, space: ColourSpace) -> Tensor:
        """The picture (4, 512, 512) under these layers, in the colour space it has; a copy, if any."""
        if not layers:
            return picture
        picture = picture.clone()
        for name, level in layers:
            top = self._linear[name] = self._linear[name].to(picture.device)
            part = picture[:, *self._boxes[name]]
            if space == "srgb":
                part[:] = linear_to_srgb(over(top, srgb_to_linear(part), level / STEPS))
            else:
                part[:] = over(top, part, level / STEPS)
        return picture


class DressedCharacter:
    """A character under its cels, prepared for an animator; composed anew only when an opacity changed."""

    def __init__(self, animator: Animator, image: Tensor, cels: Cels) -> None:
        """`image` is (4, 512, 512) sRGB, straight alpha. Prepares it bare, which may take seconds."""
        self._animator, self._image, self._cels = animator, image, cels
        self._prepared: OrderedDict[Layers, Any] = OrderedDict()
        self.under({})

    def under(self, strengths: Mapping[str, float]) -> Any:
        """What `Animator.prepare` gave for the picture under cels of these opacities."""
        layers = self._cels.layers(strengths)
        if layers not in self._prepared:
            if len(self._prepared) == _KEPT:
                self._prepared.popitem(last=False)
            self._prepared[layers] = self._animator.prepare(self._cels.draw(self._image, layers, "srgb"))
        self._prepared.move_to_end(layers)
        return self._prepared[layers]
