"""Heads of many styles, good and bad, to judge the doctor by; see `tests/doctor/test_variations.py`."""

from collections.abc import Mapping

from heads import Head
from svg import ellipse

LEFT, RIGHT = 232.0, 280.0
"""Columns of the eyes, as the picture shows them."""


def _stroke(d: str, colour: str, width: float, fill: str = "none", opacity: float = 1.0) -> str:
    return (
        f'<path d="{d}" fill="{fill}" fill-opacity="{opacity:g}" stroke="{colour}" stroke-width="{width:g}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _filled(d: str, colour: str, opacity: float = 1.0) -> str:
    return f'<path d="{d}" fill="{colour}" opacity="{opacity:g}"/>'


def _ring(x: float, r: float, colour: str, width: float, tint: str = "#FFFFFF", opacity: float = 0.0) -> str:
    return (
        f'<circle cx="{x}" cy="148" r="{r}" fill="{tint}" fill-opacity="{opacity}" stroke="{colour}" '
        f'stroke-width="{width}"/>'
    )


def _half_rims(colour: str, width: float) -> str:
    """Frames that run below the eyes only."""
    return "".join(
        _stroke(f"M{x - 19} 150q2 17 19 17q17 0 19 -17", colour, width) for x in (LEFT, RIGHT)
    ) + _stroke("M251 151q5 -4 10 0", colour, width)


def _round(colour: str, width: float, tint: str, opacity: float) -> str:
    rings = "".join(_ring(x, 19, colour, width, tint, opacity) for x in (LEFT, RIGHT))
    return rings + _stroke("M251 146q5 -3 10 0M213 146l-8 -3M299 146l8 -3", colour, width)


_PIXIE_EARS = "M206 140L176 108Q182 158 208 166ZM306 140L336 108Q330 158 304 166Z"
_FOX_EARS = "M202 90L190 20L246 52ZM310 90L322 20L266 52Z"
_HORNS = "M222 60Q206 30 214 8Q226 34 242 50ZM290 60Q306 30 298 8Q286 34 270 50Z"
_BEARD = "M207 150Q212 206 256 222Q300 206 305 150Q296 172 272 167Q256 162 240 167Q216 172 207 150Z"
_MOUTH_GAP = "M244 176Q256 172 268 176Q256 184 244 176Z"
_FRECKLES = "".join(
    ellipse(x + dx, 163 + dy, 0.9, 0.8, "#B06A44")
    for x in (226, 286)
    for dx, dy in ((-7, 0), (-2, 2), (3, -1), (8, 1), (0, 5), (5, 4))
)
_DOMINO = "M206 140Q230 126 256 138Q282 126 306 140L304 160Q282 172 256 156Q230 172 208 160Z"
_SHADOW = "".join(ellipse(x, 140, 17, 13, "#8A3A8A", 0.75) for x in (LEFT, RIGHT))
_SEAMS = _stroke("M256 70V130M206 160L228 172V196M306 160L284 172V196", "#556070", 1.2)
_PROFILE = (
    "M300 70Q220 40 196 100L190 130L176 156Q174 162 186 163L184 172L190 175L186 180Q190 196 214 196L240 186"
    "L244 250L300 250Z"
)

FIRST: Mapping[str, Head] = {
    "comic": Head(pen="#101010", pen_px=4, eye="round", eye_px=(12, 13), iris_px=(5, 5), pupil=(3, 3),
                  lash_px=4, mouth="big", hair="#D8742A", skin="#FFD8B0", brow="#101010", brow_px=5),
    "watercolour": Head(soft=1.3, pen="#8A6A70", hair="#C8A888", iris="#7AA07A", lash="#4A3A48"),
    "half_rims": Head(eye="tall", eye_px=(12, 12), over=_half_rims("#303038", 1.8), hair="#2A2A38",
                      mouth="small"),
    "monocle": Head(eye="flat", over=_ring(LEFT, 18, "#C8A030", 2.2, "#DDEEFF", 0.25)
                    + _stroke("M246 160L260 230", "#C8A030", 1), hair="#888890", mouth="smile"),
    "pixie": Head(skin="#A8D090", hair="#2A5A3A", eye="cat", iris="#D8B030", mouth="smile",
                  behind=_stroke(_PIXIE_EARS, "#3A2A30", 1.4, "#A8D090"), fringe="parted"),
    "android": Head(skin="#C0C8D2", hair="#707C8C", eye="square", eye_px=(12, 8), white="#203040",
                    iris="#40F0FF", iris_px=(6, 6), pupil=(2, 2), lash="#384454", lash_px=2, lower_px=2,
                    below=_SEAMS, mouth="line", brow_px=0, fringe="short"),
    "fox": Head(behind=_stroke(_FOX_EARS, "#3A2A30", 1.4, "#E0803A"), hair="#E0803A", eye="round",
                eye_px=(14, 14), iris="#C89020", iris_px=(9, 11), pupil=(2, 8), mouth="fang", lash_px=4),
    "scarred": Head(eye="flat", eye_px=(13, 8), skin="#E0B090", hair="#3A3030", mouth="line", brow_tilt=4,
                    over=_stroke("M272 118L288 176", "#A04A40", 2.4), face=(52, 202, 40), fringe="short"),
    "snow_lashes": Head(skin="#6A4432", hair="#F0F0F4", brow="#F0F0F4", lash="#F4F4F8", iris="#D8A840",
                        eye_px=(14, 11), pen="#2A1812", mouth="open"),
    "ebony": Head(skin="#4A2E22", hair="#141014", lash="#0C080A", iris="#3A2010", eye_px=(14, 11),
                  pen="#140A08", lash_px=4, mouth="big"),
    "albino": Head(skin="#FBEAE4", hair="#F4F0EC", brow="#E4DCD8", lash="#FFFFFF", iris="#D06080",
                   pen="#B09A98", lower_px=0.8, eye_px=(13, 11)),
    "painted": Head(below=_SHADOW, lash_px=5.5, eye="cat", mouth="lips", hair="#181420", iris="#30A060",
                    eye_px=(14, 10), fringe="parted"),
    "fringe_down": Head(fringe="eyeless", hair="#6A6A9A", mouth="smile"),
    "three_quarters": Head(aside=12, eye_px=(13, 12), eye="tall", hair="#B04A5A", mouth="open"),
    "newsprint": Head(grey=True, pen="#000000", pen_px=1, hair="#101010", skin="#FFFFFF", lash="#000000",
                      iris="#606060", eye_px=(13, 11), cloth="#D0D0D0", mouth="smile"),
}  # fmt: skip
"""Judged first."""

SECOND: Mapping[str, Head] = {
    "pirate": Head(skin="#D8A880", hair="#5A2A1A", face=(52, 204, 42), eye_px=(11, 8),
                   over=_filled(_BEARD, "#5A2A1A") + _filled(_MOUTH_GAP, "#701818")
                   + ellipse(RIGHT, 147, 18, 16, "#181418") + _stroke("M205 118L306 150", "#181418", 2.5)),
    "distant": Head(scale=0.72, eye="tall", eye_px=(13, 13), hair="#50A0A0"),
    "close": Head(scale=1.3, eye_px=(14, 11), hair="#A0507A"),
    "profile": Head(below=_stroke(_PROFILE, "#3A2A30", 1.6, "#F8DCC8"), apart=84, eye_px=(8, 10),
                    over=_filled("M250 84H318V250H250Z", "#4A3A5A"), mouth="none"),
    "beaming": Head(eye="smiling", eye_px=(13, 14), mouth="big", hair="#E8B040", lash_px=3),
    "hollow": Head(eye="droop", shine=False, iris="#303038", iris_px=(6, 7), pupil=(0.1, 0.1), hair="#505058",
                   skin="#E8E0DC", mouth="line", lash_px=2.5),
    "lennon": Head(over=_round("#705020", 2, "#F0C040", 0.45), hair="#7A5A3A", eye_px=(11, 8),
                   fringe="parted"),
    "domino": Head(below=_filled(_DOMINO, "#202028"), hair="#B02030", eye_px=(13, 8), mouth="smile",
                   fringe="short"),
    "freckled": Head(below=_FRECKLES, hair="#C8582A", lash="#6A3420", mouth="cat", eye="round",
                     eye_px=(11, 11)),
    "viking": Head(hair="#D8A848", over=_filled(_BEARD, "#C89838") + _stroke("M247 175H265", "#5A2A1A", 1.6),
                   mouth="none", eye_px=(11, 7), brow_px=5, face=(54, 204, 44)),
    "doll": Head(eye="round", eye_px=(17, 17), iris_px=(12, 14), pupil=(7, 9), eye_y=154, apart=54,
                 mouth="small", hair="#F0A0C0", face=(56, 194, 40)),
    "pastel": Head(pen_px=0, pen="#E8C8B8", lash="#C8A890", lash_px=2.4, hair="#F4E0A8", iris="#A8C8E8",
                   lower_px=0),
    "imp": Head(skin="#5A6AC0", hair="#20204A", white="#F0E050", iris="#D02020", pupil=(1.5, 7), mouth="fang",
                behind=_stroke(_HORNS, "#20204A", 1.4, "#E0D8C0"), eye="cat", pen="#101030"),
    "swept": Head(fringe="half", hair="#30343C", eye="tall", eye_px=(12, 12), iris="#8050B0"),
    "diva": Head(skin="#A86A44", hair="#241410", eye="cat", eye_px=(15, 7), iris="#E0B040", lash_px=5,
                 mouth="big", pen="#3A1A10", fringe="parted"),
}  # fmt: skip
"""Judged after the laws were mended."""
STRANGERS: Mapping[str, Head] = {**FIRST, **SECOND}
