"""A character under its cels, for an animator.

character + blush, tears, … ──► animator ──► picture + fx_heart, … ──► crop, chain
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from avatar_rtc.render.animator import Animator, device_of
from avatar_rtc.render.cels import Cels, Dressing, Layers
from avatar_rtc.render.device.uploads import uploaded

_KEPT = 4
"""Dressed characters kept: wavering and data eyes go round two and four of them."""


class DressedCharacter:
    """A character under its cels, prepared for an animator; composed anew only when an opacity changed."""

    def __init__(self, animator: Animator, image: Tensor, cels: Cels) -> None:
        """`image` is (4, 512, 512) sRGB, straight alpha. Prepares it bare, which may take seconds."""
        self._animator, self._cels = animator, cels
        # It goes over once: an easing cel composes it anew up to 64 times.
        self._image = uploaded(image, device_of(animator))
        self._bare = animator.prepare(self._image)
        self._prepared: OrderedDict[Layers, Any] = OrderedDict()

    def under(self, strengths: Mapping[str, float]) -> Any:
        """What the animator keeps of the character under cels of these opacities."""
        layers = self._cels.layers(strengths)
        if layers not in self._prepared:
            if len(self._prepared) == _KEPT:
                self._prepared.popitem(last=False)
            self._prepared[layers] = self._dress(layers)
        self._prepared.move_to_end(layers)
        return self._prepared[layers]

    def forget_dressed(self) -> None:
        """Free what is prepared of it under cels."""
        self._prepared.clear()

    def _dress(self, layers: Layers) -> Any:
        if not layers:
            return self._bare
        return self._animator.dress(self._bare, self._image, Dressing(self._cels, layers))
