"""Cels on lids: a blush or shadow is drawn around the open eye, and a lid that closes wears it, too."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.face.pose import INDEX, neutral
from avatar_rtc.render.filters.blurs import blur
from avatar_rtc.render.pixels import premultiplied, straight
from avatar_rtc.render.skin import but_lines
from avatar_rtc.render.student.file import Student
from avatar_rtc.render.student.parts import MORPHS_OF, FacePart
from avatar_rtc.stream.box import Box

_EYES: tuple[FacePart, ...] = ("eye_right", "eye_left")
_UNDER_LID = 0.05
"""Where a full blink covers more than this of the eye, a cel is not asked what the skin wears there."""
_REACH = 5.0
"""Sigma in px of what is looked at around the eye, in a picture of 512."""


def lids_of(student: Student, box: Box) -> Tensor:
    """(H, W) of the body box: how much of the eye a full blink hides, in [0, 1]."""
    lids = torch.zeros(box.height, box.width)
    closed = torch.from_numpy(neutral())
    closed[[INDEX["eye_wink_left"], INDEX["eye_wink_right"]]] = 1.0
    for part in _EYES:
        eye = student.boxes[part]
        opening = student.faces[part](closed[MORPHS_OF[part]][None])[:, 3:].sigmoid()
        if opening.shape[-2:] != (eye.height, eye.width):  # of a student of a larger scale
            opening = interpolate(opening, size=(eye.height, eye.width), mode="area")
        lids[eye.within(box).slices] = 1 - opening[0, 0]
    return lids


def on_lids(cel: Tensor, lids: Tensor, below: Tensor, scale: float = 1.0) -> Tensor:
    """The cel as skin that closes over the eye wears it: filled in from around the eye, but not on lashes.

    Args:
        cel: (4, h, w), linear, straight alpha.
        lids: (h, w), its part of `lids_of`.
        below: (4, h, w), linear, straight alpha: the face it is drawn on, as it is now.
        scale: how many px make one of a picture of 512.
    """
    skin = (lids < _UNDER_LID).float()
    coloured = premultiplied(cel) * skin
    reach = _REACH * scale
    around = blur(torch.cat([coloured, skin[None]]), reach, reach)
    filled = around[:4] / around[4:].clamp(min=1e-3)
    filled = straight(filled)
    filled[3].clamp_(0, 1)
    return torch.where(skin > 0, cel, but_lines(filled, below))
