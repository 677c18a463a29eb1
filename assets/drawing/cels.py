"""The cels every character has, masked so that hair stays in front of them."""

from eye_cels import eye_cels, eye_defs
from eyes import EyeShape, data, waver
from face import FaceStyle, ear_shapes, eye_holes
from mouth_cels import mouth_cels, mouth_defs
from svg import blurred, ellipse, fill, gradient, group, ink, mask, masked, outline

TEAR, TEAR_LINE = "#DDF2FF", "#4A8DC8"


def defs(style: FaceStyle, front_hair: str) -> str:
    """Masks; `front_hair` is everything drawn before the face, in black."""
    whole = style.shape.outline()
    face, ears = fill(whole, "#FFF"), ear_shapes(style.shape, "#FFF")
    return (
        eye_defs(style.eyes, front_hair)
        + mouth_defs(style.mouth)
        + mask("bare", face, front_hair)
        + mask("bare-no-eyes", face, eye_holes(style.eyes, "#000") + front_hair)
        + mask("bare-ears", ears, fill(whole, "#000") + front_hair)
        + gradient("gloom", (0, 96), (0, 172), (0, "#23235F"), (0.55, "#39398A"), (1, "#5656AE"))
        + gradient("gloom-fade", (0, 138), (0, 180), (0, "#FFFFFF"), (1, "#000000"))
        + mask("fading", '<rect x="180" y="60" width="160" height="130" fill="url(#gloom-fade)"/>', "")
    )


def cels(style: FaceStyle, data_colours: tuple[str, str]) -> dict[str, str]:
    """SVG of each cel by name; the colours are the light and the dark of digital eyes."""
    eyes, whole = style.eyes.shape, style.shape.outline()
    result = {
        "blush1": masked("bare-no-eyes", _cheeks()),
        "blush2": masked("bare-ears", group(ear_shapes(style.shape, "#EE6E62"), attributes='opacity="0.62"'))
        + masked("bare-no-eyes", _edges()),
        "blush3": masked("bare-no-eyes", fill(whole, "#F3857A", opacity=0.36) + _warmth()),
        "shadow1": _gloom(whole),
        "sweat1": _drop(290.5, 169, 0.95, 6),
        "sweat2": _drop(226, 176, 0.9, -6),
        "sweat3": _drop(216.4, 163, 0.75, -8),
        "tears1": _tears_outer(),
        "tears2": _tears_inner(),
        "tears3": _tears_lid(eyes),
    }
    for phase in (1, 2):
        result[f"waver{phase}"] = "".join(waver(str(k), x, phase, eyes) for k, x in enumerate(eyes.centres))
    for frame in (1, 2, 3, 4):
        result[f"data{frame}"] = "".join(
            data(str(k), x, frame - 1, data_colours, eyes) for k, x in enumerate(eyes.centres)
        )
    return result | eye_cels(style.eyes) | mouth_cels(style.mouth)


def _cheeks() -> str:
    soft = blurred("".join(ellipse(x, 166, 12.5, 6, "#F2685F") for x in (223.5, 288.5)), 3)
    strokes = "".join(
        ink([(x + 1, 162.4), (x - 1.8, 168.6)], "#D9443F", 1.2, 0.75)
        for x in (218.4, 222.4, 226.4, 285.6, 289.6, 293.6)
    )
    return group(soft, attributes='opacity="0.85"') + strokes


def _gloom(face: str) -> str:
    """Dark, but less so over the eyes, whose parts must stay apart for the animator."""
    dark = fill(face, "url(#gloom)")
    everywhere = masked("bare", group(dark, attributes='opacity="0.2"'))
    beside = masked("bare-no-eyes", group(dark, attributes='opacity="0.44"'))
    return masked("fading", everywhere + beside)


def _edges() -> str:
    """The warmth of the ears reaching over to the cheeks."""
    return group(
        blurred("".join(ellipse(x, 156, 6, 12, "#EE7468") for x in (207, 305)), 3), attributes='opacity="0.6"'
    )


def _warmth() -> str:
    return group(blurred(ellipse(256, 163, 40, 8, "#E8574F"), 4), attributes='opacity="0.5"')


def _drop(x: float, y: float, scale: float, degrees: float) -> str:
    """A drop whose point is up."""
    shape = outline(
        [(0, -7), (1.6, -3), (3.6, 0.6), (3.4, 3.6), (0, 5.6), (-3.4, 3.6), (-3.6, 0.6), (-1.6, -3), (0, -7)]
    )
    inside = fill(outline([(2.4, 0), (2.2, 3), (-0.6, 4.4), (1, 2), (2.4, 0)]), "#9ED2F2", opacity=0.9)
    drawn = fill(shape, TEAR, TEAR_LINE, 0.8) + inside + ellipse(-1.3, 1.2, 0.8, 1.4, "#FFFFFF")
    return group(drawn, attributes=f'transform="translate({x} {y}) rotate({degrees}) scale({scale})"')


def _bead(x: float, y: float, r: float) -> str:
    return (
        ellipse(x, y, r, r * 1.1, TEAR_LINE)
        + ellipse(x, y, r - 0.6, r * 1.1 - 0.6, TEAR)
        + ellipse(x - 0.3 * r, y - 0.3 * r, 0.35 * r, 0.4 * r, "#FFFFFF")
    )


def _tears_outer() -> str:
    """Drops that leave the outer corners."""
    return _drop(216.8, 161, 0.8, 8) + _drop(295.2, 161, 0.8, -8)


def _tears_inner() -> str:
    """Drops that hang from the lower lids."""
    return _drop(228.6, 165, 0.95, 3) + _drop(283.4, 165, 0.95, -3)


def _tears_lid(eyes: EyeShape) -> str:
    """Water along the lower lids, and streams of it over the cheeks."""
    return "".join(_stream(x, side) for x, side in zip(eyes.centres, (-1, 1), strict=True))


def _stream(x: float, side: int) -> str:
    """From the lid of the eye at x down to the jaw, a little outwards."""
    inner, outer = x - 4.6, x + 4.6
    foot = x + 1.6 * side
    shape = outline(
        [(x - 10.0, 154.8), (x - 4, 156.6), (x + 4, 156.6), (x + 10.0, 154.8)],
        [(x + 10.0, 154.8), (x + 8.2, 159.0), (outer, 163.0)],
        [
            (outer, 163.0),
            (foot + 4.2, 172),
            (foot + 4.2, 178),
            (foot, 181.4),
            (foot - 4.2, 178),
            (foot - 4.2, 172),
            (inner, 163.0),
        ],
        [(inner, 163.0), (x - 8.2, 159.0), (x - 10.0, 154.8)],
    )
    shine = ink([(foot - 1.8, 163), (foot - 1.8, 176)], "#FFFFFF", 1.5)
    return fill(shape, TEAR, TEAR_LINE, 0.9, opacity=0.92) + shine
