"""A short text on a plate in a corner of the picture.

The letters are those that OpenCV brings along, so no font of the system is asked for. Of a picture only the
label's box is read: the rest is copied, whatever its colour space.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_rtc.filters_schema.label import Label
from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.render.colour import ColourSpace, from_linear, to_linear
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.planes import scale_of
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.pixels import premultiplied, straight

LEAST_CAPITAL_PX = 7.0
"""Smaller letters cannot be read, whatever the picture's size."""
_FACE, _THICKNESS = cv2.FONT_HERSHEY_SIMPLEX, 3
_DRAWN_PX = 64
"""A capital as drawn, before it is made smaller."""
_BESIDE, _BEYOND = 0.62, 0.55
"""How far the plate reaches beyond the letters at the sides, and above and below capitals; in capitals."""
_ROUND = 0.45
"""Radius of the plate's corners, in capitals."""

Coverage = NDArray[np.float32]
"""(height, width) in [0, 1]."""


class Masks(NamedTuple):
    """How much of each pixel is letter, and how much is plate."""

    letters: Coverage
    plate: Coverage


def label(image: Tensor, params: Label, t: float, seed: int) -> Tensor:
    """The label over the picture, premultiplied sRGB."""
    return labelled(image, params, "srgb-premultiplied")


def labelled(image: Tensor, params: Label, space: ColourSpace) -> Tensor:
    """The label over a picture in any space: label + (1 - a) · picture, premultiplied linear light.

    Where the picture is narrower than the label, that is made smaller.
    """
    place = (image.device, image.dtype)
    scale, (height, width) = scale_of(image), image.shape[-2:]
    capital = max(params.size * scale, LEAST_CAPITAL_PX)
    margin = round(params.margin * scale)
    drawn = _drawn(params.text)
    share = capital / _DRAWN_PX
    share = min(share, width / drawn.plate.shape[1], height / drawn.plate.shape[0])
    rows, columns = (max(1, round(side * share)) for side in drawn.plate.shape)
    over = _over(
        params.text, rows, columns, params.colour, params.plate_colour, params.plate, params.opacity, *place
    )
    above, left = min(margin, height - rows), min(margin, width - columns)
    if params.corner.startswith("bottom"):
        above = height - rows - above
    if params.corner.endswith("right"):
        left = width - columns - left
    box = slice(above, above + rows), slice(left, left + columns)
    found = image.clone()
    found[:, box[0], box[1]] = _composited(image[:, box[0], box[1]], over, space)
    return found


@fused()
def _composited(under: Tensor, over: Tensor, space: ColourSpace) -> Tensor:
    light = over + premultiplied(to_linear(under, space)) * (1 - over[3:])
    return from_linear(straight(light), space)


@kept(shared=32)
def _over(
    text: str, rows: int, columns: int, colour: Colour, plate_colour: Colour, plate: float, opacity: float,
    device: torch.device, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """(4, rows, columns): the label, premultiplied linear light. Read only."""
    letters, behind = (
        cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA) * opacity for mask in _drawn(text)
    )
    behind = behind * plate * (1 - letters)
    planes = [letters * of + behind * under for of, under in zip(colour, plate_colour, strict=True)]
    return uploaded(np.stack([*planes, letters + behind]).clip(0, 1), device, dtype)


@kept(shared=4)
def _drawn(text: str) -> Masks:
    """The label at `_DRAWN_PX`, drawn once for each text."""
    capital = _ink("H", 1.0).shape[0]
    scale = _DRAWN_PX / capital
    (_, ascent), descent = cv2.getTextSize(text, _FACE, scale, _THICKNESS)
    baseline, left = 2 * ascent, 2 * _DRAWN_PX
    room = cv2.getTextSize(text, _FACE, scale, _THICKNESS)[0][0] + 2 * left
    canvas = np.zeros((baseline + 2 * max(descent, _DRAWN_PX), room), np.uint8)
    cv2.putText(canvas, text, (left, baseline), _FACE, scale, 255, _THICKNESS, cv2.LINE_AA)
    inked = np.flatnonzero(canvas.any(axis=0))
    beside, beyond = round(_BESIDE * _DRAWN_PX), round(_BEYOND * _DRAWN_PX)
    columns = slice(int(inked[0]) - beside, int(inked[-1]) + 1 + beside)
    letters = (canvas[baseline - _DRAWN_PX - beyond : baseline + beyond, columns] / 255).astype(np.float32)
    return Masks(letters, _rounded(letters.shape[0], letters.shape[1], _ROUND * _DRAWN_PX))


def _ink(text: str, scale: float) -> NDArray[np.uint8]:
    """A text without the space around it."""
    (width, height), below = cv2.getTextSize(text, _FACE, scale, _THICKNESS)
    canvas = np.zeros((3 * (height + below), width + 2 * height), np.uint8)
    cv2.putText(canvas, text, (height, 2 * height), _FACE, scale, 255, _THICKNESS, cv2.LINE_AA)
    rows, columns = (np.flatnonzero(canvas.any(axis=axis)) for axis in (1, 0))
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _rounded(height: int, width: int, radius: float) -> Coverage:
    """A rectangle with round corners."""
    y, x = np.arange(height)[:, None] + 0.5, np.arange(width)[None] + 0.5
    beyond_y, beyond_x = (
        np.abs(y - height / 2) - height / 2 + radius,
        np.abs(x - width / 2) - width / 2 + radius,
    )
    inside = radius - np.hypot(np.maximum(beyond_y, 0), np.maximum(beyond_x, 0))
    covered: Coverage = np.clip(inside + 0.5, 0, 1).astype(np.float32)
    return covered


FILTERS = {"label": label}
