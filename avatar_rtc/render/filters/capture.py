"""Operations that a camera and its lens do: exposure, colour fringes, noise."""

from functools import lru_cache

import torch
from torch import Tensor

from avatar_rtc.filters_schema.capture import Vignetting
from avatar_rtc.render.filters.planes import centres


def vignetting(image: Tensor, params: Vignetting, t: float, seed: int) -> Tensor:
    """rgb · cos²(strength · π · d), d = 0 in the middle and 1 in the corners; alpha is kept.

    >>> vignetting(torch.ones(4, 3, 3), Vignetting(strength=0), 0, 0).min().item()
    1.0
    """
    return image * _falloff(*image.shape[-2:], params.strength, image.device, image.dtype)


@lru_cache(maxsize=8)
def _falloff(h: int, w: int, strength: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(4, H, W): the factor of each colour, and 1 for alpha."""
    y, x = centres(h, device, dtype)[:, None], centres(w, device, dtype)[None, :]
    factor = torch.cos(strength * torch.pi * torch.sqrt((x * x + y * y) / 2)) ** 2
    return torch.stack([factor] * 3 + [torch.ones_like(factor)])


FILTERS = {"vignetting": vignetting}
