"""Tavi's clothes: an oversized mustard hoodie, hands in its pocket, headphones around the neck."""

from svg import (
    box,
    clipped,
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
    moved,
    outline,
    shines,
    turned,
)

LINE, SHADE, DEEP, LIGHT = "#6A3A12", "#D08A2A", "#A9621A", "#FFE39A"
WHITE_LINE, WHITE_SHADE = "#6F7488", "#D5D9E8"
FOREARM_SHADE, FOREARM_LIGHT = "#114653", "#8FE3D6"
GREY, GREY_LINE, GREY_LIGHT, TEAL = "#343B4A", "#12161F", "#6B778C", "#3ED6C0"


def defs() -> str:
    return (
        gradient("hoodie", (180, 210), (330, 500), (0, "#F9C65A"), (0.5, "#F0B140"), (1, "#DE952F"))
        + gradient("lining", (0, 196), (0, 250), (0, "#123F4C"), (1, "#1F6E78"))
        + gradient("white-cloth", (0, 215), (0, 270), (0, "#F4F6FC"), (1, "#FFFFFF"))
        + gradient("rib", (0, 474), (0, 500), (0, "#E2A038"), (1, "#B97423"))
        + gradient("forearm", (300, 310), (370, 450), (0, "#2E8C93"), (0.5, "#23747F"), (1, "#1A5C69"))
        + gradient("cup", (-12, -16), (12, 16), (0, "#596479"), (0.5, GREY), (1, "#1E2430"))
        + gradient("dark-cloth", (0, 490), (0, 512), (0, "#232A3A"), (1, "#37425A"))
    )


def hood_back() -> str:
    """The hood lying behind the neck."""
    right = [(256, 186), (282, 190), (303, 202), (312, 222), (306, 244)]
    shape = outline(right, [(306, 244), (256, 262), (206, 244)], mirror(right))
    inside = fill(
        outline(
            [(256, 196), (290, 204), (298, 244)],
            [(298, 244), (214, 244)],
            [(214, 244), (222, 204), (256, 196)],
        ),
        "url(#lining)",
    )
    return garment(
        "hood-back",
        shape,
        "url(#hoodie)",
        LINE,
        inside
        + fill(
            outline([(214, 196), (206, 220), (214, 250)], [(214, 250), (226, 230), (226, 200), (214, 196)]),
            DEEP,
            opacity=0.5,
        ),
    )


def trousers() -> str:
    return garment(
        "trousers",
        outline(
            [(204, 480), (308, 480)],
            [(308, 480), (314, 520)],
            [(314, 520), (198, 520)],
            [(198, 520), (204, 480)],
        ),
        "url(#dark-cloth)",
        GREY_LINE,
        ink([(256, 490), (256, 520)], GREY_LINE, 1.6),
    )


def body() -> str:
    right = [(284, 216), (306, 224), (326, 240), (330, 280), (326, 340), (322, 400), (322, 440), (314, 480)]
    shape = outline(
        [(228, 216), (240, 246), (256, 262), (272, 246), (284, 216)],
        right,
        [(314, 480), (256, 486), (198, 480)],
        mirror(right),
    )
    shade = fill(
        outline(
            [(336, 250), (312, 300), (308, 360), (314, 420), (304, 490)], [(304, 490), (340, 490), (336, 250)]
        ),
        SHADE,
        opacity=0.75,
    )
    shade += fill(
        outline(
            [(226, 222), (238, 254), (256, 272), (278, 256), (292, 224)],
            [(292, 224), (300, 240), (286, 268), (258, 286), (232, 264), (216, 232), (226, 222)],
        ),
        SHADE,
        opacity=0.8,
    )
    wrinkles = folds(
        (
            ([(326, 290), (306, 306), (286, 312)], 10),
            ([(186, 290), (206, 308), (228, 316)], 9),
            ([(324, 330), (306, 338), (292, 336)], 7),
            ([(190, 336), (206, 346), (222, 348)], 7),
            ([(334, 392), (310, 380), (290, 364)], 9),
            ([(180, 396), (206, 380), (222, 364)], 8),
            ([(318, 488), (310, 470), (312, 452)], 7),
            ([(196, 488), (203, 470), (200, 452)], 7),
        ),
        SHADE,
        0.95,
    )
    light = shines(
        (
            ([(212, 244), (216, 262), (214, 286)], 6),
            ([(228, 296), (232, 330), (228, 360)], 7),
            ([(276, 290), (280, 320), (278, 350)], 5),
        ),
        LIGHT,
        0.32,
    )
    return garment("hoodie-body", shape, "url(#hoodie)", LINE, shade + wrinkles + light + _print())


def _print() -> str:
    """A sound wave on the chest."""
    heights = (4, 9, 15, 8, 19, 27, 13, 21, 10, 16, 7, 4)
    bars = "".join(
        box((229 + 4.7 * k, 345 - h / 2), (2.5, h), 1.25, "#1F6E78") for k, h in enumerate(heights)
    )
    return group(bars, attributes='opacity="0.92"')


def hem() -> str:
    shape = outline(
        [(197, 477), (256, 484), (315, 477)],
        [(315, 477), (317, 488), (312, 499)],
        [(312, 499), (256, 506), (200, 499)],
        [(200, 499), (195, 488), (197, 477)],
    )
    ribs = "".join(line([(200 + 7 * k, 479), (202 + 6.7 * k, 502)], DEEP, 0.9, 0.65) for k in range(17))
    return garment("hem", shape, "url(#rib)", LINE, ribs)


def pocket() -> str:
    right = [(290, 404), (297, 412), (308, 436), (312, 450)]
    shape = outline(
        [(222, 404), (256, 407), (290, 404)],
        right,
        [(312, 450), (310, 466), (305, 472)],
        [(305, 472), (256, 478), (207, 472)],
        [(207, 472), (202, 466), (200, 450)],
        mirror(right),
    )
    shade = fill(
        outline([(300, 410), (292, 440), (290, 476)], [(290, 476), (316, 476), (300, 410)]),
        SHADE,
        opacity=0.85,
    )
    wrinkles = folds(
        (
            ([(308, 420), (282, 430), (264, 427)], 8),
            ([(204, 420), (230, 430), (246, 428)], 7),
            ([(318, 456), (290, 456), (272, 450)], 7),
            ([(194, 456), (222, 457), (238, 451)], 6),
        ),
        SHADE,
        0.9,
    )
    stitches = line(
        [(292.6, 409), (299, 420), (307, 439)], LINE, 0.8, 0.7, ' stroke-dasharray="2 1.6"'
    ) + line([(219.4, 409), (213, 420), (205, 439)], LINE, 0.8, 0.7, ' stroke-dasharray="2 1.6"')
    light = shines((([(232, 412), (228, 436), (232, 462)], 6),), LIGHT, 0.3)
    return garment("pocket", shape, "url(#hoodie)", LINE, shade + wrinkles + light + stitches)


def sleeve(side: str, lit: bool) -> str:
    """The sleeve on the right of the picture: dropped shoulder, elbow out, hand in the pocket."""
    outer = [
        (300, 221),
        (320, 227),
        (338, 240),
        (350, 262),
        (356, 296),
        (363, 332),
        (371, 364),
        (374, 390),
        (366, 412),
        (348, 430),
        (326, 444),
        (304, 452),
    ]
    inner = [
        (294, 414),
        (308, 406),
        (322, 394),
        (328, 376),
        (324, 350),
        (318, 316),
        (314, 284),
        (310, 250),
        (300, 221),
    ]
    shape = outline(outer, [(304, 452), (300, 436), (294, 414)], inner)
    upper = _sleeve_shades(SHADE, DEEP, LIGHT, 0.45 if lit else 0.28)
    lower = _sleeve_shades(FOREARM_SHADE, GREY_LINE, FOREARM_LIGHT, 0.5 if lit else 0.3)
    band = [(300, 309), (320, 318), (340, 320), (372, 307)]
    forearm = outline(band, [(372, 307), (400, 380), (380, 480)], [(380, 480), (280, 480), (300, 309)])
    seam = line([(303, 224), (314, 250), (315.4, 288)], LINE, 0.9, 0.8)
    stripes = line(band, "#F9EBCB", 4.4) + line(moved(band, 0, -2.6), LINE, 0.8, 0.8)
    stripes += line(moved(band, 0, 2.6), GREY_LINE, 0.8, 0.8)
    cloth = clipped(f"forearm-{side}", forearm, fill(forearm, "url(#forearm)") + lower) + stripes
    return garment(f"sleeve-{side}", shape, "url(#hoodie)", LINE, upper + cloth + seam)


def _sleeve_shades(shade: str, deep: str, light: str, strength: float) -> str:
    """Shadow, folds and lights of the whole sleeve, in the colours of one of its two cloths."""
    away = outline(
        [(364, 250), (356, 290), (358, 330), (368, 370)],
        [(368, 370), (366, 396), (340, 420), (302, 440)],
        [(302, 440), (300, 470), (390, 420), (364, 250)],
    )
    under = outline(
        [(306, 262), (316, 300), (324, 340), (331, 376)],
        [(331, 376), (336, 350), (328, 300), (320, 262), (306, 262)],
    )
    wrinkles = (
        ([(376, 384), (356, 376), (340, 378)], 11),
        ([(372, 402), (352, 392), (338, 394)], 9),
        ([(326, 374), (340, 362), (356, 346)], 8),
        ([(321, 340), (336, 338), (350, 326)], 7),
        ([(316, 306), (332, 310), (346, 302)], 7),
        ([(312, 274), (328, 280), (344, 274)], 7),
        ([(352, 428), (340, 416), (332, 406)], 7),
        ([(330, 442), (322, 428), (318, 416)], 6),
        ([(300, 404), (316, 418), (324, 430)], 5),
    )
    creases = (
        ([(375, 388), (360, 382), (350, 384)], 5),
        ([(327, 374), (336, 366), (344, 358)], 4),
        ([(312, 272), (322, 277), (332, 276)], 4),
    )
    lights = (
        ([(318, 231), (334, 244), (341, 262)], 6),
        ([(336, 330), (344, 348), (354, 364)], 5),
        ([(352, 396), (340, 410), (322, 420)], 4),
    )
    return (
        fill(away, shade, opacity=0.85)
        + fill(under, shade, opacity=0.95)
        + folds(wrinkles, shade, 1.0)
        + folds(creases, deep, 0.6)
        + shines(lights, light, strength)
    )


def tee() -> str:
    shape = outline(
        [(232, 214), (242, 236), (256, 243), (270, 236), (280, 214)],
        [(280, 214), (290, 240), (256, 277), (222, 240), (232, 214)],
    )
    inside = fill(
        outline([(268, 214), (270, 240), (256, 270)], [(256, 270), (300, 250), (290, 210)]),
        WHITE_SHADE,
        opacity=0.8,
    )
    band = line([(234, 219), (243.4, 239), (256, 246), (268.6, 239), (278, 219)], WHITE_LINE, 0.7, 0.7)
    return garment("tee", shape, "url(#white-cloth)", WHITE_LINE, inside + band, 0.9)


def hood_front() -> str:
    """The two edges of the hood crossing over the chest."""
    outer = [(296, 206), (310, 222), (307, 246), (288, 266), (254, 285)]
    inner = [(254, 285), (265, 264), (275, 244), (279, 228), (280, 214), (283, 204)]
    shape = outline(outer, inner, [(283, 204), (296, 206)])
    shade = fill(
        outline(
            [(304, 206), (300, 240), (278, 262), (256, 276)], [(256, 276), (262, 288), (330, 260), (304, 206)]
        ),
        SHADE,
        opacity=0.85,
    )
    inside = (
        shade
        + shines((([(287, 212), (288, 234), (278, 252)], 4),), LIGHT, 0.6)
        + folds(
            (([(310, 226), (298, 232), (288, 232)], 5), ([(296, 258), (286, 250), (282, 242)], 4)), SHADE, 0.9
        )
    )
    stitch = line(
        [(283, 212), (283, 236), (272, 255), (257, 271)], LINE, 0.7, 0.6, ' stroke-dasharray="2 1.6"'
    )
    right = garment("hood-right", shape, "url(#hoodie)", LINE, inside + stitch)
    left = flipped(
        garment(
            "hood-left",
            shape,
            "url(#hoodie)",
            LINE,
            shines((([(287, 212), (288, 234), (278, 252)], 5),), LIGHT, 0.7)
            + folds((([(310, 226), (298, 232), (288, 232)], 5),), SHADE, 0.9)
            + stitch,
        )
    )
    return right + left


def strings() -> str:
    parts = []
    for x, points in ((1, [(240, 268), (235, 286), (238, 306)]), (2, [(273, 268), (279, 284), (276, 300)])):
        parts.append(line(points, "#5E6A80", 3.4) + line(points, "#F6F8FF", 2.2))
        end = points[-1]
        parts.append(
            turned(
                box((-2, -1), (4, 10), 1.6, "#1F6E78", "#0C2A38", 0.8),
                *end,
                4 if x == 1 else -4,
            )
        )
        parts.append(ellipse(*points[0], 2.6, 2.6, "#7A8497") + ellipse(*points[0], 1.3, 1.3, "#2A303C"))
    return "".join(parts)


def headphones() -> str:
    """Cups on the collarbones, the band behind the neck."""
    cup = (
        box((-10, -17), (17, 34), 8, "#232936", GREY_LINE)
        + box((-2, -19), (16, 38), 8, "url(#cup)", GREY_LINE)
        + ellipse(6.5, 0, 5.4, 12.4, "#1A1F2B")
        + f'<ellipse cx="6.5" cy="0" rx="4.6" ry="11.4" fill="none" stroke="{TEAL}" stroke-width="1.8"/>'
        + ellipse(6.5, 0, 2.6, 7.4, "#2C3444")
        + ink([(1, -15), (-0.4, -4), (0.4, 8)], GREY_LIGHT, 1.8, 0.9)
    )
    arm = ink([(290, 196), (301, 206), (305, 222)], GREY_LINE, 8, profile=lambda s: 0.8) + ink(
        [(290, 196), (300.6, 206), (304.6, 222)], "#F4F6FC", 6, profile=lambda s: 0.8
    )
    one = arm + turned(cup, 295, 232, 16)
    other = flipped(arm + turned(cup, 296, 231, 13))
    return other + one


def clothes() -> str:
    arms = flipped(sleeve("left", True)) + sleeve("right", False)
    return trousers() + body() + hem() + arms + pocket() + tee() + hood_front() + strings()
