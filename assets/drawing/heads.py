"""Plain heads in flat colours, as other people draw them: nothing of the shipped characters is in them."""

from collections.abc import Mapping
from dataclasses import dataclass

from svg import ellipse, group

X, Y = 256.0, 147.0
"""Between the eyes."""


@dataclass(frozen=True)
class Head:
    """One head with shoulders; lengths are px of the frame."""

    skin: str = "#F8DCC8"
    hair: str = "#4A3A5A"
    cloth: str = "#5A7A9A"
    pen: str = "#3A2A30"
    """Colour of all outlines."""
    pen_px: float = 1.4
    face: tuple[float, float, float] = (50, 198, 30)
    """Half its width, row of the chin, and how broad the jaw is."""
    eye: str = "almond"
    """A key of `_LIDS`, or "smiling" or "asleep": a line."""
    eye_px: tuple[float, float] = (13, 10)
    """Half width and half height."""
    apart: float = 48
    eye_y: float = Y
    white: str = "#FFFFFF"
    iris: str = "#4A7AB0"
    iris_px: tuple[float, float] = (7, 9)
    pupil: tuple[float, float] = (3, 4.5)
    shine: bool = True
    lash: str = "#201820"
    lash_px: float = 3.5
    lower_px: float = 1.0
    """Width of the line of the lower lid; 0 is none."""
    brow: str = ""
    """Colour; empty is that of the hair."""
    brow_px: float = 2.6
    brow_tilt: float = 0
    mouth: str = "open"
    """A key of `_MOUTHS`."""
    fringe: str = "spikes"
    """A key of `_FRINGES`."""
    below: str = ""
    """SVG between face and eyes."""
    over: str = ""
    """SVG over all."""
    behind: str = ""
    """SVG behind all, such as ears."""
    aside: float = 0
    """By how many px the face looks to the right; the far eye becomes narrower."""
    soft: float = 0
    """Blur of all edges in px, with a hand's tremor, as watercolour has it."""
    grey: bool = False
    scale: float = 1
    shift: tuple[float, float] = (0, 0)


_LIDS: Mapping[str, tuple[str, str]] = {
    "almond": ("M-1 .3C-.6 -1 .4 -1.35 1 -.3", "C.8 .9 -.4 1.2 -1 .3"),
    "round": ("M-1 0C-1 -1.33 1 -1.33 1 0", "C1 1.33 -1 1.33 -1 0"),
    "flat": ("M-1 -.25L1 -.35", "C1 1.3 -1 1.3 -1 -.25"),
    "droop": ("M-1 -.2C-.5 -1.4 .7 -1.1 1 .4", "C.6 1.1 -.6 1.1 -1 -.2"),
    "cat": ("M-1 .5C-.5 -.9 .3 -1.2 1.1 -.8", "C.9 .9 -.2 1.1 -1 .5"),
    "square": ("M-1 .2L-.8 -.8L.8 -.9L1 -.1", "L.7 .9L-.6 .9Z"),
    "tall": ("M-.9 .3C-1 -1.2 .9 -1.5 1 -.2", "C1 .7 .6 1 .1 1C-.5 1 -.8 .8 -.9 .3"),
}
"""Upper and lower edge of the opening, in halves of its width and height, x outwards."""
_MOUTHS: Mapping[str, str] = {
    "open": '<path d="M246 172Q256 175 266 172Q263 183 256 183Q249 183 246 172Z" fill="#B04A4A" {pen}/>',
    "big": '<path d="M242 170Q256 174 270 170Q267 187 256 187Q245 187 242 170Z" fill="#8A3038" {pen}/>'
    '<path d="M245 171.5Q256 175 267 171.5L266 174.5Q256 177 246 174.5Z" fill="#FFFFFF"/>',
    "fang": '<path d="M245 172Q256 176 267 172Q264 183 256 183Q248 183 245 172Z" fill="#A04048" {pen}/>'
    '<path d="M261 173.6L263 178L265 172.8Z" fill="#FFFFFF"/>',
    "smile": '<path d="M246 172Q256 180 266 172" fill="none" {pen}/>',
    "line": '<path d="M248 175H264" fill="none" {pen}/>',
    "cat": '<path d="M247 173Q251.500 179 256 174Q260.500 179 265 173" fill="none" {pen}/>',
    "lips": '<path d="M245 175Q251 170 256 172Q261 170 267 175Q256 184 245 175Z" fill="#B02040" {pen}/>'
    '<path d="M246 175Q256 177 266 175" fill="none" {pen}/>',
    "small": '<ellipse cx="256" cy="176" rx="4" ry="3" fill="#B04A4A" {pen}/>',
    "none": "",
}
_FRINGES: Mapping[str, str] = {
    "spikes": "M204 150L200 96Q206 48 256 46Q306 48 312 96L308 150L300 116L290 128L278 106L262 126L250 106"
    "L236 128L222 108L212 120Z",
    "straight": "M203 160L200 96Q206 48 256 46Q306 48 312 96L309 160L303 126H209Z",
    "parted": "M203 165L200 96Q206 48 256 46Q306 48 312 96L309 165Q306 110 268 84Q222 98 203 165Z",
    "short": "M205 120L202 90Q210 52 256 50Q302 52 310 90L307 120Q300 92 256 92Q212 92 205 120Z",
    "eyeless": "M203 160L200 96Q206 48 256 46Q306 48 312 96L309 160L298 162L286 164L272 159L258 163L244 159"
    "L230 164L216 161Z",
    "one": "M203 150L200 96Q206 48 256 46Q306 48 312 96L310 176Q292 172 284 162"
    "Q262 140 258 96Q226 104 203 150Z",
    "half": "M203 150L200 96Q206 48 256 46Q306 48 312 96L310 166Q298 160 290 148"
    "Q268 136 254 96Q226 104 203 150Z",
    "bald": "",
}


def svg(head: Head) -> str:
    """The whole picture, 512x512."""
    pen = f'stroke="{head.pen}" stroke-width="{head.pen_px:g}" stroke-linejoin="round" stroke-linecap="round"'
    w, chin, jaw = head.face
    face = (
        f"M{X - w} 100Q{X} 46 {X + w} 100C{X + w + 2} 168 {X + jaw} {chin} {X} {chin}"
        f"C{X - jaw} {chin} {X - w - 2} 168 {X - w} 100Z"
    )
    bald = head.fringe == "bald"
    back = (
        ""
        if bald
        else f'<path d="M196 110Q200 40 256 38Q312 40 316 110L320 250H192Z" fill="{head.hair}" {pen}/>'
    )
    body = (
        f'<path d="M232 180h48v60h-48z" fill="{head.skin}" {pen}/>'
        f'<path d="M140 520Q146 300 230 236Q256 262 282 236Q366 300 372 520Z" fill="{head.cloth}" {pen}/>'
    )
    front = f'<path d="{_FRINGES[head.fringe]}" fill="{head.hair}" {pen}/>' if not bald else ""
    features = (
        head.below
        + "".join(_eye(head, side) + _brow(head, side) for side in (-1, 1))
        + f'<path d="M257 159L254.500 163L257 164" fill="none" {pen} opacity=".7"/>'
        + _MOUTHS[head.mouth].format(pen=pen)
    )
    skull = f'<path d="{face}" fill="{head.skin}" {pen}/>'
    looking = group(features, attributes=f'transform="translate({head.aside:g} 0)"')
    parts = [head.behind, back, body, skull, looking, front, head.over]
    dx, dy = head.shift
    place = f"translate({X + dx:g} {Y + dy:g}) scale({head.scale:g}) translate({-X:g} {-Y:g})"
    whole = group("".join(parts), attributes=f'transform="{place}"')
    for name in (["soft"] if head.soft else []) + (["grey"] if head.grey else []):
        whole = group(whole, attributes=f'filter="url(#{name})"')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 512 512">'
        f"<defs>{_filters(head.soft)}</defs>{whole}</svg>"
    )


def _filters(soft: float) -> str:
    room = 'x="0" y="0" width="512" height="512" filterUnits="userSpaceOnUse"'
    return (
        f'<filter id="soft" {room}>'
        '<feTurbulence type="fractalNoise" baseFrequency=".06" numOctaves="2" seed="3"/>'
        '<feDisplacementMap in="SourceGraphic" scale="4" xChannelSelector="R" yChannelSelector="G"/>'
        f'<feGaussianBlur stdDeviation="{soft:g}"/></filter>'
        f'<filter id="grey" {room}><feColorMatrix type="saturate" values="0"/></filter>'
    )


def _eye(head: Head, side: int) -> str:
    w, h = head.eye_px
    if head.aside * side > 0:
        w *= 0.75
    place = f'transform="matrix({side} 0 0 1 {X + side * head.apart / 2:g} {head.eye_y:g})"'
    ink = f'fill="none" stroke="{head.lash}" stroke-linecap="round" stroke-linejoin="round"'
    if head.eye in ("smiling", "asleep"):
        bend = -h if head.eye == "smiling" else h
        return group(
            f'<path d="M{-w} 2Q0 {bend} {w} 2" {ink} stroke-width="{head.lash_px}"/>', attributes=place
        )
    upper, lower = (_scaled(path, w, h) for path in _LIDS[head.eye])
    name = f"lids{side}".replace("-", "m")
    i, j = head.iris_px
    p, q = head.pupil
    ball = (
        ellipse(0, 0, i, j, head.iris)
        + f'<ellipse cx="0" cy="0" rx="{i}" ry="{j}" fill="none" stroke="{head.pen}" stroke-width="1"/>'
        + ellipse(0, 0, p, q, "#100C14")
        + (ellipse(-2.4 * side, -0.4 * j, 2.2, 2.6, "#FFFFFF") if head.shine else "")
    )
    parts = [
        f'<clipPath id="{name}"><path d="{upper}{lower}"/></clipPath>',
        f'<path d="{upper}{lower}" fill="{head.white}"/>',
        group(ball, attributes=f'clip-path="url(#{name})"'),
        f'<path d="{upper}" {ink} stroke-width="{head.lash_px}"/>' if head.lash_px else "",
        f'<path d="{upper}{lower}" {ink} stroke-width="{head.lower_px}"/>' if head.lower_px else "",
    ]
    return group("".join(parts), attributes=place)


def _scaled(path: str, w: float, h: float) -> str:
    """A path in halves of the eye, in px."""
    found, number = [], 0
    for word in path.replace("C", " C ").replace("L", " L ").replace("M", " M ").replace("Z", " Z ").split():
        if word.isalpha():
            found.append(word)
        else:
            found.append(f"{float(word) * (h if number % 2 else w):.2f}")
            number += 1
    return " ".join(found)


def _brow(head: Head, side: int) -> str:
    if not head.brow_px:
        return ""
    x, y, t = X + side * head.apart / 2, head.eye_y - head.eye_px[1] - 14, head.brow_tilt
    return (
        f'<path d="M{x - 12 * side} {y + t}Q{x} {y - 5} {x + 13 * side} {y - t + 2}" fill="none" '
        f'stroke="{head.brow or head.hair}" stroke-width="{head.brow_px}" stroke-linecap="round"/>'
    )
