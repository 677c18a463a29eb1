"""The pencils of fx.py: tapered strokes, inked shapes and gradients as SVG."""

import math
from collections.abc import Iterable

Point = tuple[float, float]

RIM = "#fffaf0"
"""The pale rim that keeps a shape apart from dark grounds."""


def brush(points: Iterable[Point], width: float, thin: float = 0.0, bias: float = 0.5) -> str:
    """A tapered stroke through the points, as a closed path.

    `width` is its widest, `thin` the width of its ends as a share of that, `bias` where along it is widest.
    """
    line = spline(list(points))
    left, right = [], []
    for index, (x, y) in enumerate(line):
        (ax, ay), (bx, by) = line[max(index - 1, 0)], line[min(index + 1, len(line) - 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        along = index / (len(line) - 1)
        swell = math.sin(math.pi * along ** (math.log(0.5) / math.log(bias)))
        half = width / 2 * (thin + (1 - thin) * max(swell, 0.0) ** 0.7)
        across = ((ay - by) / length * half, (bx - ax) / length * half)
        left.append((x + across[0], y + across[1]))
        right.append((x - across[0], y - across[1]))
    return polygon([*left, *reversed(right)])


def spline(points: list[Point], steps: int = 12) -> list[Point]:
    """Points along the Catmull-Rom curve through these points."""
    padded = [points[0], *points, points[-1]]
    curve = [
        tuple(catmull(a, b, c, d, step / steps) for a, b, c, d in zip(*padded[i : i + 4], strict=True))
        for i in range(len(points) - 1)
        for step in range(steps)
    ]
    return [(x, y) for x, y in curve] + [points[-1]]


def catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def polygon(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"


def inked(paths: Iterable[str], paint: str, ink: str, unit: float, glow: str = "", line: float = 2.2) -> str:
    """Paths with glow, pale rim, outline and fill; all of each below all of the next, so that they join.

    `paint` names a gradient; `unit` is how many units make a pixel, `line` the outline in pixels.
    """
    whole = "".join(paths)
    shine = f'<path d="{whole}" fill="{glow}" opacity=".5" filter="url(#glow)"/>' if glow else ""
    rim = edged(whole, RIM, (line + 4.4) * unit, 0.92)
    return f'{shine}{rim}{edged(whole, ink, line * unit)}<path d="{whole}" fill="url(#{paint})"/>'


def edged(path: str, colour: str, width: float, opacity: float = 1.0) -> str:
    return (
        f'<path d="{path}" fill="{colour}" stroke="{colour}" stroke-width="{width:.2f}" '
        f'stroke-linejoin="round" opacity="{opacity}"/>'
    )


def light(path: str, opacity: float = 0.9, colour: str = "#fff") -> str:
    return f'<path d="{path}" fill="{colour}" opacity="{opacity}"/>'


def dot(x: float, y: float, radius: float) -> str:
    return (
        f"M{x - radius:.2f} {y:.2f}a{radius:.2f} {radius:.2f} 0 1 1 {2 * radius:.2f} 0"
        f"a{radius:.2f} {radius:.2f} 0 1 1 {-2 * radius:.2f} 0Z"
    )


def arc(x: float, y: float, radius: float) -> str:
    """The light along the upper left of something round."""
    turns = [math.radians(angle) for angle in range(-165, -59, 15)]
    return brush(
        [(x + math.cos(turn) * radius, y + math.sin(turn) * radius) for turn in turns], radius * 0.15
    )


def turned(path: str, degrees: float) -> str:
    """A polygon turned about the middle of its box."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    pairs = [tuple(map(float, pair.split())) for pair in path.strip("MZ").split("L")]
    return polygon((x * cos - y * sin, x * sin + y * cos) for x, y in pairs)


def gradient(name: str, *stops: str, x2: float = 0, y2: float = 1) -> str:
    marks = "".join(
        f'<stop offset="{index / (len(stops) - 1):.3f}" stop-color="{stop}"/>'
        for index, stop in enumerate(stops)
    )
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x2}" y2="{y2}">{marks}</linearGradient>'


def bloom(name: str, *stops: str) -> str:
    """A gradient from a point at the upper left, as light falls on something round."""
    marks = "".join(
        f'<stop offset="{index / (len(stops) - 1):.3f}" stop-color="{stop}"/>'
        for index, stop in enumerate(stops)
    )
    return f'<radialGradient id="{name}" cx=".36" cy=".28" r=".86">{marks}</radialGradient>'
