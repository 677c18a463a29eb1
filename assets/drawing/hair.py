"""Hair as overlapping locks: each one a tapering ribbon with its shade, strands, gloss and ink."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from svg import Curve, Point, Track, blurred, clipped, fill, gradient, group, ink, outline

LEFT, RIGHT = 1.0, -1.0


@dataclass(frozen=True)
class Palette:
    """Colours of one head of hair. `tones` are gradients by name: heights from and to, then stops."""

    tones: dict[str, tuple[float, float, tuple[tuple[float, str], ...]]]
    shade: str
    light: str
    line: str

    def defs(self) -> str:
        return "".join(
            gradient(f"hair-{name}", (256, top), (256, bottom), *stops)
            for name, (top, bottom, stops) in self.tones.items()
        )


@dataclass(frozen=True)
class Lock:
    """One lock from root to tip.

    Args:
        spine: points along its middle.
        width: pixels where it is widest.
        tone: name of a gradient in the palette.
        root: share of the width it starts with.
        peak: where along its length it is widest, 0..1.
        dark: side that lies in shadow, LEFT or RIGHT when walking from root to tip.
        gloss: strength of the highlight where it crosses the band of light around the head, 0..1.
        ink_from: where the drawn edges begin; roots on the crown have none.
        fine: strength of the fine lines along it, 0..1; a small network blurs them into a lattice.
        shine: strength of one plain light where it crosses the band, instead of the many of `gloss`, 0..1.
    """

    spine: Curve
    width: float
    tone: str = "a"
    root: float = 0.5
    peak: float = 0.45
    dark: float = RIGHT
    gloss: float = 0.0
    ink_from: float = 0.12
    fine: float = 1.0
    shine: float = 0.0

    def share(self, s: float) -> float:
        """Half the width at s, as a share of the whole width."""
        if s < self.peak:
            t = s / self.peak
            return 0.5 * (self.root + (1 - self.root) * t * t * (3 - 2 * t))
        t = (s - self.peak) / (1 - self.peak)
        return 0.5 * max(1 - t**1.7, 0.0) * (1 - 0.12 * t)

    def half(self, s: float) -> float:
        return self.width * self.share(s)

    def silhouette(self, grow: float = 0.0) -> str:
        """Its shape as a path, `grow` pixels wider on both sides."""
        track = Track(self.spine)
        return track.strip(lambda s: self.half(s) + grow, lambda s: -self.half(s) - grow, count=22)


@dataclass(frozen=True)
class Haircut:
    """All hair of one head.

    Args:
        head: outline at which sides and bangs end.
        dome: what covers the top of the head, under sides and bangs.
        crown: where the fine lines on the top of the head begin, and where they end.
        whorl: the dark line at the parting.
        halo: strength of the soft light around the head, 0..1.
        corner: see `Drawing.corner`; how alike both eyes close depends on the hair around them too.
    """

    head: str
    dome: str
    back: Sequence[Lock]
    tufts: Sequence[Lock]
    sides: Sequence[Lock]
    bangs: Sequence[Lock]
    crown: tuple[Point, Curve]
    whorl: Curve
    halo: float
    corner: Point


def draw(lock: Lock, palette: Palette) -> str:
    """A lock with everything on it."""
    track = Track(lock.spine)
    side = lock.dark
    parts = [fill(lock.silhouette(), f"url(#hair-{lock.tone})")]
    shade = track.strip(
        lambda s: side * lock.half(s),
        lambda s: side * lock.half(s) * (1.0 - 0.9 * min(1.0, 2.2 * max(s - lock.ink_from, 0.0))),
        lock.ink_from,
        1.0,
    )
    parts.append(fill(shade, palette.shade, opacity=0.5))
    parts += _strands(lock, track, palette)
    parts += _gloss(lock, track, palette)
    parts += _shine(lock, track, palette)
    parts += _edges(lock, track, palette)
    return "".join(parts)


def _strands(lock: Lock, track: Track, palette: Palette) -> Iterable[str]:
    """Fine lines along the lock; more on wide ones."""
    if lock.width < 9 or not lock.fine:
        return
    places = (0.3, -0.35) if lock.width < 26 else (0.5, 0.12, -0.3, -0.6)
    for k, place in enumerate(places):
        start, stop = lock.ink_from + 0.09 * k, 0.93 - 0.08 * ((k * 2) % 3)
        yield fill(
            track.strip(
                lambda s, p=place, a=start, b=stop: lock.half(s) * p + _thin(s, a, b),
                lambda s, p=place, a=start, b=stop: lock.half(s) * p - _thin(s, a, b),
                start,
                stop,
            ),
            palette.line if k % 2 == 0 else palette.light,
            opacity=(0.3 if k % 2 == 0 else 0.45) * lock.fine,
        )


def _thin(s: float, start: float, stop: float) -> float:
    t = (s - start) / (stop - start)
    return 0.55 * max(t * (1 - t) * 4, 0.0)


def _gloss(lock: Lock, track: Track, palette: Palette) -> Iterable[str]:
    """A highlight with pointed ends where the lock crosses the band of light."""
    lit = [s for s in (k / 60 for k in range(4, 57)) if _in_band(track.at(s))]
    if not lit or not lock.gloss:
        return
    middle, reach = 0.5 * (lit[0] + lit[-1]), 0.5 * (lit[-1] - lit[0]) + 0.02
    for place, size, shift in _NEEDLES:
        a, b = middle + reach * (shift - size), middle + reach * (shift + size)
        yield fill(
            track.strip(
                lambda s, p=place, a=a, b=b: lock.half(s) * (p * -lock.dark + 0.19 * _bump(s, a, b)),
                lambda s, p=place, a=a, b=b: lock.half(s) * (p * -lock.dark - 0.19 * _bump(s, a, b)),
                a,
                b,
            ),
            palette.light,
            opacity=lock.gloss,
        )


_NEEDLES = (
    (0.72, 0.5, 0.0),
    (0.5, 1.15, 0.1),
    (0.3, 0.75, -0.15),
    (0.1, 1.3, 0.05),
    (-0.12, 0.7, 0.1),
    (-0.34, 0.95, -0.1),
    (-0.58, 0.4, 0.0),
)
"""Across a lock from its lit side: place, length and shift of the points of light that make its gloss."""


def _shine(lock: Lock, track: Track, palette: Palette) -> Iterable[str]:
    """One light across the lock: an arc above, four points of different length below."""
    if not lock.shine:
        return
    crossing = min((k / 80 for k in range(8, 60)), key=lambda s: _above_band(track.at(s)))

    def place(across: float, down: float) -> Point:
        s = crossing + down / track.length
        return track.at(s, -lock.dark * across * lock.half(s))

    above = [place(across, -7.0 + 9.0 * across * across) for across in (0.9, 0.6, 0.2, -0.2, -0.55, -0.8)]
    teeth = [place(across, down) for across, down in _TEETH]
    yield fill(
        outline(above, *([p, q] for p, q in pairwise([above[-1], *teeth, above[0]]))),
        palette.light,
        opacity=lock.shine,
    )


_TEETH = ((-0.62, 3.5), (-0.46, 0.0), (-0.22, 8.5), (0.04, 0.5), (0.26, 5.0), (0.46, 0.5), (0.66, 10.5))
"""Across a lock towards its lit side, and px down from the band: the points of a `shine` and its gaps."""


def _above_band(point: Point) -> float:
    """How far a point is from the middle of the band of light, in px."""
    x, y = point
    return abs(y - 74 - 17 * ((x - 258) / 50) ** 2)


def _in_band(point: tuple[float, float]) -> bool:
    return _above_band(point) < 8


def _bump(s: float, a: float, b: float) -> float:
    t = (s - a) / (b - a) if b != a else 0.0
    return max(4 * t * (1 - t), 0.0) ** 1.2


def _edges(lock: Lock, track: Track, palette: Palette) -> Iterable[str]:
    """Ink along both sides, strongest near the tip and gone at the root."""
    for side in (LEFT, RIGHT):
        yield fill(
            track.strip(
                lambda s, k=side: k * (lock.half(s) + 0.15 * min(1.0, 9 * (1 - s))),
                lambda s, k=side: k * (lock.half(s) - _pen(s, lock.ink_from)),
                lock.ink_from,
                1.0,
                20,
            ),
            palette.line,
            opacity=0.9,
        )


def _pen(s: float, start: float) -> float:
    t = (s - start) / (1 - start)
    return 0.85 * min(1.0, 2.2 * t, 7 * (1 - s))


def locks(items: Iterable[Lock], palette: Palette) -> str:
    return "".join(draw(item, palette) for item in items)


def silhouettes(items: Iterable[Lock], colour: str, grow: float = 0.5) -> str:
    """Their shapes in one colour: for masks and for the shadow they throw."""
    return "".join(fill(item.silhouette(grow), colour) for item in items)


def within(name: str, path: str, content: str) -> str:
    """Locks cut off at the outline of the head."""
    return group(clipped(name, path, content))


def halo(colour: str, opacity: float) -> str:
    """The soft light under the gloss, right around the head."""
    arc = [(x, 74 + 17 * ((x - 258) / 50) ** 2) for x in range(202, 317, 8)]
    return group(blurred(ink(arc, colour, 15), 3), attributes=f'opacity="{opacity:g}"')


def crown_lines(palette: Palette, root: tuple[float, float], ends: Curve) -> str:
    """Fine lines from the parting down over the top of the head."""
    x0, y0 = root
    parts = []
    for k, (x, y) in enumerate(ends):
        bend = (x0 + 0.62 * (x - x0), y0 + 0.22 * (y - y0))
        tone = palette.line if k % 3 else palette.light
        parts.append(ink([root, bend, (x, y)], tone, 1.0 + 0.3 * (k % 2), 0.5 if k % 3 else 0.6))
    return "".join(parts)
