"""Drawings to learn enlarging from: hair, cloth, eyes, ornament, in flat colours with inked lines.

Each is drawn three times as large as asked and shrunk by means, so edges are as clean as a vector drawing's.
A drawing follows from its seed.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Drawing = NDArray[np.float32]
"""(H, W, 4) premultiplied sRGB in [0, 1]."""
_OVER = 3
_SHIFT = 4
"""Fractional bits of OpenCV's coordinates."""


def draw(seed: int, size: int) -> Drawing:
    """One drawing (size, size, 4)."""
    r = np.random.default_rng([seed, 31])
    side = size * _OVER
    canvas = np.zeros((side, side, 4), np.float32)
    if r.random() < 0.4:
        canvas[:] = _gradient(r, side, opaque=True)
    for _ in range(r.integers(5, 14)):
        parts = (_locks, _locks, _cloth, _eye, _ornament, _strokes)
        parts[int(r.integers(len(parts)))](canvas, r)
    return np.ascontiguousarray(cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA))


def _colour(r: np.random.Generator) -> NDArray[np.float32]:
    """A colour as cel shading has them: often pale or dark, seldom garish."""
    hue, value = r.random(), r.choice([r.uniform(0.75, 1), r.uniform(0.3, 0.8), r.uniform(0.02, 0.25)])
    chroma = r.random() ** 1.5
    rgb = value * (1 - chroma * np.clip(np.abs((hue * 6 - np.array([3, 2, 4])) % 6 - 3) - 1, 0, 1))
    found: NDArray[np.float32] = rgb.astype(np.float32)
    return found


def _paint(
    canvas: Drawing, mask: NDArray[np.uint8], colour: Drawing | NDArray[np.float32], alpha: float = 1
) -> None:
    """Colour over the canvas where the mask is set, smoothly at its edges."""
    share = (mask.astype(np.float32) / np.float32(255) * np.float32(alpha))[..., None]
    top = np.concatenate(
        [np.broadcast_to(colour, (*mask.shape, 3)), np.ones((*mask.shape, 1), np.float32)], -1
    )
    canvas *= 1 - share
    canvas += share * top


def _gradient(r: np.random.Generator, side: int, opaque: bool) -> Drawing:
    ends = _colour(r), _colour(r)
    angle = r.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    share = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)[..., None].astype(np.float32)
    rgb = ends[0] + share * (ends[1] - ends[0])
    return np.concatenate([rgb, np.ones((side, side, 1), np.float32)], -1)


def _curve(points: NDArray[np.float64], count: int = 40) -> NDArray[np.float64]:
    """A cubic Bézier curve (count, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    a, b, c, d = points
    found: NDArray[np.float64] = (
        a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
    )
    return found


def _fill(
    canvas: Drawing, outline: NDArray[np.float64], colour: NDArray[np.float32], alpha: float = 1
) -> None:
    low = np.maximum(np.floor(outline.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(outline.max(0)).astype(int) + 3, canvas.shape[1::-1])
    if (high <= low).any():
        return
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((outline - low) * 2**_SHIFT).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    _paint(canvas[low[1] : high[1], low[0] : high[0]], mask, colour, alpha)


def _line(
    canvas: Drawing, path: NDArray[np.float64], width: float, colour: NDArray[np.float32], tapers: bool
) -> None:
    """An inked line, thin at its ends if it tapers."""
    along = np.linspace(0, 1, len(path))
    half = width / 2 * (np.sin(np.pi * along) ** 0.6 if tapers else np.ones(len(path)))
    ahead = np.gradient(path, axis=0)
    side = np.stack([-ahead[:, 1], ahead[:, 0]], -1) / np.maximum(np.hypot(*ahead.T), 1e-6)[:, None]
    _fill(canvas, np.concatenate([path + side * half[:, None], (path - side * half[:, None])[::-1]]), colour)


def _locks(canvas: Drawing, r: np.random.Generator) -> None:
    """Strands of hair from one root, pointed, shaded, inked."""
    side = canvas.shape[0]
    root, fall = r.uniform(0, 1, 2) * side, r.uniform(0, 2 * np.pi)
    base, ink = _colour(r), _colour(r) * 0.35
    for _ in range(r.integers(3, 9)):
        angle, length = fall + r.normal(0, 0.35), r.uniform(0.2, 0.8) * side
        ahead, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        start = root + across * r.normal(0, 0.08) * side
        bend, tip = r.normal(0, 0.12, 2) * side, start + ahead * length
        width = r.uniform(0.02, 0.1) * side
        paths = [
            _curve(np.stack([start + across * w, start + ahead * length * 0.35 + across * (w + bend[0]),
                             start + ahead * length * 0.7 + across * (w * 0.5 + bend[1]), tip]))
            for w in (-width, width)
        ]  # fmt: skip
        tone = base * np.float32(r.uniform(0.85, 1.1))
        _fill(canvas, np.concatenate([paths[0], paths[1][::-1]]), np.clip(tone, 0, 1))
        if r.random() < 0.6:
            inner = paths[1] + (paths[0] - paths[1]) * r.uniform(0.2, 0.5)
            _fill(canvas, np.concatenate([inner, paths[1][::-1]]), np.clip(tone * np.float32(0.78), 0, 1))
        for path in paths:
            _line(canvas, path, r.uniform(0.6, 2.4) * _OVER, ink, tapers=True)


def _cloth(canvas: Drawing, r: np.random.Generator) -> None:
    """A patch with straight or wavy sides, perhaps striped, with folds."""
    side = canvas.shape[0]
    corners = r.uniform(0, 1, 2) * side + r.normal(0, 0.25, (r.integers(3, 7), 2)) * side
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    colour, ink = _colour(r), _colour(r) * 0.3
    _fill(canvas, hull, colour, alpha=float(r.choice([1.0, 1.0, 1.0, r.uniform(0.3, 0.9)])))
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(hull).astype(np.int32)], 255)
    if r.random() < 0.4:
        y, x = np.mgrid[0:side, 0:side].astype(np.float32)
        angle, period = r.uniform(0, np.pi), r.uniform(5, 24) * _OVER
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        _paint(canvas, (mask * (wave > r.uniform(-0.5, 0.7))).astype(np.uint8), _colour(r))
    for _ in range(r.integers(0, 4)):
        inside = hull.mean(0) + r.normal(0, 0.12, (4, 2)) * side
        _line(canvas, _curve(inside), r.uniform(0.6, 1.8) * _OVER, ink, tapers=True)
    if r.random() < 0.8:
        closed = np.concatenate([hull, hull[:1]])
        for start, end in pairwise(closed):
            _line(canvas, np.linspace(start, end, 8), r.uniform(0.7, 2.2) * _OVER, ink, tapers=False)


def _eye(canvas: Drawing, r: np.random.Generator) -> None:
    """White, iris with a gradient, pupil, lights, lashes."""
    side = canvas.shape[0]
    middle, wide = r.uniform(0.1, 0.9, 2) * side, r.uniform(0.05, 0.18) * side
    high = wide * r.uniform(0.7, 1.4)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    round_ = np.stack([np.cos(turn), np.sin(turn)], -1)
    ink, iris = _colour(r) * 0.25, _colour(r)
    _fill(canvas, middle + round_ * [wide, high * 0.9], np.array([0.97, 0.97, 1.0], np.float32))
    steps = r.integers(2, 6)
    for step in range(steps):
        tone = iris * np.float32(0.55 + 0.6 * step / steps)
        offset = np.array([0, high * 0.18 * step / steps])
        size = np.array([wide * 0.62, high * 0.8]) * (1 - 0.16 * step)
        _fill(canvas, middle + offset + round_ * size, np.clip(tone, 0, 1))
    _fill(canvas, middle + round_ * [wide * 0.24, high * 0.34], ink)
    for _ in range(r.integers(1, 4)):
        light = middle + r.normal(0, 0.3, 2) * [wide, high]
        _fill(
            canvas, light + round_ * r.uniform(0.05, 0.2, 2) * wide, np.ones(3, np.float32), r.uniform(0.6, 1)
        )
    lid = middle + np.stack([np.cos(np.pi + turn[:25]), np.sin(np.pi + turn[:25])], -1) * [
        wide * 1.05,
        high * 0.95,
    ]
    _line(canvas, lid, r.uniform(2, 6) * _OVER, ink, tapers=True)
    for _ in range(r.integers(0, 6)):
        start = lid[r.integers(len(lid))]
        _line(
            canvas,
            np.linspace(start, start + r.normal(0, 0.35, 2) * wide, 6),
            r.uniform(1, 2) * _OVER,
            ink,
            True,
        )


def _ornament(canvas: Drawing, r: np.random.Generator) -> None:
    """Stars, dots and rings; small, with hard edges."""
    side = canvas.shape[0]
    for _ in range(r.integers(1, 8)):
        middle, size = r.uniform(0, 1, 2) * side, r.uniform(0.01, 0.08) * side
        corners = int(r.integers(3, 13))
        turn = np.linspace(0, 2 * np.pi, 2 * corners, endpoint=False) + r.uniform(0, 6)
        reach = np.where(np.arange(2 * corners) % 2, r.uniform(0.4, 1), 1.0)
        shape = middle + np.stack([np.cos(turn), np.sin(turn)], -1) * (reach * size)[:, None]
        _fill(canvas, shape, _colour(r))
        if r.random() < 0.5:
            closed = np.concatenate([shape, shape[:1]])
            _line(canvas, closed, r.uniform(0.7, 1.6) * _OVER, _colour(r) * 0.3, tapers=False)


def _strokes(canvas: Drawing, r: np.random.Generator) -> None:
    """Loose lines of every width and colour."""
    side = canvas.shape[0]
    for _ in range(r.integers(2, 10)):
        path = _curve(r.uniform(0, 1, 2) * side + r.normal(0, 0.3, (4, 2)) * side)
        colour = _colour(r) * np.float32(r.choice([0.3, 1.0]))
        _line(canvas, path, r.uniform(0.5, 4.5) * _OVER, colour, tapers=bool(r.random() < 0.7))
