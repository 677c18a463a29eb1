"""Other characters from the same parts: what a stranger may bring, good and bad.

`tests/doctor/test_variations.py` says what the doctor must think of each.
"""

import colorsys
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import face
import first_liora
import tavi
from character import Drawing
from eyes import EyeStyle, eye, placed
from first_faces import EYE, FACES, MOUTH
from first_hair import TAVI as FIRST_TAVI
from hair import LEFT, RIGHT, Lock, Palette, locks
from svg import Curve, ellipse, fill, group, ink, line, outline

_MAINS = {"liora": first_liora, "tavi": tavi}
_FIRST = {"liora": first_liora.drawing, "tavi": partial(tavi.drawing, cut=FIRST_TAVI)}
_HAIR = ("back-hair", "nape", "falling-hair", "wisps", "tufts", "crown", "sides", "bangs", "gloss", "rim")
_MIDDLE_Y = 148.0


@dataclass(frozen=True)
class Variation:
    """One character: what is other than in a shipped one."""

    base: str = "liora"
    size: tuple[float, float] = (1.0, 1.0)
    """Of the eyes, width and height; 1 is as shipped."""
    apart: float = 0.0
    """By how many px each eye lies further out."""
    lower: float = 0.0
    """By how many px the eyes lie lower."""
    iris: str = ""
    """A hue for the iris, as the colour of `EyeStyle.middle`; empty is as shipped."""
    lash: str = ""
    """Colour of the lashes; empty is as shipped, "none" draws none."""
    eyes: str = "drawn"
    """drawn, dots, or closed: what the eyes are."""
    skin: str = ""
    """Of the face; empty is as shipped."""
    hair: str = ""
    """Of the hair in the middle of its gradient; empty is as shipped."""
    mouth: tuple[float, float] = (1.0, 1.0)
    """Width and height of the mouth; a height of 0 is a line."""
    brows: str = ""
    """Colour of the brows; empty is as shipped."""
    over: tuple[Callable[[str], str], ...] = ()
    """What is drawn over all, from the colour of the hair."""
    turn: float = 0.0
    """Degrees by which the whole figure is turned around the face."""
    scale: float = 1.0
    """Of the whole figure, around the face."""
    shift: tuple[float, float] = (0.0, 0.0)
    """By how many px the figure lies right and down of where it belongs."""
    ground: str = ""
    """Colour of an opaque background; empty is none."""


# --- what is drawn over -------------------------------------------------------------------------------------


def glasses(
    colour: str, tint: str = "#FFFFFF", opacity: float = 0.0, square: bool = False, width: float = 1.6
):
    """Frames around both eyes, with a tint on the lenses."""

    def draw(_: str) -> str:
        parts = []
        for x in EYE.centres:
            if square:
                d = f"M{x - 21} 139h42v20q0 6 -6 6h-30q-6 0 -6 -6z"
            else:
                d = f"M{x - 20} 149a20 18 0 1 0 40 0a20 18 0 1 0 -40 0z"
            parts.append(
                f'<path d="{d}" fill="{tint}" fill-opacity="{opacity}" '
                f'stroke="{colour}" stroke-width="{width}"/>'
            )
        bridge = line([(252.5, 147), (256, 145), (259.5, 147)], colour, width)
        arms = line([(212, 146), (206, 144)], colour, width) + line([(300, 146), (306, 144)], colour, width)
        return "".join(parts) + bridge + arms

    return draw


def strand(points: Curve, width: float, dark: float = LEFT):
    """A lock of hair in front of the face."""

    def draw(colour: str) -> str:
        return locks([Lock(points, width, "a", 0.6, 0.5, dark, 0.0, 0.1)], _palette(colour))

    return draw


def beard(colour: str, moustache: bool = True):
    """A full beard around the mouth, which stays free."""

    def draw(_: str) -> str:
        shape = outline(
            [
                (207, 150),
                (210, 172),
                (222, 190),
                (240, 203),
                (256, 207),
                (272, 203),
                (290, 190),
                (302, 172),
                (305, 150),
            ],
            [
                (305, 150),
                (298, 152),
                (284, 168),
                (272, 176),
                (266, 184),
                (256, 186),
                (246, 184),
                (240, 176),
                (228, 168),
                (214, 152),
                (207, 150),
            ],
        )
        parts = fill(shape, colour)
        if moustache:
            parts += ink([(240, 172), (248, 167.5), (256, 168.6), (264, 167.5), (272, 172)], colour, 4.5)
        return parts

    return draw


def hat(colour: str, brim: float = 108.0):
    """A hat whose brim ends at a height; above it nothing of the hair is seen."""

    def draw(_: str) -> str:
        top = outline(
            [(192, brim - 8), (194, 60), (222, 34), (256, 28), (290, 34), (318, 60), (320, brim - 8)],
            [(320, brim - 8), (256, brim - 20), (192, brim - 8)],
        )
        rim = outline(
            [(176, brim + 4), (214, brim - 14), (256, brim - 19), (298, brim - 14), (336, brim + 4)],
            [(336, brim + 4), (298, brim), (256, brim - 3), (214, brim), (176, brim + 4)],
        )
        return fill(top, colour, "#2B2233", 1) + fill(rim, colour, "#2B2233", 1)

    return draw


def patch(side: int, colour: str = "#22202A"):
    """Covers one eye; side 0 is the one on the left of the picture."""

    def draw(_: str) -> str:
        x = EYE.centres[side]
        return ellipse(x, 147, 21, 19, colour) + line([(206, 118), (x, 140), (306, 128)], colour, 2)

    return draw


def mask_over_mouth(colour: str):
    """A face mask."""

    def draw(_: str) -> str:
        shape = outline(
            [(212, 162), (256, 158), (300, 162)], [(300, 162), (290, 186), (256, 199), (222, 186), (212, 162)]
        )
        return fill(shape, colour, "#8899AA", 1)

    return draw


def stubble(colour: str):
    """A shade around the mouth."""

    def draw(_: str) -> str:
        shape = outline(
            [(214, 168), (234, 190), (256, 197), (278, 190), (298, 168)],
            [(298, 168), (276, 186), (256, 184), (236, 186), (214, 168)],
        )
        return fill(shape, colour, opacity=0.45)

    return draw


def _palette(colour: str) -> Palette:
    return Palette({}, _shaded(colour, 0.6), _shaded(colour, 1.3), _shaded(colour, 0.35))


# --- colours ------------------------------------------------------------------------------------------------


def _shaded(colour: str, by: float) -> str:
    r, g, b = (min(255, round(int(colour[i : i + 2], 16) * by)) for i in (1, 3, 5))
    return f"#{r:02X}{g:02X}{b:02X}"


def _towards(svg: str, colour: str) -> str:
    """All colours of a part with another one's hue and saturation, and its lightness as their mean."""
    wanted = colorsys.rgb_to_hsv(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))

    def changed(found: re.Match[str]) -> str:
        text = found[0]
        _, s, v = colorsys.rgb_to_hsv(*(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)))
        rgb = colorsys.hsv_to_rgb(
            wanted[0], min(1.0, wanted[1] * (0.6 + 0.8 * s)), min(1.0, wanted[2] * (0.25 + v))
        )
        return "#" + "".join(f"{round(255 * c):02X}" for c in rgb)

    return re.sub(r"#[0-9A-Fa-f]{6}", changed, svg)


_SKINS = ("#FEF4EA", "#94554B", "#F3C6B4", "#DE9C8C", "#FEF2E7", "#FCE6DA", "#F0BFAD", "#FBE0D3")


def _tanned(svg: str, skin: str) -> str:
    """The colours of skin, each darkened as the fairest one is."""
    fair = [int(_SKINS[0][i : i + 2], 16) for i in (1, 3, 5)]
    by = [int(skin[i : i + 2], 16) / f for i, f in zip((1, 3, 5), fair, strict=True)]
    for old in _SKINS:
        rgb = (round(int(old[i : i + 2], 16) * b) for i, b in zip((1, 3, 5), by, strict=True))
        svg = svg.replace(old, "#" + "".join(f"{c:02X}" for c in rgb))
    return svg


# --- the drawing --------------------------------------------------------------------------------------------


def svg(variation: Variation) -> str:
    """The whole picture."""
    main = _MAINS[variation.base]
    first = FACES[variation.base]
    drawing: Drawing = _FIRST[variation.base](first)
    style = _style(first, variation)
    layers = dict(drawing.layers)
    layers["eyes"] = _eyes(style.eyes, variation)
    layers["mouth"] = _mouth(variation)
    if variation.brows:
        layers["brows"] = face.brows(replace(style, brow=variation.brows))
    defs = drawing.defs.replace(first.eyes.defs(), style.eyes.defs())
    colour = variation.hair or _middle(main.HAIR)
    if variation.hair:
        defs = defs.replace(main.HAIR.defs(), _towards(main.HAIR.defs(), variation.hair))
        layers |= {name: _towards(layers[name], variation.hair) for name in _HAIR if name in layers}
    layers["over"] = "".join(draw(colour) for draw in variation.over)
    if variation.skin:
        defs = _tanned(defs, variation.skin)
        layers |= {name: _tanned(content, variation.skin) for name, content in layers.items()}
    dx, dy = variation.shift
    moved = (
        f"translate({dx:g} {dy:g}) translate(256 148) rotate({variation.turn:g}) scale({variation.scale:g}) "
        "translate(-256 -148)"
    )
    ground = f'<rect x="-20" y="-20" width="560" height="560" fill="{variation.ground}"/>'
    whole = group("".join(layers.values()), attributes=f'transform="{moved}"')
    figure = ("ground", (ground if variation.ground else "") + whole)
    return replace(drawing, defs=defs, layers=(figure,), cels={}).svg()


def _middle(palette: Palette) -> str:
    return palette.tones["a"][2][2][1]


def _style(style: face.FaceStyle, variation: Variation) -> face.FaceStyle:
    own: EyeStyle = style.eyes
    if variation.iris:
        tones = ("rim", "top", "middle", "bottom", "glow", "pupil")
        own = replace(own, **{tone: _towards(getattr(own, tone), variation.iris) for tone in tones})
    if variation.lash and variation.lash != "none":
        own = replace(own, lash=variation.lash, lash_warm=variation.lash, lid=variation.lash)
    return replace(style, eyes=own)


def _eyes(style: EyeStyle, variation: Variation) -> str:
    (sx, sy), parts = variation.size, []
    for name, x in zip(("left", "right"), EYE.centres, strict=True):
        out = variation.apart if x > 256 else -variation.apart
        if variation.eyes == "dots":
            content = placed(ellipse(0, 148, 4.5, 7, style.pupil) + ellipse(1.2, 145, 1.3, 1.6, "#FFFFFF"), x)
        elif variation.eyes == "closed":
            content = placed(ink([(-12, 148), (-4, 153), (5, 153), (13, 147)], style.lash, 3.2), x)
        else:
            content = eye(name, x, style)
            if variation.lash == "none":
                content = content.replace(fill(style.shape.lash(), "url(#lash)"), "")
        moved = f"translate({x + out:g} {_MIDDLE_Y + variation.lower:g}) scale({sx:g} {sy:g}) "
        parts.append(group(content, attributes=f'transform="{moved}translate({-x:g} {-_MIDDLE_Y:g})"'))
    return "".join(parts)


def _mouth(variation: Variation) -> str:
    w, h = variation.mouth
    if h == 0:
        return ink([(256 - 8 * w, 175), (256, 176), (256 + 8 * w, 175)], "#6E2A34", 1.4) if w else ""
    moved = f"translate(256 176) scale({w:g} {h:g}) translate(-256 -176)"
    return group(face.mouth(MOUTH), attributes=f'transform="{moved}"')


_OVER_LEFT_EYE = [(262, 60), (276, 100), (282, 130), (281, 166)]
_SHORT_LEFT = [(262, 60), (276, 90), (284, 116), (286, 137)]
_SHORT_RIGHT = [(250, 60), (236, 90), (228, 116), (226, 137)]
_OVER_RIGHT_EYE = [(250, 60), (236, 100), (230, 130), (231, 166)]
_THIN_LEFT = [(268, 80), (276, 120), (280, 146), (279, 168)]
_THIN_RIGHT = [(244, 80), (236, 120), (232, 146), (233, 168)]

TUNING: Mapping[str, Variation] = {
    "raven": Variation(hair="#2B2838", iris="#7A3A3A"),
    "boy": Variation("tavi", size=(0.9, 0.7), hair="#9A4A3A", brows="#3A1A16"),
    "small": Variation(size=(0.7, 0.7), hair="#6A4A8A"),
    "narrow": Variation("tavi", size=(1.0, 0.5), hair="#333A44", iris="#5A6A4A"),
    "big": Variation(size=(1.3, 1.3)),
    "dark": Variation("tavi", skin="#9A6A4A", hair="#3A2A22", iris="#4A2A1A"),
    "brown": Variation(skin="#C8946A", hair="#2A2026", iris="#3A6A4A"),
    "pale_lash": Variation(lash="#F0DCC8"),
    "no_lash": Variation("tavi", lash="none"),
    "round_glasses": Variation(over=(glasses("#2A2A34"),)),
    "red_square": Variation("tavi", over=(glasses("#C03A3A", square=True),)),
    "tinted": Variation("tavi", over=(glasses("#3A3A44", "#6AA0D0", 0.3),)),
    "full_beard": Variation("tavi", hair="#5A4030", over=(beard("#4A3426"),)),
    "patch_left": Variation("tavi", over=(patch(1),)),
    "hair_in_left": Variation(over=(strand(_THIN_LEFT, 7),)),
    "hat": Variation(over=(hat("#7A4A9A"),)),
    "line_mouth": Variation(mouth=(1, 0)),
    "low": Variation(shift=(0, 62)),
    "far": Variation(scale=0.55),
    "grounded": Variation(ground="#88AACC"),
}
"""The doctor's laws were made with these in sight."""

KEPT_BACK: Mapping[str, Variation] = {
    "silver": Variation("tavi", hair="#C8CCD8", iris="#AA3A5A"),
    "chibi": Variation(size=(1.12, 1.12), lower=5, mouth=(0.7, 0.7), hair="#E8A0B8"),
    "tiny": Variation("tavi", size=(0.6, 0.62), hair="#88AA55"),
    "slits": Variation(size=(1.05, 0.45), hair="#4A4A55"),
    "huge": Variation("tavi", size=(1.35, 1.35)),
    "night": Variation(skin="#7A5238", hair="#1E1A20", iris="#5A3A20"),
    "tan": Variation("tavi", skin="#DDB088", hair="#E8D8A0", iris="#3A5AAA"),
    "ghost_lash": Variation("tavi", lash="#F4E4D4"),
    "bald_lids": Variation(lash="none", hair="#557799"),
    "thin_glasses": Variation("tavi", over=(glasses("#888890", width=1.0),)),
    "black_square": Variation(over=(glasses("#1A1A22", square=True, width=2.4),), hair="#553322"),
    "sunglasses": Variation(over=(glasses("#111118", "#101018", 0.95),)),
    "goatee": Variation("tavi", over=(stubble("#3A2A22"),), hair="#3A2A22", size=(0.9, 0.65)),
    "lock_over_right": Variation(over=(strand(_OVER_RIGHT_EYE, 52, RIGHT),), hair="#3A4A8A"),
    "hair_in_both": Variation("tavi", over=(strand(_THIN_LEFT, 8), strand(_THIN_RIGHT, 8))),
    "low_hat": Variation("tavi", over=(hat("#444444", 120),)),
    "masked": Variation(over=(mask_over_mouth("#E8EEF4"),)),
    "sleeping": Variation("tavi", eyes="closed"),
    "left_of_frame": Variation("tavi", shift=(-66, 0)),
    "lying": Variation(turn=90),
}
"""Judged when the laws were made."""
LATER: Mapping[str, Variation] = {
    "mint": Variation(hair="#7AC8A8", iris="#AA7A2A", size=(0.85, 0.9), brows="#2A4A3A"),
    "elder": Variation("tavi", hair="#D8D8D8", size=(0.8, 0.55), over=(beard("#C8C8CC"),)),
    "half_moon": Variation(over=(glasses("#555560", square=True, width=1.2),), size=(0.8, 0.8)),
    "goggle_eyes": Variation(size=(1.4, 1.3), hair="#C87A3A"),
    "dots": Variation("tavi", eyes="dots"),
}
"""Judged when the laws were mended."""
VARIATIONS: Mapping[str, Variation] = {**TUNING, **KEPT_BACK, **LATER}
