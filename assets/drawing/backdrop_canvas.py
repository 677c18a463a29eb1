"""What the backdrops are painted with: a float canvas, so that slow gradients show no bands.

A canvas is (1080, 1920, 3) float64, sRGB values 0..1. Shapes come from SVG, skies, clouds and glows from
numpy. Everything random is seeded, and in float64 the last bits in which processors differ never reach a
pixel, so a picture is the same byte for byte each time.
"""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Stops = tuple[tuple[float, str], ...]
"""Positions and colours (#rrggbb) of a gradient."""

WIDTH, HEIGHT = 1920, 1080
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]


def colour(code: str) -> Array:
    return np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float64)


def ramp(at: Array, stops: Stops) -> Array:
    """Colours at these positions of a gradient, its corners rounded off (the eye sees them as lines)."""
    low, high = stops[0][0], stops[-1][0]
    places = np.clip((at - low) * (4095 / (high - low)), 0, 4095)
    return np.take(table(stops), places.astype(np.int32), axis=0)


@lru_cache(maxsize=64)
def table(stops: Stops) -> Array:
    """The gradient at 4096 places."""
    grid = np.linspace(stops[0][0], stops[-1][0], 4096)
    kernel = np.hanning(165)[1:-1] / np.hanning(165).sum()
    channels = []
    for channel in range(3):
        line = np.interp(grid, [at for at, _ in stops], [colour(code)[channel] for _, code in stops])
        channels.append(np.convolve(np.pad(line, 81, mode="edge"), kernel, mode="valid"))
    return np.stack(channels, axis=-1)


def step(low: float, high: float, value: Array) -> Array:
    """0 below low, 1 above high, smooth between (low may be the greater)."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def noise(seed: int, across: float, down: float, octaves: int = 5, fade: float = 0.5) -> Array:
    """Fractal noise in 0..1 over the canvas; the largest lumps are `across` x `down` pixels."""
    dice = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, WIDTH), np.float64)
    weight = 1.0
    for octave in range(octaves):
        if min(across, down) < 2.5 * 2**octave:
            break
        rows = bumps(HEIGHT, down / 2**octave)
        columns = bumps(WIDTH, across / 2**octave)
        values = dice.standard_normal((rows.shape[1], columns.shape[1]))
        total += weight * (rows @ values @ columns.T)
        weight *= fade
    low, high = np.percentile(total[::8, ::8], (1, 99))
    return np.asarray(np.clip((total - low) / (high - low), 0, 1))


def bumps(length: int, spacing: float) -> Array:
    """Cubic B-spline weights (length, knots): a row says how its pixel mixes the knots around it."""
    at = np.arange(length) / max(spacing, 2.0)
    knots = int(at[-1]) + 4
    away = np.abs(at[:, None] + 1 - np.arange(knots)[None, :])
    near = 2 / 3 - away**2 + away**3 / 2
    return np.where(away < 1, near, np.clip(2 - away, 0, None) ** 3 / 6)


def blur(image: Array, sigma: float) -> Array:
    """Three box blurs along both axes, which is nearly Gaussian; edges are repeated."""
    radius = max(round(sigma * 0.98), 1)
    for axis in (0, 1):
        for _ in range(3):
            pads = [(radius + 1, radius) if a == axis else (0, 0) for a in range(image.ndim)]
            sums = np.cumsum(np.pad(image, pads, mode="edge"), axis=axis, dtype=np.float64)
            size = image.shape[axis]
            upper = np.take(sums, range(2 * radius + 1, 2 * radius + 1 + size), axis=axis)
            lower = np.take(sums, range(size), axis=axis)
            image = (upper - lower) / (2 * radius + 1)
    return image


def path(line: str, fill: str, opacity: float = 1.0) -> str:
    return f'<path d="{line}" fill="{fill}" opacity="{opacity:.2f}"/>'


def circle(x: float, y: float, radius: float, fill: str, opacity: float = 1.0) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{fill}" opacity="{opacity:.2f}"/>'


def drawn(body: str, defs: str = "") -> tuple[Array, Array]:
    """Colours and alpha (HEIGHT, WIDTH, 1) of SVG shapes on a transparent canvas."""
    import resvg_py
    from PIL import Image

    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}"><defs>{defs}</defs>{body}</svg>'
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGBA"), np.float64) / 255
    return pixels[..., :3], pixels[..., 3:]


def over(canvas: Array, paint: Array, alpha: Array) -> Array:
    """Paint (a colour or a picture) laid on; alpha is (HEIGHT, WIDTH) or (HEIGHT, WIDTH, 1)."""
    share = alpha[..., None] if alpha.ndim == 2 else alpha
    return np.add(canvas, (paint - canvas) * share)


def screen(canvas: Array, paint: Array, strength: Array) -> Array:
    """Light added the way a second exposure adds it: never beyond white."""
    return np.subtract(1, (1 - canvas) * (1 - paint * strength[..., None]))


def glow(x: float, y: float, radius: float, power: float = 2.0) -> Array:
    """1 at the point, falling smoothly to 0 at the radius."""
    away = np.sqrt((X - x) ** 2 + (Y - y) ** 2) / radius
    return np.asarray(np.clip(1 - away, 0, 1) ** power)


def save(canvas: Array, file: Path) -> None:
    """Write lossless WebP. An 8x8 ordered dither carries what falls between two 8-bit levels."""
    from PIL import Image

    bayer = np.zeros((1, 1), np.float64)
    for _ in range(3):
        bayer = np.block([[4 * bayer, 4 * bayer + 2], [4 * bayer + 3, 4 * bayer + 1]])
    threshold = np.tile((bayer + 0.5) / 64, (HEIGHT // 8, WIDTH // 8))[..., None]
    pixels = np.floor(np.clip(canvas, 0, 1) * 255 + threshold).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, lossless=True, quality=80, method=4)
