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
    enlarged,
    from_yuv,
    moved,
    scale_of,
    shifted,
    to_yuv,
    uniform,
)
from avatar_rtc.render.filters.signal import bands
from avatar_rtc.render.pixels import premultiplied, straight

_LUMA_SIGMA, _CHROMA_SIGMA = 2.0, 4.0
"""Blur of the noise along a line, px of a 512 px picture."""


def analog_vhs_noise(image: Tensor, params: AnalogVhsNoise, t: float, seed: int) -> Tensor:
    """rgb · (1 - s + s · N), N a streaky noise; NTSC adds 2 √Y · s · (N - 1/2) to every other U and V.

    A tape carries nearly the root of light, so noise that is even there is 2 √Y as strong here.
    """
    factor = _streaks(image, image.shape[-2], params.double_size, _LUMA_SIGMA, 1, seed, t)
    factor = factor.mul_(params.strength).add_(1 - params.strength)
    rgb = image[:3] * factor
    if params.mode == "NTSC":
        yuv = to_yuv(rgb)
        amount = yuv[:1].sqrt().mul_(2 * params.strength)
        for plane, salt in ((1, 2), (2, 3)):
            yuv[plane : plane + 1] += _coarse(image, params, salt, seed, t).sub_(0.5).mul_(amount)
        rgb = from_yuv(yuv).mul_(image[3:] > 0)
    return torch.cat([rgb, image[3:]])


def _streaks(
    image: Tensor, lines: int, doubled: bool, sigma: float, salt: int, seed: int, t: float
) -> Tensor:
    """Noise in [0, 1) blurred sideways (1, lines, W); drawn at the size of a 512 px picture."""
    w, unit = image.shape[-1], scale_of(image)
    high, wide = max(1, round(lines / unit / (2 if doubled else 1))), max(1, round(w / unit))
    streaks = blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, sigma)
    if (high, wide) != (lines, w):
        streaks = interpolate(streaks[None], size=(lines, w), mode="nearest")[0]
    return streaks


def _coarse(image: Tensor, params: AnalogVhsNoise, salt: int, seed: int, t: float) -> Tensor:
    """Noise in [0, 1) of half the picture's size, spread over it (1, H, W)."""
    h, w = image.shape[-2:]
    unit = scale_of(image) * 2
    high, wide = max(1, round(h / unit)), max(1, round(w / unit))
    drawn = blur(uniform(seed, t, salt, high, wide, image)[None], 0.0, _CHROMA_SIGMA / 2)
    if params.ntsc_chroma == "nearest":
        return interpolate(drawn[None], size=(h, w), mode="nearest")[0]
    return enlarged(drawn, h, w)


def analog_vhsglitches(image: Tensor, params: AnalogVhsglitches, t: float, seed: int) -> Tensor:
    """Bands of lines in which colour is mixed with streaks of noise; alpha is kept."""
    found = bands(params, image.shape[-2], t, seed)
    if not found:
        return image
    heights = [band.rows.stop - band.rows.start for band in found]
    streaks = _streaks(image, sum(heights), False, _LUMA_SIGMA, 4, seed, t)
    result = image.clone()
    noises = streaks.split(heights, dim=1)  # type: ignore[no-untyped-call]
    for band, noise in zip(found, noises, strict=True):
        part = result[:, band.rows]
        part[:3].lerp_(noise.expand(3, -1, -1), params.strength).mul_(part[3:] > 0)
    return result


def analog_vhs_headswitching(image: Tensor, params: AnalogVhsHeadswitching, t: float, seed: int) -> Tensor:
    """The lowest rows, e from 0 to 1 downwards, are torn sideways and mixed with noise by e · noise_blend.

    Torn by e · max_displacement · (sin π(3e + 2c) + 0.7 sin π(7e + 5c) + 0.4 sin π(13e + 11c)) half widths,
    c = 25 t · speed / 512.
    """
    h, w = image.shape[-2:]
    count = round(params.height * h)
    if count == 0:
        return image
    e = (torch.arange(count, device=image.device, dtype=image.dtype) + 0.5) / count
    c = t * FRAME_HZ * params.speed / 512
    wave = sum(
        # Turns are counted here: after hours, a tensor's floats would no longer tell them apart.
        a * torch.sin(math.pi * (k * e + math.fmod(m * c, 2)))
        for a, k, m in ((1, 3, 2), (0.7, 7, 5), (0.4, 13, 11))
    )
    shift = e * params.max_displacement * wave * w / 2
    part = straight(shifted(premultiplied(image[:, h - count :]), 0.0, shift[:, None]))
    if params.noise_blend > 0:
        streaks = _streaks(image, count, params.double_size, _LUMA_SIGMA, 5, seed, t)
        share = (e * params.noise_blend)[None, :, None]
        part = torch.cat([(part[:3] + share * (streaks - part[:3])) * (part[3:] > 0), part[3:]])
    return torch.cat([image[:, : h - count], part], dim=1)


def analog_vhstracking(image: Tensor, params: AnalogVhstracking, t: float, seed: int) -> Tensor:
    """The picture looked up max_dynamic_offset · sin(π c) half heights lower; a band of noise below it.

    c = 25 t · speed / 512; the band is (offset + base_offset) / 2 of the height, in colour and alpha.
    """
    h = image.shape[-2]
    offset = params.max_dynamic_offset * math.sin(math.pi * t * FRAME_HZ * params.speed / 512)
    floated = image if offset == 0 else straight(moved(premultiplied(image), -offset * h / 2, 0.0))
    count = min(h, round((offset + params.base_offset) / 2 * h))
    if count <= 0:
        return floated
    streaks = _streaks(image, count, params.double_size, _LUMA_SIGMA, 6, seed, t)
    return torch.cat([floated[:, : h - count], streaks.expand(4, -1, -1)], dim=1)


FILTERS = {
    "analog_vhs_noise": analog_vhs_noise,
    "analog_vhsglitches": analog_vhsglitches,
    "analog_vhs_headswitching": analog_vhs_headswitching,
    "analog_vhstracking": analog_vhstracking,
}
