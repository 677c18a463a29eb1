"""The picture docs/hd.png: Liora in one pose at 1024 px, enlarged from 512 px, and as she is made in HD.

Below each the same two details, twice as large. Fetches what THA3 needs: python assets/drawing/hd.py
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from story import on_ground

from avatar_rtc.cli.main import main as command

FILE = Path(__file__).resolve().parents[2] / "docs" / "hd.png"
SIDES = (512, 1024)
POSE = {"head_y": 0.25, "neck_z": 0.15, "iris_rotation_y": 0.3, "mouth_aaa": 0.35, "breathing": 0.5}
GROUND = (50, 54, 74)
BUST = (232, 40, 792, 600)
DETAILS = ((420, 220, 560, 360), (500, 100, 640, 240))
"""Face and hair. Boxes are left, top, right and bottom, in px of the picture of 1024 px."""
WORDS = ("512 px, enlarged", "HD, 1024 px")
LINE = 36
COLOURS = 256


def posed(side: int, folder: Path) -> Image.Image:
    """The pose on our ground, as the command renders it at that side."""
    pose, path = folder / "pose.json", folder / f"{side}.png"
    pose.write_text(json.dumps(POSE))
    wanted = ["--character", "liora", "--animator", "tha3", "--pose", str(pose), "--size", str(side)]
    if command(["render", *wanted, "--out", str(path)]):
        raise SystemExit(f"Liora was not rendered at {side} px")
    with Image.open(path) as picture:
        return Image.fromarray(on_ground(_straight(picture), GROUND))


def _straight(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGBA"))


def panel(picture: Image.Image, words: str, boxes: Sequence[tuple[int, int, int, int]]) -> Image.Image:
    """The bust, its details below at twice the size, and what it is above."""
    bust = picture.crop(BUST)
    width = bust.width // len(boxes)
    page = Image.new("RGB", (bust.width, LINE + bust.height + width), GROUND)
    ImageDraw.Draw(page).text((12, 6), words, "#ffffff", ImageFont.load_default(20))
    page.paste(bust, (0, LINE))
    for number, box in enumerate(boxes):
        detail = picture.crop(box).resize((width, width), Image.Resampling.NEAREST)
        page.paste(detail, (number * width, LINE + bust.height))
    return page


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (posed(side, Path(folder)) for side in SIDES)
    pictures = (small.resize(large.size, Image.Resampling.LANCZOS), large)
    panels = [panel(each, words, DETAILS) for each, words in zip(pictures, WORDS, strict=True)]
    page = Image.new("RGB", (2 * panels[0].width + 8, panels[0].height), "#ffffff")
    for number, each in enumerate(panels):
        page.paste(each, (number * (each.width + 8), 0))
    page.quantize(COLOURS, dither=Image.Dither.NONE).save(FILE, optimize=True)
    print(f"docs/{FILE.name}: {page.width}x{page.height} px, {FILE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
