"""One eye, drawn around x 0 with x growing outwards, and what cels need of it."""

from dataclasses import dataclass

from svg import AXIS, Curve, Point, box, clipped, ellipse, fill, gradient, group, ink, line, outline, polygon


@dataclass(frozen=True)
class EyeShape:
    """Where everything of an eye lies: y as on the picture, x from the eye's middle, growing outwards."""

    centres: tuple[float, float]
    """The x of both middles on the picture, left one first."""
    upper: Curve
    """Upper edge of the opening between the lids, from the inner corner outwards."""
    lower: Curve
    """Lower edge, from the outer corner back inwards."""
    iris: Point
    """Middle of the iris."""
    iris_px: tuple[float, float]
    """Half its width and half its height, with the rim."""
    pupil_px: tuple[float, float]
    lash_top: Curve
    """Upper edge of the lash, from the inner corner outwards to where the flick begins."""
    lash_flick: tuple[Curve, Curve]
    """Along the flick to its tip and back; the tip itself is added."""
    lash_tip: tuple[Point, Point]
    """The tip at no flick, and how far a whole flick carries it."""
    lash_under: Curve
    """Lower edge of the lash, from the flick back to the inner corner."""
    lid_line: Curve
    """The line of the lower lid."""
    shade: Curve
    """Lower edge of the shade the lid throws, from outside inwards."""
    crease: Curve = ()
    """The fold of the upper lid, above the lash."""
    flick: float = 1.0
    """Length of the flick."""
    lid_px: float = 1.3
    """Width of the line of the lower lid."""

    def opening(self) -> str:
        """The opening between the lids, as a path."""
        return outline(self.upper, self.lower)

    def lash(self, flick: float | None = None) -> str:
        """One dark shape: thin at the inner corner, heavy outside, one flick."""
        (x, y), (dx, dy) = self.lash_tip
        length = self.flick if flick is None else flick
        tip = (x + dx * length, y + dy * length)
        there, back = self.lash_flick
        return outline(self.lash_top, [*there, tip], [tip, *back], self.lash_under)


@dataclass(frozen=True)
class EyeStyle:
    """Colours of the iris from its dark top to its bright bottom, and of what surrounds it."""

    rim: str
    top: str
    middle: str
    bottom: str
    glow: str
    pupil: str
    lash: str
    lash_warm: str
    lid: str
    shape: EyeShape

    def defs(self) -> str:
        return (
            gradient("iris", (0, 137), (0, 160), (0, self.top), (0.5, self.middle), (1, self.bottom))
            + gradient("lash", (-14, 0), (18, 0), (0, self.lash_warm), (0.22, self.lash), (1, self.lash))
            + gradient("white", (0, 138), (0, 158), (0, "#DCD6EA"), (0.4, "#FBFAFF"), (1, "#FFFFFF"))
        )


def placed(content: str, x: float) -> str:
    """Content in the eye's own coordinates, set at x and turned so that x grows outwards."""
    way = 1 if x > AXIS else -1
    return group(content, attributes=f'transform="matrix({way} 0 0 1 {x:g} 0)"')


def light_side(x: float) -> float:
    """The sign of the eye's own x on which the light lies: always the left of the picture."""
    return -1.0 if x > AXIS else 1.0


def eye(name: str, x: float, style: EyeStyle) -> str:
    """The whole eye; `name` goes into the id of its clip path."""
    shape, opening = style.shape, style.shape.opening()
    inside = fill(opening, "url(#white)") + _iris(style, light_side(x)) + _lid_shade(shape)
    parts = [
        fill(opening, "#FFFFFF"),
        clipped(f"eye-{name}", opening, inside + _lights(shape, light_side(x))),
        ink(shape.lid_line, style.lid, shape.lid_px),
        fill(shape.lash(), "url(#lash)"),
        ink(shape.crease, style.lid, 0.9, 0.7) if shape.crease else "",
    ]
    return placed("".join(parts), x)


def _iris(style: EyeStyle, light: float) -> str:
    (x, y), (w, h), (p, q) = style.shape.iris, style.shape.iris_px, style.shape.pupil_px
    rays = "".join(
        fill(
            polygon([(x + a, y + 10.0), (x + a * 0.42 - 0.35, y + 2.0), (x + a * 0.42 + 0.35, y + 2.0)]),
            style.glow,
        )
        for a in (-5.6, -3.7, -1.8, 0.2, 2.1, 3.9, 5.7)
    )
    arc = outline(
        [(x - 6.9, y + 3.4), (x - 4.6, y + 7.9), (x, y + 9.7), (x + 4.6, y + 7.9), (x + 6.9, y + 3.4)],
        [(x + 6.9, y + 3.4), (x + 3.9, y + 6.2), (x, y + 6.9), (x - 3.9, y + 6.2), (x - 6.9, y + 3.4)],
    )
    return (
        ellipse(x, y, w, h, style.rim)
        + ellipse(x, y + 0.2, w - 1, h - 1, "url(#iris)")
        + group(rays, attributes='opacity="0.45"')
        + fill(arc, style.glow, opacity=0.7)
        + ellipse(x, y - 0.9, p, q, style.pupil)
        + ellipse(x, y + 1.6, 2.4, 2.4, style.middle, 0.5)
        + ellipse(x - 3.2 * light, y - 3.4, 3.2, 2.2, style.glow, 0.28)
    )


def _lid_shade(shape: EyeShape) -> str:
    shade = outline([(-14, 134), (16, 134)], [(16, 134), *shape.shade])
    return fill(shade, "#33264F", opacity=0.36)


def _lights(shape: EyeShape, light: float) -> str:
    x, y = shape.iris
    return (
        ellipse(x + 3.0 * light, y - 4.5, 2.7, 3.1, "#FFFFFF")
        + ellipse(x - 3.5 * light, y + 4.3, 1.4, 1.6, "#FFFFFF", 0.95)
        + ellipse(x + 4.6 * light, y + 1.0, 0.7, 0.8, "#FFFFFF", 0.9)
    )


# --- cels -------------------------------------------------------------------------------------------------


def waver(name: str, x: float, phase: int, shape: EyeShape) -> str:
    """Wet eyes: swollen lights that shift between two phases, with a shine along the lower lid."""
    light = light_side(x)
    mx, my = shape.iris
    sway = 0.8 if phase == 1 else -0.8
    parts = [
        ellipse(
            mx + 2.7 * light + sway, my - 4.2 - 0.4 * sway, 3.9 + 0.3 * sway, 4.2 - 0.3 * sway, "#FFFFFF"
        ),
        ellipse(
            mx - 3.3 * light - sway,
            my + 4.4 + 0.4 * sway,
            2.5 - 0.4 * sway,
            2.3 + 0.4 * sway,
            "#FFFFFF",
            0.95,
        ),
        ellipse(mx + 3.7 * light + 0.5 * sway, my + 4.0, 1.3, 1.1, "#FFFFFF", 0.85),
        fill(
            outline(
                [
                    (-7.5, 154.4 + 0.3 * sway),
                    (-3.4, 156.3 - 0.3 * sway),
                    (1, 155.9 + 0.4 * sway),
                    (6.4, 154.2),
                ],
                [(6.4, 154.2), (4.6, 157.4), (-2.4, 157.9), (-7.5, 154.4 + 0.3 * sway)],
            ),
            "#FFFFFF",
            opacity=0.75,
        ),
    ]
    return placed(clipped(f"waver{phase}-{name}", shape.opening(), "".join(parts)), x)


def data(name: str, x: float, frame: int, colours: tuple[str, str], shape: EyeShape) -> str:
    """Digital eyes: the iris becomes a dark screen on which rows of light run down, a ring turning around."""
    (mx, my), (colour, dark) = shape.iris, colours
    iris = f"M{mx - 8.6} {my}A8.6 11.1 0 1 0 {mx + 8.6} {my}A8.6 11.1 0 1 0 {mx - 8.6} {my}"
    rows = []
    for k in range(-1, 6):
        y = my - 10 + 4 * k + frame
        seed = (k * 4 - frame) * 7 + 29
        rows.append(
            f'<rect x="{mx - 8}" y="{y:.2f}" width="16" height="1.1" fill="{colour}" opacity="0.35"/>'
        )
        for n in range(3):
            start, size = (seed * (n + 3)) % 11, 1.6 + (seed * (n + 5)) % 3
            rows.append(box((mx - 7 + start, y - 0.35), (size, 1.8), 0, colour))
    ring = (
        f'<ellipse cx="{mx}" cy="{my}" rx="6.9" ry="9.2" fill="none" stroke="{colour}" stroke-width="1.3" '
        f'stroke-dasharray="5 2.4 2 2.4" stroke-dashoffset="{2.95 * frame:.2f}"/>'
    )
    core = ellipse(mx, my, 2.6, 3.6, dark, 0.9) + ellipse(
        mx, my, 1.2 + 0.25 * (frame % 2), 1.9, "#FFFFFF", 0.95
    )
    screen = fill(iris, dark, opacity=0.72) + "".join(rows) + ring + core
    both = clipped(f"data{frame}-{name}", iris, screen) + line(
        [(-7, 157), (0, 157.6), (6, 156.6)], colour, 0.8, 0.6
    )
    return placed(clipped(f"data-lid{frame}-{name}", shape.opening(), both), x)
