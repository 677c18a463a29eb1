"""Draw the shipped characters: python assets/drawing/build.py writes every source.svg and all PNGs.

Needs resvg-py. The same versions of resvg-py and Pillow give the same bytes. A character whose pixels have
changed needs its student bound to them anew: python assets/training/rebind.py.
"""

import io
import sys
from pathlib import Path

import liora
import numpy as np
import resvg_py
import tavi
from character import Drawing
from PIL import Image

from avatar_rtc.stream.pixels import hide_unseen

FOLDER = Path(__file__).parent.parent / "characters"
DRAWINGS = {"liora": liora.drawing, "tavi": tavi.drawing}
SIDE = 1024
"""Pixels of the pictures: twice THA3's, so hair, irises and outlines stay sharp where they show large."""
_DRAWN = 2048
"""Pixels at which a drawing is rendered before it is reduced as uploaded characters are."""


def build(drawing: Drawing) -> None:
    """Write the SVG, the character and its cels."""
    folder = FOLDER / drawing.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.svg").write_text(drawing.svg(), encoding="utf-8")
    _render(drawing.svg(), folder / "character.png")
    for cel in drawing.cels:
        _render(drawing.svg(cel), folder / f"{drawing.name}_{cel}.png")


def _render(svg: str, path: Path) -> None:
    """Reduced as it is: a cel alone has no face by which it could be framed."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_DRAWN, height=_DRAWN))
    with Image.open(io.BytesIO(png)) as drawn:
        small = np.array(drawn.convert("RGBA").resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.uint8)
    Image.fromarray(hide_unseen(small)).save(path, optimize=True)


def main(names: list[str]) -> None:
    for name in names or DRAWINGS:
        build(DRAWINGS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
