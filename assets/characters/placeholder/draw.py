"""Draw the placeholder character: writes source.svg and character.png beside this file.

    pip install resvg-py
    python assets/characters/placeholder/draw.py

The face's axis is drawn at x 256 and shown at x 254 (see SHOWN). Places and sizes of eyes, brows and mouth
are those the animators find: openings of the eyes 28x22 around (232, 147) and (280, 147), mouth 17x9 around
(256, 176) and drawn open, brows over the bangs, chin at y 196.
"""

from pathlib import Path

from shapes import AXIS, Curve, Point, clipped, ellipse, fill, gradient, group, line, mirror, outline

SHOWN = "2 0 512 512"
"""The part of the drawing that is the picture. Two pixels further left than centred, THA3 closes both eyes
to equally dark lines; centred, the one on the right pales."""
SKIN, SKIN_LINE, SKIN_SHADE = "#FEF4EA", "#8C4F44", "#EDBBA8"
HAIR_LINE, BROW = "#38284F", "#2F1F3B"
LASH, LID = "#2B1822", "#8C5A50"
CLOTH_LINE, CLOTH, CLOTH_SHADE = "#5A5878", "#F6F4F9", "#CFCDE2"
COLLAR, COLLAR_LINE, STRIPE = "#41548C", "#232D55", "#F2F4FA"
RIBBON, RIBBON_SHADE, RIBBON_LINE = "#EC7168", "#C9504F", "#7E2A33"


# --- body -------------------------------------------------------------------------------------------------


def back_hair() -> str:
    right = [(256, 46), (292, 54), (317, 84), (326, 126), (328, 168), (331, 196), (341, 222)]
    hems = [
        [(341, 222), (331, 222), (323, 216)],
        [(323, 216), (324, 226), (328, 236)],
        [(328, 236), (312, 232), (302, 222)],
    ]
    hems.append([(302, 222), (280, 236), (256, 236)])
    shape = outline(right, *hems, *(mirror(hem) for hem in reversed(hems)), mirror(right))
    strand = line([(320, 150), (322, 186), (330, 212)], HAIR_LINE, 0.9, 0.6)
    other = line(mirror([(320, 150), (322, 186), (330, 212)]), HAIR_LINE, 0.9, 0.6)
    return fill(shape, "url(#hair-back)", HAIR_LINE) + strand + other


def neck() -> str:
    right = [(272, 178), (272, 200), (276, 211), (292, 221), (300, 262)]
    shape = outline(right, [(300, 262), (256, 276), (212, 262)], mirror(right))
    shade = outline([(238, 180), (241, 196), (256, 207), (271, 196), (274, 180)])
    collarbones = [line([(279, 233), (270, 237), (264, 236)], SKIN_LINE, 0.7, 0.5)]
    collarbones.append(line(mirror([(279, 233), (270, 237), (264, 236)]), SKIN_LINE, 0.7, 0.5))
    return (
        fill(shape, SKIN, SKIN_LINE)
        + clipped("neck", shape, fill(shade, SKIN_SHADE, opacity=0.85))
        + "".join(collarbones)
    )


def arm(side: str) -> str:
    """The sleeve on the right of the picture; the other one is its mirror image."""
    outer = [(318, 232), (340, 239), (354, 256), (362, 290), (367, 350), (371, 420), (373, 520)]
    inner = [(335, 520), (333, 440), (328, 370), (322, 310), (318, 270)]
    shape = outline(outer, [(373, 520), (335, 520)], inner, [(318, 270), (318, 232)])
    folds = [
        outline([(318, 262), (326, 300), (331, 340)], [(331, 340), (334, 300), (330, 262), (318, 262)]),
        outline([(366, 350), (350, 362), (336, 364)], [(336, 364), (352, 370), (368, 376), (366, 350)]),
        outline([(333, 440), (346, 470), (344, 520)], [(344, 520), (330, 520), (333, 440)]),
    ]
    shades = "".join(fill(fold, CLOTH_SHADE, opacity=0.75) for fold in folds)
    return (
        fill(shape, "url(#cloth)")
        + clipped(f"sleeve-{side}", shape, shades)
        + fill(shape, "none", CLOTH_LINE)
    )


def torso() -> str:
    neckline = [(256, 262), (272, 240), (286, 218)]
    right = [
        (286, 218),
        (304, 227),
        (322, 235),
        (326, 262),
        (324, 300),
        (318, 350),
        (312, 400),
        (312, 450),
        (318, 520),
    ]
    shape = outline(neckline, right, [(318, 520), (194, 520)], mirror(right), mirror(neckline))
    folds = [
        outline([(324, 296), (306, 322), (290, 332)], [(290, 332), (306, 330), (322, 322), (324, 296)]),
        outline([(313, 392), (296, 404), (276, 408)], [(276, 408), (298, 412), (313, 416), (313, 392)]),
        outline([(240, 300), (234, 380), (240, 470)], [(240, 470), (246, 380), (240, 300)]),
        outline([(318, 480), (302, 476), (290, 520)], [(290, 520), (320, 520), (318, 480)]),
    ]
    left = [
        outline([(512 - 324, 296), (206, 326), (222, 336)], [(222, 336), (206, 336), (190, 326), (188, 296)])
    ]
    shades = "".join(fill(fold, CLOTH_SHADE, opacity=0.6) for fold in folds + left)
    return fill(shape, "url(#cloth)") + clipped("torso", shape, shades) + fill(shape, "none", CLOTH_LINE)


def collar() -> str:
    right = [
        [(256, 286), (266, 262), (280, 234), (286, 216)],
        [(286, 216), (304, 221), (324, 232)],
        [(324, 232), (329, 250), (328, 270)],
        [(328, 270), (306, 276), (284, 278), (256, 286)],
    ]
    path = outline(*right)
    flap = fill(path, "url(#collar)", COLLAR_LINE) + line(
        [(322, 265), (302, 270), (282, 272), (266, 276)], STRIPE, 1.6
    )
    bib = outline(
        [(256, 286), (246, 262), (238, 248)],
        [(238, 248), (256, 254), (274, 248)],
        [(274, 248), (266, 262), (256, 286)],
    )
    return fill(bib, COLLAR, COLLAR_LINE) + flap + group("matrix(-1 0 0 1 512 0)", flap)


def ribbon() -> str:
    tail = [
        [(258, 286), (266, 306), (276, 328)],
        [(276, 328), (268, 326), (262, 334)],
        [(262, 334), (257, 310), (254, 288)],
    ]
    wing = [
        [(256, 284), (268, 274), (284, 271)],
        [(284, 271), (290, 283), (286, 297)],
        [(286, 297), (270, 295), (256, 287)],
    ]
    half = fill(outline(*tail), RIBBON_SHADE, RIBBON_LINE) + fill(outline(*wing), RIBBON, RIBBON_LINE)
    half += line([(262, 285), (272, 284), (279, 285)], RIBBON_LINE, 0.8, 0.7)
    knot = outline(
        [(250, 281), (256, 279), (262, 281)],
        [(262, 281), (263, 286), (261, 291)],
        [(261, 291), (256, 293), (251, 291)],
        [(251, 291), (249, 286), (250, 281)],
    )
    return half + group("matrix(-1 0 0 1 512 0)", half) + fill(knot, RIBBON, RIBBON_LINE)


# --- face -------------------------------------------------------------------------------------------------

FACE_RIGHT = [
    (256, 72), (284, 80), (302, 104), (306.5, 130), (305, 150),
    (299.5, 166), (291, 178), (279, 188), (267, 194.5), (256, 196.5),
]  # fmt: skip
FACE = outline(FACE_RIGHT, mirror(FACE_RIGHT))


def face() -> str:
    blush = "".join(ellipse(x, 164, 10, 4.2, "#F59A8C", 0.28) for x in (224, 288))
    bang_shadow = group("translate(0 4)", *(fill(path, SKIN_SHADE) for path in bang_shapes()))
    shadow = f'<g opacity="0.7">{bang_shadow}</g>'
    return fill(FACE, SKIN, SKIN_LINE) + clipped("face", FACE, blush, shadow)


def eye(side: str, x: float) -> str:
    """One eye in coordinates with 0 at its middle and x growing outwards; `side` names its clip path."""
    outwards = 1 if x > AXIS else -1
    white = outline(
        [(-12.4, 149.5), (-8.5, 142.5), (-1, 138.2), (7.5, 140.2), (13, 147)],
        [(13, 147), (11, 154), (5, 157.6), (-4, 157.8), (-10, 154.5), (-12.4, 149.5)],
    )
    lash = outline(
        [(-13.4, 149), (-9.5, 141.2), (-1.5, 135.7), (7.5, 136.9), (13, 141.6)],
        [(13, 141.6), (15.5, 142.4), (18, 141.4)],
        [(18, 141.4), (17, 145), (14.6, 149.6)],
        [(14.6, 149.6), (12.6, 146.6), (7, 141.6), (-1, 139.1), (-8, 143.1), (-13.4, 149)],
    )
    shade = outline(
        [(-14, 134), (16, 134)], [(16, 134), (14, 147), (7, 143.6), (-1, 142.2), (-8, 145.4), (-14, 152)]
    )
    light = -outwards  # the light comes from the left of the picture, in both eyes
    inside = [
        ellipse(-0.5, 148.2, 8.7, 11.2, "#123746"),
        ellipse(-0.5, 148.4, 7.6, 10.2, "url(#iris)"),
        ellipse(-0.5, 147.2, 3.5, 5.2, "#0D2633"),
        ellipse(-0.5, 154.6, 4.6, 2.6, "#A9FFE9", 0.65),
        fill(shade, "#3A2C5C", opacity=0.34),
        ellipse(-0.5 + 3.1 * light, 143.6, 2.5, 2.9, "#FFFFFF"),
        ellipse(-0.5 - 3.4 * light, 152.4, 1.2, 1.4, "#FFFFFF", 0.9),
    ]
    lower = line([(3, 158.3), (8.5, 156.9), (12.4, 152.8)], LID, 1.0)
    drawn = fill(white, "#FFFFFF") + clipped(f"eye-{side}", white, *inside) + lower + fill(lash, LASH)
    return group(f"matrix({outwards} 0 0 1 {x} 0)", drawn)


def nose() -> str:
    return line([(256.6, 158.8), (255.4, 160.6), (256.6, 161.2)], SKIN_LINE, 0.8, 0.8) + ellipse(
        255, 156.8, 0.9, 1.4, "#FFFFFF", 0.9
    )


def mouth() -> str:
    upper: Curve = [(247.6, 172.6), (252, 172), (256, 172.6), (260, 172), (264.4, 172.6)]
    shape = outline(upper, [(264.4, 172.6), (262.4, 178), (256, 181), (249.6, 178), (247.6, 172.6)])
    teeth = outline(
        [(246, 170), (266, 170)], [(266, 170), (265, 174.2), (256, 175.2), (247, 174.2), (246, 170)]
    )
    inside = clipped("mouth", shape, fill(teeth, "#FFFFFF"))
    return fill(shape, "url(#mouth)", "#C4605C", 0.7) + inside + line(upper, "#6E2A34", 1.5)


def brows() -> str:
    right = outline(
        [(266.6, 120.4), (274, 117.3), (283, 116.6), (294.8, 121.2)],
        [(294.8, 121.2), (283, 119.4), (274, 120.6), (267.4, 123.3), (266.6, 120.4)],
    )
    drawn = fill(right, BROW)
    return drawn + group("matrix(-1 0 0 1 512 0)", drawn)


# --- hair -------------------------------------------------------------------------------------------------

CROWN = (260.0, 34.0)
"""Above the head, so that all strands seem to come over the top."""
DOME_RIGHT = [(256, 44), (281, 47), (303, 61), (317, 86), (322, 118), (321, 150)]
DOME = outline(DOME_RIGHT, [(321, 150), (306, 134), (256, 116), (206, 134), (191, 150)], mirror(DOME_RIGHT))
_PROFILE = ((0.0, 0.25), (0.3, 0.6), (0.55, 0.95), (0.72, 1.0), (0.85, 0.72), (0.94, 0.36))
"""Along a strand from crown to tip: its width, as a share of the widest."""


def lock(tip: Point, bulge: float, width: float) -> tuple[Curve, Curve]:
    """The left and the right edge of a strand from the crown to its tip, bent sideways by `bulge` pixels."""
    (cx, cy), (tx, ty) = CROWN, tip
    mx, my = cx + 0.62 * (tx - cx) + bulge, cy + 0.5 * (ty - cy)
    left: Curve = []
    right: Curve = []
    for s, share in _PROFILE:
        x = (1 - s) ** 2 * cx + 2 * s * (1 - s) * mx + s * s * tx
        y = (1 - s) ** 2 * cy + 2 * s * (1 - s) * my + s * s * ty
        dx, dy = (1 - s) * (mx - cx) + s * (tx - mx), (1 - s) * (my - cy) + s * (ty - my)
        reach = 0.5 * width * share / (dx * dx + dy * dy) ** 0.5
        left.append((x - dy * reach, y + dx * reach))
        right.append((x + dy * reach, y - dx * reach))
    return [*left, tip], [*right, tip]


STRANDS = (
    ((250, 139), -3, 21, "b"),
    ((203, 158), -16, 24, "b"),
    ((309, 158), 14, 24, "b"),
    ((212, 141), -16, 25, "a"),
    ((300, 140), 15, 25, "a"),
    ((268, 129), 6, 20, "b"),
    ((224, 131), -13, 25, "b"),
    ((289, 131), 13, 26, "a"),
    ((238, 133), -9, 24, "a"),
    ((277, 132), 10, 23, "b"),
)
"""Tip, bulge, width and shade of the bangs: outer strands first, for the inner ones lie over them."""


def bang_shapes() -> list[str]:
    edges = [lock(tip, bulge, width) for tip, bulge, width, _ in STRANDS]
    return [outline(left, right[::-1]) for left, right in edges]


def bangs() -> str:
    """Strands over the forehead; outlined below only, or the crown would look like a pumpkin."""
    drawn = []
    for tip, bulge, width, shade in STRANDS:
        left, right = lock(tip, bulge, width)
        drawn.append(fill(outline(left, right[::-1]), f"url(#hair-{shade})"))
        drawn += [line(edge[2:], HAIR_LINE, 0.9) for edge in (left, right)]
    return clipped("bangs", outline(HEAD_RIGHT, mirror(HEAD_RIGHT)), *drawn)


HEAD_RIGHT = [*DOME_RIGHT, (316, 170), (256, 175)]


def side_lock() -> str:
    """The hair before the ear on the right of the picture."""
    outer = [(306, 92), (320, 112), (325, 150), (324, 182), (312, 212)]
    inner = [(312, 212), (308, 190), (305, 166), (303, 140), (300, 118), (306, 92)]
    second = outline(
        [(312, 120), (318, 160), (314, 196), (304, 204)],
        [(304, 204), (309, 180), (305, 150), (302, 128), (312, 120)],
    )
    return fill(outline(outer, inner), "url(#hair-b)", HAIR_LINE) + fill(
        second, "url(#hair-a)", HAIR_LINE, 0.8
    )


def dome() -> str:
    return fill(DOME, "url(#hair-b)", HAIR_LINE)


def gloss() -> str:
    """A band of light around the head, jagged along the strands and broken at the parting."""
    bands = (
        ((206, 0), (212, 9), (216, 2), (222, 12), (226, 3), (233, 10)),
        ((233, 10), (237, 2), (243, 13), (247, 3), (251, 8), (253, 0)),
        ((265, 0), (268, 9), (272, 2), (278, 13), (282, 3), (288, 9), (291, 0)),
    )  # fmt: skip
    drawn = []
    for band in bands:
        low = [(x, _arc(x) + depth) for x, depth in band]
        high = [(x, _arc(x) - 0.3 * depth) for x, depth in band]
        points = [*low, *high[::-1]]
        drawn.append(fill("M" + "L".join(f"{x} {y:.1f}" for x, y in points), "#D9C6F2", opacity=0.6))
    return "".join(drawn)


def _arc(x: float) -> float:
    """The height of the band of light at x."""
    return 76 + 15 * ((x - 258) / 50) ** 2


def ahoge() -> str:
    return fill(
        outline([(252, 50), (246, 38), (254, 28), (268, 28)], [(268, 28), (259, 34), (258, 42), (262, 50)]),
        "url(#hair-b)",
        HAIR_LINE,
    )


def clip() -> str:
    """A yellow star, clear of the brow's box."""
    points = [
        (0, -7),
        (1.9, -2.4),
        (6.9, -2.1),
        (3.1, 1.1),
        (4.3, 6),
        (0, 3.3),
        (-4.3, 6),
        (-3.1, 1.1),
        (-6.9, -2.1),
        (-1.9, -2.4),
    ]
    star = "M" + "L".join(f"{x} {y}" for x, y in points)
    return group("translate(305 97) rotate(14)", fill(star, "#FFD45E", "#9A6420", 0.9))


# --- picture ----------------------------------------------------------------------------------------------


def picture() -> str:
    """The whole drawing as SVG."""
    gradients = (
        gradient("hair-a", 46, 160, (0, "#5B4486"), (0.55, "#8467B4"), (1, "#B094D8")),
        gradient("hair-b", 46, 160, (0, "#513C7A"), (0.55, "#7558A6"), (1, "#9C80C8")),
        gradient("hair-back", 120, 236, (0, "#443466"), (1, "#6A549A")),
        gradient("iris", 137, 160, (0, "#155061"), (0.5, "#1F9AA0"), (1, "#6CF0D0")),
        gradient("mouth", 172, 181, (0, "#E5746C"), (1, "#F7A79B")),
        gradient("cloth", 220, 512, (0, CLOTH), (1, "#E6E4F0")),
        gradient("collar", 216, 286, (0, "#4A60A0"), (1, COLLAR)),
    )
    mirrored = "matrix(-1 0 0 1 512 0)"
    layers = (
        back_hair(), neck(), arm("right"), group(mirrored, arm("left")), torso(), collar(), ribbon(),
        face(), eye("left", 232.2), eye("right", 279.8), nose(), mouth(),
        ahoge(), dome(), side_lock(), group(mirrored, side_lock()), bangs(), gloss(), clip(), brows(),
    )  # fmt: skip
    body = "\n".join(layers)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{SHOWN}" width="512" height="512">\n'
        "<!-- Drawn by draw.py. CC BY 4.0, the avatar_rtc authors. -->\n"
        f"<defs>{''.join(gradients)}</defs>\n{body}\n</svg>\n"
    )


def main() -> None:
    """Write the SVG, and the PNG rendered at 2048 pixels and reduced as uploaded characters are."""
    import resvg_py

    from avatar_rtc.characters.image import read_character, write_png

    folder = Path(__file__).parent
    svg = picture()
    (folder / "source.svg").write_text(svg, encoding="utf-8")
    write_png(
        folder / "character.png",
        read_character(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=2048, height=2048))),
    )


if __name__ == "__main__":
    main()
