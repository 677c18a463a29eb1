"""The operations of the chain as pure functions of (image, params, t, seed).

An image is (4, H, W) linear RGB + straight alpha in [0, 1]. None waits for the device, none keeps state:
noise would be drawn from (seed, int(25 t)).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.filters_schema import Operation, TranslucentDisplay, Upscale, Vignetting


def vignetting(image: Tensor, params: Vignetting, t: float, seed: int) -> Tensor:
    """rgb · cos²(strength · π · d), d = 0 in the middle and 1 in the corners; alpha is kept.

    >>> vignetting(torch.ones(4, 3, 3), Vignetting(strength=0), 0, 0).min().item()
    1.0
    """
    h, w = image.shape[-2:]
    y = torch.linspace(-1, 1, h, device=image.device, dtype=image.dtype)[:, None]
    x = torch.linspace(-1, 1, w, device=image.device, dtype=image.dtype)[None, :]
    d = torch.sqrt((x * x + y * y) / 2)
    return torch.cat([image[:3] * torch.cos(params.strength * torch.pi * d) ** 2, image[3:]])


def translucent_display(image: Tensor, params: TranslucentDisplay, t: float, seed: int) -> Tensor:
    """alpha · factor; the colour is kept.

    >>> translucent_display(torch.ones(4, 1, 1), TranslucentDisplay(alpha=0.5), 0, 0)[3].item()
    0.5
    """
    return torch.cat([image[:3], image[3:] * params.alpha])


def upscale(image: Tensor, params: Upscale, t: float, seed: int) -> Tensor:
    """(4, ⌊factor H⌋, ⌊factor W⌋), bilinear on premultiplied colour, so edges take no dark rim.

    >>> upscale(torch.ones(4, 8, 8), Upscale(factor=2), 0, 0).shape
    torch.Size([4, 16, 16])
    """
    if params.factor == 1.0:
        return image
    size = (int(image.shape[-2] * params.factor), int(image.shape[-1] * params.factor))
    premultiplied = torch.cat([image[:3] * image[3:], image[3:]])
    large = interpolate(premultiplied[None], size=size, mode="bilinear", align_corners=False)[0]
    alpha = large[3:]
    return torch.cat([(large[:3] / alpha.clamp(min=1e-5)).clamp(max=1), alpha])


FILTERS: dict[str, Callable[[Tensor, object, float, int], Tensor]] = {
    "vignetting": vignetting,  # type: ignore[dict-item]  # each takes its own Params, as declared
    "translucent_display": translucent_display,  # type: ignore[dict-item]
    "upscale": upscale,  # type: ignore[dict-item]
}


ALPHA_ONLY = frozenset({"translucent_display"})
"""Operations that leave the colour alone, so that its curve does not matter to them."""


def needs_linear(chain: Sequence[Operation]) -> bool:
    """True if an operation reckons with colour: the sRGB curve there and back costs 10 ms on a CPU."""
    return any(operation.name not in ALPHA_ONLY for operation in chain)


def run_chain(image: Tensor, chain: Sequence[Operation], t: float, seed: int) -> Tensor:
    """The image after every operation, first to last; an empty chain gives the image itself."""
    for operation in chain:
        image = FILTERS[operation.name](image, operation.params, t, seed)
    return image
