"""Operations that a screen does: scanlines, bands, one colour only."""

import torch
from torch import Tensor

from avatar_rtc.filters_schema.display import TranslucentDisplay


def translucent_display(image: Tensor, params: TranslucentDisplay, t: float, seed: int) -> Tensor:
    """alpha · factor; the colour is kept.

    >>> translucent_display(torch.ones(4, 1, 1), TranslucentDisplay(alpha=0.5), 0, 0)[3].item()
    0.5
    """
    return torch.cat([image[:3], image[3:] * params.alpha])


FILTERS = {"translucent_display": translucent_display}
