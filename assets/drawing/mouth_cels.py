"""Mouths that the network cannot give: drawn closed or wide, over the faint line it leaves in neutral.

Each lies on a patch of the character's own face, which hides what is under it.
"""

from dataclasses import dataclass

from face import MouthStyle
from svg import Curve, Point, blurred, clipped, ellipse, fill, group, ink, line, mask, masked, outline

_WIDTH, _CLOSED = 21.8, 1.7
"""Px: of the mouth these were drawn for, and how far below its corners it closes."""
_LINE = 2.6


@dataclass(frozen=True)
class _Pen:
    """Draws around the middle of the closed mouth, y downwards, as large as the character's mouth."""

    style: MouthStyle

    def middle(self) -> Point:
        (left, y), (right, _) = self.style.upper[0], self.style.upper[-1]
        return (left + right) / 2, y + _CLOSED

    def scale(self) -> float:
        return (self.style.upper[-1][0] - self.style.upper[0][0]) / _WIDTH

    def placed(self, content: str) -> str:
        (x, y), k = self.middle(), self.scale()
        return group(content, attributes=f'transform="translate({x:g} {y:g}) scale({k:.3f})"')

    def lip(self, curve: Curve, width: float = _LINE) -> str:
        """A dark line, thinner at its very ends only: it must be seen at 256 px."""
        return ink(curve, self.style.lip, width, profile=lambda s: min(1.0, 0.35 + 6 * s, 0.35 + 6 * (1 - s)))


def mouth_defs(style: MouthStyle) -> str:
    """The mask of the patch: soft, and as large as whatever the network paints of a closed mouth."""
    pen = _Pen(style)
    shape = pen.placed(ellipse(0, 0.6, 14.5, 6.4, "#FFF"))
    wide = pen.placed(ellipse(0, 5, 14.5, 12, "#FFF"))
    return mask("mouth-patch", blurred(shape, 1), "") + mask("mouth-patch-wide", blurred(wide, 1), "")


def mouth_cels(style: MouthStyle) -> dict[str, str]:
    """SVG of each by name; needs `mouth_defs`, and the layer "face" in the picture."""
    pen = _Pen(style)
    skin, wide = (masked(name, '<use href="#face"/>') for name in ("mouth-patch", "mouth-patch-wide"))
    return {
        "mouth_rest": skin + pen.placed(_rest(pen)),
        "mouth_smile": skin + pen.placed(_smile(pen)),
        "mouth_frown": skin + pen.placed(_frown(pen)),
        "mouth_wavy": skin + pen.placed(_wavy(pen)),
        "mouth_clench": skin + pen.placed(_clench(style)),
        "mouth_cat": skin + pen.placed(_cat(pen)),
        "mouth_pout": skin + pen.placed(_pout(pen)),
        "mouth_shout": wide + pen.placed(_shout(style)),
    }


def _both(curve: Curve) -> list[Point]:
    """A curve from the left to the middle, and on to its mirror image."""
    return [*curve, *((-x, y) for x, y in reversed(curve[:-1]))]


def _rest(pen: _Pen) -> str:
    return pen.lip(_both([(-6.6, -1.0), (-4.2, 0.5), (0, 1.0)]), 1.9)


def _smile(pen: _Pen) -> str:
    return pen.lip(_both([(-10.4, -3.4), (-8.4, -0.6), (-4.6, 1.5), (0, 2.2)]))


def _frown(pen: _Pen) -> str:
    return pen.lip(_both([(-9.2, 3.8), (-7.2, 1.2), (-3.8, -0.7), (0, -1.2)]))


def _wavy(pen: _Pen) -> str:
    return pen.lip([(-11.5, 1.2), (-8, -1.9), (-4, 1.9), (0, -1.9), (4, 1.9), (8, -1.9), (11.5, 1.2)], 2.3)


def _cat(pen: _Pen) -> str:
    return pen.lip(_both([(-10.6, -2.6), (-9, 1.0), (-5.6, 2.6), (-2, 1.4), (0, -1.8)]), 2.4)


def _pout(pen: _Pen) -> str:
    upper = pen.lip(_both([(-5.2, 2.4), (-3.4, -0.2), (0, -1.6)]), 2.5)
    return upper + ink([(-3, 4.6), (0, 5.4), (3, 4.6)], pen.style.edge, 1.5, 0.8)


def _clench(style: MouthStyle) -> str:
    shape = outline(
        [(-9.6, -3.2), (0, -2.6), (9.6, -3.2)],
        [(9.6, -3.2), (10.8, 0.6), (9.2, 4.0)],
        [(9.2, 4.0), (0, 4.6), (-9.2, 4.0)],
        [(-9.2, 4.0), (-10.8, 0.6), (-9.6, -3.2)],
    )
    gaps = "".join(line([(x, -3), (x, 4.6)], style.edge, 0.8, 0.55) for x in (-6, -2, 2, 6))
    teeth = clipped("clenched", shape, gaps + line([(-11, 0.6), (0, 0.9), (11, 0.6)], style.edge, 1.2))
    return fill(shape, "#FFFFFF") + teeth + fill(shape, "none", style.lip, 2.0)


def _shout(style: MouthStyle) -> str:
    upper = [(-10.6, -3.8), (-5, -5.0), (0, -5.0), (5, -5.0), (10.6, -3.8)]
    shape = outline(
        upper, [(10.6, -3.8), (11.2, 3), (7.6, 11), (0, 13.4), (-7.6, 11), (-11.2, 3), (-10.6, -3.8)]
    )
    teeth = outline([(-14, -8), (14, -8)], [(14, -8), (11, 0), (0, 0.6), (-11, 0), (-14, -8)])
    inside = ellipse(0, 13, 7.2, 5.6, style.tongue_colour, 0.9) + fill(teeth, "#FFFFFF")
    edge = fill(shape, "none", style.edge, 1.2) + line(upper, style.lip, 2.2)
    return fill(shape, style.deep) + clipped("shouting", shape, inside) + edge
