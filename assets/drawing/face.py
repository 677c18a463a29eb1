"""Face, ears, nose, mouth, brows, in the proportions at which THA3 closes lids and opens mouths cleanly."""

from dataclasses import dataclass

from eyes import CENTRES, WHITE, EyeStyle, eye, lash, placed
from svg import (
    Curve,
    blurred,
    clipped,
    ellipse,
    fill,
    flipped,
    gradient,
    group,
    ink,
    line,
    mirror,
    outline,
)

SKIN, SKIN_LINE, SKIN_SHADE, SKIN_DEEP = "#FEF4EA", "#94554B", "#F3C6B4", "#DE9C8C"
"""Skin around the eyes must stay close to the colour the network closes lids with."""

_RIGHT = [
    (256, 72),
    (284, 80),
    (301, 104),
    (305.6, 130),
    (304.4, 150),
    (298.8, 164),
    (289.2, 177),
    (276.4, 188.2),
    (265.4, 195),
    (256, 197.4),
]
FACE = outline(_RIGHT, mirror(_RIGHT))
_EAR = outline(
    [(302, 146), (306.4, 141.4), (311.4, 143.2), (311.6, 151), (308.6, 160.4), (303.4, 166), (299, 164)],
    [(299, 164), (302, 146)],
)


@dataclass(frozen=True)
class FaceStyle:
    """What differs between faces."""

    eyes: EyeStyle
    brow: str
    brow_width: float = 2.6
    brow_tilt: float = 0.0
    blush: str = "#F59A8C"


def defs(style: FaceStyle) -> str:
    return (
        style.eyes.defs()
        + gradient("lips", (0, 172), (0, 181), (0, "#DE6A66"), (1, "#F7A79B"))
        + gradient("skin", (0, 150), (0, 198), (0, SKIN), (0.6, "#FEF2E7"), (1, "#FCE6DA"))
        + gradient("skin-neck", (0, 190), (0, 232), (0, "#F0BFAD"), (0.5, "#FBE0D3"), (1, SKIN))
    )


def neck() -> str:
    right: Curve = [(271, 178), (271, 200), (274.6, 210), (288, 219), (300, 262)]
    shape = outline(right, [(300, 262), (256, 276), (212, 262)], mirror(right))
    shade = outline([(236, 182), (241, 197), (250, 205.6), (262, 208), (273, 203), (275, 180)])
    inside = fill(shade, SKIN_DEEP, opacity=0.55) + fill(
        outline([(272, 196), (266, 212), (270, 232)], [(270, 232), (292, 240), (290, 210), (272, 196)]),
        SKIN_SHADE,
        opacity=0.5,
    )
    bones = ink([(281, 231), (271, 236), (261, 237.4)], SKIN_LINE, 1.0, 0.6)
    bones += ink([(231, 231), (241, 236), (250, 237.6)], SKIN_LINE, 1.0, 0.6)
    return fill(shape, "url(#skin-neck)", SKIN_LINE) + clipped("neck", shape, inside) + bones


def ears() -> str:
    inner = fill(
        outline([(304, 147), (308.6, 145.4), (309, 152), (305, 160)], [(305, 160), (305.6, 153), (304, 147)]),
        SKIN_SHADE,
    )
    one = (
        fill(_EAR, SKIN, SKIN_LINE)
        + inner
        + ink([(303.4, 151), (307, 148), (308.4, 154)], SKIN_LINE, 0.9, 0.8)
    )
    return one + flipped(one)


def face(style: FaceStyle, hair_shadow: str) -> str:
    """The face without eyes; `hair_shadow` is what the bangs throw on it."""
    cheeks = blurred("".join(ellipse(x, 165, 11, 4.6, style.blush) for x in (224.4, 287.6)), 3)
    strokes = "".join(
        ink([(x, 163), (x - 1.6, 166.4)], "#E7776F", 0.9, 0.55)
        for x in (221, 224.6, 228.2, 286.4, 290, 293.6)
    )
    jaw = fill(
        outline(
            [(304, 152), (296, 174), (279, 190), (256, 198)],
            [(256, 198), (290, 200), (310, 170), (304, 152)],
        ),
        SKIN_SHADE,
        opacity=0.45,
    )
    inside = jaw + group(cheeks, attributes='opacity="0.34"') + strokes + hair_shadow
    return fill(FACE, "url(#skin)", SKIN_LINE) + clipped("face", FACE, inside)


def eyes(style: FaceStyle) -> str:
    return "".join(eye(name, x, style.eyes) for name, x in zip(("left", "right"), CENTRES, strict=True))


def nose() -> str:
    return ink([(257.2, 157.6), (255.2, 160.8), (256.9, 161.7)], SKIN_LINE, 1.2, 0.85) + ellipse(
        254.8, 157.0, 0.9, 1.6, "#FFFFFF", 0.95
    )


def mouth() -> str:
    """Drawn open: the network closes it by itself, but cannot open what it never saw."""
    upper: Curve = [(247.3, 172.3), (251.8, 172.1), (256, 172.8), (260.2, 172.1), (264.7, 172.3)]
    shape = outline(upper, [(264.7, 172.3), (262.6, 178), (256, 181.2), (249.4, 178), (247.3, 172.3)])
    teeth = outline(
        [(246, 170), (266, 170)], [(266, 170), (265, 174.3), (256, 175.5), (247, 174.3), (246, 170)]
    )
    tongue = ellipse(256, 181, 5.2, 3.2, "#FBB9AE", 0.8)
    inside = clipped("mouth", shape, tongue + fill(teeth, "#FFFFFF"))
    return fill(shape, "url(#lips)", "#C4605C", 0.7) + inside + line(upper, "#6E2A34", 1.4)


def brows(style: FaceStyle) -> str:
    t, w = style.brow_tilt, style.brow_width
    right = outline(
        [(265.6, 121.4 + t), (273, 117.6 + 0.5 * t), (283, 116.3), (295.2, 121.2 - t)],
        [
            (295.2, 121.2 - t),
            (283, 116.3 + w),
            (274, 117.2 + w + 0.5 * t),
            (267.2, 120.4 + w + t),
            (266.4, 120 + t),
        ],
    )
    one = fill(right, style.brow)
    return one + flipped(one)


def eye_holes(colour: str) -> str:
    """Both eyes with their lashes in one colour, for masks."""
    one = fill(WHITE, colour, colour, 2) + fill(lash(0.8), colour)
    return "".join(placed(one, x) for x in CENTRES)


def ear_shapes(colour: str) -> str:
    one = fill(_EAR, colour)
    return one + flipped(one)
