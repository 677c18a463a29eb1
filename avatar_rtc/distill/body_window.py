"""The maps of a body decoder in one window, without reckoning the rest: training looks at parts."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate, silu

from avatar_rtc.render.student.networks import GRID_UNIT, BodyDecoder, Decoder, Level, body_features

_MARGIN = 2
"""Pixels around a window that a level needs of the one above: its kernel reaches one, and one to spare."""


@dataclass(frozen=True)
class Window:
    """A part of some maps, in their pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def halved(self) -> "Window":
        """The same part of maps of half the size."""
        return Window(self.top // 2, self.left // 2, self.height // 2, self.width // 2)

    def inside(self, rows: int, columns: int) -> "Window":
        """What lies above it, with a margin, in maps of half the size that have so many rows and columns."""
        top, left = max(0, self.top // 2 - _MARGIN), max(0, self.left // 2 - _MARGIN)
        bottom = min(rows, -(-(self.top + self.height) // 2) + _MARGIN)
        right = min(columns, -(-(self.left + self.width) // 2) + _MARGIN)
        return Window(top, left, bottom - top, right - left)

    def within(self, other: "Window") -> tuple[slice, slice]:
        """Where it lies in a window that holds it."""
        top, left = self.top - other.top, self.left - other.left
        return slice(top, top + self.height), slice(left, left + self.width)


def maps_in(network: BodyDecoder, poses: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """The same as `network(poses)` cut to a window: grid (B, 2, h, w) and paint (B, 5, h, w)."""
    features = body_features(poses)[:, : network.decoder.shape.inputs]
    bulk = network.bulk(features).view(-1, 2, *network.bulk_size)
    bulk = interpolate(bulk, scale_factor=BodyDecoder.BULK_SCALE, mode="bilinear", align_corners=False)
    maps = _decoded(network.decoder, features, window)
    rows, columns = window.slices
    return bulk[:, :, rows, columns] + GRID_UNIT * maps[:, :2], maps[:, 2:].sigmoid()


def _decoded(decoder: Decoder, morphs: Tensor, window: Window) -> Tensor:
    shape = decoder.shape
    wanted = [window]
    for depth in range(len(decoder.levels), -1, -1):
        wanted.insert(0, wanted[0].inside(shape.rows << depth, shape.columns << depth))
    inside = decoder.inside(morphs)
    maps = silu(decoder.seed(inside).view(len(morphs), -1, shape.rows, shape.columns))
    maps = maps[:, :, *wanted[0].slices]
    for number, level in enumerate(decoder.levels):
        assert isinstance(level, Level)
        above, below = wanted[number], wanted[number + 1]
        doubled = Window(2 * above.top, 2 * above.left, 2 * above.height, 2 * above.width)
        raised = level.up(maps)[:, :, *below.within(doubled)]
        scale, shift = level.modulate(inside)[:, :, None, None].chunk(2, dim=1)
        constant = level.constant[:, :, *below.slices]
        maps = silu(torch.addcmul(constant + shift, raised, 1 + scale))
    above = wanted[-2]
    doubled = Window(2 * above.top, 2 * above.left, 2 * above.height, 2 * above.width)
    found: Tensor = decoder.head(maps)[:, :, *window.within(doubled)]
    return found
