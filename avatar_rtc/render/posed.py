"""Pictures of a character in given poses, one after the other; no time, no filters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.pose import Pose
from avatar_rtc.link.stages import RESULT, SOURCE, check_stage
from avatar_rtc.render.animator import Animator, StagedAnimator
from avatar_rtc.render.animators import Animators
from avatar_rtc.render.cels import Cels, Dressing, apart
from avatar_rtc.render.colour import ColourSpace, converted, to_srgb
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.pixels import cut, rgba_of, to_bytes
from avatar_rtc.render.portrait import SIZE, Portrait, portrait_of
from avatar_rtc.render.upscale.enlarge import enlarge
from avatar_rtc.stream.crop import FULL_FRAME, Crop
from avatar_rtc.stream.pixels import hide_unseen

_GPU_BATCH = 16
"""Poses a GPU is given at once; a CPU gets one, for more would only cost memory there."""


@dataclass(frozen=True)
class Sheet:
    """What is wanted of a posed picture."""

    crop: Crop = FULL_FRAME
    """The part that is shown."""
    side: int | None = None
    """Px of its longer side; None is as it was made."""
    stage: str = RESULT
    """Which of the pictures on the way; see `link/stages.py`."""


WHOLE_SHEET = Sheet()


class PosedCharacter:
    """A character that is asked for single pictures. One thread at a time."""

    def __init__(self, animator: Animator, portrait: Portrait, cels: Mapping[str, CelImage]) -> None:
        """Prepares it, which may take seconds."""
        self.animator = animator
        self._portrait, self._cels = portrait, Cels(cels)
        self._dressed = DressedCharacter(animator, portrait, self._cels)

    @property
    def side(self) -> int:
        """Px of its pictures."""
        return self._portrait.side

    @torch.inference_mode()
    def picture(self, pose: Pose, cels: Mapping[str, float], sheet: Sheet = WHOLE_SHEET) -> NDArray[np.uint8]:
        """(H, W, 4) sRGB, straight alpha, of a pose (45,) under cels of these opacities.

        Raises:
            UnknownName: its animator has no such stage.
        """
        check_stage(self.animator.name, sheet.stage)
        if sheet.stage == SOURCE:
            _, others = apart(self._cels.layers(cels))
            source = Dressing(self._cels, others).drawn_on(self._portrait).large
            return _finished(source, "srgb", sheet, self.side)
        character = self._dressed.under(cels)
        picture = self.animator.animate(torch.from_numpy(pose[None]), [character])[0]
        if sheet.stage != RESULT and isinstance(self.animator, StagedAnimator):
            picture = self.animator.stage(character, pose, sheet.stage)
        return _finished(picture, self.animator.space, sheet, self.side)


def _finished(picture: Tensor, space: ColourSpace, sheet: Sheet, side: int) -> NDArray[np.uint8]:
    is_whole = picture.shape[-1] in (SIZE, side)  # a step that is a part already stays as it is
    if sheet.crop != FULL_FRAME and is_whole:
        picture = cut(picture, sheet.crop)
    if sheet.side is not None:
        picture = _scaled(converted(picture, space, "srgb-premultiplied"), sheet.side)
        space = "srgb-premultiplied"
    return hide_unseen(rgba_of(to_srgb(picture[None], space)[0]))


def _scaled(picture: Tensor, side: int) -> Tensor:
    """The picture (4, h, w), premultiplied, with a longer side of so many px."""
    h, w = picture.shape[-2:]
    scale = side / max(h, w)
    rows, columns = max(1, round(h * scale)), max(1, round(w * scale))
    if scale < 1:
        return interpolate(picture[None].float(), size=(rows, columns), mode="area")[0]
    return picture if scale == 1 else enlarge(picture, rows, columns, "bicubic")


def render_poses(
    rgba: NDArray[np.uint8],
    poses: Sequence[Pose],
    animator_name: str,
    device: str,
    student: bytes | None = None,
    cels: Mapping[str, CelImage] = MappingProxyType({}),
    strengths: Sequence[Mapping[str, float]] = (),
    portrait: Portrait | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """One picture (S, S, 4) sRGB, straight alpha, per pose, in order; rendered as they are taken.

    Args:
        rgba: the character, (512, 512, 4) sRGB, straight alpha.
        poses: (45,) each.
        animator_name, device, student: see `Animators.get`; the model is loaded before this returns.
        cels: of the character.
        strengths: cel → opacity in [0, 1], for each pose; empty is none at all.
        portrait: of the character, S px; None is that of `rgba`, 512 px.

    Raises:
        UnknownName, InputError, SetupError: as `Animators.get`.
    """
    animator, _ = Animators(device).get(animator_name, student, rgba)
    character = DressedCharacter(animator, portrait or portrait_of(rgba), Cels(cels))
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
