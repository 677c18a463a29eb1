"""Reading a character's files: from a folder that others may replace, all as they were at one moment, and
from paths of the command line."""

import contextlib
from collections.abc import Hashable
from pathlib import Path

from avatar_rtc.characters.image import MAX_PICTURE_BYTES
from avatar_rtc.characters.packing import looks_like_zip, read_beside, read_folder, read_zip
from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.errors import InputError, SetupError, TooLarge

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


def files_at(path: Path) -> dict[str, bytes]:
    """The files of a character in a zip, or of a mere picture with what lies beside it.

    Raises:
        InputError: it cannot be read; see also `read_zip`.
    """
    data = file_at(path)
    if looks_like_zip(data):
        return read_zip(data)
    try:
        return {**read_beside(path), PICTURE: data}
    except OSError as error:
        raise InputError(f"cannot read beside {path}: {error.strerror}") from None


def file_at(path: Path) -> bytes:
    """The bytes of an image or a zip.

    Raises:
        InputError: there is none, or it cannot be read.
        TooLarge: more than 16 MiB.
    """
    if not path.is_file():  # also keeps us from waiting on a pipe or reading a device without end
        raise InputError(f"there is no image file {str(path)!r}")
    try:
        size = path.stat().st_size
        if size > MAX_PICTURE_BYTES:
            raise TooLarge(
                f"{path} has {size / 2**20:.1f} MiB; at most {MAX_PICTURE_BYTES // 2**20} MiB are taken"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return data


def _stats(folder: Path) -> list[Hashable]:
    """What tells one state of a folder from another; nothing if it is not there."""
    with contextlib.suppress(OSError):
        found = [(path.name, path.stat()) for path in (folder, *sorted(folder.iterdir()))]
        return [(name, s.st_ino, s.st_mtime_ns, s.st_size) for name, s in found]
    return []
