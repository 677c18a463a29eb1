"""Operations that a camera and its lens do: exposure, colour fringes, noise, grading."""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from avatar_rtc.filters_schema.capture import (
    Bloom,
    ChromaticAberration,
    ColourGrade,
    Desaturate,
    LensBlur,
    Noise,
    Vignetting,
)
from avatar_rtc.render.colour import linear_to_srgb, srgb_to_linear
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import blur, enlarged, shrunk, spread_nearest
from avatar_rtc.render.filters.chance import uniform
from avatar_rtc.render.filters.planes import (
    blended,
    centres,
    colour_planes,
    luminance,
    scale_of,
    to_yuv,
    with_luminance,
)
from avatar_rtc.render.filters.tables import kept
from avatar_rtc.render.filters.warps import magnified
from avatar_rtc.render.pixels import divisor, premultiplied, straight

_SMALL = 5
"""Radius, px, up to which a disc is not worth a smaller picture: from 13 x 13 taps on it costs five times."""


def lens_blur(image: Tensor, params: LensBlur, t: float, seed: int) -> Tensor:
    """A disc of `radius` over premultiplied colour; before it, light grows with its fifth power.

    The mean over the disc is of colour · (1 + 8 highlights · Y⁵), divided by that of the factor: an even
    surface keeps its colour, and a bright point becomes a bright disc.
    """
    planes = _shining(image, params.highlights)
    radius, scale = params.radius * scale_of(image), max(1, round(scale_of(image)))
    # A wide disc leaves nothing finer than a px of a 512 px picture, a very wide one than two.
    step = scale * (1 if params.radius <= 10 else 2) if radius > _SMALL else 1
    return _dulled(_disc_mean(planes, radius, step))


@fused()
def _shining(image: Tensor, highlights: float) -> Tensor:
    """(5, H, W): premultiplied colour and alpha, times the factor, and the factor."""
    source = premultiplied(image)
    y = luminance(source[:3])
    factor = y.square().square_().mul_(y).mul_(8 * highlights).add_(1)  # pow takes ten times as long
    return torch.cat([source * factor, factor])


@fused()
def _dulled(spread: Tensor) -> Tensor:
    """The inverse of `_shining`, of means."""
    return straight((spread[:4] / spread[4:]).clamp_(0, 1))


def _disc_mean(planes: Tensor, radius: float, step: int = 1) -> Tensor:
    """The mean over a disc with a soft edge of one px, (C, H, W); on a picture of one px for so many."""
    if step > 1:
        h, w = planes.shape[-2:]
        return enlarged(_disc_mean(shrunk(planes, step, step), radius / step), h, w)
    if on_host(planes):
        disc, found = _disc_weights(radius), torch.empty_like(planes)
        for before, after in zip(planes.numpy(), found.numpy(), strict=True):
            cv2.filter2D(before, -1, disc, after, borderType=cv2.BORDER_REPLICATE)
        return found
    weight = _disc_kernel(radius, len(planes), planes.device, planes.dtype)
    reach = weight.shape[-1] // 2
    padded = pad(planes[None], (reach, reach, reach, reach), "replicate")
    return conv2d(padded, weight, groups=len(planes))[0]


def _disc_weights(radius: float) -> NDArray[np.float32]:
    """(n, n), n = 2 ⌈radius⌉ + 1: a disc with a soft edge, of sum 1."""
    reach = math.ceil(radius)
    axis = np.arange(-reach, reach + 1, dtype=np.float32)
    disc = np.clip(radius + 0.5 - np.hypot(axis[:, None], axis[None, :]), 0, 1)
    weights: NDArray[np.float32] = disc / disc.sum()
    return weights


@kept(shared=8)
def _disc_kernel(radius: float, count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(C, 1, n, n): the disc for each of so many planes. Read only."""
    return uploaded(_disc_weights(radius), device, dtype).repeat(count, 1, 1, 1)


def bloom(image: Tensor, params: Bloom, t: float, seed: int) -> Tensor:
    """image + blur(image where Y >= threshold), on premultiplied colour and alpha, then the exposure's curve.

    The curve is 1 - exp(-exposure · rgb), of straight colour; the glow is a true Gaussian.
    """
    if params.threshold == 1:
        return _exposed(image, params.exposure) if params.exposure > 0 else image
    sigma = params.sigma * scale_of(image)
    glow = blur(_bright(image, params.threshold), sigma, sigma)
    return _glowing(image, glow, params.exposure if params.exposure > 0 else None)


@fused()
def _bright(image: Tensor, threshold: float) -> Tensor:
    """What glows, premultiplied."""
    bright = premultiplied(image)
    bright *= luminance(image[:3]) >= threshold
    return bright


@fused()
def _glowing(image: Tensor, glow: Tensor, exposure: float | None) -> Tensor:
    rgb = (image[:3] * image[3:]).add_(glow[:3])
    alpha = (image[3:] + glow[3:]).clamp_(max=1)
    result = torch.cat([rgb.div_(divisor(alpha)), alpha])
    return result.clamp_(0, 1) if exposure is None else _exposed(result, exposure)


@fused()
def _exposed(image: Tensor, exposure: float) -> Tensor:
    rgb = image[:3].mul(-exposure).exp_().neg_().add_(1)
    return torch.cat([rgb, image[3:]]).clamp_(0, 1)


def chromatic_aberration(image: Tensor, params: ChromaticAberration, t: float, seed: int) -> Tensor:
    """Red looked up at p · (1 + scale), blue at p · (1 - scale), each blurred with its alpha; green stays.

    Alpha is the mean of the three.
    """
    sigma = params.sigma * scale_of(image)
    if on_host(image):
        red, blue = (
            blur(magnified(_one_colour(image, colour), factor), sigma, sigma)
            for colour, factor in ((0, 1 / (1 + params.scale)), (2, 1 / (1 - params.scale)))
        )
    else:
        red, blue = blur(_fringes(image, params.scale), sigma, sigma).split(2)  # type: ignore[no-untyped-call]
    return _fringed(image, red, blue)


@fused()
def _one_colour(image: Tensor, colour: int) -> Tensor:
    """(2, H, W): one colour, premultiplied, and alpha."""
    return torch.cat([image[colour : colour + 1] * image[3:], image[3:]])


@fused(kernels=2)
def _fringes(image: Tensor, scale: float) -> Tensor:
    """(4, H, W): red with its alpha, and blue with its own, each as large as it is seen."""
    red = magnified(_one_colour(image, 0), 1 / (1 + scale))
    return torch.cat([red, magnified(_one_colour(image, 2), 1 / (1 - scale))])


@fused()
def _fringed(image: Tensor, red: Tensor, blue: Tensor) -> Tensor:
    alpha = image[3:]
    mean = (red[1:] + alpha + blue[1:]).div_(3)
    small = divisor(mean)
    # Straight colour against the mean alpha: a fringe is where one colour's alpha reaches further.
    rgb = torch.cat([red[:1] / small, image[1:2] * alpha / small, blue[:1] / small]).clamp_(0, 1)
    return torch.cat([rgb, mean])


def noise(image: Tensor, params: Noise, t: float, seed: int) -> Tensor:
    """Y or alpha · (1 - strength + strength · N), N blurred noise in [0, 1)."""
    grain = _grain(image, params.double_size, params.sigma, seed, t)
    return _grained(image, grain, params.strength, params.channel == "A")


@fused()
def _grained(image: Tensor, grain: Tensor, strength: float, in_alpha: bool) -> Tensor:
    factor = spread_nearest(grain, *image.shape[-2:]).mul(strength).add_(1 - strength)
    if in_alpha:
        return torch.cat([image[:3], image[3:] * factor])
    y = luminance(image[:3])
    return torch.cat([with_luminance(image[:3], y, y * factor), image[3:]])


def _grain(image: Tensor, doubled: bool, sigma: float, seed: int, t: float) -> Tensor:
    """Noise (1, h, w) whose grain grows with the picture: drawn at the size of a 512 px one."""
    h, w = image.shape[-2:]
    size = scale_of(image) * (2 if doubled else 1)
    unit = max(1.0, size)  # no grain is finer than a px
    small = max(1, round(h / unit)), max(1, round(w / unit))
    grain = uniform(seed, t, 1, *small, image)[None]
    return blur(grain, sigma * size / unit, sigma * size / unit)


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
    tint = colour_planes(params.tint_rgb, image.device, image.dtype)
    if params.bandpass_q == 0:
        return tinted(image, params.strength, tint)
    hue = _hue(*params.bandpass_reference_rgb)
    return _tinted_but_for_a_hue(image, params.strength, tint, hue, params.bandpass_q)


@fused()
def tinted(image: Tensor, strength: float, tint: Tensor) -> Tensor:
    """(1 - s) · rgb + s · Y · tint, alpha kept; the tint is (3, 1, 1)."""
    return torch.cat([blended(image[:3], luminance(image[:3]) * tint, strength), image[3:]])


@fused()
def _tinted_but_for_a_hue(image: Tensor, strength: float, tint: Tensor, hue: float, q: float) -> Tensor:
    rgb = image[:3]
    share = strength * (1 - _share_of_a_hue(rgb, hue, q))
    return torch.cat([rgb + share * (luminance(rgb) * tint - rgb), image[3:]])


def _hue(r: float, g: float, b: float) -> float:
    """On the circle, in (-π, π]."""
    return math.atan2(math.sqrt(3) / 2 * (g - b), (2 * r - g - b) / 2)


def _share_of_a_hue(rgb: Tensor, wanted: float, q: float) -> Tensor:
    """(1, H, W): how much of each pixel's colour is kept."""
    hue = torch.atan2(math.sqrt(3) / 2 * (rgb[1] - rgb[2]), (2 * rgb[0] - rgb[1] - rgb[2]) / 2)
    turn = ((hue - wanted) / (2 * math.pi)).remainder_(1.0)
    distance = torch.minimum(turn, 1 - turn) * 2
    chroma = (to_yuv(rgb)[1:].abs() / 0.05).clamp(max=1).square().sum(0).sqrt()
    return ((1 - (distance / q).clamp(max=1)) ** 2 * chroma).clamp(max=1)[None]


def colour_grade(image: Tensor, params: ColourGrade, t: float, seed: int) -> Tensor:
    """White balance and saturation as one matrix in linear light, then one curve per colour in sRGB.

    The curve is of v = sRGB value: ((v · gain + lift · (1 - v)) - 1/2) · contrast + 1/2, then to the power of
    1 / gamma; casts add their distance from grey, dark ones by (1 - v)², light ones by v².
    """
    place = image.device, image.dtype
    return _graded(image, _balance(params, *place), _curves(params, *place))


@fused()
def _graded(image: Tensor, balance: Tensor, curves: Tensor) -> Tensor:
    if on_host(image):
        rgb = torch.tensordot(balance, image[:3], dims=1).clamp_(0, 1)
    else:  # a product of matrices would be no part of the same kernel
        red, green, blue = balance[:, :, None, None].unbind(1)
        rgb = (red * image[0]).addcmul_(green, image[1]).addcmul_(blue, image[2]).clamp_(0, 1)
    # By square roots the table is finer where it is dark; nearest entries are closer than 8 bits can tell.
    index = rgb.sqrt_().mul_(curves.shape[1] - 1).add_(0.5).to(torch.int32)
    if on_host(image):
        found = torch.stack([curves[k].index_select(0, index[k].flatten()).view_as(rgb[k]) for k in range(3)])
    else:
        found = curves.gather(1, index.flatten(1).long()).view_as(rgb)
    return torch.cat([found.mul_(image[3:] > 0), image[3:]])


@kept(shared=8)
def _balance(params: ColourGrade, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(3, 3): temperature and tint as gains of equal luminance, then saturation. Read only."""
    luma = np.array([0.2126, 0.7152, 0.0722])
    warm, pink = params.temperature, params.tint
    gains = np.exp2(np.array([0.5 * warm + 0.15 * pink, -0.3 * pink, -0.8 * warm + 0.15 * pink]))
    gains /= float(luma @ gains)
    saturation = params.saturation * np.eye(3) + (1 - params.saturation) * luma[None, :]
    return uploaded(saturation * gains[None, :], device, dtype)


@kept(shared=8)
def _curves(params: ColourGrade, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(3, 4096): linear light to linear light, by the square root of the former. Read only."""
    light = torch.from_numpy(np.linspace(0, 1, 4096) ** 2).expand(4, 1, -1)
    v = linear_to_srgb(light)[:1, 0].numpy()
    dark, bright = (np.array(cast)[:, None] - 0.5 for cast in (params.shadows_rgb, params.highlights_rgb))
    v = v * params.gain + params.lift * (1 - v)
    v = np.clip((v - 0.5) * params.contrast + 0.5, 0, 1) ** (1 / params.gamma)
    v = np.clip(v + dark * (1 - v) ** 2 + bright * v**2, 0, 1)
    linear = srgb_to_linear(torch.from_numpy(v)[:, None])[:, 0]
    return uploaded(linear, device, dtype)


FILTERS = {
    "lens_blur": lens_blur,
    "bloom": bloom,
    "chromatic_aberration": chromatic_aberration,
    "noise": noise,
    "vignetting": vignetting,
    "desaturate": desaturate,
    "colour_grade": colour_grade,
}
