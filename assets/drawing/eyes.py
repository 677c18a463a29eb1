"""One eye, drawn around x 0 with x growing outwards, and what cels need of it."""

from dataclasses import dataclass

from svg import AXIS, box, clipped, ellipse, fill, gradient, group, ink, line, outline, polygon

WHITE = outline(
    [(-12.3, 149.9), (-8.7, 142.4), (-1, 138.0), (7.4, 139.9), (12.8, 146.6)],
    [(12.8, 146.6), (11.2, 153.6), (5.4, 157.6), (-3.8, 157.9), (-9.9, 154.9), (-12.3, 149.9)],
)
"""The opening between the lids."""
MIDDLE = (-0.4, 148.0)
CENTRES = (232.2, 279.8)
"""Where the eyes are on the picture, left one first."""


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
    flick: float = 1.0

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
    inside = fill(WHITE, "url(#white)") + _iris(style, light_side(x)) + _lid_shade()
    parts = [
        fill(WHITE, "#FFFFFF"),
        clipped(f"eye-{name}", WHITE, inside + _lights(light_side(x))),
        ink([(0.5, 158.5), (6, 158.1), (10.4, 155.4), (12.9, 150.8)], style.lid, 1.3),
        fill(lash(style.flick), "url(#lash)"),
    ]
    return placed("".join(parts), x)


def lash(flick: float) -> str:
    """One dark shape: thin at the inner corner, heavy outside, one flick."""
    tip = (13 + 5.4 * flick, 141.0 - 0.6 * flick)
    return outline(
        [
            (-13.9, 150.6),
            (-10.4, 141.6),
            (-6.2, 137.2),
            (-1, 134.5),
            (4.2, 134.4),
            (9.4, 136.8),
            (13.3, 141.0),
        ],
        [(13.3, 141.0), (15.4, 142.0), tip],
        [tip, (17, 145.2), (14.9, 151)],
        [(14.9, 151), (12.4, 146.9), (7, 141.9), (-1, 139.4), (-7.6, 143.2), (-11, 147.8), (-13.9, 150.6)],
    )


def _iris(style: EyeStyle, light: float) -> str:
    x, y = MIDDLE
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
        ellipse(x, y, 8.7, 11.2, style.rim)
        + ellipse(x, y + 0.2, 7.7, 10.2, "url(#iris)")
        + group(rays, attributes='opacity="0.45"')
        + fill(arc, style.glow, opacity=0.7)
        + ellipse(x, y - 0.9, 3.7, 5.4, style.pupil)
        + ellipse(x, y + 1.6, 2.4, 2.4, style.middle, 0.5)
        + ellipse(x - 3.2 * light, y - 3.4, 3.2, 2.2, style.glow, 0.28)
    )


def _lid_shade() -> str:
    shade = outline(
        [(-14, 134), (16, 134)],
        [(16, 134), (13.6, 147.4), (7, 143.6), (-1, 142.0), (-8, 145.6), (-14, 153)],
    )
    return fill(shade, "#33264F", opacity=0.36)


def _lights(light: float) -> str:
    x, y = MIDDLE
    return (
        ellipse(x + 3.0 * light, y - 4.5, 2.7, 3.1, "#FFFFFF")
        + ellipse(x - 3.5 * light, y + 4.3, 1.4, 1.6, "#FFFFFF", 0.95)
        + ellipse(x + 4.6 * light, y + 1.0, 0.7, 0.8, "#FFFFFF", 0.9)
    )


# --- cels -------------------------------------------------------------------------------------------------


def waver(name: str, x: float, phase: int) -> str:
    """Wet eyes: swollen lights that shift between two phases, with a shine along the lower lid."""
    light = light_side(x)
    mx, my = MIDDLE
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
    return placed(clipped(f"waver{phase}-{name}", WHITE, "".join(parts)), x)


def data(name: str, x: float, frame: int, colour: str, dark: str) -> str:
    """Digital eyes: the iris becomes a dark screen on which rows of light run down, a ring turning around."""
    mx, my = MIDDLE
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
    return placed(clipped(f"data-lid{frame}-{name}", WHITE, both), x)
