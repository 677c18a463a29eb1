"""Paints the backdrops day, night and abstract: 1920x1080, the middle third calm for the avatar."""

from pathlib import Path

from backdrop_abstract import abstract
from backdrop_canvas import save
from backdrop_day import day
from backdrop_night import night
from PIL import Image

THUMBNAIL = (288, 162)
"""Pixels of the pictures to choose from: the page shows them at most half as wide."""


def thumbnail(picture: Path) -> None:
    """Write a small copy of a picture into `thumbnails` beside it."""
    folder = picture.parent / "thumbnails"
    folder.mkdir(exist_ok=True)
    with Image.open(picture) as image:
        image.convert("RGB").resize(THUMBNAIL, Image.Resampling.LANCZOS).save(
            folder / picture.name, quality=75, method=6
        )


def build(folder: Path) -> None:
    """Write the three pictures into the folder, and small copies."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, painter in (("day", day), ("night", night), ("abstract", abstract)):
        save(painter(), folder / f"{name}.webp")
        thumbnail(folder / f"{name}.webp")


if __name__ == "__main__":
    build(Path(__file__).parent.parent / "backdrops")
