"""Captions drawn as pictures: white letters with a dark outline, readable on anything."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from avatar_rtc.characters.fonts import LetterFonts, font_at, fonts_for

_SHARE, _LEAST_PX = 1 / 17, 7
"""Height of the letters, of the picture's height at most; in px at least."""
_COLUMNS = 25
"""Heights of a letter in a line of 42 letters: so all captions of a film are of one size."""
_OUTLINE, _LINE_STEP, _DESCENT = 0.11, 1.28, 0.25
"""Width of the outline, from line to line, and below the line; of the height of the letters."""
_DARK = (10, 10, 14, 235)
_MOST_SHOWN = 12
_ROOM = 0.94
"""Of the picture's width, that a line may take."""
_MARGIN = 0.045
"""Of the picture's height, below the last line."""


class Lettering:
    """Draws captions for pictures of one size; the newest is kept."""

    def __init__(
        self, size: tuple[int, int], font: Path | None = None, complain: Callable[[str], None] = print
    ) -> None:
        """
        Args:
            size: (width, height) of the pictures, in px.
            font: a file; None looks for one that has the letters.
            complain: told once of each kind of letters that no font here has.
        """
        self._size, self._font, self._complain = size, font, complain
        self._told: set[str] = set()
        self._newest: tuple[tuple[str, ...], NDArray[np.uint8]] | None = None

    def on(self, picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
        """The picture (H, W, 4), straight alpha, with these lines at its lower edge.

        Raises:
            InputError: the font's file is none.
        """
        overlay = self.overlay(tuple(lines))
        rows = np.flatnonzero(overlay[..., 3].any(axis=1))
        if not len(rows):
            return picture
        part = slice(rows[0], rows[-1] + 1)
        found = picture.copy()
        found[part] = laid_over(overlay[part], picture[part])
        return found

    def overlay(self, lines: tuple[str, ...]) -> NDArray[np.uint8]:
        """(H, W, 4) straight alpha: the lines alone; raises as `on`."""
        if self._newest is None or self._newest[0] != lines:
            self._newest = (lines, self._drawn(lines))
        return self._newest[1]

    def _drawn(self, lines: tuple[str, ...]) -> NDArray[np.uint8]:
        width, height = self._size
        found = fonts_for("".join(lines), self._font)
        self._tell(found)
        runs = [found.runs(line) for line in lines]
        px = max(_LEAST_PX, round(min(_SHARE * height, _ROOM * width / _COLUMNS)))
        while px > _LEAST_PX and max(_width(line, px) for line in runs) > _ROOM * width:
            px -= max(1, px // 12)
        stroke, step = max(1, round(_OUTLINE * px)), round(_LINE_STEP * px)
        image = Image.new("RGBA", self._size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(image)
        y = height * (1 - _MARGIN) - _DESCENT * px - step * (len(runs) - 1)
        for line in runs:
            x = (width - _width(line, px)) / 2
            for file, text in line:
                font = font_at(file, px)
                draw.text(
                    (x, y), text, "white", font, anchor="ls", stroke_width=stroke, stroke_fill=_DARK
                )  # fmt: skip
                x += font.getlength(text)
            y += step
        return np.asarray(image)

    def _tell(self, fonts: LetterFonts) -> None:
        missing = [letter for letter in fonts.missing if letter not in self._told]
        if missing:
            self._told.update(missing)
            shown = " ".join(missing[:_MOST_SHOWN])
            self._complain(
                f"no font here has {shown}; install one that does, as Noto Sans, or name one by --font"
            )


def _width(line: Sequence[tuple[Path | None, str]], px: int) -> float:
    return sum(font_at(file, px).getlength(text) for file, text in line)


def laid_over(above: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One picture laid_over another, both with straight alpha."""
    a, b = (picture.astype(np.float32) / 255 for picture in (above, below))
    shown, rest = a[..., 3:], b[..., 3:] * (1 - a[..., 3:])
    alpha = shown + rest
    colour = (a[..., :3] * shown + b[..., :3] * rest) / np.maximum(alpha, 1e-6)
    return (np.concatenate([colour, alpha], axis=-1) * 255 + 0.5).astype(np.uint8)
