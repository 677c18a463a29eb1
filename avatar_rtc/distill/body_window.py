"""The maps of a body decoder in one window, without reckoning the rest: training looks at parts."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate, silu

from avatar_rtc.render.student.networks import (
    GRID_UNIT,
    BodyDecoder,
    DoublingLevel,
    StudentDecoder,
    body_features,
)
from avatar_rtc.stream.box import Box

_MARGIN = 2
"""Pixels around a window that a level needs of the one above: its kernel reaches one, and one to spare."""


def maps_in(network: BodyDecoder, poses: Tensor, window: Box) -> tuple[Tensor, Tensor]:
    """The same as `network(poses)` cut to a window: grid (B, 2, h, w) and paint (B, 5, h, w)."""
    features = body_features(poses)[:, : network.decoder.shape.inputs]
    bulk = network.bulk(features).view(-1, 2, *network.bulk_size)
    bulk = interpolate(bulk, scale_factor=BodyDecoder.BULK_SCALE, mode="bilinear", align_corners=False)
    maps = _decoded(network.decoder, features, window)
    rows, columns = window.slices
    return bulk[:, :, rows, columns] + GRID_UNIT * maps[:, :2], maps[:, 2:].sigmoid()


def _decoded(decoder: StudentDecoder, morphs: Tensor, window: Box) -> Tensor:
    shape = decoder.shape
    wanted = [window]
    for depth in range(len(decoder.levels), -1, -1):
        wanted.insert(0, _above(wanted[0], Box(0, 0, shape.columns << depth, shape.rows << depth)))
    inside = decoder.inside(morphs)
    maps = silu(decoder.seed(inside).view(len(morphs), -1, shape.rows, shape.columns))
    maps = maps[:, :, *wanted[0].slices]
    for number, level in enumerate(decoder.levels):
        assert isinstance(level, DoublingLevel)
        above, below = wanted[number], wanted[number + 1]
        raised = level.up(maps)[:, :, *below.within(above.doubled).slices]
        scale, shift = level.modulate(inside)[:, :, None, None].chunk(2, dim=1)
        constant = level.constant[:, :, *below.slices]
        maps = silu(torch.addcmul(constant + shift, raised, 1 + scale))
    found: Tensor = decoder.head(maps)[:, :, *window.within(wanted[-2].doubled).slices]
    return found


def _above(window: Box, whole: Box) -> Box:
    """What lies above it, with a margin, in the maps of half the size, which reach over `whole`."""
    covering = Box.between(window.y // 2, -(-window.bottom // 2), window.x // 2, -(-window.right // 2))
    return covering.grown(_MARGIN).common(whole)
