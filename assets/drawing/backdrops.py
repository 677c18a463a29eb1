"""Paints the backdrops day, night and abstract: 1920x1080, the middle third calm for the avatar."""

from pathlib import Path

from backdrop_abstract import abstract
from backdrop_canvas import save
from backdrop_day import day
from backdrop_night import night


def build(folder: Path) -> None:
    """Write the three pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, painter in (("day", day), ("night", night), ("abstract", abstract)):
        save(painter(), folder / f"{name}.webp")


if __name__ == "__main__":
    build(Path(__file__).parent.parent / "backdrops")
