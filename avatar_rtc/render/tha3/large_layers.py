"""What THA3 keeps of a character's large picture, made once: its layers, and how their edges are found."""

import torch
from torch import Tensor

from avatar_rtc.render.colour import srgb_to_linear
from avatar_rtc.render.tha3.boxes import HEAD_BOX, at_side
from avatar_rtc.render.tha3.character import LargeLayers
from avatar_rtc.render.tha3.large import enlarged, painter
from avatar_rtc.render.tha3.networks import decompose
from avatar_rtc.render.tha3.parts import RestGrids


def large_layers(large: Tensor, maps: Tensor, rest: RestGrids, dtype: torch.dtype) -> LargeLayers:
    """The layers of a picture.

    Args:
        large: (4, S, S) sRGB + straight alpha in [0, 1], float32, on the device.
        maps: (1, 10, 128, 128): what the decomposer gave for its reduction.
        rest: of the character.
        dtype: of what is kept.
    """
    painter(large.device)  # loaded now, for no frame waits for weights
    picture = srgb_to_linear(large[None]) * 2 - 1
    head = picture[:, :, *at_side(HEAD_BOX, large.shape[-1]).slices]
    brows, background = decompose(enlarged(maps, head.shape[-1]), head)
    kept = picture.to(dtype)
    return LargeLayers(kept, brows.to(dtype), background.to(dtype), kept.clone(), rest)
