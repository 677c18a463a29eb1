"""Operations that a camera and its lens do: exposure, colour fringes, noise, grading."""

import math
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from avatar_rtc.filters_schema.capture import (
    Bloom,
    ChromaticAberration,
    ColourGrade,
    Desaturate,
    LensBlur,
    Noise,
    Vignetting,
)
from avatar_rtc.filters_schema.params import Colour
from avatar_rtc.render.colour import linear_to_srgb, srgb_to_linear
from avatar_rtc.render.filters.planes import (
    blur,
    centres,
    enlarged,
    luminance,
    magnified,
    scale_of,
    shrunk,
    to_yuv,
    uniform,
    with_luminance,
)
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.pixels import divisor, premultiplied, straight

_SMALL = 5
"""Radius, px, up to which a disc is not worth a smaller picture: from 13 x 13 taps on it costs five times."""


def lens_blur(image: Tensor, params: LensBlur, t: float, seed: int) -> Tensor:
    """A disc of `radius` over premultiplied colour; before it, light grows with its fifth power.

    The mean over the disc is of colour · (1 + 8 highlights · Y⁵), divided by that of the factor: an even
    surface keeps its colour, and a bright point becomes a bright disc.
    """
    source = premultiplied(image)
    y = luminance(source[:3])
    factor = y.square().square_().mul_(y).mul_(8 * params.highlights).add_(1)  # pow takes ten times as long
    planes = torch.cat([source * factor, factor])
    radius, scale = params.radius * scale_of(image), max(1, round(scale_of(image)))
    # A wide disc leaves nothing finer than a px of a 512 px picture, a very wide one than two.
    step = scale * (1 if params.radius <= 10 else 2) if radius > _SMALL else 1
    spread = _disc_mean(planes, radius, step)
    return straight((spread[:4] / spread[4:]).clamp_(0, 1))


def _disc_mean(planes: Tensor, radius: float, step: int = 1) -> Tensor:
    """The mean over a disc with a soft edge of one px, (C, H, W); on a picture of one px for so many."""
    if step > 1:
        h, w = planes.shape[-2:]
        return enlarged(_disc_mean(shrunk(planes, step, step), radius / step), h, w)
    reach = math.ceil(radius)
    axis = np.arange(-reach, reach + 1, dtype=np.float32)
    disc = np.clip(radius + 0.5 - np.hypot(axis[:, None], axis[None, :]), 0, 1)
    disc /= disc.sum()
    if planes.device.type == "cpu":
        found = torch.empty_like(planes)
        for before, after in zip(planes.numpy(), found.numpy(), strict=True):
            cv2.filter2D(before, -1, disc, after, borderType=cv2.BORDER_REPLICATE)
        return found
    weight = torch.from_numpy(disc).to(planes)[None, None].expand(planes.shape[0], -1, -1, -1)
    padded = pad(planes[None], (reach, reach, reach, reach), "replicate")
    return conv2d(padded, weight, groups=planes.shape[0])[0]


def bloom(image: Tensor, params: Bloom, t: float, seed: int) -> Tensor:
    """image + blur(image where Y >= threshold), on premultiplied colour and alpha, then the exposure's curve.

    The curve is 1 - exp(-exposure · rgb), of straight colour; the glow is a true Gaussian.
    """
    result = image
    if params.threshold < 1:
        bright = premultiplied(image)
        bright *= luminance(image[:3]) >= params.threshold
        sigma = params.sigma * scale_of(image)
        glow = blur(bright, sigma, sigma)
        rgb = (image[:3] * image[3:]).add_(glow[:3])
        alpha = (image[3:] + glow[3:]).clamp_(max=1)
        result = torch.cat([rgb.div_(divisor(alpha)), alpha])
    if params.exposure > 0:
        rgb = result[:3].mul(-params.exposure).exp_().neg_().add_(1)
        result = torch.cat([rgb, result[3:]])
    return result.clamp_(0, 1) if result is not image else image


def chromatic_aberration(image: Tensor, params: ChromaticAberration, t: float, seed: int) -> Tensor:
    """Red looked up at p · (1 + scale), blue at p · (1 - scale), each blurred with its alpha; green stays.

    Alpha is the mean of the three.
    """
    sigma = params.sigma * scale_of(image)
    alpha = image[3:]
    red = blur(magnified(torch.cat([image[:1] * alpha, alpha]), 1 / (1 + params.scale)), sigma, sigma)
    blue = blur(magnified(torch.cat([image[2:3] * alpha, alpha]), 1 / (1 - params.scale)), sigma, sigma)
    mean = (red[1:] + alpha + blue[1:]).div_(3)
    small = divisor(mean)
    # Straight colour against the mean alpha: a fringe is where one colour's alpha reaches further.
    rgb = torch.cat([red[:1] / small, image[1:2] * alpha / small, blue[:1] / small]).clamp_(0, 1)
    return torch.cat([rgb, mean])


def noise(image: Tensor, params: Noise, t: float, seed: int) -> Tensor:
    """Y or alpha · (1 - strength + strength · N), N blurred noise in [0, 1)."""
    grain = _grain(image, params.double_size, params.sigma, seed, t)
    factor = grain.mul_(params.strength).add_(1 - params.strength)
    if params.channel == "A":
        return torch.cat([image[:3], image[3:] * factor])
    y = luminance(image[:3])
    return torch.cat([with_luminance(image[:3], y, y * factor), image[3:]])


def _grain(image: Tensor, doubled: bool, sigma: float, seed: int, t: float) -> Tensor:
    """Noise (1, H, W) whose grain grows with the picture: drawn at the size of a 512 px one and enlarged."""
    h, w = image.shape[-2:]
    size = scale_of(image) * (2 if doubled else 1)
    unit = max(1.0, size)  # no grain is finer than a px
    small = max(1, round(h / unit)), max(1, round(w / unit))
    grain = uniform(seed, t, 1, *small, image)[None]
    grain = blur(grain, sigma * size / unit, sigma * size / unit)
    if small != (h, w):
        grain = interpolate(grain[None], size=(h, w), mode="nearest")[0]
    return grain


def vignetting(image: Tensor, params: Vignetting, t: float, seed: int) -> Tensor:
    """rgb · cos²(strength · π · d), d = 0 in the middle and 1 in the corners; alpha is kept.

    >>> vignetting(torch.ones(4, 3, 3), Vignetting(strength=0), 0, 0).min().item()
    1.0
    """
    h, w = image.shape[-2:]
    return image * _falloff(h, w, params.strength, image.device, image.dtype)


@kept(shared=8)
def _falloff(h: int, w: int, strength: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(4, H, W): the factor of each colour, and 1 for alpha."""
    y, x = centres(h, device, dtype)[:, None], centres(w, device, dtype)[None, :]
    factor = torch.cos(strength * torch.pi * torch.sqrt((x * x + y * y) / 2)) ** 2
    return torch.stack([factor] * 3 + [torch.ones_like(factor)])


def desaturate(image: Tensor, params: Desaturate, t: float, seed: int) -> Tensor:
    """(1 - s) · rgb + s · Y · tint; s · (1 - keep) where a band of hues is kept.

    keep = (1 - d / q)² · √(min(1, |U| / 0.05)² + min(1, |V| / 0.05)²), at most 1; d in [0, 1] is how far the
    hue is from the reference on the circle of hues.
    """
    strength: Tensor | float = params.strength
    if params.bandpass_q > 0:
        strength = params.strength * (1 - _kept(image[:3], params.bandpass_reference_rgb, params.bandpass_q))
    return torch.cat([tinted(image[:3], strength, params.tint_rgb), image[3:]])


def tinted(rgb: Tensor, strength: Tensor | float, tint: Colour) -> Tensor:
    """(1 - s) · rgb + s · Y · tint, (3, H, W)."""
    flat = luminance(rgb) * torch.tensor(tint, device=rgb.device, dtype=rgb.dtype)[:, None, None]
    if isinstance(strength, float):
        return torch.lerp(rgb, flat, strength)
    return rgb + strength * (flat - rgb)


def _kept(rgb: Tensor, reference: Colour, q: float) -> Tensor:
    """(1, H, W): how much of each pixel's colour is kept."""
    hue = torch.atan2(math.sqrt(3) / 2 * (rgb[1] - rgb[2]), (2 * rgb[0] - rgb[1] - rgb[2]) / 2)
    r, g, b = reference
    wanted = math.atan2(math.sqrt(3) / 2 * (g - b), (2 * r - g - b) / 2)
    turn = ((hue - wanted) / (2 * math.pi)).remainder_(1.0)
    distance = torch.minimum(turn, 1 - turn) * 2
    chroma = (to_yuv(rgb)[1:].abs() / 0.05).clamp(max=1).square().sum(0).sqrt()
    return ((1 - (distance / q).clamp(max=1)) ** 2 * chroma).clamp(max=1)[None]


def colour_grade(image: Tensor, params: ColourGrade, t: float, seed: int) -> Tensor:
    """White balance and saturation as one matrix in linear light, then one curve per colour in sRGB.

    The curve is of v = sRGB value: ((v · gain + lift · (1 - v)) - 1/2) · contrast + 1/2, then to the power of
    1 / gamma; casts add their distance from grey, dark ones by (1 - v)², light ones by v².
    """
    rgb = torch.tensordot(_balance(params, image.device, image.dtype), image[:3], dims=1).clamp_(0, 1)
    table = _curves(params, image.device, image.dtype)
    # By square roots the table is finer where it is dark; nearest entries are closer than 8 bits can tell.
    index = rgb.sqrt_().mul_(table.shape[1] - 1).add_(0.5).to(torch.int32)
    found = torch.stack([table[k].index_select(0, index[k].flatten()).view_as(rgb[k]) for k in range(3)])
    return torch.cat([found.mul_(image[3:] > 0), image[3:]])


@lru_cache(maxsize=8)
def _balance(params: ColourGrade, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(3, 3): temperature and tint as gains of equal luminance, then saturation."""
    luma = np.array([0.2126, 0.7152, 0.0722])
    warm, pink = params.temperature, params.tint
    gains = np.exp2(np.array([0.5 * warm + 0.15 * pink, -0.3 * pink, -0.8 * warm + 0.15 * pink]))
    gains /= float(luma @ gains)
    saturation = params.saturation * np.eye(3) + (1 - params.saturation) * luma[None, :]
    return torch.tensor(saturation * gains[None, :], device=device, dtype=dtype)


@lru_cache(maxsize=8)
def _curves(params: ColourGrade, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(3, 4096): linear light to linear light, by the square root of the former."""
    light = torch.from_numpy(np.linspace(0, 1, 4096) ** 2).expand(4, 1, -1)
    v = linear_to_srgb(light)[:1, 0].numpy()
    dark, bright = (np.array(cast)[:, None] - 0.5 for cast in (params.shadows_rgb, params.highlights_rgb))
    v = v * params.gain + params.lift * (1 - v)
    v = np.clip((v - 0.5) * params.contrast + 0.5, 0, 1) ** (1 / params.gamma)
    v = np.clip(v + dark * (1 - v) ** 2 + bright * v**2, 0, 1)
    linear = srgb_to_linear(torch.from_numpy(v)[:, None])[:, 0]
    return linear.to(device, dtype)


FILTERS = {
    "lens_blur": lens_blur,
    "bloom": bloom,
    "chromatic_aberration": chromatic_aberration,
    "noise": noise,
    "vignetting": vignetting,
    "desaturate": desaturate,
    "colour_grade": colour_grade,
}
