"""Mouths and closed eyes that are drawn: they cover a part of the posed face before the body moves.

All that is worn is composed once into one picture of the box it fills; a frame lays it over the face.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from avatar_rtc.face.cels import ON_SKIN, TEARS
from avatar_rtc.render.cels import Dressing, PreparedCel, over
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.pixels import divisor
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.skin import but_lines
from avatar_rtc.render.tha3.boxes import FACE_BOX, box_at
from avatar_rtc.stream.box import Box


@dataclass(frozen=True, eq=False)
class Cover:
    """What lies over a face."""

    box: Box
    """Where, in the 512 px picture: inside `FACE_BOX`, all its edges even."""
    pixels: Tensor = field(repr=False)
    """(1, 4, h, w): linear RGB + straight alpha in [-1, 1]."""
    large: Tensor | None = field(default=None, repr=False)
    """The same at the side that is shown, if that is not 512."""


def cover_of(
    dressing: Dressing, worn: Dressing | None, device: torch.device, dtype: torch.dtype, side: int = SIZE
) -> Cover | None:
    """The cover that these cels are; None if none of them lies in the face.

    Args:
        worn: the cels that the source picture is under: what of them lies on skin, and tears, shows on the
            skin of the cover as well.
        side: of the pictures that are shown, in px.
    """
    boxes = [
        seen for top in dressing.at(SIZE).tops(device) if not (seen := top.box.common(FACE_BOX)).is_empty
    ]
    if not boxes:
        return None
    box = _even(boxes)

    def drawn(side: int) -> Tensor:
        picture = _drawn(dressing.at(side), worn and worn.at(side), box_at(box, side), device)
        return (picture * 2 - 1)[None].to(dtype)

    return Cover(box, drawn(SIZE), None if side == SIZE else drawn(side))


def _drawn(dressing: Dressing, worn: Dressing | None, box: Box, device: torch.device) -> Tensor:
    """The cels in a box of a picture of their side: (4, h, w), linear RGB + straight alpha in [0, 1]."""
    picture = torch.zeros(4, box.height, box.width, device=device)
    for top in dressing.tops(device):
        _lay(top, picture, box)
    if worn is not None:
        shape = picture[3].clone()
        picture[3] = 1
        for top in worn.tops(device):
            if top.name in ON_SKIN:
                _lay(top._replace(pixels=worn.cels.closed(top.name, device)), picture, box, is_skin=True)
            elif top.name in TEARS:
                _lay(top, picture, box)
        picture[3] = shape
    return picture


@fused()
def covered(face: Tensor, cover: Tensor) -> Tensor:
    """A cover over the part of a posed face where it lies: (B, 4, h, w), both in [-1, 1] (Porter and Duff).

    As the weights of both colours are 1 together, it does not matter that these do not start at 0.
    """
    top, base = cover.float(), face.float()
    a_top = (top[:, 3:] + 1) / 2
    a_base = ((base[:, 3:] + 1) / 2).clamp_min(0) * (1 - a_top)
    alpha = a_top + a_base
    colour = (top[:, :3] * a_top + base[:, :3] * a_base) / divisor(alpha)
    return torch.cat([colour, alpha * 2 - 1], dim=1).to(face.dtype)


def _lay(top: PreparedCel, picture: Tensor, box: Box, is_skin: bool = False) -> None:
    """Draw a cel into the picture (4, h, w) of a box, in place."""
    seen = top.box.common(box)
    if seen.is_empty:
        return
    part = picture[:, *seen.within(box).slices]
    cel = top.pixels[:, *seen.within(top.box).slices]
    part[:] = over(but_lines(cel, part) if is_skin else cel, part, top.strength)


def _even(boxes: list[Box]) -> Box:
    """The least box around some, all its edges even: a picture of half the size has the same part."""
    return Box.between(
        min(box.y for box in boxes) // 2 * 2,
        -(-max(box.bottom for box in boxes) // 2) * 2,
        min(box.x for box in boxes) // 2 * 2,
        -(-max(box.right for box in boxes) // 2) * 2,
    )
