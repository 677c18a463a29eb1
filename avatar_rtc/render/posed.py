"""Pictures of a character in given poses, one after the other; no time, no filters, no crop."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.face.pose import Pose
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.colour import to_srgb
from avatar_rtc.render.pixels import picture_of, rgba_of
from avatar_rtc.stream.pixels import hide_unseen

_GPU_BATCH = 16
"""Poses a GPU is given at once; a CPU gets one, for more would only cost memory there."""


def render_poses(
    rgba: NDArray[np.uint8],
    poses: Sequence[Pose],
    animator_name: str,
    device: str,
    student: bytes | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """One picture (512, 512, 4) sRGB, straight alpha, per pose, in order; rendered as they are taken.

    Args:
        rgba: the character, (512, 512, 4) sRGB, straight alpha.
        poses: (45,) each.
        animator_name, device, student: see `Animators.get`; the model is loaded before this returns.

    Raises:
        UnknownName, InputError, SetupError: as `Animators.get`.
    """
    animator, _ = Animators(device).get(animator_name, student, rgba)
    character = animator.prepare(picture_of(rgba))

    def render(batch: Sequence[Pose]) -> list[NDArray[np.uint8]]:
        pictures = animator.animate(torch.from_numpy(np.stack(batch)), [character] * len(batch))
        return [hide_unseen(rgba_of(picture)) for picture in to_srgb(pictures, animator.space)]

    size = 1 if device == "cpu" else _GPU_BATCH
    return (
        picture for start in range(0, len(poses), size) for picture in render(poses[start : start + size])
    )
