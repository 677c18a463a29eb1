"""A character under its cels, for an animator.

character + blush, tears, … ──► animator ──► picture + fx_heart, … ──► crop, chain
        mouth_smile, eyes_arc, … ──┘ over the posed face
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from avatar_rtc.render.animator import Animator, device_of
from avatar_rtc.render.cels import Cels, Dressing, Layers, apart
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.soft import SoftParts

_KEPT = 4
"""Dressed characters kept: wavering and data eyes go round two and four of them."""


class DressedCharacter:
    """A character under its cels, prepared for an animator; composed anew only when an opacity changed."""

    def __init__(
        self, animator: Animator, portrait: Portrait, cels: Cels, soft: SoftParts | None = None
    ) -> None:
        """Prepares it bare, which may take seconds.

        Args:
            cels: at any side.
            soft: what of it swings; None is nothing.
        """
        self._animator, self._cels = animator, cels
        # It goes over once: an easing cel composes it anew up to 64 times.
        self._portrait = portrait.on(device_of(animator))
        self._bare = animator.prepare(self._portrait)
        if soft is not None:
            self._bare = animator.soften(self._bare, soft)
        self._dressed: OrderedDict[Layers, Any] = OrderedDict()
        self._covered: OrderedDict[Layers, Any] = OrderedDict()

    def under(self, strengths: Mapping[str, float]) -> Any:
        """What the animator keeps of the character under cels of these opacities."""
        layers = self._cels.layers(strengths)
        replacing, others = apart(layers)
        if not replacing:
            return self._under(others)
        # Its source is prepared once, however the mouth over it comes and goes.
        return _kept(
            self._covered, layers,
            lambda: self._animator.cover(self._under(others), Dressing(self._cels, replacing)),
        )  # fmt: skip

    def forget_dressed(self) -> None:
        """Free what is prepared of it under cels."""
        self._dressed.clear()
        self._covered.clear()

    def _under(self, layers: Layers) -> Any:
        if not layers:
            return self._bare
        return _kept(
            self._dressed, layers,
            lambda: self._animator.dress(self._bare, self._portrait, Dressing(self._cels, layers)),
        )  # fmt: skip


def _kept(among: OrderedDict[Layers, Any], layers: Layers, make: Callable[[], Any]) -> Any:
    """What was made for these layers, the newest few of which are kept."""
    if layers not in among:
        if len(among) == _KEPT:
            among.popitem(last=False)
        among[layers] = make()
    among.move_to_end(layers)
    return among[layers]
