"""The animator protocol: poses and prepared characters in, pictures out, always batched."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace

SIZE = 512
"""Side of the square pictures animators take and give, in px."""


class Animator(Protocol):
    """Turns poses into pictures of characters.

    Any thread may call it, and several at once with different characters; one whose `exclusive` is true is
    asked to `animate` by one at a time.
    """

    name: str
    """As chosen on the command line: "tha3", "student", "static"."""
    space: ColourSpace
    """Of what `animate` gives; the chain converts to linear only if it has work."""

    def prepare(self, image: Tensor) -> Any:
        """What this animator keeps about one character, caches included; one per avatar.

        Args:
            image: (4, 512, 512) sRGB + straight alpha, float32 in [0, 1], on any device;
                pixels of alpha 0 are all zero.
        """

    def dress(self, character: Any, image: Tensor, dressing: Dressing) -> Any:
        """The character under cels.

        Args:
            character: what `prepare` gave for `image`.
        """

    def animate(self, poses: Tensor, characters: Sequence[Any]) -> Tensor:
        """Pictures (B, 4, 512, 512) in [0, 1], in `self.space`, on the device; valid until the next call.

        Args:
            poses: (B, 45) float32 on the CPU, in the order of `pose.MORPHS`.
            characters: B values that `prepare` or `dress` gave; a part is computed anew only for those whose
                inputs changed since their last call.
        """


def device_of(animator: Animator) -> torch.device:
    """Where its pictures are."""
    return getattr(animator, "device", torch.device("cpu"))


def is_exclusive(animator: Animator) -> bool:
    """Whether only one call of `animate` may be under way."""
    return bool(getattr(animator, "exclusive", False))


def computes_on_cpu(animator: Animator) -> bool:
    """Whether it computes on the CPU whatever the device: its pictures are not known to be quick."""
    return bool(getattr(animator, "on_cpu", False))
