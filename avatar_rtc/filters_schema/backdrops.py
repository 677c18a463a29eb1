"""The pictures that can stand behind an avatar: files of `assets/backdrops`, by name."""

from pathlib import Path

from avatar_rtc.errors import UnknownName
from avatar_rtc.resources import resource

_SUFFIXES = (".webp", ".png", ".jpg")


def backdrop_files() -> dict[str, Path]:
    """Name → file, in alphabetical order."""
    files = sorted(resource("assets", "backdrops").iterdir())
    return {file.stem: file for file in files if file.suffix in _SUFFIXES}


def backdrop_file(name: str) -> Path:
    """The file of a backdrop.

    Raises:
        UnknownName: there is none of that name; names the nearest.
    """
    files = backdrop_files()
    if name not in files:
        raise UnknownName("backdrop", name, files)
    return files[name]
