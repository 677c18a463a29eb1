"""The animator protocol: poses and prepared characters in, pictures out, always batched."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.pose import Pose
from avatar_rtc.face.swing import Swing
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.portrait import Portrait
from avatar_rtc.render.soft import SoftParts


class Animator(Protocol):
    """Turns poses into pictures of characters.

    Any thread may call it, and several at once with different characters; one whose `exclusive` is true is
    asked to `animate` by one at a time.
    """

    name: str
    """As chosen on the command line: "tha3", "student", "static"."""
    space: ColourSpace
    """Of what `animate` gives; the chain converts to linear only if it has work."""

    def prepare(self, portrait: Portrait) -> Any:
        """What this animator keeps about one character, caches included; one per avatar.

        Args:
            portrait: on any device; its side is that of the pictures that are made.
        """

    def dress(self, character: Any, portrait: Portrait, dressing: Dressing) -> Any:
        """The character under cels.

        Args:
            character: what `prepare` gave for `portrait`.
        """

    def soften(self, character: Any, soft: SoftParts) -> Any:
        """The character with parts that hang loosely, before it is dressed; without, nothing of it swings.

        Args:
            character: what `prepare` gave.
        """

    def cover(self, character: Any, dressing: Dressing) -> Any:
        """The character with cels in the place of parts of its posed face; costs little, for they ease.

        Args:
            character: what `prepare` or `dress` gave.
            dressing: of `REPLACING` cels alone.
        """

    def animate(self, poses: Tensor, characters: Sequence[Any], between: Sequence[bool] = ()) -> Tensor:
        """Pictures (B, 4, S, S) in [0, 1], in `self.space`, on the device; valid until the next call.

        Args:
            poses: (B, 45) float32 on the CPU, in the order of `pose.MORPHS`; or (B, 57), the swing of the
                soft parts after them, see `with_swings`.
            characters: B values that `prepare`, `dress` or `cover` gave; a part is computed anew only for
                those whose inputs changed since their last call. All of one side S.
            between: whether each is an in-between: its face is posed, and its body turns as it did last, no
                network asked. The next one that is none shows the body half way to where it turns, and the
                in-between after it all of the way: half as many turns, and motion at the full rate.
        """


def with_swings(poses: Sequence[Pose], swings: Sequence[Swing]) -> Tensor:
    """What `Animator.animate` is given: (B, 57), or (B, 45) if nothing swings."""
    rows, swung = np.stack(poses), np.stack(swings).reshape(len(swings), -1)
    return torch.from_numpy(np.concatenate([rows, swung], axis=1) if swung.any() else rows)


@runtime_checkable
class MouthAnimator(Protocol):
    """An animator that can show what mouth morphs do to a face, without its body and beside its frames."""

    def mouths(self, image: Tensor, poses: Sequence[Pose]) -> Iterator[NDArray[np.float32]]:
        """(192, 192, 3) sRGB, 0..255, on black, for each pose, in order and one at a time: the face.

        Any thread may call it, also while others `animate`.

        Args:
            image: (4, 512, 512): of its portrait.
            poses: (45,) each, neutral but for the mouth.
        """


@runtime_checkable
class StagedAnimator(Protocol):
    """An animator that can show how it came to a picture."""

    def stage(self, character: Any, pose: Pose, name: str) -> Tensor:
        """(4, h, w) in its `space`, sides as the step has them; on the device.

        Args:
            character: what was just animated alone, in this `pose`.
            name: of `STAGES` of this animator, but for "source" and "result".
        """


def device_of(animator: Animator) -> torch.device:
    """Where its pictures are."""
    return getattr(animator, "device", torch.device("cpu"))


def is_exclusive(animator: Animator) -> bool:
    """Whether only one call of `animate` may be under way."""
    return bool(getattr(animator, "exclusive", False))


def is_on_gpu(animator: Animator) -> bool:
    """Whether a card makes its pictures."""
    return device_of(animator).type != "cpu" and not computes_on_cpu(animator)


def computes_on_cpu(animator: Animator) -> bool:
    """Whether it computes on the CPU whatever the device: its pictures are not known to be quick."""
    return bool(getattr(animator, "on_cpu", False))
