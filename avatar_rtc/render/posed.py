"""Pictures of a character in given poses, one after the other; no time, no filters, no crop."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import Pose
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.cels import Cels
from avatar_rtc.render.colour import to_srgb
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.pixels import picture_of, rgba_of, to_bytes
from avatar_rtc.stream.pixels import hide_unseen

_GPU_BATCH = 16
"""Poses a GPU is given at once; a CPU gets one, for more would only cost memory there."""


def render_poses(
    rgba: NDArray[np.uint8],
    poses: Sequence[Pose],
    animator_name: str,
    device: str,
    student: bytes | None = None,
    cels: Mapping[str, CelImage] = MappingProxyType({}),
    strengths: Sequence[Mapping[str, float]] = (),
) -> Iterator[NDArray[np.uint8]]:
    """One picture (512, 512, 4) sRGB, straight alpha, per pose, in order; rendered as they are taken.

    Args:
        rgba: the character, (512, 512, 4) sRGB, straight alpha.
        poses: (45,) each.
        animator_name, device, student: see `Animators.get`; the model is loaded before this returns.
        cels: of the character.
        strengths: cel → opacity in [0, 1], for each pose; empty is none at all.

    Raises:
        UnknownName, InputError, SetupError: as `Animators.get`.
    """
    animator, _ = Animators(device).get(animator_name, student, rgba)
    character = DressedCharacter(animator, picture_of(rgba), Cels(cels))
    faces = list(zip(poses, strengths or [{}] * len(poses), strict=True))

    def render(batch: Sequence[tuple[Pose, Mapping[str, float]]]) -> list[NDArray[np.uint8]]:
        dressed = [character.under(shown) for _, shown in batch]
        pictures = animator.animate(torch.from_numpy(np.stack([pose for pose, _ in batch])), dressed)
        return [hide_unseen(picture) for picture in _rgba_of_each(to_srgb(pictures, animator.space))]

    size = 1 if device == "cpu" else _GPU_BATCH
    return (
        picture for start in range(0, len(faces), size) for picture in render(faces[start : start + size])
    )


def _rgba_of_each(pictures: Tensor) -> list[NDArray[np.uint8]]:
    if pictures.device.type == "cpu":
        return [rgba_of(picture) for picture in pictures]
    return _rgba_in_one_copy(pictures)


def _rgba_in_one_copy(pictures: Tensor) -> list[NDArray[np.uint8]]:
    """The bytes (H, W, 4) of pictures (B, 4, H, W)."""
    return list(to_bytes(pictures.permute(0, 2, 3, 1).contiguous()))
