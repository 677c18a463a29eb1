"""The abstract backdrop: sheets of cut paper around a pale sun, on an animator's ruled sheet."""

import math
from random import Random

import numpy as np
from backdrop_canvas import (
    HEIGHT,
    WIDTH,
    Array,
    Stops,
    X,
    Y,
    blur,
    circle,
    colour,
    drawn,
    glow,
    noise,
    over,
    ramp,
    screen,
    step,
)

MIDDLE = (960.0, 540.0)
U = (X[0] - MIDDLE[0]) / 960
"""How far a column is from the middle: -1 .. 1."""


def sheet() -> Array:
    """Warm paper with the fields of animation paper in non-photo blue, gone where the avatar stands."""
    tilt = X * 0.35 + Y * 0.9 + 60 * (noise(1, 900, 700, 2) - 0.5)
    canvas = ramp(
        tilt, ((0, "#dff1f2"), (420, "#f4f5ea"), (900, "#fdf3e0"), (1500, "#ffe3cc"), (1640, "#ffdcc4"))
    )
    ruled = np.maximum(np.abs((X + 0.5) % 60 - 30) > 29, np.abs((Y + 30.5) % 60 - 30) > 29)
    shown = 0.3 * step(300, 760, np.hypot((X - MIDDLE[0]) * 0.9, Y - MIDDLE[1]))
    canvas = over(canvas, colour("#9cc7de"), (ruled * shown))
    return screen(canvas, colour("#fffaf0"), 0.6 * glow(330, -80, 1000, 2.0))


def sun(canvas: Array) -> Array:
    """The pale disc the avatar stands before, and pencilled orbits around it."""
    x, y, radius = MIDDLE[0], 560.0, 418.0
    away = np.hypot(X - x, Y - y)
    canvas = over(canvas, colour("#ffcf9e"), 0.36 * np.clip(1.9 - away / radius, 0, 1) ** 2)
    disc = ramp(Y - 0.25 * X, ((-140, "#fffdf6"), (260, "#fff3dc"), (640, "#ffdcb8"), (800, "#ffcfa6")))
    canvas = over(canvas, disc, np.clip(radius - away, 0, 1))
    orbits = []
    for reach, dash, width, tone in (
        (452, "1 13", 3.4, "#d23f1e"),
        (492, "none", 1.4, "#9cc7de"),
        (540, "150 26 4 26", 1.8, "#63b7d8"),
        (618, "none", 1.0, "#9cc7de"),
    ):
        orbits.append(
            f'<circle cx="{x}" cy="{y}" r="{reach}" fill="none" stroke="{tone}" stroke-width="{width}" '
            f'stroke-linecap="round" stroke-dasharray="{dash}" opacity=".75"/>'
        )
    for reach, turn, size, tone in (
        (492, -152, 10, "#ff7350"),
        (618, -24, 14, "#63b7d8"),
        (540, -58, 7, "#f0a63a"),
    ):
        px, py = x + reach * math.cos(math.radians(turn)), y + reach * math.sin(math.radians(turn))
        orbits.append(circle(px, py, size, tone))
    return over(canvas, *drawn("".join(orbits)))


def cut(canvas: Array, depth: Array, stops: Stops, slope: float = 0.0) -> Array:
    """One sheet of paper laid on: `depth` is how far inside its edge a pixel lies (below 0: outside)."""
    cast = np.pad(depth, ((14, 0), (8, 0)), mode="edge")[:HEIGHT, :WIDTH]
    shadow = blur(step(-4, 18, cast), 17)
    canvas = canvas * (1 - (1 - colour("#4a4468")) * (0.42 * shadow)[..., None])
    paint = ramp(depth + slope * (X - 960), stops)
    paint = screen(paint, colour("#ffffff"), (0.55 * np.exp(-((depth / 2.6) ** 2))))
    return over(canvas, paint, np.clip(depth + 0.5, 0, 1))


def wave(base: float, left: float, right: float, lean: float, swing: float, phase: float) -> Array:
    """A curve over the columns: at `base` in the middle, lifted by so much at each side, gently rolling."""
    lift = np.where(U < 0, left * np.abs(U) ** lean, right * np.abs(U) ** lean)
    roll = np.sin(U * 3.3 + phase) + 0.4 * np.sin(U * 7.1 + 2 * phase)
    return np.asarray(base - lift + swing * roll)


def waves(canvas: Array) -> Array:
    """Sheets from below, each nearer and deeper in colour."""
    for curve, stops in (
        (wave(900, 500, 250, 1.7, 30, 0.2), ((0, "#ffe6ba"), (160, "#ffd08a"), (420, "#f7b45c"))),
        (wave(944, 400, 420, 2.2, 34, 2.1), ((0, "#c9ecec"), (150, "#93d0e0"), (420, "#63b7d8"))),
        (wave(986, 400, 230, 2.9, 26, 3.7), ((0, "#ffb391"), (140, "#ff8a66"), (420, "#ef5f40"))),
        (wave(1010, 210, 350, 2.2, 28, 5.5), ((0, "#a8dac2"), (130, "#6fb49d"), (420, "#3f9488"))),
        (wave(1052, 200, 190, 2.6, 20, 1.2), ((0, "#5fb0a4"), (110, "#2f7f77"), (360, "#1f5f66"))),
    ):
        tilt = np.gradient(curve)
        canvas = cut(canvas, (Y - curve[None, :]) / np.sqrt(1 + tilt**2)[None, :], stops, 0.02)
    return canvas


def corners(canvas: Array) -> Array:
    """Sheets from above, in both upper corners."""
    for x, y, radius, wobble, stops in (
        (1990, -60, 560, 0.3, ((0, "#cdeef0"), (200, "#9fd6e4"), (520, "#63b7d8"))),
        (2010, -90, 400, 2.2, ((0, "#fff6e2"), (150, "#ffe9c8"), (400, "#ffd6a0"))),
        (2000, -110, 270, 4.0, ((0, "#ffad8c"), (120, "#ff8560"), (300, "#ea5636"))),
        (-90, -110, 470, 1.2, ((0, "#ffe9c4"), (170, "#ffd594"), (420, "#f3ae50"))),
        (-110, -130, 320, 3.1, ((0, "#bfe6d2"), (130, "#86c6ae"), (320, "#4f9f8c"))),
    ):
        turn = np.arctan2(Y - y, X - x)
        edge = radius * (1 + 0.09 * np.sin(turn * 5 + wobble) + 0.04 * np.sin(turn * 11 + 2 * wobble))
        canvas = cut(canvas, (edge - np.hypot(X - x, Y - y)), stops)
    return canvas


def marks(canvas: Array) -> Array:
    """Small printed things at the sides: a raster of dots, rings, crosses."""
    shapes = []
    for x, y, columns, rows, tone in ((1560, 330, 9, 7, "#d23f1e"), (226, 470, 8, 8, "#2f8fb4")):
        for column in range(columns):
            for row in range(rows):
                radius = 4.6 * (1 - (column + row) / (columns + rows))
                shapes.append(circle(x + column * 19, y + row * 19, radius, tone))
    for x, y, radius, width, tone in (
        (470, 250, 26, 7, "#ff7350"), (1480, 640, 18, 5, "#2f7f77"), (1742, 560, 34, 9, "#f0a63a"),
        (118, 330, 15, 4, "#63b7d8"),
    ):  # fmt: skip
        shapes.append(
            f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{tone}" stroke-width="{width}"/>'
        )
    for x, y, size, tone in (
        (1400, 210, 15, "#2f7f77"),
        (380, 640, 13, "#d23f1e"),
        (560, 130, 11, "#2f8fb4"),
        (1840, 440, 12, "#1c2140"),
    ):
        shapes.append(
            f'<path d="M{x - size} {y}H{x + size}M{x} {y - size}V{y + size}" stroke="{tone}" '
            'stroke-width="4" stroke-linecap="round"/>'
        )
    paint, alpha = drawn("".join(shapes))
    return over(canvas, paint, 0.85 * alpha)


def bokeh(canvas: Array) -> Array:
    """Discs of light out of focus; few and faint in the middle."""
    dice = Random(21)
    for _ in range(44):
        x = dice.choice((dice.gauss(240, 190), dice.gauss(1680, 190)))
        y, radius = dice.uniform(40, HEIGHT), dice.uniform(10, 74) ** 1.02
        calm = 0.25 if abs(x - 960) < 360 else 1.0
        away = np.hypot(X - x, Y - y)
        disc = step(radius + radius * 0.07 + 1, radius - radius * 0.07 - 1, away) * (
            0.5 + 0.5 * (away / radius) ** 2
        )
        tone = colour(dice.choice(("#fffdf5", "#fff0cf", "#e6f7ff", "#ffe3dc")))
        canvas = over(canvas, tone, (disc * dice.uniform(0.12, 0.42) * calm))
    return canvas


def abstract() -> Array:
    return bokeh(marks(waves(corners(sun(sheet())))))
