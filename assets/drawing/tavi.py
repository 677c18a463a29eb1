"""Tavi: short tousled teal hair, amber eyes, a mustard hoodie and headphones around the neck."""

import cels
import face
import tavi_clothes
from character import Drawing
from face import FaceStyle
from hair import Haircut, Palette, crown_lines, halo, locks, silhouettes, within
from svg import fill, group, ink
from tavi_face import STYLE
from tavi_hair import CUT

HAIR = Palette(
    tones={
        "a": (40, 165, ((0, "#1F6878"), (0.35, "#2F8B93"), (0.7, "#4DB5AD"), (1, "#8DE6D2"))),
        "b": (40, 165, ((0, "#1B5B6B"), (0.35, "#287985"), (0.7, "#3E9F9D"), (1, "#6ACDBE"))),
        "back": (90, 225, ((0, "#123C4D"), (0.5, "#1C5867"), (1, "#2F8A8F"))),
        "inner": (120, 225, ((0, "#1F6E79"), (0.5, "#40BFB5"), (1, "#9AF5E0"))),
        "streak": (50, 145, ((0, "#25707D"), (0.35, "#58C4B6"), (0.7, "#A9F5E0"), (1, "#E6FFF7"))),
    },
    shade="#114456",
    light="#B4F3E6",
    line="#0E303E",
)


def shadow_on_face(cut: Haircut) -> str:
    thrown = group(
        silhouettes((*cut.bangs, *cut.sides), face.SKIN_DEEP), attributes='transform="translate(1.5 4)"'
    )
    return group(thrown, attributes='opacity="0.6"')


def drawing(style: FaceStyle = STYLE, cut: Haircut = CUT) -> Drawing:
    front_hair = silhouettes((*cut.tufts, *cut.sides, *cut.bangs), "#000", 0.0) + fill(cut.dome, "#000")
    layers = (
        ("back-hair", locks(cut.back, HAIR)),
        ("hood", tavi_clothes.hood_back()),
        ("neck", face.neck(style.shape)),
        ("clothes", tavi_clothes.clothes()),
        ("headphones", tavi_clothes.headphones()),
        ("ears", face.ears(style.shape)),
        ("face", face.face(style, shadow_on_face(cut))),
        ("eyes", face.eyes(style)),
        ("nose", face.nose(style.shape)),
        ("mouth", face.mouth(style.mouth)),
        ("tufts", locks(cut.tufts, HAIR)),
        ("crown", fill(cut.dome, "url(#hair-b)")),
        ("sides", within("sides", cut.head, locks(cut.sides, HAIR))),
        ("bangs", within("bangs", cut.head, locks(cut.bangs, HAIR))),
        ("gloss", halo("#7FE0D2", cut.halo) + crown_lines(HAIR, *cut.crown)),
        ("wisps", ink(cut.whorl, HAIR.line, 2.0)),
        ("brows", face.brows(style)),
    )
    return Drawing(
        "tavi",
        HAIR.defs() + face.defs(style) + tavi_clothes.defs() + cels.defs(style, front_hair),
        layers,
        cels.cels(style, ("#5CFFD0", "#10222E")),
        corner=cut.corner,
    )
