"""Pictures of a character in given poses, one after the other; no time, no filters, no crop."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from avatar_rtc.face.pose import Pose
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.colour import to_srgb

_GPU_BATCH = 16
"""Poses a GPU is given at once; a CPU gets one, for more would only cost memory there."""


def render_stills(
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
    character = animator.prepare(torch.from_numpy(rgba).permute(2, 0, 1).float() / 255)

    def render(batch: Sequence[Pose]) -> NDArray[np.uint8]:
        pictures = animator.animate(torch.from_numpy(np.stack(batch)), [character] * len(batch))
        pictures = to_srgb(pictures, animator.space)
        out = pictures.mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy().copy()
        out[out[..., 3] == 0] = 0  # what cannot be seen is all zero, as in the source
        return out

    size = 1 if device == "cpu" else _GPU_BATCH
    return (
        picture for start in range(0, len(poses), size) for picture in render(poses[start : start + size])
    )
