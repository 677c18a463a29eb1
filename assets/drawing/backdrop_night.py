"""The night backdrop: a terrace over a harbour, city lights on both shores, moon and stars."""

import math
from random import Random

import numpy as np
from backdrop_canvas import (
    HEIGHT, WIDTH, Array, X, Y, blur, colour, drawn, glow, noise, over, ramp, screen, step,
)  # fmt: skip
from backdrop_nature import Puff, billows, heap, leaves

HORIZON = 700
MOON = (1436.0, 196.0)
LIT = ("#ffd58a", "#ffc069", "#ffe9bd", "#ffb37a", "#cfe6ff")


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
    return screen(canvas, colour("#6f7fd6"), (0.42 * dust).astype(np.float32))


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
        points.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.2f}" fill="{tone}" opacity="{shown:.2f}"/>'
        )
    for x, y, reach in (
        (250, 130, 15),
        (508, 300, 10),
        (760, 92, 11),
        (1180, 128, 9),
        (1735, 92, 14),
        (96, 372, 9),
    ):
        thin = reach * 0.07
        flares.append(
            f'<path d="M{x} {y - reach}L{x + thin} {y - thin}L{x + reach} {y}L{x + thin} {y + thin}L{x} {y + reach}'
            f'L{x - thin} {y + thin}L{x - reach} {y}L{x - thin} {y - thin}Z" fill="#fff"/>'
        )
        canvas = screen(canvas, colour("#a9bcff"), 0.5 * glow(x, y, reach * 2.4, 2.4))
    trail = (
        '<linearGradient id="trail"><stop offset="0" stop-color="#fff" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#fff"/></linearGradient>'
    )
    falling = '<path transform="translate(400 96) rotate(28)" d="M0 0L168 -1.3A1.4 1.4 0 0 1 168 1.5Z" fill="url(#trail)"/>'
    return over(canvas, *drawn("".join(points + flares) + falling, trail))


def moon(canvas: Array) -> Array:
    x, y = MOON
    canvas = screen(canvas, colour("#8fa2ff"), 0.55 * glow(x, y, 520, 2.6))
    canvas = screen(canvas, colour("#ffe9c9"), 0.6 * glow(x, y, 170, 2.2))
    away = np.hypot(X - x, Y - y)
    seas = step(0.5, 0.85, noise(15, 62, 52, 4)) * 0.5
    lit = ramp(((X - x) * 0.6 + (Y - y) * 0.8), ((-60, "#fffdf2"), (0, "#fff3d2"), (60, "#f3d9b4")))
    lit = over(lit, colour("#d9bfa8"), seas)
    return over(canvas, lit, np.clip(62 - away, 0, 1).astype(np.float32))


def clouds(canvas: Array) -> Array:
    dice = Random(77)
    puffs: list[Puff] = []
    for x, y, width, height, count in (
        (120, 640, 330, 120, 46), (430, 652, 220, 70, 30), (1840, 632, 320, 150, 50), (1560, 650, 230, 74, 30),
    ):  # fmt: skip
        puffs += heap(dice, x, y, width, height, count)
    tones = ((0.0, "#4b3f80"), (0.35, "#6d4f8e"), (0.6, "#a3668f"), (0.8, "#e59a95"), (1.0, "#ffd2ab"))
    canvas = billows(canvas, puffs, tones, 9, base=676, opacity=0.8)
    streaks = step(0.55, 0.95, noise(18, 760, 34, 5)) * step(420, 560, Y) * step(690, 600, Y)
    return over(canvas, colour("#f0a093"), 0.42 * streaks)


def tower(dice: Random, x: float, width: float, height: float, body: str, lit: float) -> str:
    """One building with its windows; `lit` is the share of windows with a light."""
    top = HORIZON - height
    shapes = [f'<path d="M{x:.0f} {HORIZON + 2}V{top:.0f}h{width:.0f}V{HORIZON + 2}Z" fill="{body}"/>']
    if dice.random() < 0.35:
        shapes.append(f'<path d="M{x + width * 0.25:.0f} {top:.0f}v-9h{width * 0.5:.0f}v9Z" fill="{body}"/>')
    if height > 190:
        mast = x + width / 2
        shapes.append(
            f'<path d="M{mast - 1:.1f} {top:.0f}v-34h2v34Z" fill="{body}"/>'
            f'<circle cx="{mast:.1f}" cy="{top - 35:.0f}" r="2.4" fill="#ff7350"/>'
        )
    shapes.append(f'<path d="M{x:.0f} {top:.0f}h2.5V{HORIZON}h-2.5Z" fill="#ffb0a0" opacity=".22"/>')
    pitch = dice.choice((7, 8, 9))
    tone = dice.choice(LIT)
    for row in range(int((height - 10) / pitch)):
        whole = dice.random() < 0.06
        for column in range(int((width - 6) / pitch)):
            if whole or dice.random() < lit:
                shade = tone if dice.random() < 0.7 else dice.choice(LIT)
                shapes.append(
                    f'<path d="M{x + 5 + column * pitch:.0f} {top + 7 + row * pitch:.0f}h{pitch - 4}v{pitch - 5}'
                    f'h-{pitch - 4}Z" fill="{shade}" opacity="{dice.uniform(0.45, 1):.2f}"/>'
                )
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
    shore = over(shore, colour("#d9808a"), (0.35 * step(560, HORIZON, Y)).astype(np.float32))
    shore = over(shore, *wheel())
    shore = over(shore, *skyline(8, "#39306f", 300, 0.26))
    shore = over(shore, colour("#b0648f"), (0.26 * step(610, HORIZON, Y)).astype(np.float32))
    shore = over(shore, *skyline(23, "#1c1e4d", 150, 0.34))
    bright = (
        np.clip(shore - 0.62, 0, 1)
        * (Y > 380)[..., None]
        * (np.hypot(X - MOON[0], Y - MOON[1]) > 200)[..., None]
    )
    return 1 - (1 - shore) * (1 - 1.5 * blur(bright.astype(np.float32), 9)) * (1 - 0.7 * blur(bright, 3))


def harbour(canvas: Array) -> Array:
    """The water: what stands above it, upside down, smeared downwards and broken by ripples."""
    down = np.clip(Y - HORIZON, 0, None)
    waves = (noise(41, 130, 6, 3) - 0.5) * (4 + down * 0.10) + (noise(42, 40, 3, 2) - 0.5) * (2 + down * 0.05)
    long = (noise(43, 500, 16, 3) - 0.5) * (2 + down * 0.22)
    rows = np.clip(HORIZON - down * 1.25 + long, 0, HORIZON - 1).astype(np.int32)
    columns = np.clip(X + waves, 0, WIDTH - 1).astype(np.int32)
    smeared = canvas.copy()
    for reach in (3, 9, 21):
        smeared = np.maximum(smeared * 0.985, smooth_down(smeared, reach))
    image = smeared[rows, columns]
    tint = ramp(Y, ((HORIZON, "#b87890"), (HORIZON + 60, "#5a4a8a"), (860, "#20275e"), (1080, "#0b0f30")))
    water = image * 0.62 + tint * 0.42 - 0.05
    path = np.exp(-(((X - MOON[0]) / (60 + down * 0.35)) ** 2)) * step(0.55, 0.85, noise(44, 70, 4, 3))
    water = screen(np.clip(water, 0, 1), colour("#ffe9c9"), (0.55 * path).astype(np.float32))
    glint = step(0.72, 0.95, noise(45, 110, 4, 3)) * step(1000, HORIZON, Y)
    water = screen(water, colour("#ffb79a"), 0.16 * glint)
    return over(canvas, water, step(HORIZON - 0.5, HORIZON + 1.5, Y))


def smooth_down(image: Array, reach: int) -> Array:
    sums = np.cumsum(
        np.pad(image, ((reach + 1, reach), (0, 0), (0, 0)), mode="edge"), axis=0, dtype=np.float64
    )
    return ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).astype(np.float32)


def terrace(canvas: Array) -> Array:
    """Railing and pots in the dark, their upper edges caught by the light of the bulbs."""
    bars = "".join(
        f'<path d="M{x} 934V1090h6V934Z" fill="#0d1130"/><path d="M{x} 934V1090h1.6V934Z" fill="#6a5c9c" opacity=".7"/>'
        for x in range(18, WIDTH, 54)
    )
    rails = (
        '<path d="M0 914H1920V934H0Z" fill="#12163a"/><path d="M0 914H1920V917.5H0Z" fill="#b98aa6" opacity=".75"/>'
        '<path d="M0 1050H1920V1062H0Z" fill="#0d1130"/><path d="M0 1050H1920V1052H0Z" fill="#6a5c9c" opacity=".7"/>'
    )
    canvas = over(canvas, *drawn(bars + rails))
    dice = Random(6)
    dark = ("#0b1030", "#10173a", "#172548")
    lit = ("#1a3350", "#24485a", "#3d6a68", "#8a8f72", "#e0b27c")
    for middle in (60.0, 1860.0):
        spots = [
            (middle + dx, 1030 - dy)
            for dx, dy in ((-70, 30), (0, 96), (70, 36), (-20, 10), (110, -20), (-110, 0))
        ]
        canvas = over(canvas, *drawn(leaves(dice, spots, 92, 420, 34, dark)))
        canvas = over(canvas, *drawn(leaves(dice, [(x, y - 26) for x, y in spots], 84, 330, 28, lit)))
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
        for step_ in range(61):
            t = step_ / 60
            x, y = ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t) * 0.5
            lines.append(f"{'M' if step_ == 0 else 'L'}{x:.1f} {y:.1f}")
        for k in range(count):
            t = (k + 0.6) / count
            spots.append((ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t) * 0.5 + 15))
    for x, y in spots:
        bulbs.append(
            f'<path d="M{x - 3.5:.1f} {y - 14:.1f}h7v7h-7Z" fill="#1a1c40"/>'
            f'<path transform="translate({x:.1f} {y:.1f})" d="M-4 -7C-10 0-8 10 0 10S10 0 4 -7Z" fill="url(#bulb)"/>'
        )
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
    for _ in range(34):
        x = dice.choice((dice.uniform(-20, 520), dice.uniform(1400, 1940)))
        y, radius = dice.uniform(760, 1060), dice.uniform(14, 46)
        away = np.hypot(X - x, Y - y)
        disc = step(radius + 1.5, radius - 2.5, away) * (0.55 + 0.45 * (away / radius) ** 3)
        tone = colour(dice.choice(("#ffb37a", "#ffd58a", "#ff8f7a", "#9fb4ff", "#ffc3d0")))
        canvas = screen(canvas, tone, (disc * dice.uniform(0.05, 0.22)).astype(np.float32))
    return canvas


def night() -> Array:
    canvas = clouds(moon(stars(sky())))
    canvas = harbour(city(canvas))
    return bokeh(garland(terrace(canvas)))
