"""Liora: long champagne hair with rose tips, a midnight jacket over a cream dress."""

import cels
import face
import liora_clothes
from character import Drawing
from eyes import EyeStyle
from face import FaceStyle
from hair import LEFT, RIGHT, Lock, Palette, crown_lines, halo, locks, silhouettes, within
from svg import Curve, ellipse, fill, group, ink, mirror, outline, polygon, turned

HAIR = Palette(
    tones={
        "a": (
            46,
            330,
            ((0, "#F0CFA2"), (0.18, "#FAE2B9"), (0.4, "#FDE8C8"), (0.68, "#F6BFB0"), (1, "#EE9AA6")),
        ),
        "b": (
            46,
            330,
            ((0, "#E6C096"), (0.2, "#F4D6AB"), (0.42, "#F8D9B6"), (0.68, "#EDA9A2"), (1, "#E28698")),
        ),
        "back": (100, 430, ((0, "#D29F86"), (0.3, "#E2B093"), (0.6, "#EBA49C"), (1, "#EE94AA"))),
        "deep": (100, 430, ((0, "#A8736B"), (0.35, "#C28A80"), (0.7, "#CE828C"), (1, "#D67C98"))),
    },
    shade="#D08E78",
    light="#FFF8E6",
    line="#8C5349",
)
STYLE = FaceStyle(
    EyeStyle(
        rim="#2A2466",
        top="#2F2C86",
        middle="#5A63D8",
        bottom="#A9D4FF",
        glow="#D9F6FF",
        pupil="#1A1548",
        lash="#35191F",
        lash_warm="#7A3A35",
        lid="#8C5046",
    ),
    brow="#6B3A30",
    brow_width=2.9,
)

_TOP = [(256, 41), (281, 45), (303, 58.5), (317, 82), (323, 114), (323, 150)]
_HEAD = [*_TOP, (352, 220), (370, 360), (256, 400)]
HEAD = outline(_HEAD, mirror(_HEAD))
DOME = outline(_TOP, [(322, 150), (306, 132), (256, 112), (206, 132), (190, 150)], mirror(_TOP))

BACK = (
    Lock(
        [(292, 90), (320, 150), (326, 220), (356, 290), (362, 350), (386, 398)], 46, "back", 0.7, 0.4, RIGHT
    ),
    Lock(
        [(222, 90), (192, 150), (184, 220), (156, 290), (148, 350), (120, 412)], 48, "back", 0.7, 0.42, LEFT
    ),
    Lock(
        [(298, 90), (322, 160), (340, 230), (366, 280), (374, 330), (398, 356)], 30, "back", 0.6, 0.45, RIGHT
    ),
    Lock(
        [(214, 90), (190, 160), (174, 226), (146, 276), (134, 322), (112, 352)], 30, "back", 0.6, 0.45, LEFT
    ),
    Lock(
        [(288, 110), (314, 190), (322, 270), (346, 340), (344, 400), (362, 446)], 40, "deep", 0.8, 0.5, RIGHT
    ),
    Lock(
        [(226, 110), (198, 190), (190, 270), (168, 340), (168, 400), (144, 456)], 42, "deep", 0.8, 0.5, LEFT
    ),
    Lock(
        [(276, 120), (300, 210), (308, 300), (330, 380), (322, 430), (334, 470)], 44, "deep", 0.9, 0.5, RIGHT
    ),
    Lock(
        [(238, 120), (212, 210), (204, 300), (184, 380), (190, 430), (176, 474)], 44, "deep", 0.9, 0.5, LEFT
    ),
)
CROWN = (
    Lock(
        [(262, 50), (226, 64), (208, 98), (199, 150), (193, 190), (174, 230)],
        34,
        "b",
        root=0.2,
        peak=0.45,
        dark=LEFT,
    ),
    Lock([(262, 50), (287, 64), (304, 98), (313, 150), (319, 190), (339, 226)], 34, "b", root=0.2, peak=0.45),
)
SIDES = (
    Lock(
        [(262, 50), (230, 66), (207, 100), (198, 150), (203, 200), (192, 250), (199, 300), (186, 352)],
        24, "b", 0.2, 0.45, LEFT, 0.6,
    ),
    Lock(
        [(262, 50), (228, 70), (208, 112), (204, 160), (210, 208), (203, 252), (213, 296), (209, 322)],
        17, "a", 0.2, 0.5, LEFT,
    ),
    Lock(
        [(262, 50), (291, 66), (309, 100), (320, 150), (315, 198), (322, 246), (314, 296), (327, 344)],
        24, "b", 0.2, 0.45, RIGHT, 0.6,
    ),
    Lock(
        [(262, 50), (294, 70), (312, 112), (319, 160), (309, 206), (314, 250), (303, 292), (309, 316)],
        14, "a", 0.2, 0.5, RIGHT,
    ),
)  # fmt: skip
BANGS = (
    Lock([(262, 34), (256, 66), (250, 98), (249, 122), (255, 143)], 22, "b", 0.3, 0.5, RIGHT, 0.5, 0.5),
    Lock([(262, 34), (267, 66), (268, 98), (266, 120), (260, 136)], 18, "b", 0.3, 0.5, RIGHT, 0.5, 0.5),
    Lock([(261, 34), (218, 60), (205, 98), (203, 130), (211, 160)], 26, "b", 0.3, 0.5, LEFT, 0.6, 0.4),
    Lock([(264, 34), (304, 60), (314, 96), (313, 124), (305, 150)], 26, "b", 0.3, 0.5, RIGHT, 0.6, 0.4),
    Lock([(262, 34), (292, 62), (299, 94), (296, 117), (288, 131)], 26, "b", 0.3, 0.52, RIGHT, 0.8, 0.5),
    Lock([(264, 34), (299, 62), (308, 96), (306, 124), (297, 148)], 20, "a", 0.3, 0.5, RIGHT, 0.8, 0.45),
    Lock([(261, 34), (232, 62), (220, 94), (216, 115), (221, 134)], 28, "b", 0.3, 0.52, LEFT, 0.8, 0.5),
    Lock([(261, 34), (224, 62), (209, 96), (207, 126), (214, 147)], 18, "a", 0.3, 0.5, LEFT, 0.8, 0.45),
    Lock([(263, 34), (279, 64), (285, 94), (283, 116), (275, 132)], 27, "a", 0.3, 0.46, RIGHT, 0.9, 0.5),
    Lock([(261, 34), (241, 64), (230, 94), (227, 115), (234, 133)], 25, "a", 0.3, 0.48, LEFT, 0.9, 0.5),
    Lock([(261, 34), (250, 66), (241, 96), (239, 118), (246, 136)], 17, "a", 0.3, 0.5, LEFT, 0.8, 0.5),
    Lock([(262, 34), (270, 66), (274, 96), (273, 114), (268, 126)], 11, "a", 0.3, 0.5, RIGHT, 0.0, 0.6),
)
STRANDS = (
    (197, 104),
    (206, 82),
    (214, 90),
    (224, 66),
    (233, 74),
    (244, 60),
    (254, 78),
    (268, 62),
    (278, 80),
    (290, 64),
    (296, 82),
    (308, 78),
    (316, 100),
)
"""Where the fine lines on the top of the head end."""
WISPS: tuple[tuple[Curve, float], ...] = (
    ([(257, 48), (262, 39), (272, 36.5), (283, 41)], 3.8),
    ([(194, 110), (185, 146), (184, 180), (176, 208)], 2.4),
    ([(322, 110), (331, 150), (332, 186), (340, 214)], 2.2),
)


def ornament() -> str:
    """A midnight bow with a golden star, above the ear."""
    wing = outline([(0, 0), (8, -9), (19, -11)], [(19, -11), (22, -3), (19, 7)], [(19, 7), (9, 6), (0, 0)])
    tail = outline([(1, 2), (8, 14), (17, 25)], [(17, 25), (10, 25), (7, 29)], [(7, 29), (2, 16), (-1, 2)])
    half = fill(tail, "#27305F", "#151A3C", 0.8) + fill(wing, "url(#navy-light)", "#151A3C", 0.9)
    half += ink([(3, -1), (10, -4), (16, -4)], "#151A3C", 1.3, 0.7) + ink(
        [(18, -9), (20, -3), (18, 5)], "#E6BF6A", 1.3
    )
    other = group(half, attributes='transform="matrix(-1 0 0 1 0 0)"')
    star = polygon(
        [
            (0, -6.4),
            (1.7, -2.0),
            (6.2, -1.9),
            (2.7, 1.0),
            (3.9, 5.4),
            (0, 2.9),
            (-3.9, 5.4),
            (-2.7, 1.0),
            (-6.2, -1.9),
            (-1.7, -2.0),
        ]
    )
    gem = fill(star, "#FFD97A", "#9A6A24", 0.8) + ellipse(-0.8, -1.2, 1.2, 1.0, "#FFF8DC")
    return turned(half + other + gem, 309, 84, 62, 0.78)


def shadow_on_face() -> str:
    thrown = group(silhouettes((*BANGS, *SIDES), face.SKIN_DEEP), attributes='transform="translate(1.5 4)"')
    return group(thrown, attributes='opacity="0.55"')


def rim() -> str:
    """The outline of the head's top; locks are clipped there and have none."""
    return ink(
        [*mirror(_TOP)[1:], *_TOP[1:-1]], HAIR.line, 1.2, profile=lambda s: min(1.0, 8 * s, 8 * (1 - s))
    )


def drawing() -> Drawing:
    front_hair = silhouettes((*SIDES, *BANGS), "#000", 0.0) + fill(DOME, "#000")
    wisps = "".join(
        ink(curve, HAIR.line, width) + ink(curve, "#EBCB9E", width - 1.0) for curve, width in WISPS
    )
    layers = (
        ("back-hair", locks(BACK, HAIR)),
        (
            "nape",
            fill(
                outline(
                    [(256, 60), (318, 100), (326, 180), (312, 250)],
                    [(312, 250), (256, 262), (200, 250)],
                    [(200, 250), (186, 180), (194, 100), (256, 60)],
                ),
                "url(#hair-deep)",
            ),
        ),
        ("neck", face.neck()),
        ("clothes", liora_clothes.clothes()),
        ("falling-hair", locks(CROWN, HAIR)),
        ("ears", face.ears()),
        ("face", face.face(STYLE, shadow_on_face())),
        ("eyes", face.eyes(STYLE)),
        ("nose", face.nose()),
        ("mouth", face.mouth()),
        ("wisps", wisps),
        ("crown", fill(DOME, "url(#hair-b)")),
        ("sides", locks(SIDES, HAIR)),
        ("bangs", within("bangs", HEAD, locks(BANGS, HAIR))),
        ("gloss", halo("#FFF4D8", 0.35) + crown_lines(HAIR, (262, 41), STRANDS)),
        ("rim", rim()),
        ("ornament", ornament()),
        ("brows", face.brows(STYLE)),
    )
    return Drawing(
        "liora",
        HAIR.defs() + face.defs(STYLE) + liora_clothes.defs() + cels.defs(front_hair),
        layers,
        cels.cels("#7DF9FF", "#141A4A"),
        corner=(1.75, 3),
    )
