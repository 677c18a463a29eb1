"""Operations that a video tape and its player do."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.filters_schema.tape import (
    AnalogVhsglitches,
    AnalogVhsHeadswitching,
    AnalogVhsNoise,
    AnalogVhstracking,
)
from avatar_rtc.render.filters.planes import (
    FRAME_HZ,
    blur,
    from_yuv,
    luminance,
    premultiplied,
    scale_of,
    shifted,
    straight,
    to_yuv,
    uniform,
    with_luminance,
)
from avatar_rtc.render.filters.signal import bands

_LUMA_SIGMA, _CHROMA_SIGMA = 2.0, 4.0
"""Blur of the noise along a line, px of a 512 px picture."""


def analog_vhs_noise(image: Tensor, params: AnalogVhsNoise, t: float, seed: int) -> Tensor:
    """Y · (1 - s + s · N), N a streaky noise; NTSC adds s · (N - 1/2) to U and V of every other sample."""
    factor = _streaks(image, params.double_size, _LUMA_SIGMA, 1, seed, t)
    factor = factor.mul_(params.strength).add_(1 - params.strength)
    if params.mode == "PAL":
        y = luminance(image[:3])
        return torch.cat([with_luminance(image[:3], y, y * factor), image[3:]])
    yuv = to_yuv(image[:3])
    chroma = torch.cat([_coarse(image, params, salt, seed, t) for salt in (2, 3)]).sub_(0.5)
    seen = image[3:] > 0
    rgb = from_yuv(torch.cat([yuv[:1] * factor, (yuv[1:] + params.strength * chroma).clamp_(-0.5, 0.5)]))
    return torch.cat([rgb * seen, image[3:]])


def _streaks(image: Tensor, doubled: bool, sigma: float, salt: int, seed: int, t: float) -> Tensor:
    """Noise in [0, 1) blurred along its lines (1, H, W); drawn at the size of a 512 px picture."""
    h, w = image.shape[-2:]
    unit = scale_of(image)
    high, wide = max(1, round(h / unit / (2 if doubled else 1))), max(1, round(w / unit))
    streaks = blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, sigma)
    if (high, wide) != (h, w):
        streaks = interpolate(streaks[None], size=(h, w), mode="nearest")[0]
    return streaks


def _coarse(image: Tensor, params: AnalogVhsNoise, salt: int, seed: int, t: float) -> Tensor:
    h, w = image.shape[-2:]
    unit = scale_of(image) * 2
    high, wide = max(1, round(h / unit)), max(1, round(w / unit))
    drawn = blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, _CHROMA_SIGMA / 2)
    if params.ntsc_chroma == "nearest":
        return interpolate(drawn[None], size=(h, w), mode="nearest")[0]
    return interpolate(drawn[None], size=(h, w), mode="bilinear", align_corners=False)[0]


def analog_vhsglitches(image: Tensor, params: AnalogVhsglitches, t: float, seed: int) -> Tensor:
    """Bands of lines in which colour is mixed with streaks of noise; alpha is kept."""
    found = bands(params, image.shape[-2], t, seed)
    if not found:
        return image
    streaks = _streaks(image, False, _LUMA_SIGMA, 4, seed, t)
    rgb = image[:3].clone()
    for band in found:
        rgb[:, band.rows].lerp_(streaks[:, band.rows].expand(3, -1, -1), params.strength)
    return torch.cat([rgb * (image[3:] > 0), image[3:]])


def analog_vhs_headswitching(image: Tensor, params: AnalogVhsHeadswitching, t: float, seed: int) -> Tensor:
    """The lowest rows, e from 0 to 1 downwards, are torn sideways and mixed with noise by e · noise_blend.

    Torn by e · max_displacement · (sin π(3e + 2c) + 0.7 sin π(7e + 5c) + 0.4 sin π(13e + 11c)) half widths,
    c = 25 t · speed / 512.
    """
    h, w = image.shape[-2:]
    count = max(1, round(params.height * h))
    e = (torch.arange(count, device=image.device, dtype=image.dtype) + 0.5) / count
    c = t * FRAME_HZ * params.speed / 512
    wave = sum(
        a * torch.sin(math.pi * (k * e + m * c)) for a, k, m in ((1, 3, 2), (0.7, 7, 5), (0.4, 13, 11))
    )
    shift = e * params.max_displacement * wave * w / 2
    part = straight(shifted(premultiplied(image[:, h - count :]), 0.0, shift[:, None]))
    if params.noise_blend > 0:
        streaks = _streaks(image, params.double_size, _LUMA_SIGMA, 5, seed, t)[:, h - count :]
        share = (e * params.noise_blend)[None, :, None]
        part = torch.cat([(part[:3] + share * (streaks - part[:3])) * (part[3:] > 0), part[3:]])
    return torch.cat([image[:, : h - count], part], dim=1)


def analog_vhstracking(image: Tensor, params: AnalogVhstracking, t: float, seed: int) -> Tensor:
    """The picture looked up max_dynamic_offset · sin(π c) half heights lower; a band of noise below it.

    c = 25 t · speed / 512; the band is (offset + base_offset) / 2 of the height, in colour and alpha.
    """
    h = image.shape[-2]
    offset = params.max_dynamic_offset * math.sin(math.pi * t * FRAME_HZ * params.speed / 512)
    moved = image if offset == 0 else straight(shifted(premultiplied(image), offset * h / 2, 0.0))
    count = round((offset + params.base_offset) / 2 * h)
    if count <= 0:
        return moved
    streaks = _streaks(image, params.double_size, _LUMA_SIGMA, 6, seed, t)[:, h - count :]
    return torch.cat([moved[:, : h - count], streaks.expand(4, -1, -1)], dim=1)


FILTERS = {
    "analog_vhs_noise": analog_vhs_noise,
    "analog_vhsglitches": analog_vhsglitches,
    "analog_vhs_headswitching": analog_vhs_headswitching,
    "analog_vhstracking": analog_vhstracking,
}
