"""Clouds, ridges, leaves and grass, grown from seeds."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from backdrop_canvas import HEIGHT, WIDTH, Array, Stops, bumps, circle, noise, path, ramp, step

Puff = tuple[float, float, float, float]
"""Of a cloud: centre, radius, and how high in its heap it sits (0 foot .. 1 top)."""


def heap(dice: Random, x: float, foot: float, width: float, height: float, count: int) -> list[Puff]:
    """Puffs piled into a cloud: wide at its foot, narrow at its top, with knobs on their upper rims."""
    puffs = []
    for _ in range(count):
        level = dice.random() ** 0.8
        reach = width * (1 - level) ** 0.55 * 0.95
        radius = (0.34 - 0.14 * level) * min(width, height * 1.2) * dice.uniform(0.55, 1.0)
        cx = x + dice.uniform(-reach, reach) * 0.8
        cy = foot - level * (height - radius)
        puffs.append((cx, cy, radius, level))
        for _ in range(4):
            turn = dice.uniform(-math.pi * 0.95, -math.pi * 0.05)
            knob = radius * dice.uniform(0.22, 0.46)
            puffs.append(
                (cx + math.cos(turn) * radius * 0.86, cy + math.sin(turn) * radius * 0.86, knob, level)
            )
    return puffs


def billows(
    canvas: Array,
    puffs: list[Puff],
    tones: Stops,
    seed: int,
    base: float = 1e6,
    lump: float = 46,
    opacity: float = 1.0,
) -> Array:
    """Clouds, or the crowns of trees: puffs painted from the top down, `tones` from shade to light.

    A puff is a lit ball with a crisp upper rim; its lower half melts into what is behind. Rims are frayed by
    noise with lumps of that many pixels. Below `base` all thins out into haze.
    """
    warp_x, warp_y = noise(seed, lump, lump, 4, 0.6) - 0.5, noise(seed + 1, lump, lump, 4, 0.6) - 0.5
    grain = noise(seed + 2, 2 * lump, 1.3 * lump, 4) - 0.5
    layer = np.zeros_like(canvas)
    cover = np.zeros(canvas.shape[:2], np.float64)
    for cx, cy, radius, level in sorted(puffs, key=lambda puff: puff[1] + puff[2] * 0.4):
        reach = radius * 1.5
        top, bottom = max(int(cy - reach), 0), min(int(cy + reach), HEIGHT)
        left, right = max(int(cx - reach), 0), min(int(cx + reach), WIDTH)
        if top >= bottom or left >= right:
            continue
        box = np.s_[top:bottom, left:right]
        y, x = np.mgrid[top:bottom, left:right]
        dx = (x - cx) / radius + warp_x[box] * 0.62
        dy = (y - cy) / radius + warp_y[box] * 0.62
        away = np.sqrt(dx * dx + dy * dy)
        rise = np.sqrt(np.clip(1 - away * away, 0, 1))
        light = 0.42 + 0.3 * (-0.62 * dx - 0.78 * dy) + 0.12 * rise + 0.26 * (level - 0.45) + 0.2 * grain[box]
        paint = ramp(np.clip(light, 0, 1), tones)
        edge = np.clip((1 - away) * radius / 2.2, 0, 1) * step(0.75, -0.15, dy)
        layer[box] += (paint - layer[box]) * edge[..., None]
        cover[box] += (1 - cover[box]) * edge
    rows = np.arange(HEIGHT, dtype=np.float64)[:, None]
    thin = step(base + 10, base - 110, rows + 60 * grain)
    layer = np.where(cover[..., None] > 0, layer / np.maximum(cover, 1e-3)[..., None], canvas)
    return canvas + (layer - canvas) * (cover * thin * opacity)[..., None]


def ridge(seed: int, top: float, rise: float, spacing: float) -> Array:
    """The heights of a ridge line (WIDTH,): y from `top` to `top + rise`."""
    dice = np.random.default_rng(seed)
    line = np.zeros(WIDTH, np.float64)
    for octave in range(5):
        weights = bumps(WIDTH, spacing / 2**octave)
        line += 0.5**octave * (weights @ dice.standard_normal(weights.shape[1]))
    line = (line - line.min()) / (line.max() - line.min())
    return np.asarray(top + rise * line)


def wood(dice: Random, crest: Array, spots: Sequence[tuple[float, float]], radius: float) -> list[Puff]:
    """Crowns of trees on a slope, each at an x and a depth below the ridge line; nearer ones are greater."""
    puffs = []
    for x, depth in spots:
        y = float(crest[min(max(int(x), 0), WIDTH - 1)]) + depth
        crown = radius * (0.7 + depth / 200) * dice.uniform(0.7, 1.2)
        puffs.append((x, y, crown, 0.3))
        for _ in range(4):
            turn = dice.uniform(-math.pi, 0)
            at = (x + math.cos(turn) * crown * 0.7, y + math.sin(turn) * crown * 0.6)
            puffs.append((*at, crown * dice.uniform(0.3, 0.55), 0.6))
    return puffs


def leaves(
    dice: Random,
    spots: Sequence[tuple[float, float]],
    spread: float,
    count: int,
    size: float,
    tones: Sequence[str],
) -> str:
    """Leaves around these spots; those higher in their clump take the lighter (later) tones."""
    drawn = []
    for _ in range(count):
        x, y = dice.choice(spots)
        turn, away = dice.uniform(0, math.tau), spread * dice.random() ** 0.6
        lx, ly = x + math.cos(turn) * away, y + math.sin(turn) * away * 0.62
        light = 0.5 - (ly - y) / spread * 0.6 + dice.uniform(-0.35, 0.35)
        tone = tones[min(max(int(light * len(tones)), 0), len(tones) - 1)]
        scale = size * dice.uniform(0.6, 1.15)
        lean = dice.gauss(100, 42)
        drawn.append(
            (
                light,
                f'<path transform="translate({lx:.1f} {ly:.1f}) rotate({lean:.0f}) scale({scale:.2f})" '
                f'fill="{tone}" d="M-.9 0C-.5-.42 .3-.42 .9 0C.3 .36-.5 .36-.9 0Z"/>',
            )
        )
    return "".join(shape for _, shape in sorted(drawn))


GRASS = ("#a9d36e", "#7dbb66", "#5aa566", "#cfe686", "#3f8f6a")
FLOWERS = ("#ff7350", "#ffd0d8", "#fffaf0", "#f0a63a", "#ff9fb0", "#fffaf0")


def blades(dice: Random, crest: Array) -> str:
    """Grass below a ridge line, tall at the sides and short in the middle, with flowers among it."""
    drawn = []
    for _ in range(5600):
        x = dice.uniform(-10, WIDTH + 10)
        side = abs(x - WIDTH / 2) / (WIDTH / 2)
        ground = float(crest[min(max(int(x), 0), WIDTH - 1)])
        depth = dice.random() ** 1.3
        y = ground + depth * (HEIGHT + 40 - ground) + 4
        tall = (12 + 44 * side**2) * (0.45 + 0.9 * depth) * dice.uniform(0.6, 1.2)
        lean = dice.gauss(6, 9) * tall / 30
        tone = dice.choice(GRASS)
        blade = (
            f"M{x:.1f} {y:.1f}q{lean * 0.2:.1f} {-tall * 0.6:.1f} {lean:.1f} {-tall:.1f}"
            f"q{-lean * 0.5:.1f} {tall * 0.5:.1f} {2.4 - lean * 0.5:.1f} {tall:.1f}Z"
        )
        drawn.append((y, path(blade, tone)))
        if dice.random() < 0.06 * side**1.6 + 0.003:
            drawn.append((y + 1, flower(dice, x + lean, y - tall, 3 + (2 + 9 * side**2) * depth)))
    return "".join(shape for _, shape in sorted(drawn))


def flower(dice: Random, x: float, y: float, radius: float) -> str:
    tone = dice.choice(FLOWERS)
    start = dice.uniform(0, math.tau)
    petals = "".join(
        f'<ellipse cx="{x + math.cos(start + k * math.tau / 5) * radius * 0.62:.1f}" '
        f'cy="{y + math.sin(start + k * math.tau / 5) * radius * 0.45:.1f}" rx="{radius * 0.55:.1f}" '
        f'ry="{radius * 0.42:.1f}"/>'
        for k in range(5)
    )
    return f'<g fill="{tone}">{petals}</g>' + circle(x, y, radius * 0.3, "#f6b93f")
