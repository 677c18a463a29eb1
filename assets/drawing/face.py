"""Face, ears, nose, mouth, brows, in the proportions at which THA3 closes lids and opens mouths cleanly."""

from dataclasses import dataclass

from eyes import EyeStyle, eye, placed
from svg import (
    Curve,
    Point,
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


@dataclass(frozen=True)
class MouthStyle:
    """A mouth drawn open: its shape on the picture, and its colours."""

    upper: Curve
    """Upper lip, from the left of the picture to the right."""
    lower: Curve
    """Lower lip, back to the left."""
    teeth: Curve
    """Lower edge of the upper teeth, from right to left, reaching beyond the lips."""
    tongue: tuple[Point, Point]
    """Middle, and half width and height."""
    deep: str
    """Inside, at the top."""
    inside: str
    """Inside, at the bottom."""
    edge: str
    lip: str
    """Of the line of the upper lip."""
    tongue_colour: str
    edge_px: float
    lip_px: float

    def shape(self) -> str:
        return outline(self.upper, self.lower)


@dataclass(frozen=True)
class FaceShape:
    """The right half of a face on the picture; the left one mirrors it."""

    contour: Curve
    """From the middle of the forehead to the chin."""
    ear: Curve
    """From its upper root to its lower one."""
    brow_top: Curve
    """Upper edge of a brow, from the inner end outwards."""
    brow_under: Curve
    """Lower edge back inwards."""
    nose: Curve
    nose_light: Point
    neck: Curve
    """Edge of the neck, from under the jaw to the breast."""

    def outline(self) -> str:
        """The whole face, as a path."""
        return outline(self.contour, mirror(self.contour))

    def ear_outline(self) -> str:
        return outline(self.ear, [self.ear[-1], self.ear[0]])


@dataclass(frozen=True)
class FaceStyle:
    """What differs between faces."""

    eyes: EyeStyle
    shape: FaceShape
    mouth: MouthStyle
    brow: str
    blush: str = "#F59A8C"
    cheek_lines: bool = True
    """Whether three short lines are drawn on each cheek."""


def defs(style: FaceStyle) -> str:
    return (
        style.eyes.defs()
        + gradient("lips", (0, 172), (0, 181), (0, style.mouth.deep), (1, style.mouth.inside))
        + gradient("skin", (0, 150), (0, 198), (0, SKIN), (0.6, "#FEF2E7"), (1, "#FCE6DA"))
        + gradient("skin-neck", (0, 190), (0, 232), (0, "#F0BFAD"), (0.5, "#FBE0D3"), (1, SKIN))
    )


def neck(face: FaceShape) -> str:
    right = face.neck
    shape = outline(right, [right[-1], (256, 276), (512 - right[-1][0], right[-1][1])], mirror(right))
    shade = outline([(236, 182), (241, 197), (250, 205.6), (262, 208), (273, 203), (275, 180)])
    inside = fill(shade, SKIN_DEEP, opacity=0.55) + fill(
        outline([(272, 196), (266, 212), (270, 232)], [(270, 232), (292, 240), (290, 210), (272, 196)]),
        SKIN_SHADE,
        opacity=0.5,
    )
    bones = ink([(281, 231), (271, 236), (261, 237.4)], SKIN_LINE, 1.0, 0.6)
    bones += ink([(231, 231), (241, 236), (250, 237.6)], SKIN_LINE, 1.0, 0.6)
    return fill(shape, "url(#skin-neck)", SKIN_LINE) + clipped("neck", shape, inside) + bones


def ears(shape: FaceShape) -> str:
    inner = fill(
        outline([(304, 147), (308.6, 145.4), (309, 152), (305, 160)], [(305, 160), (305.6, 153), (304, 147)]),
        SKIN_SHADE,
    )
    one = (
        fill(shape.ear_outline(), SKIN, SKIN_LINE)
        + inner
        + ink([(303.4, 151), (307, 148), (308.4, 154)], SKIN_LINE, 0.9, 0.8)
    )
    return one + flipped(one)


def face(style: FaceStyle, hair_shadow: str) -> str:
    """The face without eyes; `hair_shadow` is what the bangs throw on it."""
    cheeks = blurred("".join(ellipse(x, 165, 11, 4.6, style.blush) for x in (224.4, 287.6)), 3)
    lines = "".join(
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
    whole = style.shape.outline()
    inside = (
        jaw + group(cheeks, attributes='opacity="0.34"') + (lines if style.cheek_lines else "") + hair_shadow
    )
    return fill(whole, "url(#skin)", SKIN_LINE) + clipped("face", whole, inside)


def eyes(style: FaceStyle) -> str:
    return "".join(
        eye(name, x, style.eyes) for name, x in zip(("left", "right"), style.eyes.shape.centres, strict=True)
    )


def nose(shape: FaceShape) -> str:
    return ink(shape.nose, SKIN_LINE, 1.2, 0.85) + ellipse(*shape.nose_light, 0.9, 1.6, "#FFFFFF", 0.95)


def mouth(style: MouthStyle) -> str:
    """Drawn open: the network closes it by itself, but cannot open what it never saw."""
    shape, teeth = style.shape(), outline([style.teeth[-1], style.teeth[0]], style.teeth)
    tongue = ellipse(*style.tongue[0], *style.tongue[1], style.tongue_colour, 0.8)
    inside = clipped("mouth", shape, tongue + fill(teeth, "#FFFFFF"))
    return (
        fill(shape, "url(#lips)", style.edge, style.edge_px)
        + inside
        + line(style.upper, style.lip, style.lip_px)
    )


def brows(style: FaceStyle) -> str:
    one = fill(outline(style.shape.brow_top, style.shape.brow_under), style.brow)
    return one + flipped(one)


def eye_holes(style: EyeStyle, colour: str, grow: float = 0.0) -> str:
    """Both eyes with their lashes in one colour, for masks, `grow` px wider all around than usual."""
    opening = style.shape.opening()
    lash = fill(style.shape.lash(0.8), colour, colour if grow else "", 2 * grow)
    one = fill(opening, colour, colour, 2 + 2 * grow) + lash
    return "".join(placed(one, x) for x in style.shape.centres)


def ear_shapes(shape: FaceShape, colour: str) -> str:
    one = fill(shape.ear_outline(), colour)
    return one + flipped(one)
