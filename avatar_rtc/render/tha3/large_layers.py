"""What THA3 keeps of a character's large picture, made once: its layers, and how their edges are found."""

import torch
from torch import Tensor

from avatar_rtc.render.colour import srgb_to_linear
from avatar_rtc.render.tha3.boxes import HEAD_BOX, box_at
from avatar_rtc.render.tha3.character import LargeLayers
from avatar_rtc.render.tha3.large import maps_at, painter
from avatar_rtc.render.tha3.networks import Split, split_of, taken_apart
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
    head = picture[:, :, *box_at(HEAD_BOX, large.shape[-1]).slices]
    # Alphas and colours, not what the network gave for them: brows laid back are 6 dB nearer the source, and
    # have no steps. A guided filter of the alphas (He 2013) is 0.4 dB further from it.
    larger = Split(*(maps_at(each, head.shape[-1]) for each in split_of(maps)))
    brows, background = taken_apart(head, larger)
    kept = picture.to(dtype)
    return LargeLayers(kept, brows.to(dtype), background.to(dtype), kept.clone(), rest)
