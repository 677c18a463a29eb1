"""SVG from points: smooth curves with corners, fills, gradients and clips. Used by draw.py."""

Point = tuple[float, float]
Curve = list[Point]

AXIS = 256.0
"""The x about which halves are mirrored."""
THIN = 0.9
"""Width of outlines in pixels."""


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
    """A path of smooth curves, with corners where one ends and the next begins."""
    x, y = curves[0][0]
    return f"M{x:.2f} {y:.2f}" + "".join(spline(curve) for curve in curves)


def mirror(curve: Curve) -> Curve:
    """The same on the other side of the face, in opposite order so that halves join."""
    return [(2 * AXIS - x, y) for x, y in reversed(curve)]


def fill(path: str, colour: str, line: str = "", width: float = THIN, opacity: float = 1.0) -> str:
    stroke = f' stroke="{line}" stroke-width="{width}" stroke-linejoin="round"' if line else ""
    faint = f' opacity="{opacity}"' if opacity < 1 else ""
    return f'<path d="{path}Z" fill="{colour}"{stroke}{faint}/>'


def line(curve: Curve, colour: str, width: float, opacity: float = 1.0) -> str:
    return (
        f'<path d="{outline(curve)}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linecap="round" opacity="{opacity}"/>'
    )


def ellipse(x: float, y: float, rx: float, ry: float, colour: str, opacity: float = 1.0) -> str:
    return f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{colour}" opacity="{opacity}"/>'


def gradient(name: str, top: float, bottom: float, *stops: tuple[float, str]) -> str:
    """A vertical gradient between two heights in pixels."""
    inner = "".join(f'<stop offset="{offset}" stop-color="{colour}"/>' for offset, colour in stops)
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="0" y1="{top}" x2="0" y2="{bottom}">'
        f"{inner}</linearGradient>"
    )


def clipped(name: str, path: str, *content: str) -> str:
    """Content that shows inside a path only; the name must be used once."""
    inside = f'<clipPath id="in-{name}"><path d="{path}Z"/></clipPath>'
    return f'{inside}<g clip-path="url(#in-{name})">{"".join(content)}</g>'


def group(transform: str, *content: str) -> str:
    return f'<g transform="{transform}">{"".join(content)}</g>'
