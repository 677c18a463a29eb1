"""Liora's hair as first drawn: the doctor is judged by variations of it."""

from dataclasses import replace

import cels
import face
import liora
from character import Drawing
from face import FaceStyle
from first_faces import LIORA
from hair import LEFT, RIGHT, Lock, crown_lines, halo, locks, silhouettes, within
from liora import HEAD, SIDES, STRANDS, TOP
from svg import Curve, fill, group, ink, mirror, outline

HAIR = replace(
    liora.HAIR,
    tones={
        **liora.HAIR.tones,
        "deep": (100, 430, ((0, "#A8736B"), (0.35, "#C28A80"), (0.7, "#CE828C"), (1, "#D67C98"))),
    },
)
DOME = outline(TOP, [(322, 150), (306, 132), (256, 112), (206, 132), (190, 150)], mirror(TOP))
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
WISPS: tuple[tuple[Curve, float], ...] = (
    ([(257, 48), (262, 39), (272, 36.5), (283, 41)], 3.8),
    ([(194, 110), (185, 146), (184, 180), (176, 208)], 2.4),
    ([(322, 110), (331, 150), (332, 186), (340, 214)], 2.2),
)


def drawing(style: FaceStyle = LIORA) -> Drawing:
    drawn = liora.drawing(style)
    front_hair = silhouettes((*SIDES, *BANGS), "#000", 0.0) + fill(DOME, "#000")
    thrown = group(silhouettes((*BANGS, *SIDES), face.SKIN_DEEP), attributes='transform="translate(1.5 4)"')
    changed = {
        "face": face.face(style, group(thrown, attributes='opacity="0.55"')),
        "crown": fill(DOME, "url(#hair-b)"),
        "bangs": within("bangs", HEAD, locks(BANGS, HAIR)),
        "gloss": halo("#FFF4D8", 0.35) + crown_lines(HAIR, (262, 41), STRANDS),
    }
    wisps = "".join(
        ink(curve, HAIR.line, width) + ink(curve, "#EBCB9E", width - 1.0) for curve, width in WISPS
    )
    layers = []
    for name, content in drawn.layers:
        layers += [("wisps", wisps)] if name == "crown" else []
        layers.append((name, changed.get(name, content)))
    defs = drawn.defs.replace(liora.HAIR.defs(), HAIR.defs()).replace(
        cels.defs(style, liora.front_hair()), cels.defs(style, front_hair)
    )
    return replace(drawn, defs=defs, layers=layers, corner=(1.75, 3), side=512)
