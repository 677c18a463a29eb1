"""The night backdrop: a terrace over a harbour, city lights on both shores, moon and stars."""

import math
from random import Random

import numpy as np
from backdrop_canvas import (
    WIDTH,
    Array,
    X,
    Y,
    blur,
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
from backdrop_nature import Puff, billows, heap, leaves

HORIZON = 700
MOON = (1548.0, 322.0)
SPARKLING = ((250, 130, 15), (508, 300, 10), (760, 92, 11), (1180, 128, 9), (1735, 92, 14), (96, 372, 9))
"""Stars with rays: place and reach."""
LIT = ("#ffd58a", "#ffc069", "#ffe9bd", "#ffb37a", "#cfe6ff")
"""Lights in windows."""


def sky() -> Array:
    canvas = ramp(
        Y + 40 * (noise(2, 900, 260, 2) - 0.5),
        (
            (0, "#0a0e2e"), (200, "#141a46"), (390, "#2a2f70"), (520, "#4c4387"), (610, "#86508c"),
            (672, "#c9707f"), (712, "#ffb98a"),
        ),
    )  # fmt: skip
    across = (X - 300) * 0.52 + (Y - 40) * 0.85
    band = np.exp(-(((across - 190 + 90 * (noise(7, 420, 420, 3) - 0.5)) / 150) ** 2)) * step(560, 60, Y)
    dust = band * (0.35 + 0.65 * noise(8, 200, 160, 6, 0.6))
    return screen(canvas, colour("#6f7fd6"), (0.42 * dust))


def stars(canvas: Array) -> Array:
    dice = Random(12)
    points, flares = [], []
    for _ in range(950):
        x, y = dice.uniform(0, WIDTH), 600 * dice.random() ** 1.25
        if math.hypot(x - MOON[0], y - MOON[1]) < 120:
            continue
        near = abs((x - 300) * 0.52 + (y - 40) * 0.85 - 190) < 150
        size = 0.45 + (1.5 if near else 1.9) * dice.random() ** 6
        tone = dice.choice(("#ffffff", "#dfe8ff", "#fff1d6", "#c9d8ff"))
        shown = dice.uniform(0.35, 1) * (1 - (y / 640) ** 3)
        points.append(circle(x, y, size, tone, shown))
    for x, y, reach in SPARKLING:
        thin = reach * 0.07
        line = f"M{x} {y - reach}L{x + thin} {y - thin}L{x + reach} {y}L{x + thin} {y + thin}L{x} {y + reach}"
        flares.append(path(f"{line}L{x - thin} {y + thin}L{x - reach} {y}L{x - thin} {y - thin}Z", "#fff"))
        canvas = screen(canvas, colour("#a9bcff"), 0.5 * glow(x, y, reach * 2.4, 2.4))
    trail = (
        '<linearGradient id="trail"><stop offset="0" stop-color="#fff" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#fff"/></linearGradient>'
    )
    tail = path("M0 0L168-1.3A1.4 1.4 0 0 1 168 1.5Z", "url(#trail)")
    falling = f'<g transform="translate(400 96) rotate(28)">{tail}</g>'
    return over(canvas, *drawn("".join(points + flares) + falling, trail))


def moon(canvas: Array) -> Array:
    x, y = MOON
    canvas = screen(canvas, colour("#8fa2ff"), 0.55 * glow(x, y, 520, 2.6))
    canvas = screen(canvas, colour("#ffe9c9"), 0.6 * glow(x, y, 170, 2.2))
    away = np.hypot(X - x, Y - y)
    seas = step(0.5, 0.85, noise(15, 62, 52, 4)) * 0.5
    lit = ramp(((X - x) * 0.6 + (Y - y) * 0.8), ((-60, "#fffdf2"), (0, "#fff3d2"), (60, "#f3d9b4")))
    lit = over(lit, colour("#d9bfa8"), seas)
    return over(canvas, lit, np.clip(62 - away, 0, 1))


def clouds(canvas: Array) -> Array:
    dice = Random(77)
    puffs: list[Puff] = []
    for x, y, width, height, count in (
        (120, 640, 330, 120, 46), (430, 652, 220, 70, 30),
        (1840, 632, 320, 150, 50), (1560, 650, 230, 74, 30),
    ):  # fmt: skip
        puffs += heap(dice, x, y, width, height, count)
    tones = ((0.0, "#4b3f80"), (0.35, "#6d4f8e"), (0.6, "#a3668f"), (0.8, "#e59a95"), (1.0, "#ffd2ab"))
    canvas = billows(canvas, puffs, tones, 9, base=676, opacity=0.6)
    streaks = step(0.55, 0.95, noise(18, 760, 34, 5)) * step(420, 560, Y) * step(690, 600, Y)
    return over(canvas, colour("#f0a093"), 0.42 * streaks)


def tower(dice: Random, x: float, width: float, height: float, body: str, lit: float) -> str:
    """One building with its windows; `lit` is the share of windows with a light."""
    top = HORIZON - height
    shapes = [path(f"M{x:.0f} {HORIZON + 2}V{top:.0f}h{width:.0f}V{HORIZON + 2}Z", body)]
    if dice.random() < 0.35:
        shapes.append(path(f"M{x + width * 0.25:.0f} {top:.0f}v-9h{width * 0.5:.0f}v9Z", body))
    if height > 190:
        mast = x + width / 2
        shapes.append(
            path(f"M{mast - 1:.1f} {top:.0f}v-34h2v34Z", body) + circle(mast, top - 35, 2.4, "#ff7350")
        )
    shapes.append(path(f"M{x:.0f} {top:.0f}h2.5V{HORIZON}h-2.5Z", "#ffb0a0", 0.22))
    pitch = dice.choice((7, 8, 9))
    tone = dice.choice(LIT)
    for row in range(int((height - 10) / pitch)):
        whole = dice.random() < 0.06
        for column in range(int((width - 6) / pitch)):
            if whole or dice.random() < lit:
                shade = tone if dice.random() < 0.7 else dice.choice(LIT)
                left, upper = x + 5 + column * pitch, top + 7 + row * pitch
                pane = f"M{left:.0f} {upper:.0f}h{pitch - 4}v{pitch - 5}h-{pitch - 4}Z"
                shapes.append(path(pane, shade, dice.uniform(0.45, 1)))
    return "".join(shapes)


def skyline(seed: int, body: str, tallest: float, lit: float) -> tuple[Array, Array]:
    """A row of buildings, high at both sides and low in the middle."""
    dice = Random(seed)
    shapes, x = [], -20.0
    while x < WIDTH:
        width = dice.uniform(26, 66)
        from_middle = min(abs(x - 960) / 760, 1.0)
        rise = 0.16 + 0.84 * from_middle**1.7
        height = tallest * rise * dice.uniform(0.42, 1.0) ** 1.1
        shapes.append(tower(dice, x, width, height, body, lit))
        x += width + dice.choice((0, 0, 2, 5))
    return drawn("".join(shapes))


def wheel() -> tuple[Array, Array]:
    """A great wheel at the harbour, its cabins lit."""
    x, y, radius = 1310.0, 590.0, 92.0
    spokes, cabins = [], []
    for k in range(24):
        turn = k / 24 * math.tau
        ex, ey = x + math.cos(turn) * radius, y + math.sin(turn) * radius
        spokes.append(f"M{x} {y}L{ex:.1f} {ey:.1f}")
        tone = ("#ff9a7a", "#ffd58a", "#9fdcff", "#ffb0cf")[k % 4]
        cabins.append(f'<circle cx="{ex:.1f}" cy="{ey:.1f}" r="4" fill="{tone}"/>')
    frame = f'<path d="{"".join(spokes)}" stroke="#8f86d6" stroke-width="1" opacity=".75"/>'
    rims = "".join(
        f'<circle cx="{x}" cy="{y}" r="{radius * share}" fill="none" stroke="{tone}" stroke-width="{width}"/>'
        for share, tone, width in ((1, "#ffb0cf", 2.4), (0.9, "#b6a8ff", 1.2), (0.42, "#ffd58a", 1.6))
    )
    legs = f'<path d="M{x} {y}L{x - 46} 702M{x} {y}L{x + 46} 702" stroke="#6d63b0" stroke-width="4"/>'
    return drawn(legs + frame + rims + "".join(cabins) + f'<circle cx="{x}" cy="{y}" r="7" fill="#fff1d6"/>')


def city(canvas: Array) -> Array:
    shore = over(canvas, *skyline(31, "#7a5590", 210, 0.07))
    shore = over(shore, colour("#d9808a"), (0.35 * step(560, HORIZON, Y)))
    shore = over(shore, *wheel())
    shore = over(shore, *skyline(8, "#39306f", 300, 0.26))
    shore = over(shore, colour("#b0648f"), (0.26 * step(610, HORIZON, Y)))
    shore = over(shore, *skyline(23, "#1c1e4d", 150, 0.34))
    bright = (
        np.clip(shore - 0.62, 0, 1)
        * (Y > 380)[..., None]
        * (np.hypot(X - MOON[0], Y - MOON[1]) > 200)[..., None]
    )
    return 1 - (1 - shore) * (1 - 1.5 * blur(bright, 9)) * (1 - 0.7 * blur(bright, 3))


def harbour(canvas: Array) -> Array:
    """The water: what stands above it, upside down, smeared downwards and broken by ripples."""
    down = np.clip(Y - HORIZON, 0, None)
    waves = (noise(41, 210, 7, 3) - 0.5) * (2 + down * 0.07)
    swell = (noise(43, 420, 12, 3) - 0.5) * (3 + down * 0.3)
    rows = np.clip(HORIZON - down * 1.2 + swell, 0, HORIZON - 1).astype(np.int32)
    columns = np.clip(X + waves, 0, WIDTH - 1).astype(np.int32)
    smeared = canvas.copy()
    for reach in (5, 13, 34):
        smeared = np.maximum(smeared * 0.97, smooth_down(smeared, reach))
    tint = ramp(Y, ((HORIZON, "#b87890"), (HORIZON + 60, "#5a4a8a"), (860, "#20275e"), (1080, "#0b0f30")))
    clear = (0.7 * step(300, 20, down))[..., None]
    water = smeared[rows, columns] * clear + tint * (1 - clear)
    slits = step(0.5, 0.8, noise(46, 240, 5, 3)) * step(0, 30, down)
    water = over(water, tint, 0.55 * slits)
    path = np.exp(-(((X - MOON[0]) / (70 + down * 0.3)) ** 2)) * step(0.55, 0.85, noise(44, 80, 4, 3))
    water = screen(np.clip(water, 0, 1), colour("#ffe9c9"), (0.5 * path))
    glint = step(0.75, 0.95, noise(45, 120, 4, 3)) * step(1000, HORIZON, Y)
    water = screen(water, colour("#ffb79a"), 0.16 * glint)
    return over(canvas, water, step(HORIZON - 0.5, HORIZON + 1.5, Y))


def smooth_down(image: Array, reach: int) -> Array:
    sums = np.cumsum(
        np.pad(image, ((reach + 1, reach), (0, 0), (0, 0)), mode="edge"), axis=0, dtype=np.float64
    )
    return (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)


def terrace(canvas: Array) -> Array:
    """Railing and pots in the dark, their upper edges caught by the light of the bulbs."""
    bars = "".join(
        path(f"M{x} 934V1090h6V934Z", "#0d1130") + path(f"M{x} 934V1090h1.6V934Z", "#6a5c9c", 0.7)
        for x in range(18, WIDTH, 54)
    )
    rails = "".join(
        path(f"M0 {top}H1920v{height}H0Z", body) + path(f"M0 {top}H1920v{rim}H0Z", edge, 0.72)
        for top, height, rim, body, edge in (
            (914, 20, 3.5, "#12163a", "#b98aa6"),
            (1050, 12, 2, "#0d1130", "#6a5c9c"),
        )
    )
    canvas = over(canvas, *drawn(bars + rails))
    dice = Random(6)
    dark = ("#0b1030", "#10173a", "#172548")
    lit = ("#0e1536", "#121e47", "#172c52", "#1f3f5a", "#2e5260", "#4d6468", "#86756f")
    for middle in (60.0, 1860.0):
        spots = [
            (middle + dx, 1030 - dy)
            for dx, dy in ((-70, 30), (0, 96), (70, 36), (-20, 10), (110, -20), (-110, 0))
        ]
        canvas = over(canvas, *drawn(leaves(dice, spots, 96, 900, 20, dark)))
        canvas = over(canvas, *drawn(leaves(dice, [(x, y - 26) for x, y in spots], 88, 900, 16, lit)))
    return canvas


def garland(canvas: Array) -> Array:
    """Bulbs on a slack wire in both upper corners."""
    lines, bulbs, spots = [], [], []
    for (ax, ay), (bx, by), sag, count in (
        ((-30, 250), (640, -30), 150, 9),
        ((-30, 70), (330, -30), 60, 5),
        ((1950, 300), (1290, -30), 165, 9),
        ((1950, 90), (1600, -30), 60, 5),
    ):
        for k in range(61):
            t = k / 60
            x, y = ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t) * 0.5
            lines.append(f"{'M' if k == 0 else 'L'}{x:.1f} {y:.1f}")
        for k in range(count):
            t = (k + 0.6) / count
            spots.append((ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t) * 0.5 + 15))
    for x, y in spots:
        bulb = path("M-3.5-14h7v7h-7Z", "#1a1c40") + path("M-4-7C-10 0-8 10 0 10S10 0 4-7Z", "url(#bulb)")
        bulbs.append(f'<g transform="translate({x:.1f} {y:.1f})">{bulb}</g>')
        canvas = screen(canvas, colour("#ffab5e"), 0.75 * glow(x, y + 1, 92, 3.0))
    defs = (
        '<radialGradient id="bulb" cy=".6"><stop offset="0" stop-color="#fffdf0"/>'
        '<stop offset=".6" stop-color="#ffe2a0"/><stop offset="1" stop-color="#ffb45e"/></radialGradient>'
    )
    wire = f'<path d="{"".join(lines)}" fill="none" stroke="#10122e" stroke-width="2.4"/>'
    return over(canvas, *drawn(wire + "".join(bulbs), defs))


def bokeh(canvas: Array) -> Array:
    """Lights out of focus, near the viewer and away from the middle."""
    dice = Random(15)
    for _ in range(22):
        x = dice.choice((dice.uniform(-20, 520), dice.uniform(1400, 1940)))
        y, radius = dice.uniform(760, 1060), dice.uniform(14, 46)
        away = np.hypot(X - x, Y - y)
        disc = step(radius + 1.5, radius - 2.5, away) * (0.55 + 0.45 * (away / radius) ** 3)
        tone = colour(dice.choice(("#ffb37a", "#ffd58a", "#ff8f7a", "#9fb4ff", "#ffc3d0")))
        canvas = screen(canvas, tone, (disc * dice.uniform(0.05, 0.22)))
    return canvas


def night() -> Array:
    canvas = clouds(moon(stars(sky())))
    canvas = harbour(city(canvas))
    return bokeh(garland(terrace(canvas)))
