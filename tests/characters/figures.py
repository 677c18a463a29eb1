"""Figures drawn by chance, of any proportions, with a head whose place is known."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Figure:
    """A drawn figure."""

    image: Image.Image
    """RGBA on a clear ground."""
    x: float
    """Column of the middle of the face."""
    top: float
    """Row in which the hair begins."""
    chin: float
    """Row of the chin."""
    eyes: float
    """Distance between the eyes in px."""


def draw_figure(seed: int, face: bool = True) -> Figure:
    """Two to eight heads tall, somewhere in a picture of any shape.

    Args:
        face: draw one; without it the head is hair all around.
    """
    r = np.random.default_rng([seed, 5])
    height = float(r.uniform(60, 260))
    heads = float(r.uniform(2.2, 8))
    body = height * (heads - 1)
    width = height * float(r.uniform(1.4, 2.2))
    room = [int(side) for side in r.uniform(0, 500, 4)]
    size = (int(width) + room[0] + room[1], int(height + body) + room[2] + room[3] // 2)
    x, top = room[0] + width / 2, room[2] + 4.0
    image = Image.new("RGBA", size)
    pen = ImageDraw.Draw(image)
    skin, hair, cloth = _skin(r), _colour(r), _colour(r)
    while np.abs(np.subtract(hair, skin)).sum() < 120:
        hair = _colour(r)
    chin = top + height
    eyes = height * float(r.uniform(0.29, 0.34))
    _draw_body(pen, r, (x, chin, width, body, height), (skin, cloth))
    long = chin + float(r.uniform(-0.3, 1.2)) * height
    pen.rounded_rectangle(
        (x - 0.42 * height, top + 0.2 * height, x + 0.42 * height, long), 0.2 * height, fill=hair
    )
    pen.ellipse((x - 0.42 * height, top, x + 0.42 * height, top + 0.95 * height), fill=hair)
    if face:
        _draw_face(pen, r, (x, top, height, eyes), (skin, hair))
    return Figure(image, x, top, chin, eyes)


def _draw_body(
    pen: ImageDraw.ImageDraw,
    r: np.random.Generator,
    place: tuple[float, float, float, float, float],
    colours: tuple[Colour, Colour],
) -> None:
    x, chin, width, body, head = place
    skin, cloth = colours
    foot = chin + body
    pen.rectangle((x - 0.11 * head, chin - 0.1 * head, x + 0.11 * head, chin + 0.25 * head), fill=skin)
    waist = chin + 0.2 * head + 0.45 * body
    pen.polygon(
        [
            (x - 0.45 * head, chin + 0.2 * head),
            (x + 0.45 * head, chin + 0.2 * head),
            (x + 0.35 * head, waist),
            (x - 0.35 * head, waist),
        ],
        fill=cloth,
    )
    skirt, reach = _colour(r), float(r.uniform(0.3, 0.5)) * width
    pen.polygon(
        [(x - 0.3 * head, waist - 2), (x + 0.3 * head, waist - 2), (x + reach, foot), (x - reach, foot)],
        fill=skirt,
    )
    for button in range(3):
        at = chin + (0.4 + 0.15 * button) * head
        pen.ellipse((x - 3, at - 3, x + 3, at + 3), fill=_colour(r))


def _draw_face(
    pen: ImageDraw.ImageDraw,
    r: np.random.Generator,
    place: tuple[float, float, float, float],
    colours: tuple[Colour, Colour],
) -> None:
    x, top, height, d = place
    skin, hair = colours
    y = top + height * float(r.uniform(0.62, 0.68))
    pen.ellipse((x - 1.02 * d, y - 1.1 * d, x + 1.02 * d, top + height), fill=skin)
    iris, wide, high = _colour(r), float(r.uniform(0.26, 0.33)), float(r.uniform(0.18, 0.27))
    for side in (-1, 1):
        e = x + side * d / 2
        pen.ellipse((e - wide * d, y - high * d, e + wide * d, y + high * d), fill=(250, 250, 252))
        pen.ellipse((e - 0.19 * d, y - high * d, e + 0.19 * d, y + high * d), fill=iris)
        pen.ellipse((e - 0.08 * d, y - 0.1 * d, e + 0.08 * d, y + 0.1 * d), fill=(15, 12, 20))
        pen.line(
            (e - wide * d, y - 0.8 * high * d, e, y - 1.15 * high * d, e + wide * d, y - 0.8 * high * d),
            fill=(25, 15, 20),
            width=max(1, round(0.07 * d)),
            joint="curve",
        )
        pen.line(
            (e - 0.3 * d, y - 0.6 * d, e + 0.3 * d, y - 0.62 * d),
            fill=(40, 25, 20),
            width=max(1, round(0.04 * d)),
        )
    mouth = (x - 0.17 * d, y + 0.55 * d, x + 0.17 * d, y + 0.55 * d + float(r.uniform(0.03, 0.2)) * d)
    pen.ellipse(mouth, fill=(200, 90, 90))
    for lock in range(5):
        left = x + (lock / 2.5 - 1) * 0.9 * d
        tip = y - float(r.uniform(0.35, 0.6)) * d
        pen.polygon(
            [(left, top + 0.1 * height), (left + 0.4 * d, top + 0.1 * height), (left + 0.2 * d, tip)],
            fill=hair,
        )


def _colour(r: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in r.integers(0, 256, 3))
    return red, green, blue


def _skin(r: np.random.Generator) -> Colour:
    """Pale to dark; now and then blue or green."""
    if r.random() < 0.15:
        return _colour(r)
    light = float(r.uniform(0.35, 1))
    return int(254 * light), int(240 * light**1.15), int(228 * light**1.3)
