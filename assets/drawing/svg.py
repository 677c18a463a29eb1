"""SVG from points: smooth curves with corners, ribbons that taper, fills, gradients, clips and masks."""

import math
from collections.abc import Callable, Iterable, Sequence

Point = tuple[float, float]
Curve = Sequence[Point]
Profile = Callable[[float], float]
"""Share of the full width at 0..1 along a ribbon."""

AXIS = 256.0
"""The x about which halves are mirrored."""


# --- curves -----------------------------------------------------------------------------------------------


def spline(points: Curve) -> str:
    """SVG curves through the points after the first (Catmull-Rom; a sixth of the chord makes it smooth)."""
    padded = [points[0], *points, points[-1]]
    parts = []
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(
        padded, padded[1:], padded[2:], padded[3:], strict=False
    ):
        first = (bx + (cx - ax) / 6, by + (cy - ay) / 6)
        second = (cx - (dx - bx) / 6, cy - (dy - by) / 6)
        parts.append("C" + " ".join(f"{v:.2f}" for v in (*first, *second, cx, cy)))
    return "".join(parts)


def outline(*curves: Curve) -> str:
    """A path of smooth curves, with corners where one ends and the next begins; closed when filled."""
    x, y = curves[0][0]
    parts = [f"M{x:.2f} {y:.2f}"]
    for before, curve in zip([curves[0][:1], *curves], curves, strict=False):
        if before[-1] != curve[0]:
            parts.append(f"L{curve[0][0]:.2f} {curve[0][1]:.2f}")
        parts.append(spline(curve))
    return "".join(parts)


def polygon(points: Curve) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def mirror(curve: Curve) -> list[Point]:
    """The same on the other side of the face, in opposite order so that halves join."""
    return [(2 * AXIS - x, y) for x, y in reversed(curve)]


def moved(curve: Curve, dx: float, dy: float = 0.0) -> list[Point]:
    return [(x + dx, y + dy) for x, y in curve]


def dense(points: Curve, steps: int = 12) -> list[Point]:
    """Many points along the same Catmull-Rom curve that `spline` draws."""
    padded = [points[0], *points, points[-1]]
    result: list[Point] = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for k in range(steps):
            t = k / steps
            result.append(tuple(_catmull(*axis, t) for axis in zip(a, b, c, d, strict=True)))
    return [*result, points[-1]]


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


class Track:
    """A curve measured by length, with places beside it: the frame in which hair and folds are drawn."""

    def __init__(self, points: Curve) -> None:
        self._points = dense(points)
        self._along = [0.0]
        for (ax, ay), (bx, by) in zip(self._points, self._points[1:], strict=False):
            self._along.append(self._along[-1] + math.hypot(bx - ax, by - ay))
        self.length = self._along[-1]

    def at(self, s: float, aside: float = 0.0) -> Point:
        """The point at the share s of the length, `aside` pixels to the left when walking along."""
        goal = min(max(s, 0.0), 1.0) * self.length
        k = 1
        while k < len(self._along) - 1 and self._along[k] < goal:
            k += 1
        (ax, ay), (bx, by) = self._points[k - 1], self._points[k]
        span = self._along[k] - self._along[k - 1] or 1.0
        t = (goal - self._along[k - 1]) / span
        tx, ty = self._direction(k)
        return ax + t * (bx - ax) + aside * ty, ay + t * (by - ay) - aside * tx

    def _direction(self, k: int) -> Point:
        (ax, ay), (bx, by) = self._points[max(k - 2, 0)], self._points[min(k + 1, len(self._points) - 1)]
        size = math.hypot(bx - ax, by - ay) or 1.0
        return (bx - ax) / size, (by - ay) / size

    def strip(
        self, left: Profile, right: Profile, start: float = 0.0, stop: float = 1.0, count: int = 14
    ) -> str:
        """The region between two distances (pixels to the left) from `start` to `stop` of the length."""
        shares = [start + (stop - start) * k / count for k in range(count + 1)]
        one = [self.at(s, left(s)) for s in shares]
        other = [self.at(s, right(s)) for s in reversed(shares)]
        return outline(one, other)


def ribbon(points: Curve, width: float, profile: Profile) -> str:
    """A band along a curve, `width` pixels where the profile is 1."""
    return Track(points).strip(lambda s: 0.5 * width * profile(s), lambda s: -0.5 * width * profile(s))


def lens(s: float) -> float:
    """Pointed at both ends."""
    return max(math.sin(math.pi * s), 0.0) ** 0.7


def wedge(s: float) -> float:
    """Wide where it starts, pointed where it ends."""
    return min(1.0, 8 * s + 0.25) * (1 - s) ** 0.8


# --- elements ---------------------------------------------------------------------------------------------


def fill(path: str, colour: str, line: str = "", width: float = 0.9, opacity: float = 1.0) -> str:
    stroke = f' stroke="{line}" stroke-width="{width}" stroke-linejoin="round"' if line else ""
    return f'<path d="{path}Z" fill="{colour}"{stroke}{_faint(opacity)}/>'


def line(curve: Curve, colour: str, width: float, opacity: float = 1.0, extra: str = "") -> str:
    """A line of even width; `extra` are further SVG attributes, such as dashes."""
    return (
        f'<path d="{outline(curve)}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linecap="round"{_faint(opacity)}{extra}/>'
    )


def ink(curve: Curve, colour: str, width: float, opacity: float = 1.0, profile: Profile = lens) -> str:
    """A line as a pen draws it: thick in the middle, thin at its ends."""
    return fill(ribbon(curve, width, profile), colour, opacity=opacity)


def ellipse(x: float, y: float, rx: float, ry: float, colour: str, opacity: float = 1.0) -> str:
    place = f'cx="{x:.2f}" cy="{y:.2f}" rx="{rx:.2f}" ry="{ry:.2f}"'
    return f'<ellipse {place} fill="{colour}"{_faint(opacity)}/>'


def box(
    corner: Point,
    size: Point,
    radius: float,
    colour: str,
    line: str = "",
    width: float = 1,
    opacity: float = 1,
) -> str:
    """A rectangle with round corners."""
    (x, y), (w, h) = corner, size
    stroke = f' stroke="{line}" stroke-width="{width:g}"' if line else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" rx="{radius:g}" '
        f'fill="{colour}"{stroke}{_faint(opacity)}/>'
    )


def _faint(opacity: float) -> str:
    return f' opacity="{opacity:g}"' if opacity < 1 else ""


def group(content: str, *, name: str = "", attributes: str = "") -> str:
    identity = f' id="{name}"' if name else ""
    return f"<g{identity}{' ' + attributes if attributes else ''}>{content}</g>"


def turned(content: str, x: float, y: float, degrees: float = 0.0, scale: float = 1.0) -> str:
    """Content drawn around (0, 0), set at (x, y)."""
    return group(
        content, attributes=f'transform="translate({x:g} {y:g}) rotate({degrees:g}) scale({scale:g})"'
    )


def flipped(content: str) -> str:
    """Mirrored about the axis."""
    return group(content, attributes=f'transform="matrix(-1 0 0 1 {2 * AXIS:g} 0)"')


def clipped(name: str, path: str, content: str) -> str:
    """Content that shows inside a path only; the name must be used once in a picture."""
    return f'<clipPath id="in-{name}"><path d="{path}Z"/></clipPath>' + group(
        content, attributes=f'clip-path="url(#in-{name})"'
    )


def mask(name: str, shown: str, hidden: str) -> str:
    """A mask for `masked`: white where shown, black where hidden on top of that."""
    return (
        f'<mask id="{name}" maskUnits="userSpaceOnUse" x="0" y="0" width="520" height="520">'
        f"{shown}{hidden}</mask>"
    )


def masked(name: str, content: str) -> str:
    return group(content, attributes=f'mask="url(#{name})"')


def blurred(content: str, strength: int) -> str:
    """Softened; strengths 1 to 6, see `blurs`."""
    return group(content, attributes=f'filter="url(#blur{strength})"')


def blurs() -> str:
    """The filters `blurred` needs, for the defs of a picture."""
    return "".join(
        f'<filter id="blur{k}" filterUnits="userSpaceOnUse" x="0" y="0" width="520" height="520">'
        f'<feGaussianBlur stdDeviation="{k}"/></filter>'
        for k in range(1, 7)
    )


def gradient(name: str, start: Point, stop: Point, *stops: tuple[float, str]) -> str:
    """A gradient between two points of the picture; stops are (share, colour)."""
    (ax, ay), (bx, by) = start, stop
    inner = "".join(f'<stop offset="{share}" stop-color="{colour}"/>' for share, colour in stops)
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{ax}" y1="{ay}" x2="{bx}" y2="{by}">'
        f"{inner}</linearGradient>"
    )


def folds(items: Iterable[tuple[Curve, float]], colour: str, opacity: float) -> str:
    """Pointed shadows of cloth that start wide; (curve, width) each."""
    return "".join(fill(ribbon(curve, width, wedge), colour, opacity=opacity) for curve, width in items)


def shines(items: Iterable[tuple[Curve, float]], colour: str, opacity: float) -> str:
    """Lights on cloth, pointed at both ends; (curve, width) each."""
    return "".join(fill(ribbon(curve, width, lens), colour, opacity=opacity) for curve, width in items)


def garment(name: str, path: str, colour: str, line_colour: str, inside: str, width: float = 1.0) -> str:
    """A piece of cloth: filled, its shades and folds clipped to it, its outline on top."""
    body = fill(path, colour) + clipped(name, path, inside) + fill(path, "none", line_colour, width)
    return group(body, name=name)
