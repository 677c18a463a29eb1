"""Draws the animefx cels: the classic manga signs around a head, one PNG per frame (512x512 RGBA).

The cels fit any character in THA3's frame: head box x 192..320, y 45..196, face axis x 254, hair x 170..340.
They are laid over the posed picture, so none may touch the eyes and mouth (y 128..190 between x 200 and 310).

Every sign is drawn in a box of -50..50, with a crisp outline in a dark tint of its own colour, a pale rim
that keeps it apart from dark grounds, and a soft glow. A frame places signs.
"""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from fx_ink import Point, arc, bloom, brush, dot, gradient, inked, light, polygon, spline, turned

Sign = Callable[[float], str]
"""SVG of one sign in its box; the argument is how many of its units make a pixel of the cel."""
Placed = tuple[Sign, float, float, float, float]
"""A sign, its centre and size in pixels, and its turn in degrees (clockwise)."""
Frame = tuple[Placed, ...]

SIZE = 512
AXIS = 254.0
CROWN = (AXIS, 118.0)
"""What signs around the head radiate from."""


# --- signs --------------------------------------------------------------------------------------------------


def vein(unit: float) -> str:
    """The anger mark: four bent veins bulging towards each other."""
    quarter = brush([(11, -49), (12.5, -27), (27, -12.5), (49, -11)], 14, thin=0.34)
    shine = brush([(10.8, -42), (13.2, -26), (24, -14.6)], 3.6)
    turns = (0, 90, 180, 270)
    return inked(
        (turned(quarter, turn) for turn in turns), "vein", "#8e1426", unit, glow="#ff7a63"
    ) + "".join(light(turned(shine, turn), 0.75, "#ffd9c9") for turn in turns)


def drop(unit: float) -> str:
    """A drop of sweat, light gathered at its foot as in water."""
    shape = "M2 -50C5 -31 31 -10 31 16C31 36 17 49 0 49C-17 49 -31 36 -31 16C-31 -8 -2 -28 2 -50Z"
    foot = "M22 17C24 34 10 42 -6 41C8 36 17 29 22 17Z"
    return (
        inked([shape], "drop", "#23628f", unit, glow="#7fd0f2")
        + light(foot, 0.85)
        + light(brush([(-19, 22), (-20, 8), (-11, -8)], 8, bias=0.4))
        + light(dot(-14, 31, 3.4), 0.8)
    )


def heart(unit: float) -> str:
    shape = (
        "M0 43C-10 32 -49 12 -49 -15C-49 -33 -36 -43 -23 -43C-12 -43 -4 -37 0 -27"
        "C4 -37 12 -43 23 -43C36 -43 49 -33 49 -15C49 12 10 32 0 43Z"
    )
    shade = "M43 -22C44 2 18 19 0 36C14 18 39 2 43 -22Z"
    return (
        inked([shape], "heart", "#a21650", unit, glow="#ff7fa8")
        + light(shade, 0.35, "#c2185f")
        + light(brush([(-38, -10), (-37, -26), (-22, -34)], 10))
        + light(dot(-34.5, 2.5, 3.8))
    )


PUFFS = (
    (-34, 4, 15),
    (-17, -9, 18),
    (6, -15, 21),
    (26, -3, 18),
    (39, 8, 11),
    (-3, 8, 17),
    (-20, 11, 12),
    (18, 12, 12),
)
"""A cloud's puffs in its box: centre and radius."""


def cloud(swell: float, bolts: tuple[tuple[float, float, float], ...], unit: float) -> str:
    """A small thundercloud. `swell` blows its puffs up by turns; bolts are a place and a size each."""
    puffs = [
        (x, y + swell * (1.6 if index % 2 else -1.6), radius * (1 + swell * (0.09 if index % 2 else -0.05)))
        for index, (x, y, radius) in enumerate(PUFFS)
    ]
    flashes = []
    for x, y, size in bolts:
        zigzag = ((4, -22), (-13, 3), (-3, 3), (-9, 24), (13, -5), (2, -5), (11, -22))
        path = polygon((x + px * size, y + py * size) for px, py in zigzag)
        flashes.append(inked([path], "gold", "#a85c08", unit, glow="#ffe27a", line=1.8))
    body = inked([dot(*puff) for puff in puffs], "cloud", "#191433", unit, glow="#5d4a94")
    shaded = "".join(
        light(dot(x, y, radius), 1, "url(#puff)") + light(arc(x, y, radius - 2.6), 0.8, "#b7a6ee")
        for x, y, radius in sorted(puffs, key=lambda puff: puff[1])
    )
    return "".join(flashes) + body + shaded


def flower(paint: str, ink: str, unit: float) -> str:
    petal = spline([(0, -7), (-13, -20), (-19, -36), (-11, -48), (-4, -46), (0, -41)])
    petals = [polygon([*petal, *[(-x, y) for x, y in reversed(petal)]])]
    turns = range(0, 360, 72)
    whole = [turned(petals[0], turn) for turn in turns]
    veins = brush([(0, -14), (0, -30)], 2.6)
    stamen = light(brush([(0, -3), (0, -17)], 2.0, thin=0.6), 1, "#e8743b") + light(
        dot(0, -17, 2.8), 1, "#ffc93f"
    )
    return (
        inked(whole, paint, ink, unit, glow="#ffb0c8", line=1.8)
        + "".join(
            f'<g transform="rotate({turn})"><path d="{petals[0]}" fill="none" stroke="{ink}" '
            f'stroke-width="{0.9 * unit:.2f}" opacity=".55"/>{light(veins, 0.5)}</g>'
            for turn in turns
        )
        + "".join(f'<g transform="rotate({turn + 36})">{stamen}</g>' for turn in turns)
        + light(dot(0, 0, 6.5), 1, "#ffe27a")
        + light(dot(-1.5, -1.8, 2.2))
    )


def petal(unit: float) -> str:
    """One loose petal."""
    shape = "M0 46C-30 24 -36 -14 -16 -44C-9 -50 -4 -42 0 -34C4 -42 9 -50 16 -44C36 -14 30 24 0 46Z"
    return inked([shape], "pink", "#a83a6b", unit, line=1.6) + light(brush([(-12, -24), (-14, 0)], 7), 0.7)


def sparkle(unit: float) -> str:
    shape = "M0 -50C3 -15 13 -4 40 0C13 4 3 15 0 50C-3 15 -13 4 -40 0C-13 -4 -3 -15 0 -50Z"
    return inked([shape], "gold", "#b0620f", unit, glow="#ffd75e", line=1.8) + light(dot(0, 0, 6), 0.95)


def ray(paint: str, ink: str, unit: float) -> str:
    """A stroke that flies outwards (up in its box): thin at its foot, heavy at its head."""
    shape = "M0 50C-3 22 -9 -14 -11 -38C-11 -46 -6 -50 0 -50C6 -50 11 -46 11 -38C9 -14 3 22 0 50Z"
    return inked([shape], paint, ink, unit, line=1.9) + light(brush([(-4.6, -38), (-2.6, -6)], 4.6), 0.85)


def question(unit: float) -> str:
    hook = brush([(-24, -24), (-20, -42), (0, -50), (20, -43), (24, -25), (8, -7), (1, 13)], 19, 0.56, 0.5)
    shine = brush([(-20.5, -28), (-16, -41), (-1, -47.5)], 5)
    return (
        inked([hook, dot(1, 37, 11)], "asking", "#1d3f86", unit, glow="#7db4f5")
        + light(shine)
        + light(dot(-2.6, 33.2, 3))
    )


def exclaim(unit: float) -> str:
    bar = "M-15 -42C-16 -52 16 -52 15 -42L7.5 10C6.5 17 -6.5 17 -7.5 10Z"
    return (
        inked([bar, dot(0, 38, 11)], "calling", "#94210f", unit, glow="#ff9a6b")
        + light(brush([(-8.6, -41), (-4.6, -2)], 5.6))
        + light(dot(-3.6, 34, 3))
    )


def gloom(_: float) -> str:
    """Cold dread from above: a shade over the hair and hanging lines, longer where they pass the face."""
    dice = Random(11)
    lines = []
    x = 148.0
    while x < 362:
        away = abs(x - AXIS)
        lowest = 121 if away < 66 else 121 + (away - 66) * 2.1
        foot = min(lowest, 205) - dice.uniform(0, 34)
        head = 6 + dice.uniform(0, 16) + (away / 108) ** 2 * 26
        width = dice.uniform(1.8, 3.6)
        stroke = [(x, head), (x, head + (foot - head) / 2), (x, foot)]
        pale = [(px + width * 0.85, py) for px, py in stroke]
        lines.append(light(brush(pale, width * 0.8, bias=0.4), 0.75, "#d9d6ff"))
        lines.append(light(brush(stroke, width, bias=0.4), 0.95, "#2b2a6e"))
        x += dice.uniform(5.2, 9.4)
    return (
        '<path d="M148 120C148 30 196 14 254 14S360 30 360 120C360 150 330 114 254 114S148 150 148 120Z" '
        'fill="url(#gloom)" filter="url(#glow)"/>' + "".join(lines)
    )


DEFS = "".join(
    (
        '<filter id="glow" x="-.4" y="-.4" width="1.8" height="1.8"><feGaussianBlur stdDeviation="9"/>'
        "</filter>",
        '<linearGradient id="gloom" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#2d2b78" '
        'stop-opacity=".6"/><stop offset=".55" stop-color="#4a4aa6" stop-opacity=".42"/>'
        '<stop offset="1" stop-color="#7f86d6" stop-opacity="0"/></linearGradient>',
        gradient("vein", "#ff6a48", "#e02236"),
        gradient("drop", "#f2fcff", "#a6e2fb", "#55b3ea"),
        bloom("heart", "#ffb3c6", "#ff5c8d", "#e62a6a"),
        gradient("cloud", "#2c2454", "#2c2454"),
        '<radialGradient id="puff" cx=".4" cy=".25" r=".75"><stop offset="0" stop-color="#7565b0"/>'
        '<stop offset=".5" stop-color="#43377a"/><stop offset="1" stop-color="#2c2454" stop-opacity="0"/>'
        "</radialGradient>",
        bloom("pink", "#fff0f4", "#ffb7ce", "#f97fa8"),
        bloom("peach", "#fffaf0", "#ffd9b0", "#ffa368"),
        bloom("white", "#ffffff", "#f3e6ff", "#c3a6f0"),
        bloom("gold", "#fffbe0", "#ffe16b", "#ffb428"),
        gradient("amber", "#ffb321", "#ffd94f", "#fff0a8"),
        gradient("asking", "#a9dcff", "#4d9cf0", "#2f62cf"),
        gradient("calling", "#ffb04a", "#ff6a3c", "#e2331f"),
    )
)

PINK = partial(flower, "pink", "#a83a6b")
PEACH = partial(flower, "peach", "#b0592a")
WHITE = partial(flower, "white", "#7656a8")
TICK = partial(ray, "amber", "#b0620f")
BEAM = partial(ray, "gold", "#b0620f")


# --- frames -------------------------------------------------------------------------------------------------


def around(sign: Sign, angle: float, reach: float, size: float, centre: Point = CROWN) -> Placed:
    """A sign that flies out from the head; `angle` in degrees clockwise from straight up."""
    turn = math.radians(angle)
    return sign, centre[0] + math.sin(turn) * reach, centre[1] - math.cos(turn) * reach, size, angle


def beams(reach: float, length: float) -> Frame:
    """Rays to both sides of the head, long and short by turns; the crown is too near the edge for them."""
    fan = ((39, 0.75), (53, 0.6), (66, 1.0), (80, 0.6), (94, 1.0), (108, 0.6))
    return tuple(
        around(BEAM, side * angle, reach + 10 * (1 - share), length * share)
        for angle, share in fan
        for side in (1, -1)
    )


FRAMES: dict[str, Frame] = {
    "fx_angervein1": ((vein, 308, 76, 44, 8),),
    "fx_angervein2": ((vein, 308, 76, 54, -4),),
    "fx_sweatdrop1": ((drop, 322, 66, 28, -8),),
    "fx_sweatdrop2": ((drop, 329, 86, 48, -6),),
    "fx_sweatdrop3": ((drop, 335, 108, 68, -5),),
    "fx_smallsweatdrop1": (around(drop, 46, 96, 20), around(drop, -46, 96, 20)),
    "fx_smallsweatdrop2": tuple(
        around(drop, side * angle, reach, size)
        for side in (1, -1)
        for angle, reach, size in ((38, 108, 22), (60, 114, 28))
    ),
    "fx_smallsweatdrop3": tuple(
        around(drop, side * angle, reach, size)
        for side in (1, -1)
        for angle, reach, size in ((31, 112, 22), (52, 126, 31), (74, 120, 24))
    ),
    "fx_heart1": ((heart, 344, 92, 26, 10),),
    "fx_heart2": ((heart, 352, 78, 54, 13), (heart, 378, 118, 20, 22)),
    "fx_heart3": ((heart, 356, 66, 72, 12), (heart, 391, 117, 30, 20), (heart, 398, 42, 20, -14)),
    "fx_blackcloud1": ((partial(cloud, -1.0, ((-12, 34, 0.8),)), 324, 46, 92, 4),),
    "fx_blackcloud2": ((partial(cloud, 1.0, ((15, 36, 1.0),)), 324, 47, 98, 1),),
    "fx_flowers1": (
        (PINK, 142, 92, 62, -12), (WHITE, 118, 154, 40, 20), (PEACH, 168, 36, 42, 24),
        (PINK, 106, 46, 26, 40),
        (PEACH, 372, 88, 60, 10), (PINK, 396, 150, 42, -22), (WHITE, 344, 32, 46, -14),
        (WHITE, 408, 42, 28, 30),
        (petal, 154, 196, 18, 40), (petal, 362, 190, 18, -52), (petal, 226, 18, 16, 70),
        (petal, 300, 14, 14, -30),
    ),
    "fx_flowers2": (
        (PINK, 140, 90, 54, 24), (WHITE, 114, 152, 48, -16), (PEACH, 166, 33, 50, -12),
        (PINK, 102, 44, 32, 4),
        (PEACH, 374, 86, 52, -26), (PINK, 400, 148, 50, 14), (WHITE, 346, 30, 39, 22),
        (WHITE, 412, 40, 34, -6),
        (petal, 150, 206, 18, 4), (petal, 367, 200, 18, -14), (petal, 222, 24, 16, 34),
        (petal, 304, 20, 14, 6),
    ),
    "fx_shock1": ((gloom, 0, 0, 100, 0),),
    "fx_notice1": tuple(around(TICK, angle, 102, 30) for angle in (-72, -56, -40)),
    "fx_notice2": tuple(around(TICK, angle, 116, 46) for angle in (-72, -56, -40)),
    "fx_beaming1": beams(106, 24),
    "fx_beaming2": (
        *beams(124, 44), (sparkle, 114, 36, 48, 0), (sparkle, 396, 34, 56, 0), (sparkle, 424, 84, 28, 0),
        (sparkle, 88, 88, 24, 0), (sparkle, 128, 196, 24, 0), (sparkle, 384, 194, 28, 0),
    ),
    "fx_question1": ((question, 346, 88, 34, -14),),
    "fx_question2": ((question, 354, 66, 84, 20),),
    "fx_question3": ((question, 352, 70, 74, 12), (question, 389, 90, 34, 26)),
    "fx_exclaim1": ((exclaim, 344, 90, 36, 12),),
    "fx_exclaim2": ((exclaim, 356, 62, 92, 18),),
    "fx_exclaim3": (
        (exclaim, 354, 68, 80, 14), (TICK, 393, 36, 22, 52), (TICK, 398, 62, 20, 80),
        (TICK, 391, 88, 22, 108),
    ),
}  # fmt: skip


def picture(frame: Frame) -> str:
    """One cel as SVG."""
    drawn = []
    for sign, x, y, size, turn in frame:
        whole = sign is gloom
        place = (
            "" if whole else f' transform="translate({x:.2f} {y:.2f}) rotate({turn}) scale({size / 100:.4f})"'
        )
        drawn.append(f"<g{place}>{sign(100 / size)}</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f"<defs>{DEFS}</defs>{''.join(drawn)}</svg>"
    )


def build(folder: Path) -> None:
    """Write every cel into the folder."""
    import resvg_py

    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in FRAMES.items():
        png = bytes(resvg_py.svg_to_bytes(svg_string=picture(frame), skip_system_fonts=True))
        (folder / f"{name}.png").write_bytes(png)


if __name__ == "__main__":
    build(Path(__file__).parent.parent / "fx")
