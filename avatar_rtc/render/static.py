"""The static animator: no network, yet mouth, lids and head of any picture follow the pose.

It serves tests, and machines where nothing else runs. Sizes are those of THA3's frame, in px of
512: eyes near y 147, mouth at (256, 176), neck below y 200.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatar_rtc.face.pose import INDEX
from avatar_rtc.render.cels import Dressing
from avatar_rtc.render.colour import ColourSpace
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.portrait import SIZE, Portrait
from avatar_rtc.render.soft import SoftParts

_EYES = ((232, 147), (280, 147))
"""Centres (x, y) of the eyes on the left and on the right of the picture."""
_EYE_HALF = (18, 15)
_MOUTH = (256, 176)
_MOUTH_HALF = (16, 13)
_INSIDE = (0.55, 0.16, 0.18)
_HEAD_BOTTOM, _NECK_BOTTOM = 196, 250
_SHIFT_PX = 14.0
"""How far the head moves at head_x or head_y = 1."""
_TILT = 0.18
"""Horizontal shear of the head at neck_z = 1."""
_OPENNESS = {
    "mouth_aaa": 1.0,
    "mouth_iii": 0.3,
    "mouth_uuu": 0.4,
    "mouth_eee": 0.5,
    "mouth_ooo": 0.8,
    "mouth_delta": 0.6,
}
_WIDTH = {
    "mouth_aaa": 1.0,
    "mouth_iii": 1.1,
    "mouth_uuu": 0.5,
    "mouth_eee": 1.0,
    "mouth_ooo": 0.65,
    "mouth_delta": 0.8,
}
_LIDS = {"eye_wink": 1.0, "eye_happy_wink": 1.0, "eye_relaxed": 0.5, "eye_unimpressed": 0.4}


@dataclass(frozen=True)
class StaticCharacter:
    """What the static animator keeps about a character."""

    image: Tensor
    """(4, S, S) sRGB, straight alpha."""
    skin: Tensor
    """(4, 1, 1): the colour lids are painted with, read below the eyes."""
    over_face: Dressing | None = None
    """What is drawn in the place of its mouth and its eyes."""


class StaticAnimator:
    """Moves the parts of a picture by plain drawing; an Animator."""

    name = "static"
    space: ColourSpace = "srgb"

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self._inside = uploaded(torch.tensor([*_INSIDE, 1.0]), self.device)[:, None, None]

    def prepare(self, portrait: Portrait) -> StaticCharacter:
        """Keep the picture; see `Animator.prepare`."""
        image = uploaded(portrait.large, self.device)
        scale = portrait.scale
        cheeks = torch.stack([image[:, round((y + 22) * scale), round(x * scale)] for x, y in _EYES]).mean(0)
        cheeks[3] = 1.0
        return StaticCharacter(image, cheeks[:, None, None])

    def dress(self, character: StaticCharacter, portrait: Portrait, dressing: Dressing) -> StaticCharacter:
        """The picture under cels."""
        return self.prepare(dressing.drawn_on(portrait))

    def soften(self, character: StaticCharacter, soft: SoftParts) -> StaticCharacter:
        """The same character: nothing of it swings."""
        return character

    def cover(self, character: StaticCharacter, dressing: Dressing) -> StaticCharacter:
        """The character with cels over mouth and eyes."""
        return replace(character, over_face=dressing)

    def animate(
        self, poses: Tensor, characters: Sequence[StaticCharacter], between: Sequence[bool] = ()
    ) -> Tensor:
        """Pictures (B, 4, S, S) in sRGB; see `Animator.animate`."""
        values = [dict(zip(INDEX, row, strict=True)) for row in poses[:, : len(INDEX)].tolist()]
        pictures = torch.empty(len(values), *characters[0].image.shape, device=self.device)
        for pose, character, picture in zip(values, characters, pictures, strict=True):
            picture.copy_(character.image)
            self._draw(pose, character, picture)
        return pictures

    def _draw(self, pose: dict[str, float], character: StaticCharacter, image: Tensor) -> None:
        # "left" is the character's left: the eye on the right of the picture.
        for centre, side in zip(_EYES, ("right", "left"), strict=True):
            closed = min(1.0, sum(w * pose[f"{name}_{side}"] for name, w in _LIDS.items()))
            self._paint(image, centre, _EYE_HALF, character.skin, top=closed)
        opening = min(1.0, sum(w * pose[name] for name, w in _OPENNESS.items()))
        if opening > 0.02:
            width = sum(w * pose[name] for name, w in _WIDTH.items()) / sum(pose[n] for n in _WIDTH)
            half = (max(2, round(_MOUTH_HALF[0] * width)), max(1, round(_MOUTH_HALF[1] * opening)))
            self._paint(image, _MOUTH, half, self._inside, top=1.0)
        if character.over_face is not None:
            image.copy_(character.over_face.at(image.shape[-1]).draw(image, self.space))
        self._move_head(image, pose)

    def _paint(
        self, image: Tensor, centre: tuple[int, int], half: tuple[int, int], colour: Tensor, top: float
    ) -> None:
        """Fill the upper share `top` of an ellipse, told in px of 512, where the picture is opaque."""
        if top <= 0.0:
            return
        scale = image.shape[-1] / SIZE
        x, y, w, h = (round(value * scale) for value in (*centre, *half))
        box = image[:, y - h : y + h + 1, x - w : x + w + 1]
        u = (torch.arange(2 * w + 1, device=self.device) - w) / (w + 0.5)
        v = (torch.arange(2 * h + 1, device=self.device) - h) / (h + 0.5)
        inside = (u[None, :] ** 2 + v[:, None] ** 2 <= 1) & (v[:, None] <= 2 * top - 1)
        box[:] = torch.where(inside & (box[3] > 0.5), colour, box)

    def _move_head(self, image: Tensor, pose: dict[str, float]) -> None:
        """Shift and shear the rows above the neck by whole pixels; the shoulders stay."""
        side = image.shape[-1]
        scale = side / SIZE
        neck = round(_NECK_BOTTOM * scale)
        rows = torch.arange(neck, device=self.device)[:, None]
        columns = torch.arange(side, device=self.device)[None, :]
        hold = ((_NECK_BOTTOM - rows / scale) / (_NECK_BOTTOM - _HEAD_BOTTOM)).clamp(0, 1)
        dx = -pose["head_y"] * _SHIFT_PX * scale + pose["neck_z"] * _TILT * (_HEAD_BOTTOM * scale - rows)
        dy = -pose["head_x"] * _SHIFT_PX * scale
        y = (rows - dy * hold).round().long().clamp(0, neck - 1)
        x = (columns - dx * hold).round().long().clamp(0, side - 1)
        index = (y * side + x).flatten()
        head = image[:, :neck].flatten(1)
        image[:, :neck] = head.index_select(1, index).view(4, neck, side)


def create_static(device: str) -> StaticAnimator:
    """The static animator on a device."""
    return StaticAnimator(device)
