"""Liora's clothes: cream dress, cropped midnight jacket with gold piping, rose ribbon."""

from itertools import pairwise

from svg import (
    box,
    ellipse,
    fill,
    flipped,
    folds,
    garment,
    gradient,
    group,
    ink,
    line,
    mirror,
    outline,
    ribbon,
    shines,
    turned,
)

NAVY, NAVY_LINE, NAVY_SHADE, NAVY_LIGHT = "#3A4990", "#141838", "#222B60", "#6F86D0"
CREAM_LINE, CREAM_SHADE, CREAM_DEEP = "#7A6672", "#D9CBDD", "#B9A7C6"
GOLD, GOLD_LINE = "#E9C46E", "#9A6A24"
ROSE, ROSE_DARK, ROSE_LINE = "#E4586E", "#B93A55", "#6E1E36"


def defs() -> str:
    return (
        gradient("navy", (180, 210), (330, 440), (0, "#4C60B0"), (0.45, NAVY), (1, "#2E3A78"))
        + gradient("navy-light", (0, -12), (0, 10), (0, "#4A5CA6"), (1, "#2C376E"))
        + gradient("cream", (210, 220), (310, 512), (0, "#FFFDF8"), (0.6, "#FAF3F0"), (1, "#EBDFE8"))
        + gradient("rose", (0, 228), (0, 290), (0, "#F2788A"), (1, "#D6455F"))
        + gradient("gold", (0, -6), (0, 6), (0, "#FFE9A8"), (1, "#D79F45"))
    )


# --- dress ------------------------------------------------------------------------------------------------


def skirt() -> str:
    left = [(210, 356), (204, 378), (190, 420), (172, 470), (160, 520), (151, 560)]
    right = [(365, 560), (356, 520), (340, 470), (322, 420), (308, 378), (302, 356)]
    shape = outline([(302, 356), (256, 362), (210, 356)], left, [(151, 560), (365, 560)], right)
    pleats = (
        ([(222, 360), (212, 420), (190, 560)], 15),
        ([(240, 362), (234, 430), (223, 560)], 13),
        ([(262, 362), (266, 430), (269, 560)], 14),
        ([(281, 361), (292, 430), (308, 560)], 16),
        ([(296, 360), (314, 430), (346, 560)], 20),
    )
    deep = "".join(
        fill(ribbon(c, w, lambda s: 0.15 + 0.85 * s), CREAM_SHADE, opacity=0.75) for c, w in pleats
    )
    lines = "".join(ink(c, CREAM_LINE, 1.3, 0.8) for c, _ in pleats)
    top = fill(
        outline([(206, 352), (256, 360), (306, 352)], [(306, 352), (310, 376), (256, 374), (202, 378)]),
        CREAM_DEEP,
        opacity=0.6,
    )
    side = fill(
        outline([(306, 356), (328, 420), (381, 560)], [(381, 560), (340, 560), (306, 440), (296, 362)]),
        CREAM_DEEP,
        opacity=0.4,
    )
    return garment(
        "skirt", shape, "url(#cream)", CREAM_LINE, deep + lines + side + top + _lace() + _tier_shadow()
    )


def _lace() -> str:
    """Two bands near the hem of the picture."""
    curve = [(150, 484), (206, 497), (256, 500), (306, 497), (366, 484)]
    low = [(x, y + 7) for x, y in curve]
    return line(curve, NAVY, 3.2) + line(low, GOLD, 1.3)


def overskirt() -> str:
    """A short upper tier, open at one side, with a scalloped edge."""
    edge = ((190, 424), (207, 431), (225, 436), (244, 439), (262, 439), (279, 436))
    scallops = [[a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + 5.5), b] for a, b in pairwise(edge)]
    shape = outline(
        [(279, 436), (292, 410), (301, 380), (302, 356)],
        [(302, 356), (256, 364), (210, 356)],
        [(210, 356), (203, 382), (190, 424)],
        *scallops,
    )
    gathers = (
        ([(218, 358), (213, 384), (206, 432)], 8),
        ([(232, 360), (229, 390), (226, 440)], 7),
        ([(247, 362), (247, 390), (246, 444)], 8),
        ([(263, 362), (264, 390), (262, 444)], 7),
        ([(278, 361), (278, 390), (272, 430)], 9),
        ([(291, 360), (292, 384), (284, 424)], 9),
    )
    shades = "".join(
        fill(ribbon(c, w, lambda s: 0.2 + 0.8 * s), CREAM_SHADE, opacity=0.7) for c, w in gathers
    )
    shades += "".join(ink(c, CREAM_LINE, 1.1, 0.6, lambda s: (1 - s) ** 0.8) for c, _ in gathers)
    shades += fill(
        outline([(200, 350), (310, 350)], [(310, 350), (310, 374), (256, 374), (200, 376)]),
        CREAM_DEEP,
        opacity=0.6,
    )
    inner = [(x, y - 3.4) for x, y in edge]
    trim = line(inner, NAVY, 1.0) + "".join(ellipse(x, y + 0.6, 1.1, 1.1, CREAM_DEEP) for x, y in inner)
    front = line([(276, 433), (289, 408), (297.6, 380), (299, 358)], GOLD, 1.2)
    return garment("overskirt", shape, "url(#cream)", CREAM_LINE, shades + trim + front)


def _tier_shadow() -> str:
    """What the upper tier throws on the skirt."""
    return fill(
        outline(
            [(308, 356), (304, 390), (286, 446)],
            [(286, 446), (256, 452), (220, 448), (184, 434)],
            [(184, 434), (200, 356), (308, 356)],
        ),
        CREAM_DEEP,
        opacity=0.65,
    )


def bodice() -> str:
    right = [(290, 214), (314, 240), (315, 280), (308, 312), (302, 340), (303, 360)]
    shape = outline(right, [(303, 360), (256, 366), (209, 360)], mirror(right))
    tucks = "".join(
        ink([(x0, 252), (x1, 300), (x2, 346)], CREAM_LINE, 1.0, 0.55)
        for x0, x1, x2 in ((240, 243, 246), (272, 269, 266), (232, 236, 241), (280, 276, 271))
    )
    shades = folds(
        (
            ([(300, 300), (284, 318), (264, 324)], 14),
            ([(212, 304), (228, 322), (246, 326)], 10),
            ([(302, 345), (288, 334), (276, 322)], 9),
            ([(212, 346), (226, 336), (236, 326)], 7),
        ),
        CREAM_SHADE,
        0.85,
    )
    shades += fill(
        outline([(286, 214), (278, 260), (286, 300), (282, 350)], [(282, 350), (320, 350), (320, 214)]),
        CREAM_SHADE,
        opacity=0.55,
    )
    shades += fill(
        outline(
            [(222, 214), (236, 238), (256, 262), (278, 238), (292, 214)],
            [(292, 214), (276, 256), (256, 276), (236, 256), (222, 214)],
        ),
        CREAM_DEEP,
        opacity=0.45,
    )
    buttons = "".join(
        ellipse(256, y, 2.5, 2.5, GOLD_LINE) + ellipse(255.7, y - 0.3, 1.8, 1.8, GOLD)
        for y in (296, 312, 328)
    )
    placket = line([(250, 262), (250, 352)], CREAM_LINE, 0.7, 0.5) + line(
        [(262, 262), (262, 352)], CREAM_LINE, 0.7, 0.5
    )
    return garment("bodice", shape, "url(#cream)", CREAM_LINE, shades + tucks + placket + buttons)


def belt() -> str:
    right = [(302, 343), (304, 352), (304, 362)]
    shape = outline(
        [(210, 343), (256, 349), (302, 343)],
        right,
        [(304, 362), (256, 369), (208, 362)],
        [(208, 362), (208, 352), (210, 343)],
    )
    shine = fill(
        outline([(212, 346), (232, 349), (246, 350)], [(246, 350), (246, 354), (230, 353), (212, 350)]),
        NAVY_LIGHT,
        opacity=0.7,
    )
    shade = fill(
        outline([(272, 340), (310, 340)], [(310, 340), (310, 370), (280, 370), (272, 340)]),
        NAVY_SHADE,
        opacity=0.8,
    )
    trims = line([(209, 346), (256, 352), (303, 346)], GOLD, 0.9) + line(
        [(208, 359.4), (256, 366), (304, 359.4)], GOLD, 0.9
    )
    buckle = box((246.5, 345.5), (19, 23), 3, "none", GOLD_LINE, 4) + box(
        (246.5, 345.5), (19, 23), 3, "none", "#F2D488", 2.4
    )
    return garment("belt", shape, NAVY, NAVY_LINE, shine + shade + trims) + buckle


# --- jacket -----------------------------------------------------------------------------------------------


def sleeve(side: str, lit: bool) -> str:
    """The sleeve on the right of the picture: a small puff, an elbow, a forearm that goes behind the back."""
    outer = [
        (306, 221),
        (324, 226),
        (340, 238),
        (346, 258),
        (347, 284),
        (352, 318),
        (361, 350),
        (367, 378),
        (362, 404),
        (348, 428),
        (330, 446),
    ]
    inner = [
        (318, 430),
        (326, 408),
        (331, 386),
        (328, 362),
        (321, 330),
        (316, 300),
        (313, 276),
        (310, 250),
        (306, 221),
    ]
    shape = outline(outer, [(330, 446), (318, 430)], inner)
    shade = fill(
        outline(
            [(352, 250), (350, 290), (356, 330), (368, 360)],
            [(368, 360), (374, 400), (352, 440)],
            [(352, 440), (346, 414), (354, 388), (346, 354), (338, 316), (338, 280), (344, 256), (352, 250)],
        ),
        NAVY_SHADE,
        opacity=0.75,
    )
    under = fill(
        outline(
            [(308, 262), (318, 290), (324, 330), (332, 372)],
            [(332, 372), (336, 330), (326, 286), (322, 262), (308, 262)],
        ),
        NAVY_SHADE,
        opacity=0.8,
    )
    wrinkles = folds(
        (
            ([(369, 372), (352, 372), (338, 380)], 9),
            ([(368, 390), (352, 388), (336, 394)], 7),
            ([(326, 372), (340, 366), (354, 354)], 7),
            ([(322, 340), (334, 340), (344, 332)], 6),
            ([(318, 306), (330, 310), (340, 304)], 5),
            ([(316, 274), (330, 280), (344, 274)], 7),
            ([(314, 262), (326, 252), (330, 240)], 5),
            ([(320, 264), (334, 256), (340, 246)], 4),
        ),
        NAVY_SHADE,
        0.9,
    )
    shine = shines(
        (
            ([(320, 229), (332, 238), (337, 254)], 5),
            ([(328, 290), (333, 316), (342, 346)], 5),
            ([(346, 380), (344, 398), (336, 416)], 4),
        ),
        NAVY_LIGHT,
        0.55 if lit else 0.35,
    )
    stripe = line([(318, 424), (326, 431), (336, 440)], GOLD, 1.5)
    return garment(
        f"sleeve-{side}", shape, "url(#navy)", NAVY_LINE, shade + under + wrinkles + shine + stripe
    )


def panel(side: str, lit: bool) -> str:
    """One front of the cropped jacket, the one on the right of the picture."""
    front = [(272, 218), (280, 244), (284, 276), (288, 306), (300, 330)]
    shape = outline(
        front,
        [(300, 330), (308, 331), (315, 326)],
        [(315, 326), (319, 300), (317, 272)],
        [(317, 272), (320, 248), (313, 224)],
        [(313, 224), (298, 218), (284, 208), (272, 218)],
    )
    shade = fill(
        outline([(322, 232), (306, 262), (302, 300), (306, 334)], [(306, 334), (326, 334), (322, 232)]),
        NAVY_SHADE,
        opacity=0.75,
    )
    wrinkles = folds(
        (([(318, 268), (304, 280), (294, 284)], 6), ([(317, 300), (306, 304), (297, 304)], 5)),
        NAVY_SHADE,
        0.85,
    )
    shine = shines((([(294, 228), (296, 250), (294, 282)], 6),), NAVY_LIGHT, 0.6 if lit else 0.35)
    piping = line([(275, 220), (283, 246), (287, 276), (291, 304), (301, 326), (320, 322)], GOLD, 1.6)
    seam = line([(312, 228), (318, 250), (315.6, 276)], NAVY_LINE, 0.8)
    return garment(
        f"jacket-{side}", shape, "url(#navy)", NAVY_LINE, shade + wrinkles + shine + seam + piping
    ) + lapel(side)


def lapel(side: str) -> str:
    shape = outline(
        [(270, 214), (285, 205), (301, 214)],
        [(301, 214), (308, 230), (309, 248)],
        [(309, 248), (298, 253), (288, 270)],
        [(288, 270), (281, 242), (270, 214)],
    )
    inner = fill(
        outline([(288, 210), (296, 230), (304, 250)], [(304, 250), (310, 240), (302, 212)]),
        NAVY_SHADE,
        opacity=0.55,
    )
    edge = line([(299, 215), (305.4, 231), (306.6, 246.6)], GOLD, 1.3) + line(
        [(306.6, 246.6), (296, 251.4), (287, 265)], GOLD, 1.3
    )
    return garment(f"lapel-{side}", shape, "#42529A", NAVY_LINE, inner + edge, 0.9)


# --- neck -------------------------------------------------------------------------------------------------


def collar() -> str:
    flap = outline(
        [(256, 236), (262, 222), (270, 208)],
        [(270, 208), (280, 208), (288, 212)],
        [(288, 212), (290, 226), (286, 240)],
        [(286, 240), (270, 244), (256, 236)],
    )
    inner = fill(
        outline([(276, 208), (284, 224), (272, 244)], [(272, 244), (292, 244), (292, 208)]),
        CREAM_SHADE,
        opacity=0.6,
    )
    trim = line([(286, 214), (287.4, 226), (283.8, 237.6), (270, 241), (259, 236.4)], NAVY, 1.2)
    sides = [
        garment(f"collar-{side}", flap, "#FFFDF8", CREAM_LINE, inner + trim, 0.9)
        for side in ("left", "right")
    ]
    return flipped(sides[0]) + sides[1]


def ribbon_bow() -> str:
    tail = outline(
        [(257, 240), (264, 262), (276, 288)],
        [(276, 288), (268, 287), (264, 294)],
        [(264, 294), (256, 268), (253, 241)],
    )
    wing = outline(
        [(256, 238), (264, 227), (279, 225), (285, 229)],
        [(285, 229), (288, 238), (284, 249)],
        [(284, 249), (270, 250), (256, 241)],
    )
    fold = fill(
        outline([(259, 240), (270, 242), (283, 240)], [(283, 240), (284, 249), (270, 250), (259, 240)]),
        ROSE_DARK,
        opacity=0.75,
    )
    creases = ink([(259, 238), (268, 235), (276, 235)], ROSE_LINE, 1.3, 0.8) + ink(
        [(260, 240), (268, 243), (274, 244)], ROSE_LINE, 1.1, 0.7
    )
    light = ink([(264, 230), (272, 227.6), (280, 228.6)], "#FFC3C6", 2.0, 0.9)
    tail_svg = fill(tail, ROSE_DARK, ROSE_LINE) + ink(
        [(258, 246), (264, 264), (270, 282)], "#F2788A", 2.2, 0.7
    )
    half = tail_svg + fill(wing, "url(#rose)", ROSE_LINE) + fold + creases + light
    other = group(half, attributes='transform="matrix(-1 0.03 0 1 512 -7)"')
    gem = (
        ellipse(0, 0, 6.6, 7.4, GOLD_LINE)
        + ellipse(0, 0, 5.8, 6.6, "url(#gold)")
        + ellipse(0, 0.2, 4.1, 4.9, "#3B49B8")
        + ellipse(0, 2.2, 2.8, 2.2, "#8CC9FF", 0.9)
        + ellipse(-1.3, -1.8, 1.2, 1.4, "#FFFFFF")
    )
    return other + half + turned(gem, 256, 240)


def clothes() -> str:
    arms = flipped(sleeve("left", True)) + sleeve("right", False)
    jacket = flipped(panel("left", True)) + panel("right", False)
    return arms + skirt() + overskirt() + bodice() + belt() + jacket + collar() + ribbon_bow()
