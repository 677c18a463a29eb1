"""Tavi: short tousled teal hair, amber eyes, a mustard hoodie and headphones around the neck."""

import cels
import face
import tavi_clothes
from character import Drawing
from eyes import EyeStyle
from face import FaceStyle
from hair import LEFT, RIGHT, Lock, Palette, crown_lines, halo, locks, silhouettes, within
from svg import fill, group, ink, mirror, outline

HAIR = Palette(
    tones={
        "a": (40, 165, ((0, "#1F6878"), (0.35, "#2F8B93"), (0.7, "#4DB5AD"), (1, "#8DE6D2"))),
        "b": (40, 165, ((0, "#1B5B6B"), (0.35, "#287985"), (0.7, "#3E9F9D"), (1, "#6ACDBE"))),
        "back": (90, 225, ((0, "#123C4D"), (0.5, "#1C5867"), (1, "#2F8A8F"))),
        "inner": (120, 225, ((0, "#1F6E79"), (0.5, "#40BFB5"), (1, "#9AF5E0"))),
    },
    shade="#114456",
    light="#B4F3E6",
    line="#0E303E",
)
STYLE = FaceStyle(
    EyeStyle(
        rim="#3F1406",
        top="#6A2808",
        middle="#CC751A",
        bottom="#FBCF5C",
        glow="#FFEFA8",
        pupil="#260C06",
        lash="#1E1A26",
        lash_warm="#4A2A30",
        lid="#8C5046",
        flick=0.7,
    ),
    brow="#0A1F2A",
    brow_width=3.0,
    brow_tilt=0.4,
)

_TOP = [(256, 42), (284, 45), (307, 58), (320, 82), (324, 112), (320, 148)]
_HEAD = [*_TOP, (322, 190), (256, 210)]
HEAD = outline(_HEAD, mirror(_HEAD))
DOME = outline(_TOP, [(320, 148), (306, 130), (256, 110), (206, 130), (192, 148)], mirror(_TOP))

BACK = (
    Lock([(250, 90), (214, 150), (206, 190), (190, 222)], 34, "back", 0.8, 0.4, LEFT),
    Lock([(262, 90), (298, 150), (306, 190), (324, 218)], 34, "back", 0.8, 0.4, RIGHT),
    Lock([(236, 100), (204, 150), (196, 182), (178, 204)], 26, "back", 0.8, 0.4, LEFT),
    Lock([(276, 100), (308, 150), (314, 184), (333, 202)], 26, "back", 0.8, 0.4, RIGHT),
    Lock([(246, 130), (226, 176), (222, 200), (208, 230)], 24, "inner", 0.9, 0.4, LEFT),
    Lock([(268, 130), (288, 176), (292, 200), (304, 232)], 24, "inner", 0.9, 0.4, RIGHT),
    Lock([(226, 130), (212, 170), (210, 196), (197, 214)], 18, "inner", 0.9, 0.4, LEFT),
    Lock([(288, 130), (302, 170), (303, 196), (315, 216)], 18, "inner", 0.9, 0.4, RIGHT),
)
TUFTS = (
    Lock([(244, 76), (208, 84), (186, 110), (172, 140)], 30, "b", 0.7, 0.35, LEFT, 0, 0.3),
    Lock([(268, 76), (308, 82), (331, 106), (346, 130)], 30, "b", 0.7, 0.35, RIGHT, 0, 0.3),
    Lock([(240, 90), (204, 106), (190, 140), (180, 174)], 28, "b", 0.7, 0.35, LEFT, 0, 0.3),
    Lock([(274, 90), (312, 104), (325, 138), (337, 166)], 28, "b", 0.7, 0.35, RIGHT, 0, 0.3),
    Lock([(262, 78), (228, 58), (204, 68), (182, 92)], 32, "b", 0.8, 0.35, LEFT, 0, 0.4),
    Lock([(250, 78), (290, 56), (314, 66), (336, 86)], 32, "b", 0.8, 0.35, RIGHT, 0, 0.4),
    Lock([(262, 70), (244, 46), (222, 46), (200, 60)], 22, "b", 0.8, 0.35, LEFT, 0, 0.5),
    Lock([(250, 70), (270, 44), (294, 44), (316, 58)], 22, "b", 0.8, 0.35, RIGHT, 0, 0.5),
    Lock([(250, 74), (250, 52), (262, 40), (280, 38)], 17, "b", 0.9, 0.3, RIGHT, 0, 0.4),
    Lock([(254, 74), (246, 52), (234, 43), (219, 44)], 15, "b", 0.9, 0.3, LEFT, 0, 0.4),
)
STRANDS = (
    (196, 102),
    (204, 84),
    (212, 92),
    (222, 68),
    (231, 78),
    (240, 62),
    (256, 62),
    (268, 76),
    (280, 62),
    (288, 80),
    (300, 68),
    (308, 86),
    (316, 98),
)
"""Where the fine lines on the top of the head end."""
SIDES = (
    Lock([(250, 34), (216, 60), (199, 100), (197, 136), (206, 176)], 27, "b", 0.3, 0.5, LEFT, 0.4, 0.4),
    Lock([(256, 34), (298, 58), (315, 100), (315, 138), (304, 178)], 27, "b", 0.3, 0.5, RIGHT, 0.4, 0.4),
    Lock([(250, 34), (216, 70), (204, 110), (203, 140), (213, 163)], 15, "a", 0.3, 0.5, LEFT, 0.0, 0.4),
    Lock([(256, 34), (302, 70), (311, 110), (309, 140), (299, 166)], 14, "a", 0.3, 0.5, RIGHT, 0.0, 0.4),
)
BANGS = (
    Lock([(250, 34), (252, 68), (254, 98), (259, 122), (252, 141)], 20, "b", 0.3, 0.5, RIGHT, 0.5, 0.45),
    Lock([(250, 34), (266, 66), (276, 94), (277, 116), (268, 130)], 24, "b", 0.3, 0.5, RIGHT, 0.5, 0.45),
    Lock([(250, 34), (292, 62), (308, 94), (310, 124), (300, 150)], 24, "b", 0.3, 0.5, RIGHT, 0.6, 0.45),
    Lock([(250, 34), (216, 62), (204, 94), (204, 122), (213, 146)], 24, "b", 0.3, 0.5, LEFT, 0.6, 0.45),
    Lock([(250, 34), (286, 60), (302, 90), (303, 114), (292, 133)], 25, "a", 0.3, 0.5, RIGHT, 0.8, 0.45),
    Lock([(250, 34), (224, 62), (212, 90), (213, 114), (225, 133)], 26, "a", 0.3, 0.5, LEFT, 0.8, 0.45),
    Lock([(250, 34), (276, 60), (291, 88), (293, 110), (281, 129)], 25, "b", 0.3, 0.48, RIGHT, 0.8, 0.45),
    Lock([(250, 34), (234, 64), (226, 92), (229, 114), (243, 135)], 24, "b", 0.3, 0.48, LEFT, 0.8, 0.45),
    Lock([(250, 34), (262, 60), (271, 88), (271, 110), (257, 132)], 27, "a", 0.3, 0.45, RIGHT, 0.9, 0.45),
    Lock([(250, 34), (242, 64), (238, 90), (239, 108), (248, 124)], 17, "a", 0.3, 0.5, LEFT, 0.8, 0.5),
)


def shadow_on_face() -> str:
    thrown = group(silhouettes((*BANGS, *SIDES), face.SKIN_DEEP), attributes='transform="translate(1.5 4)"')
    return group(thrown, attributes='opacity="0.6"')


def dome() -> str:
    return fill(DOME, "url(#hair-b)")


def drawing() -> Drawing:
    front_hair = silhouettes((*SIDES, *BANGS), "#000", 0.0) + fill(DOME, "#000")
    layers = (
        ("back-hair", locks(BACK, HAIR)),
        ("hood", tavi_clothes.hood_back()),
        ("neck", face.neck()),
        ("clothes", tavi_clothes.clothes()),
        ("headphones", tavi_clothes.headphones()),
        ("ears", face.ears()),
        ("face", face.face(STYLE, shadow_on_face())),
        ("eyes", face.eyes(STYLE)),
        ("nose", face.nose()),
        ("mouth", face.mouth()),
        ("tufts", locks(TUFTS, HAIR)),
        ("crown", dome()),
        ("sides", within("sides", HEAD, locks(SIDES, HAIR))),
        ("bangs", within("bangs", HEAD, locks(BANGS, HAIR))),
        ("gloss", halo("#7FE0D2", 0.3) + crown_lines(HAIR, (250, 43), STRANDS)),
        ("wisps", ink([(250, 48), (243, 40), (233, 37), (224, 39)], HAIR.line, 2.0)),
        ("brows", face.brows(STYLE)),
    )
    return Drawing(
        "tavi",
        HAIR.defs() + face.defs(STYLE) + tavi_clothes.defs() + cels.defs(front_hair),
        layers,
        cels.cels("#5CFFD0", "#10222E"),
        corner=(2.7, 3),
    )
