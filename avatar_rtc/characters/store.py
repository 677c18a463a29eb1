"""Where characters are kept: those shipped with the package, and those a user brought.

One folder per character in both places, see `character.py`. A shipped name cannot be taken.
"""

import contextlib
import re
import secrets
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from avatar_rtc.characters.character import PICTURE, STUDENT, TOML, Character, build_character
from avatar_rtc.characters.image import MAX_BYTES, full_frame, read_cel, read_character, write_png
from avatar_rtc.characters.packing import looks_like_zip, read_folder, read_zip
from avatar_rtc.characters.student import check_student
from avatar_rtc.errors import InputError, Refused, SetupError, TooLarge, UnknownName
from avatar_rtc.look import FX, CelImage
from avatar_rtc.resources import resource

REMEMBERED = 8
"""Characters kept decoded; each has 2 to 10 MB."""
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

    def __init__(self, shipped: Path, own: Path, fx: Path | None = None) -> None:
        """`fx` is the folder of the common effects; None is the shipped one."""
        self._shipped, self._own = shipped, own
        self._fx_folder = fx or resource("assets", "fx")
        self._decoded: dict[str, tuple[object, Character]] = {}
        """Name → version and character: thirty pictures take 200 ms, and avatars of one come by the dozen."""

    def names(self) -> list[str]:
        """All characters, sorted."""
        found = {p.parent.name for root in (self._shipped, self._own) for p in root.glob(f"*/{PICTURE}")}
        return sorted(name for name in found if _NAME.fullmatch(name))

    def load(self, name: str) -> NDArray[np.uint8]:
        """The picture of a stored character, (512, 512, 4) sRGB, straight alpha. Names only, never paths.

        Raises:
            InputError: the name could not be one.
            UnknownName: no such character; names the nearest.
        """
        return load_file(self._path(name))

    def load_character(self, name: str) -> Character:
        """A stored character with its cels and the common effects; raises as `load`, `build_character`."""
        folder = self._path(name).parent
        version = _version(folder)
        held = self._decoded.get(name)
        if held is not None and held[0] == version:
            return held[1]
        character = build_character(name, read_folder(folder), self._fx)
        if len(self._decoded) >= REMEMBERED:
            self._decoded.clear()
        self._decoded[name] = version, character
        return character

    def character_path(self, name_or_path: str) -> Path:
        """The folder of a stored character, or the file or folder a path names."""
        if name_or_path in self.names():
            return self._path(name_or_path).parent
        return Path(name_or_path).expanduser().resolve()

    def student_path(self, name_or_path: str) -> Path:
        """Where the student of a character belongs: beside its picture."""
        path = self.character_path(name_or_path)
        return (path if path.is_dir() else path.parent) / STUDENT

    def png(self, name: str) -> bytes:
        """The image file of a stored character; raises as `load`."""
        return self._path(name).read_bytes()

    def load_any(self, name_or_path: str) -> NDArray[np.uint8]:
        """The picture of `load_any_character`, which see."""
        return self.load_any_character(name_or_path).rgba

    def load_any_character(self, name_or_path: str) -> Character:
        """As `load_character`, but also a path to an image file, to a character's folder or to a zip of one.
        For the command line; never for remote callers.

        A stored name wins over a file of the same name in the current folder.

        Raises:
            InputError: neither a stored name nor a readable file; see also `build_character`, `read_zip`.
        """
        if name_or_path in self.names():
            return self.load_character(name_or_path)
        path = Path(name_or_path).expanduser()
        if path.is_dir():
            return build_character(path.resolve().name, read_folder(path), self._fx)
        if path.exists() or not _NAME.fullmatch(name_or_path):
            files = _files_of(_read_file(path))
            beside = path.parent / STUDENT
            if list(files) == [PICTURE] and beside.is_file():
                files[STUDENT] = _read_file(beside)
            return build_character(path.stem, files, self._fx)
        raise UnknownName("character", name_or_path, self.names())

    def save(self, name: str, data: bytes, more: Mapping[str, bytes] | None = None) -> NDArray[np.uint8]:
        """Check an image file, or a zip of a character's folder, and keep it under a name; an own character
        of this name is replaced as a whole.

        Args:
            more: further files of the folder, such as cels, by name.

        Returns:
            The picture as kept, (512, 512, 4).

        Raises:
            InputError: a name that could not be one, or a shipped character's; see also `build_character`,
                `check_student`.
            UnsuitableImage, TooLarge: see `read_character`, `read_zip`.
            SetupError: the folder cannot be written.
        """
        if (self._shipped / check_name(name)).exists():
            raise InputError(f"{name!r} is a shipped character and cannot be replaced; choose another name")
        files = {**_files_of(data), **(more or {})}
        character = build_character(name, files, {})
        if character.student is not None:
            check_student(character.student, character.rgba)
        folder = self._own / name
        part = self._own / f".{name}.{secrets.token_hex(4)}.part"
        try:
            part.mkdir(parents=True)
            write_png(part / PICTURE, character.rgba)
            for cel, image in character.cels.items():
                file = f"{cel}.png" if cel in FX else f"{name}_{cel}.png"
                write_png(part / file, full_frame(image))
            for file in {TOML, STUDENT} & files.keys():
                (part / file).write_bytes(files[file])
            _put(part, folder)
        except OSError as error:
            raise SetupError(f"cannot create {folder}: {error.strerror}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return character.rgba

    def build(self, name: str, files: Mapping[str, bytes]) -> Character:
        """A character that is not kept, of a folder's files; see `build_character`."""
        return build_character(name, files, self._fx)

    def delete(self, name: str) -> None:
        """Forget a character that somebody brought.

        Raises:
            InputError: the name could not be one.
            UnknownName: no such character; names the nearest.
            Refused: it is a shipped one.
            SetupError: the folder cannot be written.
        """
        folder = self._path(name).parent
        if folder.parent != self._own:
            raise Refused(f"{name!r} is a shipped character and cannot be deleted")
        try:
            # Out of the way at once, so that a deletion cut short leaves no half a character.
            gone = self._own / f".{name}.{secrets.token_hex(4)}.part"
            folder.rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise SetupError(f"cannot delete {folder}: {error.strerror}") from None

    @cached_property
    def _fx(self) -> Mapping[str, CelImage]:
        """The common effects; read once."""
        paths = {name: self._fx_folder / f"{name}.png" for name in FX}
        cels = {name: read_cel(path.read_bytes()) for name, path in paths.items() if path.is_file()}
        return {name: cel for name, cel in cels.items() if cel is not None}

    def _path(self, name: str) -> Path:
        for root in (self._shipped, self._own):
            path = root / check_name(name) / PICTURE
            if path.is_file():
                return path
        raise UnknownName("character", name, self.names())


def _version(folder: Path) -> object:
    """Another one whenever a file of a folder has changed."""
    try:
        return tuple(sorted((p.name, s.st_mtime_ns, s.st_size) for p in folder.iterdir() for s in [p.stat()]))
    except OSError:  # it is being replaced just now; reading it will tell
        return object()


def _files_of(data: bytes) -> dict[str, bytes]:
    """The files of a character in a zip, or of one that is a mere picture."""
    return read_zip(data) if looks_like_zip(data) else {PICTURE: data}


def _put(new: Path, folder: Path) -> None:
    """Let the finished folder `new` take the place of `folder`: at no time half of it is there."""
    old = new.with_suffix(".old")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        with contextlib.suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def load_file(path: Path) -> NDArray[np.uint8]:
    """The picture in an image file on disk, (512, 512, 4); see `read_character`.

    Raises:
        InputError: there is no such file, or it cannot be read.
        UnsuitableImage, TooLarge: see `read_character`.
    """
    return read_character(_read_file(path))


def _read_file(path: Path) -> bytes:
    """The bytes of an image or a zip, no more than 16 MiB."""
    if not path.is_file():  # also keeps us from waiting on a pipe or reading a device without end
        raise InputError(f"there is no image file {str(path)!r}")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TooLarge(f"{path} has {size / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} MiB are taken")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return data
