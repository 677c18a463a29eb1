"""Enlarging pictures: interpolation, or a small network that keeps drawn lines sharp.

Pictures are premultiplied sRGB. Whatever is used for the colour, alpha is bilinear or lies between its
neighbours, and colour never exceeds it: an edge that rings would show as a light or dark rim.

On a graphics card networks compute in half floats, and add what they find to a float32 picture.
"""

import importlib
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.errors import SetupError
from avatar_rtc.filters_schema.anime4k_files import NetworkKind
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.precision import network_precision
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.upscale.anime4k import load_anime4k
from avatar_rtc.render.upscale.interpolation import Interpolation, interpolated
from avatar_rtc.render.upscale.networks import load_upscaler

NetworkMethod = Literal["anime", "anime4k", "pyanime4k"]
Method = Interpolation | NetworkMethod
Quality = Literal["low", "high"]
UpscalePreset = Literal["none", "A", "B", "C"]
RESTORES: Mapping[UpscalePreset, NetworkKind] = {"A": "restore", "B": "restore softly"}
"""What comes before the enlarging."""


def enlarge(
    image: Tensor,
    height: int,
    width: int,
    method: Method,
    quality: Quality = "low",
    preset: UpscalePreset = "none",
) -> Tensor:
    """The picture (4, H, W), premultiplied sRGB, at another size, (4, height, width).

    Args:
        method: anime, anime4k and pyanime4k double once or twice by a network, then shrink to the size
            asked; the others interpolate.
        preset: of anime4k.

    Raises:
        SetupError: what the method needs is not here.
    """
    if image.shape[-2:] == (height, width):
        return image
    if method == "anime" or method == "anime4k" or method == "pyanime4k":
        return _by_network(image, height, width, method, quality, preset)
    if method == "bilinear":
        return interpolated(image, height, width, method)
    alpha = interpolated(image[3:], height, width, "bilinear")
    return _with_alpha(interpolated(image[:3], height, width, method), alpha)


def _by_network(
    image: Tensor, height: int, width: int, method: NetworkMethod, quality: Quality, preset: UpscalePreset
) -> Tensor:
    device, dtype = image.device, network_precision(image.device)
    if method == "anime4k" and (kind := RESTORES.get(preset)) is not None:
        restore = load_anime4k(quality, device, dtype, kind)
        image = _with_alpha(restore(image[None, :3])[0], image[3:])
    first: NetworkKind = "denoise" if preset == "C" else "upscale"
    while image.shape[-2] < height or image.shape[-1] < width:
        if method == "anime":
            image = load_upscaler(quality, device, dtype).doubled(image)
        else:
            alpha = interpolated(image[3:], 2 * image.shape[-2], 2 * image.shape[-1], "bilinear")
            if method == "anime4k":
                double: Callable[[Tensor], Tensor] = load_anime4k(quality, device, dtype, first)
                first = "upscale"
            else:
                double = _pyanime4k(quality, threading.get_ident())
            image = _with_alpha(double(image[None, :3])[0], alpha)
    if image.shape[-2:] == (height, width):
        return image
    return interpolate(image[None], size=(height, width), mode="area")[0]


@fused()
def _with_alpha(colour: Tensor, alpha: Tensor) -> Tensor:
    image = torch.cat([colour, alpha])
    image[:3].clamp_(min=0).clamp_(max=alpha)
    return image


@lru_cache(maxsize=8)
def _pyanime4k(quality: Quality, thread: int) -> Callable[[Tensor], Tensor]:
    """The doubling of https://pypi.org/project/pyanime4k (MIT): RGB (1, 3, H, W).

    It computes on the CPU. A picture of a device comes to it and goes back, and the host waits for that.
    """
    try:
        module = importlib.import_module("pyanime4k")
    except ImportError:
        raise SetupError("pyanime4k is not installed; pip install 'avatar-rtc[upscale]'") from None
    # A processor serves one thread; another one's would have to wait for it.
    processor = module.Processor("cpu", 0, "acnet-hdn0" if quality == "low" else "arnet-hdn")

    def double(rgb: Tensor) -> Tensor:
        pixels = rgb[0].float().permute(1, 2, 0).cpu().numpy()
        large = torch.from_numpy(processor(np.ascontiguousarray(pixels), 2.0))
        return uploaded(large.permute(2, 0, 1), rgb.device, rgb.dtype)[None]

    return double
