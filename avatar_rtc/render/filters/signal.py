"""Operations that a cable, a transmitter or a network does to the picture."""

import math
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from avatar_rtc.filters_schema.signal import (
    AnalogLowres,
    AnalogRipplingHsync,
    AnalogRunawayHsync,
    ChromaSubsample,
    DigitalGlitches,
)
from avatar_rtc.render.filters.planes import (
    FRAME_HZ,
    blur,
    draws,
    from_yuv,
    premultiplied,
    scale_of,
    shifted,
    straight,
    to_yuv,
)

_BEND = 1 / 8
"""The share of the height in which sync runs away."""


def analog_lowres(image: Tensor, params: AnalogLowres, t: float, seed: int) -> Tensor:
    """Gaussian blur of premultiplied colour and alpha."""
    sigma = params.sigma * scale_of(image)
    return straight(blur(premultiplied(image), sigma, sigma))


def chroma_subsample(image: Tensor, params: ChromaSubsample, t: float, seed: int) -> Tensor:
    """U and V of premultiplied colour: blurred sideways, or every n-th sample kept and spread again.

    Digital does not filter before it keeps samples, so fine colour turns into steps (aliasing), on purpose: n
    is 2, with double_size 4; 4:2:2 keeps all lines, with double_size every other one.
    """
    source = premultiplied(image)
    yuv = to_yuv(source[:3])
    if params.mode == "analog":
        chroma = blur(yuv[1:], 0.0, params.sigma * scale_of(image))
    else:
        wide = (4 if params.double_size else 2) * scale_of(image)
        high = wide if params.subsampling == "4:2:0" else wide / 2
        if params.subsampling == "4:2:2" and not params.double_size:
            high = 1.0
        chroma = _every(yuv[1:], high, wide, params.upscale)
    rgb = torch.minimum(from_yuv(torch.cat([yuv[:1], chroma])), source[3:])
    return straight(torch.cat([rgb, source[3:]]))


def _every(planes: Tensor, high: float, wide: float, mode: str) -> Tensor:
    """One sample of every high x wide px, then as large as before."""
    h, w = planes.shape[-2:]
    counts = max(1, round(h / high)), max(1, round(w / wide))
    few = interpolate(planes[None], size=counts, mode="nearest")
    if mode == "nearest":
        return interpolate(few, size=(h, w), mode="nearest")[0]
    return interpolate(few, size=(h, w), mode="bilinear", align_corners=False)[0]


def analog_rippling_hsync(image: Tensor, params: AnalogRipplingHsync, t: float, seed: int) -> Tensor:
    """x + Σ Aᵢ · sin(π · dᵢ · (y + c)) half widths, c = 2 · (1 - frac(25 t · speed / 512)), y in [-1, 1]."""
    y = np.linspace(-1, 1, image.shape[-2], endpoint=False) + 1 / image.shape[-2]
    c = 2 * (1 - _turn(t, params.speed))
    waves = (
        (params.amplitude1, params.density1),
        (params.amplitude2, params.density2),
        (params.amplitude3, params.density3),
    )
    shift = sum(a * np.sin(np.pi * d * (y + c)) for a, d in waves)
    return _rows_shifted(image, np.asarray(shift))


def analog_runaway_hsync(image: Tensor, params: AnalogRunawayHsync, t: float, seed: int) -> Tensor:
    """x - ((1 - A) · asymmetry + A · Σ sin(π · dᵢ · c)) · q(y), q a quadratic ramp over the outer eighth."""
    h = image.shape[-2]
    c = 2 * (1 - _turn(t, params.speed))
    densities = (params.ripple_density1, params.ripple_density2, params.ripple_density3)
    flutter = sum(math.sin(math.pi * d * c) for d in densities)
    amplitude = params.ripple_amplitude
    bend = (1 - amplitude) * params.asymmetry + amplitude * flutter
    place = (np.arange(h) + 0.5) / h
    outer = place if params.placement == "bottom" else 1 - place
    ramp = np.clip((outer - (1 - _BEND)) / _BEND, 0, 1) ** 2
    return _rows_shifted(image, -bend * ramp)


def digital_glitches(image: Tensor, params: DigitalGlitches, t: float, seed: int) -> Tensor:
    """Blocks of lines looked up `strength` further on, in half widths, to either side."""
    found = bands(params, image.shape[-2], t, seed)
    result = image.clone() if found else image
    for block in found:
        part = premultiplied(image[:, block.rows])
        result[:, block.rows] = straight(
            shifted(part, 0.0, params.strength * block.sign * image.shape[-1] / 2)
        )
    return result


class Band(NamedTuple):
    """Some lines of the picture, for a while."""

    rows: slice
    sign: int
    """-1 or 1."""


class Glitches(Protocol):
    """How many bands there are, how high, and how long they stay."""

    @property
    def unboost(self) -> float: ...
    @property
    def max_glitches(self) -> int: ...
    @property
    def min_glitch_height(self) -> float: ...
    @property
    def max_glitch_height(self) -> float: ...
    @property
    def hold_min(self) -> int: ...
    @property
    def hold_max(self) -> int: ...


def bands(params: Glitches, height: int, t: float, seed: int) -> list[Band]:
    """The bands of lines there are at a time.

    Time is cut into holds of hold_min to hold_max 25ths of a second; in each there are
    ⌊max_glitches · U^unboost⌋ bands, rounded by chance, of random height and place.
    """
    frame, size = int(t * FRAME_HZ), params.hold_max * 4
    chunk, start = draws(seed, t, 21, size), frame // size * size
    while True:
        hold = int(chunk.integers(params.hold_min, params.hold_max + 1))
        number = int(params.max_glitches * chunk.random() ** params.unboost + chunk.random() * 0.5)
        found = [_band(params, height, chunk) for _ in range(number)]
        if frame < start + hold:
            return found
        start += hold


def _band(params: Glitches, height: int, r: np.random.Generator) -> Band:
    low, high = params.min_glitch_height, params.max_glitch_height
    lines = max(1, round(r.uniform(low, max(low, high)) * height / 512))
    top = int(r.integers(0, max(1, height - lines + 1)))
    return Band(slice(top, top + lines), int(r.choice([-1, 1])))


def _turn(t: float, speed: float) -> float:
    """The share of a picture's height that has rolled by, at so many lines of 512 in 1/25 s."""
    return math.fmod(t * FRAME_HZ * speed / 512, 1.0)


def _rows_shifted(image: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """Each row looked up so many half widths further right; rows that do not move are copied."""
    moved = np.flatnonzero(shift)
    if not moved.size:
        return image
    rows = slice(int(moved[0]), int(moved[-1]) + 1)
    part = premultiplied(image[:, rows])
    by = torch.from_numpy(shift[rows] * image.shape[-1] / 2).to(image)[:, None]
    found = straight(shifted(part, 0.0, by))
    if found.shape == image.shape:
        return found
    return torch.cat([image[:, : rows.start], found, image[:, rows.stop :]], dim=1)


FILTERS = {
    "analog_lowres": analog_lowres,
    "chroma_subsample": chroma_subsample,
    "analog_rippling_hsync": analog_rippling_hsync,
    "analog_runaway_hsync": analog_runaway_hsync,
    "digital_glitches": digital_glitches,
}
