"""Where characters are kept: those shipped with the package, and those a user brought.

One folder per character, `<name>/character.png`, in both places. A shipped name cannot be taken.
"""

import re
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from avatar_rtc.characters.image import MAX_BYTES, read_character, write_png
from avatar_rtc.errors import InputError, SetupError, TooLarge, UnknownName

PICTURE = "character.png"
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


def own_folder(data_dir: Path | None = None) -> Path:
    """Where uploaded characters go; None is the user's data folder."""
    return (data_dir or Path(platformdirs.user_data_dir("avatar-rtc"))) / "characters"


def check_name(name: str) -> str:
    """The same name, safe to be a folder.

    Raises:
        InputError: anything but 1 to 64 of a-z, 0-9, `_` and `-`.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r} is no character name; wanted are 1 to 64 of a-z, 0-9, '_' and '-'")
    return name


class CharacterStore:
    """Characters by name; own ones can be added, shipped ones cannot be replaced."""

    def __init__(self, shipped: Path, own: Path) -> None:
        self._shipped, self._own = shipped, own

    def names(self) -> list[str]:
        """All characters, sorted."""
        return sorted(
            {p.parent.name for root in (self._shipped, self._own) for p in root.glob(f"*/{PICTURE}")}
        )

    def load(self, name: str) -> NDArray[np.uint8]:
        """The picture of a stored character, (512, 512, 4) sRGB, straight alpha. Names only, never paths.

        Raises:
            InputError: the name could not be one.
            UnknownName: no such character; names the nearest.
        """
        return load_file(self._path(name))

    def png(self, name: str) -> bytes:
        """The image file of a stored character; raises as `load`."""
        return self._path(name).read_bytes()

    def load_any(self, name_or_path: str) -> NDArray[np.uint8]:
        """As `load`, but also a path to an image file. For the command line; never for remote callers.

        A stored name wins over a file of the same name in the current folder.

        Raises:
            InputError: neither a stored name nor a readable file.
        """
        if name_or_path in self.names():
            return self.load(name_or_path)
        path = Path(name_or_path).expanduser()
        if path.exists() or not _NAME.fullmatch(name_or_path):
            return load_file(path)
        raise UnknownName("character", name_or_path, self.names())

    def save(self, name: str, data: bytes) -> NDArray[np.uint8]:
        """Check an image file and keep it, scaled to 512x512, under a name; an own one is replaced at once.

        Returns:
            The picture as kept, (512, 512, 4).

        Raises:
            InputError: a name that could not be one, or a shipped character's.
            UnsuitableImage, TooLarge: see `read_character`.
            SetupError: the folder cannot be written.
        """
        if (self._shipped / check_name(name)).exists():
            raise InputError(f"{name!r} is a shipped character and cannot be replaced; choose another name")
        rgba = read_character(data)
        folder = self._own / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"cannot create {folder}: {error.strerror}") from None
        write_png(folder / PICTURE, rgba)
        return rgba

    def _path(self, name: str) -> Path:
        for root in (self._shipped, self._own):
            path = root / check_name(name) / PICTURE
            if path.is_file():
                return path
        raise UnknownName("character", name, self.names())


def load_file(path: Path) -> NDArray[np.uint8]:
    """The picture in an image file on disk, (512, 512, 4); see `read_character`.

    Raises:
        InputError: there is no such file, or it cannot be read.
        UnsuitableImage, TooLarge: see `read_character`.
    """
    if not path.is_file():  # also keeps us from waiting on a pipe or reading a device without end
        raise InputError(f"there is no image file {str(path)!r}")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TooLarge(f"{path} has {size / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} MiB are taken")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return read_character(data)
