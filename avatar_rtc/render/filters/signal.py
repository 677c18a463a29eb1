"""Operations that a cable, a transmitter or a network does to the picture."""

import math
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatar_rtc.filters_schema.signal import (
    AnalogLowres,
    AnalogRipplingHsync,
    AnalogRunawayHsync,
    ChromaSubsample,
    DigitalGlitches,
)
from avatar_rtc.render.device.fusing import fused
from avatar_rtc.render.device.host import on_host
from avatar_rtc.render.device.uploads import uploaded
from avatar_rtc.render.filters.blurs import as_blocks, blur, enlarged
from avatar_rtc.render.filters.chance import FRAME_HZ, draws, tick_of
from avatar_rtc.render.filters.planes import from_planes, luminance, scale_of, to_yuv
from avatar_rtc.render.filters.warps import moved, shifted
from avatar_rtc.render.pixels import premultiplied, straight

_BEND = 1 / 8
"""The share of the height in which sync runs away."""


def analog_lowres(image: Tensor, params: AnalogLowres, t: float, seed: int) -> Tensor:
    """Gaussian blur of premultiplied colour and alpha."""
    sigma = params.sigma * scale_of(image)
    return straight(blur(premultiplied(image), sigma, sigma))


def chroma_subsample(image: Tensor, params: ChromaSubsample, t: float, seed: int) -> Tensor:
    """U and V smeared sideways, or every n-th sample of them kept and spread again; Y and alpha are kept.

    Digital does not filter before it keeps samples, so fine colour turns into steps (aliasing), on purpose: n
    is 2, with double_size 4; 4:2:2 keeps all lines, with double_size every other one.
    Chroma counts by its alpha, so that what is transparent does not grey the colours next to it.
    """
    weighted = _chroma(image)
    if params.mode == "analog":
        return _with_chroma(image, blur(weighted, 0.0, params.sigma * scale_of(image)))
    n = 4 if params.double_size else 2
    lines = n if params.subsampling == "4:2:0" else n // 2
    unit = scale_of(image)
    high = max(1, round(lines * unit)) if lines > 1 else 1
    return _with_chroma(image, _every(weighted, high, max(1, round(n * unit)), params.upscale))


@fused()
def _chroma(image: Tensor) -> Tensor:
    """(3, H, W): U and V by alpha, and alpha, their weight."""
    return torch.cat([to_yuv(image[:3])[1:] * image[3:], image[3:]])


@fused()
def _with_chroma(image: Tensor, spread: Tensor) -> Tensor:
    u, v = spread[:2] / spread[2:].clamp(min=1e-7)
    return torch.cat([from_planes(luminance(image[:3])[0], u, v).mul_(image[3:] > 0), image[3:]])


def _every(weighted: Tensor, high: int, wide: int, mode: str) -> Tensor:
    """The first sample of every high x wide px, then as large as before; alpha, the weight, comes last."""
    h, w = weighted.shape[-2:]
    # A transparent sample has no colour: there, and only there, the mean of its px tells.
    few = _samples(weighted, avg_pool2d(weighted, (high, wide), ceil_mode=True), high, wide)
    if mode == "nearest":
        return as_blocks(few, high, wide, h, w)
    return enlarged(few, few.shape[-2] * high, few.shape[-1] * wide)[:, :h, :w]


@fused()
def _samples(weighted: Tensor, means: Tensor, high: int, wide: int) -> Tensor:
    return weighted[:, ::high, ::wide] + 1e-3 * means


def analog_rippling_hsync(image: Tensor, params: AnalogRipplingHsync, t: float, seed: int) -> Tensor:
    """x + Σ Aᵢ · sin(π · dᵢ · (y - 2 τ)) half widths, y in [-1, 1].

    τ = 25 t · speed / 512 heights gone by.
    """
    h = image.shape[-2]
    y = (np.arange(h) * 2 + 1) / h - 1
    waves = (
        (params.amplitude1, params.density1),
        (params.amplitude2, params.density2),
        (params.amplitude3, params.density3),
    )
    shift = sum(a * np.sin(np.pi * d * y - _phase(t, params.speed, d)) for a, d in waves)
    return _rows_shifted(image, np.asarray(shift))


def analog_runaway_hsync(image: Tensor, params: AnalogRunawayHsync, t: float, seed: int) -> Tensor:
    """x - ((1 - A) · asymmetry - A · Σ sin(2π · dᵢ · τ)) · q(y), q a quadratic ramp over the outer eighth.

    τ = 25 t · speed / 512 heights gone by.
    """
    h = image.shape[-2]
    densities = (params.ripple_density1, params.ripple_density2, params.ripple_density3)
    flutter = sum(-math.sin(_phase(t, params.speed, d)) for d in densities)
    amplitude = params.ripple_amplitude
    bend = (1 - amplitude) * params.asymmetry + amplitude * flutter
    place = (np.arange(h) + 0.5) / h
    outer = place if params.placement == "bottom" else 1 - place
    ramp = np.clip((outer - (1 - _BEND)) / _BEND, 0, 1) ** 2
    return _rows_shifted(image, -bend * ramp)


def digital_glitches(image: Tensor, params: DigitalGlitches, t: float, seed: int) -> Tensor:
    """Blocks of lines looked up `strength` further on, in half widths, to either side."""
    found = bands(params, image.shape[-2], t, seed)
    if not found:
        return image
    if not on_host(image):
        shift = np.zeros(image.shape[-2])
        for block in found:
            shift[block.rows] = params.strength * block.sign
        return _rows_shifted(image, shift)
    result = image.clone()
    for block in found:
        left = params.strength * block.sign * image.shape[-1] / 2
        result[:, block.rows] = straight(moved(premultiplied(image[:, block.rows]), 0.0, -left))
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
    ⌊max_glitches · U^unboost + V / 2⌋ bands, U and V uniform in [0, 1), of random height and place.
    """
    frame, size = tick_of(t), params.hold_max * 4
    chunk = draws(seed, t, 21, size)
    ends = _holds(params, size, chunk)
    seeds = chunk.integers(2**63, size=len(ends))
    r = np.random.default_rng(seeds[np.searchsorted(ends, frame % size, side="right")])
    number = int(params.max_glitches * r.random() ** params.unboost + r.random() * 0.5)
    return [_band(params, height, r) for _ in range(number)]


def _holds(params: Glitches, size: int, r: np.random.Generator) -> NDArray[np.int64]:
    """Where holds end that fill `size` 25ths exactly, so that none is cut short."""
    while True:  # size is a multiple of hold_max, so some draw fits; one in five or so does
        ends = r.integers(params.hold_min, params.hold_max + 1, size).cumsum()
        last = np.flatnonzero(ends == size)
        if last.size:
            return ends[: last[0] + 1]


def _band(params: Glitches, height: int, r: np.random.Generator) -> Band:
    low, high = params.min_glitch_height, params.max_glitch_height
    lines = max(1, round(r.uniform(low, max(low, high)) * height / 512))
    top = int(r.integers(0, max(1, height - lines + 1)))
    return Band(slice(top, top + lines), int(r.choice([-1, 1])))


def _phase(t: float, speed: float, density: float) -> float:
    """2π · density · τ in [0, 2π), τ the heights that so many lines of 512 in 1/25 s have gone by.

    Each wave turns by itself, so that one of a broken density does not jump when another comes round.
    """
    return 2 * math.pi * math.fmod(density * t * FRAME_HZ * speed / 512, 1.0)


def _rows_shifted(image: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """Each row looked up so many half widths further right; rows that do not move are copied."""
    rows_moved = np.flatnonzero(shift)
    if not rows_moved.size:
        return image
    if not on_host(image):
        return _rows_looked_up(image, uploaded(shift.astype(np.float32), image.device, image.dtype))
    rows = slice(int(rows_moved[0]), int(rows_moved[-1]) + 1)
    part = premultiplied(image[:, rows])
    by = torch.from_numpy(shift[rows] * image.shape[-1] / 2).to(image)[:, None]
    found = straight(shifted(part, 0.0, by))
    if found.shape == image.shape:
        return found
    return torch.cat([image[:, : rows.start], found, image[:, rows.stop :]], dim=1)


@fused(kernels=3)
def _rows_looked_up(image: Tensor, shift: Tensor) -> Tensor:
    """The same on a card, of shifts (H,): all rows at once, whichever move in this frame."""
    by = shift[:, None]
    found = straight(shifted(premultiplied(image), 0.0, by * (image.shape[-1] / 2)))
    return torch.where(by == 0, image, found)


FILTERS = {
    "analog_lowres": analog_lowres,
    "chroma_subsample": chroma_subsample,
    "analog_rippling_hsync": analog_rippling_hsync,
    "analog_runaway_hsync": analog_runaway_hsync,
    "digital_glitches": digital_glitches,
}
