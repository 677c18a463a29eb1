"""Hair and hems of THA3's pictures swing: a second warp, of what came out."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.render.tha3.networks import warp

_LEAST_ALPHA = 1e-3
"""What is less opaque has no colour that could be told."""


@fused(kernels=5)
def swung(picture: Tensor, grid: Tensor, soft: Tensor, swing: Tensor) -> Tensor:
    """(1, 4, S, S) like `picture`, linear RGB with straight alpha in [0, 1], its soft parts swung.

    Args:
        grid: (1, 2, 512, 512): how the body was turned, as `warp` wants it; weights are those of places of
            the neutral picture, and go where it takes them.
        soft: (6, 128, 128), see `SoftParts.moving`.
        swing: (12,) in px of the 512 px picture.
    """
    drift = (soft.float()[:, None] * swing.float().view(-1, 2, 1, 1)).sum(0, keepdim=True)
    drift = warp(drift, grid[:, :, 2::4, 2::4].float())
    drift = interpolate(drift, size=picture.shape[-2:], mode="bilinear", align_corners=False)
    alpha = picture[:, 3:]
    pixels = warp(torch.cat([picture[:, :3] * alpha, alpha], dim=1), drift * (-2 / SIZE))
    rgb = pixels[:, :3] / pixels[:, 3:].clamp(min=_LEAST_ALPHA)
    return torch.cat([rgb.clamp(0, 1), pixels[:, 3:]], dim=1)
