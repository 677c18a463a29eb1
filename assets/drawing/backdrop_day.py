"""The day backdrop: a hill above a bay, a summer sky with tall clouds, leaves overhead."""

from random import Random

import numpy as np
from backdrop_canvas import (
    WIDTH,
    Array,
    Stops,
    X,
    Y,
    circle,
    colour,
    drawn,
    glow,
    noise,
    over,
    path,
    ramp,
    screen,
    step,
)
from backdrop_nature import Puff, billows, blades, heap, leaves, ridge, wood

SUN = (150.0, -420.0)
HORIZON = 716


def sky() -> Array:
    deep = ramp(
        Y + 26 * (noise(3, 900, 300, 2) - 0.5),
        (
            (0, "#2b83cc"),
            (230, "#4aa6dc"),
            (430, "#86cbe4"),
            (590, "#c2e6e6"),
            (720, "#fdebcb"),
            (1080, "#fdebcb"),
        ),
    )
    deep = screen(deep, colour("#fff3cf"), 0.75 * glow(*SUN, 1500, 2.0))
    wisps = step(0.56, 0.95, noise(21, 620, 90, 6, 0.55)) * step(560, 120, Y)
    return over(deep, colour("#ffffff"), 0.38 * wisps)


def clouds(canvas: Array) -> Array:
    """Towers to both sides, a low far bank between them: the middle stays calm."""
    dice = Random(42)
    far: list[Puff] = []
    for x in range(-40, WIDTH + 60, 74):
        far += heap(dice, x + dice.uniform(-30, 30), 668, dice.uniform(46, 84), dice.uniform(20, 46), 12)
    pale = ((0.0, "#a9cfe4"), (0.45, "#cfe6ec"), (0.75, "#f6f3e6"), (1.0, "#fffaf0"))
    canvas = billows(canvas, far, pale, 5, base=690, opacity=0.8)
    tall: list[Puff] = []
    for x, y, width, height in ((70, 650, 300, 430), (330, 660, 230, 300), (520, 668, 150, 150)):
        tall += heap(dice, x, y, width, height, 90)
    for x, y, width, height in ((1870, 640, 320, 470), (1610, 655, 230, 270), (1440, 664, 140, 120)):
        tall += heap(dice, x, y, width, height, 90)
    tones = ((0.0, "#6fa6d3"), (0.3, "#9cc8e6"), (0.55, "#d3e8f2"), (0.74, "#fff6e6"), (1.0, "#ffffff"))
    return billows(canvas, tall, tones, 6, base=690)


def distance(canvas: Array) -> Array:
    """Mountains, the bay, and headlands with a town."""
    for seed, top, rise, near, foot in (
        (1, 640, 90, "#8fbfd8", "#cfe6e4"),
        (2, 668, 62, "#74aec6", "#b4dad6"),
    ):
        crest = ridge(seed, top, rise, 420)
        shade = ramp(Y - crest[None, :], ((0, near), (90, foot)))
        canvas = over(canvas, shade, 0.92 * step(-1, 1, Y - crest[None, :]))
    water = ramp(Y, ((HORIZON, "#d9f0ea"), (760, "#8fd0dc"), (840, "#4aa5c2"), (960, "#2f86a8")))
    ripple = noise(31, 160, 5, 3) * 0.7 + noise(32, 30, 3, 2) * 0.3
    water = over(water, colour("#ffffff"), 0.42 * step(0.58, 0.9, ripple) * step(1000, HORIZON, Y))
    canvas = over(canvas, water, step(HORIZON - 1, HORIZON + 1, Y))
    sparkle = step(0.8, 0.98, noise(33, 14, 3, 2)) * np.exp(-(((X - 760) / 330) ** 2)) * step(900, HORIZON, Y)
    sparkle *= step(HORIZON, HORIZON + 6, Y)
    return screen(canvas, colour("#fff6da"), sparkle)


def headland(
    canvas: Array, side: int, seed: int, start: float, drop: float, tones: Stops, radius: float
) -> Array:
    """A wooded hill that runs out into the bay from one side (1: from the left, -1: from the right)."""
    dice = Random(seed)
    along = X[0] if side > 0 else WIDTH - X[0]
    crest = start + drop * (along / 900) ** 1.6 + ridge(seed, -16, 32, 210)
    slope = ramp(Y - crest[None, :], ((0, tones[-1][1]), (30, tones[-2][1]), (200, tones[1][1])))
    canvas = over(canvas, slope, step(-1, 1, Y - crest[None, :]))
    end = 900 * ((930 - start) / drop) ** (1 / 1.6)

    def spots(count: int, nearest: float, farthest: float) -> list[tuple[float, float]]:
        places = [(dice.uniform(-20, end), dice.uniform(nearest, farthest)) for _ in range(count)]
        return [(x if side > 0 else WIDTH - x, depth) for x, depth in places]

    canvas = billows(canvas, wood(dice, crest, spots(190, -6, 40), radius * 0.8), tones, seed, lump=14)
    canvas = over(canvas, *houses(dice, crest, side, end))
    return billows(canvas, wood(dice, crest, spots(380, 56, 240), radius), tones, seed + 5, lump=14)


def houses(dice: Random, crest: Array, side: int, end: float) -> tuple[Array, Array]:
    """A small town on the slope: pale walls, warm roofs, lit from the left."""
    placed = []
    for _ in range(95):
        along = end * dice.triangular(0.02, 0.8, 0.42)
        x = along if side > 0 else WIDTH - along
        y = float(crest[min(max(int(x), 0), WIDTH - 1)]) + dice.uniform(22, 66)
        placed.append((y, x))
    shapes = []
    for y, x in sorted(placed):
        w, h = dice.uniform(9, 17), dice.uniform(6, 12)
        wall = dice.choice(("#fff6e4", "#f6ead6", "#e9efe9", "#fdf0dc"))
        roof = dice.choice(("#d9694a", "#c95c4c", "#e08a5b", "#5f8fae", "#b8584a"))
        shapes += [
            path(f"M{x} {y}h{w}v{-h}h{-w}Z", wall),
            path(f"M{x + w * 0.6} {y}h{w * 0.4}v{-h}h{-w * 0.4}Z", "#6f8fb0", 0.4),
            path(f"M{x - 1.5} {y - h}l{w * 0.3} {-h * 0.6}h{w * 0.55}l{w * 0.3} {h * 0.6}Z", roof),
            path(f"M{x + w * 0.2} {y - h * 0.7}h2v3h-2Zm5 0h2v3h-2Z", "#6b86a0"),
        ]
    return drawn(f'<g opacity=".9">{"".join(shapes)}</g>')


def meadow(canvas: Array) -> Array:
    """The hill one stands on: a hollow in the middle, grass and flowers at the sides."""
    crest = 985 - 105 * (np.abs(X[0] - 960) / 960) ** 2.2 + (ridge(77, 0, 18, 300) - 9)
    tone = ramp(Y - crest[None, :], ((0, "#b6d877"), (40, "#86c06b"), (110, "#4f9a68"), (240, "#2f7f77")))
    patches = noise(61, 260, 40, 4)
    tone = tone * (0.9 + 0.2 * patches[..., None])
    canvas = over(canvas, tone, step(-1, 1, Y - crest[None, :]))
    return over(canvas, *drawn(blades(Random(8), crest)))


def overhead(canvas: Array) -> Array:
    """A bough at the upper right: shaded leaves behind, lit ones before."""
    dice = Random(19)
    shade = ("#1d5b60", "#24706a", "#2f7f77")
    lit = ("#2a7a6b", "#3a9069", "#5aac66", "#8cc868", "#cbe782")
    twigs = path(
        "M1960-10C1850 60 1760 84 1650 74S1500 52 1420 78L1418 74C1500 42 1560 56 1650 62S1840 30 1940-40Z"
        "M1760 76C1740 120 1700 150 1660 168L1658 164C1694 142 1724 112 1738 74Z"
        "M1880 52C1872 130 1850 190 1810 232L1806 230C1838 186 1856 124 1858 56Z",
        "#4b4a52",
    )
    spots = [
        (1990, 30), (1850, 66), (1700, 78), (1560, 60), (1440, 70), (1664, 160), (1810, 222), (1870, 140),
        (1740, 110), (1930, 200), (1900, 300),
    ]  # fmt: skip
    canvas = over(canvas, *drawn(leaves(dice, spots, 112, 1300, 19, shade)))
    canvas = over(canvas, *drawn(twigs))
    return over(canvas, *drawn(leaves(dice, [(x - 8, y - 16) for x, y in spots], 98, 1500, 16, lit)))


def shafts(canvas: Array) -> Array:
    """Light that falls in from the sun, broken into soft beams."""
    angle = np.arctan2(X - SUN[0], Y - SUN[1])
    wave = np.sin(angle * 11 + 0.6) + 0.6 * np.sin(angle * 27 + 1.9) + 0.3 * np.sin(angle * 53)
    beams = step(0.0, 1.7, wave) * step(1650, 350, np.hypot(X - SUN[0], Y - SUN[1]))
    return screen(canvas, colour("#fff2cc"), 0.2 * beams)


def petals(canvas: Array) -> Array:
    """Motes and a few petals on the wind, out of focus near the viewer."""
    dice = Random(4)
    shapes = []
    for _ in range(46):
        side = dice.choice((dice.uniform(0, 560), dice.uniform(1360, WIDTH)))
        x, y, r = side, dice.uniform(250, 1040), dice.uniform(1.5, 4.5)
        shapes.append(circle(x, y, r, "#fffbe6", dice.uniform(0.35, 0.9)))
    for _ in range(16):
        x = dice.choice((dice.uniform(20, 600), dice.uniform(1320, 1900)))
        y, turn, size = dice.uniform(240, 980), dice.uniform(0, 360), dice.uniform(0.5, 1.1)
        shapes.append(
            f'<path transform="translate({x:.1f} {y:.1f}) rotate({turn:.0f}) scale({size:.2f} {size:.2f})" '
            'd="M-12 2C-6-9 6-9 13-2C6 7-5 9-12 2Z" fill="#ffd3dc" opacity=".92"/>'
        )
    return over(canvas, *drawn("".join(shapes)))


BEYOND = ((0.0, "#5f9fa4"), (0.3, "#76b5a6"), (0.6, "#93c9aa"), (1.0, "#c4e3b8"))
NEARER = ((0.0, "#2f7f83"), (0.3, "#46957f"), (0.6, "#6fb584"), (1.0, "#b9dd90"))


def day() -> Array:
    canvas = distance(clouds(sky()))
    canvas = headland(canvas, -1, 17, 672, 130, BEYOND, 13)
    canvas = headland(canvas, 1, 23, 742, 210, NEARER, 19)
    haze = 0.4 * np.exp(-(((Y - 735) / 110) ** 2)) * (0.5 + 0.5 * np.exp(-(((X - 960) / 420) ** 2)))
    canvas = over(canvas, colour("#fff1d8"), haze)
    canvas = overhead(meadow(canvas))
    return petals(shafts(canvas))
