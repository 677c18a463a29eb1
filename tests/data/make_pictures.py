"""Draw the two frozen pictures golden values are made with: `python tests/data/make_pictures.py`.

Plain discs in THA3's frame: head in x 192..320, y 64..192, shoulders below. Numpy and Pillow only; made
once, committed, and never to be redrawn without new golden values.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE, SCALE = 512, 4
Colour = tuple[int, int, int]


def ellipse(
    canvas: NDArray[np.uint8], centre: tuple[float, float], half: tuple[float, float], colour: Colour
) -> None:
    """Fill an ellipse; places and lengths are px of the finished picture."""
    y, x = np.mgrid[: SIZE * SCALE, : SIZE * SCALE] / SCALE
    inside = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 <= 1
    canvas[inside] = (*colour, 255)


def draw(hair: Colour, skin: Colour, iris: Colour, cloth: Colour, *, long_hair: bool) -> NDArray[np.uint8]:
    """A face with shoulders, (512, 512, 4) sRGB with straight alpha."""
    canvas = np.zeros((SIZE * SCALE, SIZE * SCALE, 4), np.uint8)
    ellipse(canvas, (256, 128), (68, 74), hair)
    if long_hair:
        ellipse(canvas, (256, 210), (74, 110), hair)
    ellipse(canvas, (256, 205), (17, 34), skin)
    ellipse(canvas, (256, 400), (96, 178), cloth)
    ellipse(canvas, (256, 216), (24, 14), skin)
    ellipse(canvas, (256, 140), (52, 56), skin)
    fringe = np.mgrid[: SIZE * SCALE, : SIZE * SCALE][0] / SCALE < 104
    before = canvas.copy()
    ellipse(canvas, (256, 118), (56, 48), hair)
    canvas[~fringe] = before[~fringe]
    dark = (hair[0] // 3, hair[1] // 3, hair[2] // 3)
    for x in (232, 280):
        ellipse(canvas, (x, 118), (13, 2), dark)
        ellipse(canvas, (x, 144), (14, 13), (40, 30, 40))
        ellipse(canvas, (x, 146), (12, 11), (250, 250, 252))
        ellipse(canvas, (x, 146), (8, 10), iris)
        ellipse(canvas, (x, 147), (4, 5), (20, 16, 28))
        ellipse(canvas, (x - 3, 141), (2.5, 2.5), (255, 255, 255))
    ellipse(canvas, (256, 164), (1.5, 2), (int(skin[0] * 0.85), int(skin[1] * 0.85), int(skin[2] * 0.85)))
    ellipse(canvas, (256, 178), (9, 1.2), (150, 70, 70))
    return _shrink(canvas)


def _shrink(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean over SCALE x SCALE, colour weighted by opacity."""
    tiles = canvas.reshape(SIZE, SCALE, SIZE, SCALE, 4).astype(np.float64)
    alpha = tiles[..., 3:].mean((1, 3))
    rgb = (tiles[..., :3] * tiles[..., 3:]).mean((1, 3)) / np.maximum(alpha, 1e-9)
    return np.concatenate([rgb, alpha], axis=-1).round().astype(np.uint8)


if __name__ == "__main__":
    here = Path(__file__).parent
    first = draw((96, 60, 44), (250, 222, 200), (60, 120, 190), (52, 60, 92), long_hair=False)
    second = draw((226, 196, 120), (240, 200, 176), (70, 150, 90), (150, 60, 70), long_hair=True)
    Image.fromarray(first).save(here / "disc_short.png", optimize=True)
    Image.fromarray(second).save(here / "disc_long.png", optimize=True)
