"""Reading a character's folder while others may replace it: all files as they were at one moment."""

import contextlib
from collections.abc import Hashable
from pathlib import Path

from avatar_rtc.characters.packing import read_folder
from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.errors import SetupError

_TRIES = 20


def version_of(*folders: Path) -> Hashable:
    """Another one whenever a file of the folders has changed, or a folder was replaced."""
    return tuple(found for folder in folders for found in _stats(folder))


def read_whole(folder: Path) -> tuple[Hashable, dict[str, bytes]] | None:
    """The version of a folder and the files in it, by name; None if there is no character any more.

    Raises:
        SetupError: it changes again and again, or cannot be read.
        TooLarge: too many files, or too many bytes.
    """
    reason = "it changes while it is being read; try again"
    for _ in range(_TRIES):
        before = version_of(folder)
        try:
            files = read_folder(folder)
        except OSError as error:
            if not (folder / PICTURE).is_file():
                return None
            reason = error.strerror or reason
            continue
        if version_of(folder) == before and PICTURE in files:
            return before, files
        if not (folder / PICTURE).is_file():
            return None
    raise SetupError(f"the character {folder.name!r} cannot be read: {reason}")


def _stats(folder: Path) -> list[Hashable]:
    """What tells one state of a folder from another; nothing if it is not there."""
    with contextlib.suppress(OSError):
        found = [(path.name, path.stat()) for path in (folder, *sorted(folder.iterdir()))]
        return [(name, s.st_ino, s.st_mtime_ns, s.st_size) for name, s in found]
    return []
