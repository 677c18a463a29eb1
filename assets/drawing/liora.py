"""Liora: long champagne hair with rose tips, a midnight jacket over a cream dress."""

from collections.abc import Sequence
from itertools import pairwise

import cels
import face
import liora_clothes
from character import Drawing
from face import FaceStyle
from hair import LEFT, RIGHT, Lock, Palette, crown_lines, halo, locks, silhouettes, within
from liora_face import STYLE
from svg import Point, ellipse, fill, group, ink, mirror, outline, polygon, turned

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
        "deep": (100, 430, ((0, "#B67F66"), (0.35, "#CC957C"), (0.7, "#DA9490"), (1, "#E08AA0"))),
    },
    shade="#D08E78",
    light="#FFF8E6",
    line="#8C5349",
)
SCALE = 0.92
"""At this size THA3 closes both eyes evenly; column 256 is shown at 253.8, row 148 at 145.25."""
TOP = [(256, 41), (281, 45), (303, 58.5), (317, 82), (323, 114), (323, 150)]
_HEAD = [*TOP, (352, 220), (370, 360), (256, 400)]
HEAD = outline(_HEAD, mirror(_HEAD))
DOME = outline(TOP, [(322, 150), (308, 116), (256, 92), (204, 116), (190, 150)], mirror(TOP))

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
    Lock([(261, 34), (218, 58), (203, 98), (201, 132), (210, 164)], 30, "b", 0.3, 0.5, LEFT, 0, 0.4),
    Lock([(264, 34), (304, 58), (316, 96), (315, 126), (305, 158)], 30, "b", 0.3, 0.5, RIGHT, 0, 0.4),
    Lock([(263, 34), (263, 66), (261, 98), (259, 124), (263, 142)], 25, "b", 0.3, 0.5, RIGHT, 0, 0.5),
    Lock([(264, 34), (298, 60), (309, 94), (307, 122), (297, 141)], 31, "a", 0.3, 0.5, RIGHT, 0, 0.45),
    Lock([(261, 34), (226, 60), (209, 94), (206, 124), (216, 143)], 30, "a", 0.3, 0.5, LEFT, 0, 0.45),
    Lock([(264, 34), (284, 60), (292, 90), (290, 113), (280, 131)], 36, "b", 0.3, 0.48, RIGHT, 0, 0.45),
    Lock([(262, 34), (240, 62), (226, 92), (222, 114), (229, 133)], 34, "b", 0.3, 0.48, LEFT, 0, 0.45),
    Lock([(264, 34), (273, 64), (277, 90), (274, 112), (266, 129)], 25, "a", 0.3, 0.48, RIGHT, 0, 0.45),
    Lock([(262, 34), (252, 62), (243, 92), (240, 116), (248, 138)], 31, "a", 0.3, 0.46, LEFT, 0, 0.45),
)
RING = (
    ((203, 209, 216, 222, 230, 237, 245, 251, 260), (0, 7, 4, 11, 6, 13, 5, 9, 0)),
    ((268, 274, 282, 288, 296, 309), (0, 6, 12, 5, 8, 0)),
)
"""Pieces of the light around the head: columns of its points, and how deep each hangs."""
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


def ring() -> str:
    """The light around the head: a band broken at the parting, with points hanging from it."""
    return "".join(fill(_band(*piece), "#FFFAEC", opacity=0.85) for piece in RING)


def _band(columns: Sequence[float], depths: Sequence[float]) -> str:
    """A piece of the band along the arc of `halo`: its points hang at these columns, so many px deep."""

    def at(column: float, below: float) -> Point:
        return column, 70 + 17 * ((column - 258) / 50) ** 2 + below

    upper = [at(column, -1.8 if 0 < k < len(columns) - 1 else 0) for k, column in enumerate(columns)]
    points = [at(column, deep) for column, deep in zip(columns, depths, strict=True)]
    arches = [[b, at(0.5 * (a[0] + b[0]), 2.4), a] for a, b in pairwise(points)]
    return outline(upper, *reversed(arches))


def shadow_on_face() -> str:
    thrown = group(silhouettes((*BANGS, *SIDES), face.SKIN_DEEP), attributes='transform="translate(1.5 4)"')
    return group(thrown, attributes='opacity="0.55"')


def rim() -> str:
    """The outline of the head's top; locks are clipped there and have none."""
    return ink([*mirror(TOP)[1:], *TOP[1:-1]], HAIR.line, 1.2, profile=lambda s: min(1.0, 8 * s, 8 * (1 - s)))


def front_hair() -> str:
    """Everything that hangs before the face, in black: for masks."""
    return silhouettes((*SIDES, *BANGS), "#000", 0.0) + fill(DOME, "#000")


def drawing(style: FaceStyle = STYLE) -> Drawing:
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
        ("neck", face.neck(style.shape)),
        ("clothes", liora_clothes.clothes()),
        ("falling-hair", locks(CROWN, HAIR)),
        ("ears", face.ears(style.shape)),
        ("face", face.face(style, shadow_on_face())),
        ("eyes", face.eyes(style)),
        ("nose", face.nose(style.shape)),
        ("mouth", face.mouth(style.mouth)),
        ("crown", fill(DOME, "url(#hair-b)")),
        ("sides", locks(SIDES, HAIR)),
        ("bangs", within("bangs", HEAD, locks(BANGS, HAIR))),
        ("gloss", halo("#FFF4D8", 0.5) + ring() + crown_lines(HAIR, (262, 41), STRANDS)),
        ("rim", rim()),
        ("ornament", ornament()),
        ("brows", face.brows(style)),
    )
    return Drawing(
        "liora",
        HAIR.defs() + face.defs(style) + liora_clothes.defs() + cels.defs(style, front_hair()),
        layers,
        cels.cels(style, ("#7DF9FF", "#141A4A")),
        corner=(256 - 253.8 / SCALE, 148 - 145.25 / SCALE),
        side=512 / SCALE,
    )
