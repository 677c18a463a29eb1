"""Eyes that the network cannot give: both closed in one clean arc, happy or sad.

Each lies on a patch of the character's own face that hides lashes, iris and white; hair stays in front.
"""

from eyes import EyeStyle, placed
from face import eye_holes
from svg import blurred, ink, mask, masked

_GROWN = 2.6
"""Px around the drawn eye that the patch hides."""
_HALF = 13.6
"""Half the width of the eye these were drawn for, in px, and the row of its middle."""
_ROW = 148.0
_PLAIN = 0.5
"""Eyes whose flick is no longer than this have no lashes drawn one by one."""


def eye_defs(style: EyeStyle, front_hair: str) -> str:
    """The mask of the patch."""
    return mask("eye-patch", blurred(eye_holes(style, "#FFF", _GROWN), 1), front_hair)


def eye_cels(style: EyeStyle) -> dict[str, str]:
    """SVG of each by name; needs `eye_defs`, the mask "bare" and the layer "face" in the picture."""
    skin = masked("eye-patch", '<use href="#face"/>')
    return {
        "eyes_arc": skin + masked("bare", _both(style, _happy(style))),
        "eyes_arc_sad": skin + masked("bare", _both(style, _sad(style))),
    }


def _both(style: EyeStyle, one: str) -> str:
    shape = style.shape
    k = (shape.lash_under[0][0] - shape.lash_top[0][0]) / (2 * _HALF)
    sized = f'<g transform="translate(0 {shape.iris[1]:g}) scale({k:.3f}) translate(0 {-_ROW:g})">{one}</g>'
    return "".join(placed(sized, x) for x in shape.centres)


def _thick_outside(s: float) -> float:
    """Thin at the inner corner, full two thirds out, pointed at the end."""
    return min(1.0, 0.45 + 1.1 * s, 5 * (1 - s) + 0.1)


def _happy(style: EyeStyle) -> str:
    arc = [(-12.6, 153.4), (-9, 148.4), (-3.6, 145.4), (2.6, 145.2), (8.6, 147.8), (13.4, 153.0)]
    return (
        ink(arc, style.lash, 3.9, profile=_thick_outside)
        + ink([(9.8, 148.2), (13, 148.6), (16.8, 147.2)], style.lash, 2.2)
        + ink([(-6.6, 141.6), (0, 139.6), (7, 141.2)], style.lid, 0.9, 0.5)
    )


def _sad(style: EyeStyle) -> str:
    arc = [(-12.4, 148.8), (-8, 152.4), (-2, 154.4), (4, 154.2), (9.4, 152.0), (13.6, 148.0)]
    lashes = (
        [(4.6, 154.0), (6.6, 156.4), (7.6, 158.6)],
        [(8.6, 152.6), (11.4, 154.6), (13.0, 156.6)],
        [(11.6, 150.2), (14.8, 151.2), (17.0, 152.4)],
    )
    return (
        ink(arc, style.lash, 3.6, profile=_thick_outside)
        + "".join(ink(lash, style.lash, 1.7) for lash in lashes if style.shape.flick > _PLAIN)
        + ink([(-7.6, 145.4), (0, 148.0), (8, 146.0)], style.lid, 0.9, 0.5)
    )
