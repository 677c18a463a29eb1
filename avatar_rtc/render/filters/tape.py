"""Operations that a video tape and its player do."""

import math

import numpy as np
import torch
from torch import Tensor

from avatar_rtc.filters_schema.tape import (
    AnalogVhsglitches,
    AnalogVhsHeadswitching,
    AnalogVhsNoise,
    AnalogVhstracking,
)
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import blur, enlarged, spread_nearest
from avatar_rtc.render.filters.chance import FRAME_HZ, uniform
from avatar_rtc.render.filters.planes import from_planes, scale_of, to_yuv
from avatar_rtc.render.filters.signal import bands
from avatar_rtc.render.filters.warps import moved, shifted
from avatar_rtc.render.pixels import premultiplied, straight

_LUMA_SIGMA, _CHROMA_SIGMA = 2.0, 4.0
"""Blur of the noise along a line, px of a 512 px picture."""


def analog_vhs_noise(image: Tensor, params: AnalogVhsNoise, t: float, seed: int) -> Tensor:
    """rgb · (1 - s + s · N), N a streaky noise; NTSC adds 2 √Y · s · (N - 1/2) to every other U and V.

    A tape carries nearly the root of light, so noise that is even there is 2 √Y as strong here.
    """
    streaks = _streaks(image, image.shape[-2], params.double_size, 1, seed, t)
    if params.mode == "PAL":
        return _streaked(image, streaks, params.strength)
    in_u, in_v = (_coarse(image, salt, seed, t) for salt in (2, 3))
    return _speckled(image, streaks, in_u, in_v, params.strength, params.ntsc_chroma == "nearest")


@fused()
def _streaked(image: Tensor, streaks: Tensor, strength: float) -> Tensor:
    factor = spread_nearest(streaks, *image.shape[-2:]).mul(strength).add_(1 - strength)
    return torch.cat([image[:3] * factor, image[3:]])


@fused(kernels=3)
def _speckled(
    image: Tensor, streaks: Tensor, in_u: Tensor, in_v: Tensor, strength: float, in_blocks: bool
) -> Tensor:
    image = _streaked(image, streaks, strength)
    y, u, v = to_yuv(image[:3])
    amount = y.sqrt().mul_(2 * strength)
    large = spread_nearest if in_blocks else enlarged
    u, v = (
        plane + (large(noise, *image.shape[-2:])[0] - 0.5).mul_(amount)
        for plane, noise in ((u, in_u), (v, in_v))
    )
    return torch.cat([from_planes(y, u, v).mul_(image[3:] > 0), image[3:]])


def _streaks(image: Tensor, lines: int, doubled: bool, salt: int, seed: int, t: float) -> Tensor:
    """Noise in [0, 1) blurred sideways (1, h, w), as large as so many lines are in a 512 px picture."""
    unit = scale_of(image)
    high, wide = max(1, round(lines / unit / (2 if doubled else 1))), max(1, round(image.shape[-1] / unit))
    return blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, _LUMA_SIGMA)


def _coarse(image: Tensor, salt: int, seed: int, t: float) -> Tensor:
    """Noise in [0, 1) of half the picture's size (1, h, w)."""
    unit = scale_of(image) * 2
    high, wide = (max(1, round(side / unit)) for side in image.shape[-2:])
    return blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, _CHROMA_SIGMA / 2)


def analog_vhsglitches(image: Tensor, params: AnalogVhsglitches, t: float, seed: int) -> Tensor:
    """Bands of lines in which colour is mixed with streaks of noise; alpha is kept."""
    found = bands(params, image.shape[-2], t, seed)
    if not found:
        return image
    h, w = image.shape[-2:]
    if not on_host(image):
        share = np.zeros(h, np.float32)
        for band in found:
            share[band.rows] += (1 - share[band.rows]) * params.strength
        streaks = _streaks(image, h, False, 4, seed, t)  # of all lines: one size whatever the bands are
        return _banded_with_noise(image, streaks, uploaded(share, image.device, image.dtype))
    heights = [band.rows.stop - band.rows.start for band in found]
    streaks = spread_nearest(_streaks(image, sum(heights), False, 4, seed, t), sum(heights), w)
    result = image.clone()
    noises = streaks.split(heights, dim=1)  # type: ignore[no-untyped-call]
    for band, noise in zip(found, noises, strict=True):
        part = result[:, band.rows]
        part[:3].lerp_(noise.expand(3, -1, -1), params.strength).mul_(part[3:] > 0)
    return result


@fused()
def _banded_with_noise(image: Tensor, streaks: Tensor, share: Tensor) -> Tensor:
    """`share` (H,) of each line is noise."""
    part = share[:, None]
    noisy = torch.lerp(image[:3], spread_nearest(streaks, *image.shape[-2:]).expand(3, -1, -1), part)
    return torch.cat([torch.where(part == 0, image[:3], noisy * (image[3:] > 0)), image[3:]])


def analog_vhs_headswitching(image: Tensor, params: AnalogVhsHeadswitching, t: float, seed: int) -> Tensor:
    """The lowest rows, e from 0 to 1 downwards, are torn sideways and mixed with noise by e · noise_blend.

    Torn by e · max_displacement · (sin π(3e + 2c) + 0.7 sin π(7e + 5c) + 0.4 sin π(13e + 11c)) half widths,
    c = 25 t · speed / 512.
    """
    h = image.shape[-2]
    count = round(params.height * h)
    if count == 0:
        return image
    c = t * FRAME_HZ * params.speed / 512
    # Turns are counted here: after hours, a tensor's floats would no longer tell them apart.
    waves = tuple((a, k, math.fmod(m * c, 2)) for a, k, m in ((1.0, 3, 2), (0.7, 7, 5), (0.4, 13, 11)))
    if params.noise_blend == 0:
        return _torn(image, count, params.max_displacement, waves)
    streaks = _streaks(image, count, params.double_size, 5, seed, t)
    return _torn(image, count, params.max_displacement, waves, streaks, params.noise_blend)


@fused(kernels=2)
def _torn(
    image: Tensor,
    count: int,
    displacement: float,
    waves: tuple[tuple[float, int, float], ...],
    streaks: Tensor | None = None,
    blend: float = 0.0,
) -> Tensor:
    """Of the lowest `count` rows, by waves (amplitude, density, turn)."""
    h, w = image.shape[-2:]
    e = (torch.arange(count, device=image.device, dtype=image.dtype) + 0.5) / count
    wave = sum(a * torch.sin(math.pi * (k * e + turn)) for a, k, turn in waves)
    shift = e * displacement * wave * w / 2
    part = straight(shifted(premultiplied(image[:, h - count :]), 0.0, shift[:, None]))
    if streaks is not None:
        share = (e * blend)[None, :, None]
        noisy = part[:3] + share * (spread_nearest(streaks, count, w) - part[:3])
        part = torch.cat([noisy * (part[3:] > 0), part[3:]])
    return torch.cat([image[:, : h - count], part], dim=1)


def analog_vhstracking(image: Tensor, params: AnalogVhstracking, t: float, seed: int) -> Tensor:
    """The picture looked up max_dynamic_offset · sin(π c) half heights lower; a band of noise below it.

    c = 25 t · speed / 512; the band is (offset + base_offset) / 2 of the height, in colour and alpha.
    """
    h, w = image.shape[-2:]
    offset = params.max_dynamic_offset * math.sin(math.pi * t * FRAME_HZ * params.speed / 512)
    floated = image if offset == 0 else _floated(image, -offset * h / 2)
    count = min(h, round((offset + params.base_offset) / 2 * h))
    if count <= 0:
        return floated
    streaks = _streaks(image, count, params.double_size, 6, seed, t)
    return torch.cat([floated[:, : h - count], spread_nearest(streaks, count, w).expand(4, -1, -1)], dim=1)


@fused(kernels=2)
def _floated(image: Tensor, down: float) -> Tensor:
    return straight(moved(premultiplied(image), down, 0.0))


FILTERS = {
    "analog_vhs_noise": analog_vhs_noise,
    "analog_vhsglitches": analog_vhsglitches,
    "analog_vhs_headswitching": analog_vhs_headswitching,
    "analog_vhstracking": analog_vhstracking,
}
