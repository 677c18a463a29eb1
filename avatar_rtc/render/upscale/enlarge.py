"""Enlarging pictures: interpolation, or a small network that keeps drawn lines sharp.

Pictures are premultiplied sRGB. Whatever is used for the colour, alpha is bilinear or lies between its
neighbours, and colour never exceeds it: an edge that rings would show as a light or dark rim.
"""

import importlib
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.errors import SetupError
from avatar_rtc.filters_schema.anime4k_files import NetworkKind
from avatar_rtc.render.upscale.anime4k import load_anime4k
from avatar_rtc.render.upscale.networks import load_upscaler

Method = Literal["bilinear", "bicubic", "lanczos", "anime", "anime4k", "pyanime4k"]
Quality = Literal["low", "high"]
UpscalePreset = Literal["none", "A", "B", "C"]
RESTORES: Mapping[UpscalePreset, NetworkKind] = {"A": "restore", "B": "restore softly"}
"""What comes before the enlarging."""
_LOBES = 4
"""Of the Lanczos kernel, to each side, as OpenCV has it."""


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
    if method not in ("bilinear", "bicubic", "lanczos"):
        return _by_network(image, height, width, method, quality, preset)
    alpha = _bilinear(image[3:], height, width)
    if method == "bilinear":
        return torch.cat([_bilinear(image[:3], height, width), alpha])
    colour = _bicubic(image[:3], height, width) if method == "bicubic" else _lanczos(image[:3], height, width)
    return torch.cat([torch.minimum(colour.clamp_(min=0), alpha), alpha])


def _by_network(
    image: Tensor, height: int, width: int, method: Method, quality: Quality, preset: UpscalePreset
) -> Tensor:
    if method == "anime4k" and (kind := RESTORES.get(preset)) is not None:
        restore = load_anime4k(quality, image.device, image.dtype, kind)
        image = _with_alpha(restore(image[None, :3])[0], image[3:])
    first: NetworkKind = "denoise" if preset == "C" else "upscale"
    while image.shape[-2] < height or image.shape[-1] < width:
        if method == "anime":
            image = load_upscaler(quality, image.device, image.dtype).doubled(image)
        else:
            alpha = _bilinear(image[3:], 2 * image.shape[-2], 2 * image.shape[-1])
            if method == "anime4k":
                double: Callable[[Tensor], Tensor] = load_anime4k(quality, image.device, image.dtype, first)
                first = "upscale"
            else:
                double = _pyanime4k(quality, threading.get_ident())
            image = _with_alpha(double(image[None, :3])[0], alpha)
    if image.shape[-2:] == (height, width):
        return image
    return interpolate(image[None], size=(height, width), mode="area")[0]


def _with_alpha(colour: Tensor, alpha: Tensor) -> Tensor:
    return torch.cat([torch.minimum(colour.clamp(min=0), alpha), alpha])


@lru_cache(maxsize=8)
def _pyanime4k(quality: Quality, thread: int) -> Callable[[Tensor], Tensor]:
    """The doubling of https://pypi.org/project/pyanime4k (MIT): RGB (1, 3, H, W), on the CPU."""
    try:
        module = importlib.import_module("pyanime4k")
    except ImportError:
        raise SetupError("pyanime4k is not installed; pip install 'avatar-rtc[upscale]'") from None
    # A processor serves one thread; another one's would have to wait for it.
    processor = module.Processor("cpu", 0, "acnet-hdn0" if quality == "low" else "arnet-hdn")

    def double(rgb: Tensor) -> Tensor:
        pixels = rgb[0].float().permute(1, 2, 0).cpu().numpy()
        large = torch.from_numpy(processor(np.ascontiguousarray(pixels), 2.0))
        return large.permute(2, 0, 1).to(rgb)[None]

    return double


def _bilinear(planes: Tensor, height: int, width: int) -> Tensor:
    if planes.device.type == "cpu":
        return _by_opencv(planes, height, width, cv2.INTER_LINEAR)
    return interpolate(planes[None], size=(height, width), mode="bilinear", align_corners=False)[0]


def _bicubic(planes: Tensor, height: int, width: int) -> Tensor:
    """Keys' kernel with a = -0.75, as torch and OpenCV have it."""
    if planes.device.type == "cpu":
        return _by_opencv(planes, height, width, cv2.INTER_CUBIC)
    return interpolate(planes[None], size=(height, width), mode="bicubic", align_corners=False)[0]


def _by_opencv(planes: Tensor, height: int, width: int, mode: int) -> Tensor:
    rows = np.ascontiguousarray(planes.permute(1, 2, 0).numpy())
    found = cv2.resize(rows, (width, height), interpolation=mode).reshape(height, width, -1)
    return torch.from_numpy(found).permute(2, 0, 1).contiguous()


def _lanczos(planes: Tensor, height: int, width: int) -> Tensor:
    """A sinc within a wider sinc, one axis after the other; borders repeated."""
    if planes.device.type == "cpu":
        return _by_opencv(planes, height, width, cv2.INTER_LANCZOS4)
    rows = _weights(planes.shape[-2], height, planes.device, planes.dtype)
    columns = _weights(planes.shape[-1], width, planes.device, planes.dtype)
    tall = _gathered(planes.transpose(1, 2), *rows).transpose(1, 2)
    return _gathered(tall, *columns)


def _gathered(planes: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Along the last axis: the sum over k of planes[…, index[k]] · weight[k]."""
    result = planes[..., index[0]] * weight[0]
    for k in range(1, len(index)):
        result.addcmul_(planes[..., index[k]], weight[k])
    return result


@lru_cache(maxsize=8)
def _weights(before: int, after: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Which pixels (taps, after) each new one is made of, and how much of each. Read only."""
    centre = (np.arange(after) + 0.5) * before / after - 0.5
    first = np.floor(centre).astype(int) - _LOBES + 1
    places = first[None, :] + np.arange(2 * _LOBES)[:, None]
    distance = places - centre[None, :]
    weight = np.sinc(distance) * np.sinc(distance / _LOBES) * (np.abs(distance) < _LOBES)
    weight /= weight.sum(0)
    index = torch.tensor(np.clip(places, 0, before - 1), device=device)
    return index, torch.tensor(weight, device=device, dtype=dtype)
