"""Where characters are kept: those shipped with the package, and those a user brought.

One folder per character in both places, see `character.py`. A shipped name cannot be taken, and nothing is
ever written to the package: students of shipped characters lie beside the user's own characters.

```
 data folder/characters/mina/            an own character
             students/liora/3f…/         a student of the shipped liora, for the picture with this hash
```
"""

import contextlib
import json
import logging
import re
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import platformdirs
from numpy import uint8
from numpy.typing import NDArray

from avatar_rtc.characters.character import MAX_SAVED_BYTES, Character, build_character, check_saved
from avatar_rtc.characters.decoded import Decoded, size_of
from avatar_rtc.characters.framing import reduced
from avatar_rtc.characters.image import read_cel, read_prepared
from avatar_rtc.characters.kept_files import files_to_keep
from avatar_rtc.characters.own import OwnFolder, Room, stored_names
from avatar_rtc.characters.packing import Packed, looks_like_zip, read_folder, read_pack
from avatar_rtc.characters.parts import PICTURE, SAVED, STUDENT, TOML
from avatar_rtc.characters.reading import files_at, read_whole, version_of
from avatar_rtc.characters.shipped_students import ShippedStudents
from avatar_rtc.characters.student import check_student
from avatar_rtc.characters.student_cache import StudentCache
from avatar_rtc.characters.toml import read_toml
from avatar_rtc.control.envelope import json_object
from avatar_rtc.errors import InputError, Refused, SetupError, TooLarge, UnknownName
from avatar_rtc.face.cels import FX, CelImage
from avatar_rtc.files import put_file
from avatar_rtc.intake.names import check_name, is_name
from avatar_rtc.resources import resource

log = logging.getLogger(__name__)

_Values = Mapping[str, Any]
_MOST_BYTES = 256 * 2**20
"""Of pictures and students that are read of one zip."""
_TRIES = 20
"""A character may be replaced while it is looked for, but hardly so often."""


def own_folder(data_dir: Path | None = None) -> Path:
    """Where uploaded characters go; None is the user's data folder."""
    return (data_dir or Path(platformdirs.user_data_dir("avatar-rtc"))) / "characters"


class CharacterStore:
    """Characters by name; own ones can be added, shipped ones cannot be replaced.

    For any thread, and for several servers on one data folder: whatever others do meanwhile, a character is
    there as a whole or not at all.
    """

    def __init__(
        self, shipped: Path, own: Path, fx: Path | None = None, cache: StudentCache | None = None
    ) -> None:
        """
        Args:
            fx: the folder of the common effects; None is the shipped one.
            cache: students of pictures that were met before; None is without.
        """
        self._cache = cache
        self._shipped, self._own = shipped, OwnFolder(own)
        self._students, self._saved = ShippedStudents(own.parent / "students"), own.parent / "saved"
        self._fx_folder = fx or resource("assets", "fx")
        self._decoded = Decoded()
        self._saving = threading.Lock()
        """For what is saved into shipped characters."""

    def names(self) -> list[str]:
        """All characters, sorted."""
        return sorted({*stored_names(self._shipped), *self._own.names()})

    def is_shipped(self, name: str) -> bool:
        """Whether a character of this name came with the package."""
        return is_name(name) and (self._shipped / name / PICTURE).is_file()

    def load(self, name: str) -> NDArray[uint8]:
        """The picture of a stored character as THA3 sees it, (512, 512, 4) sRGB, straight alpha. Names only,
        never paths.

        Raises:
            InputError: the name could not be one.
            UnknownName: no such character; names the nearest.
        """
        return reduced(read_prepared(self.png(name)).rgba)

    def load_character(self, name: str) -> Character:
        """A stored character with its cels and the common effects; raises as `load`, `build_character`."""
        held = self._decoded.get(name, (version_of(self._folder(name)), self._version_beside(name)))
        if held is not None:
            return held
        students = self._version_beside(name)
        version, files = self._read(name)
        character = build_character(name, files, self._fx, prepared=True)
        if self.is_shipped(name) and (student := self._students.find(character)) is not None:
            character = replace(character, student=student)
        character = self._met_before(character)
        self._decoded.put(name, (version, students), character)
        return character

    def character_path(self, name_or_path: str) -> Path:
        """The folder of a stored character, or the file or folder a path names."""
        if name_or_path in self.names():
            return self._folder(name_or_path)
        return Path(name_or_path).expanduser().resolve()

    def student_path(self, name_or_path: str) -> Path:
        """Where the student of a character belongs: beside its picture; that of a shipped one among the
        user's own data. The folder is made where it is missing.

        Raises:
            InputError: as `load_any_character`.
            SetupError: the folder cannot be made.
        """
        if not self.is_shipped(name_or_path):
            path = self.character_path(name_or_path)
            return (path if path.is_dir() else path.parent) / STUDENT
        return self._students.place(self.load_character(name_or_path))

    def has_student(self, name_or_path: str) -> bool:
        """Whether a student lies there, told without reading anything."""
        path = self.character_path(name_or_path)
        beside = (path if path.is_dir() else path.parent) / STUDENT
        return beside.is_file() or self._students.is_any_of(path.name)

    def png(self, name: str) -> bytes:
        """The image file of a stored character; raises as `load`."""
        for _ in range(_TRIES):
            try:
                return (self._folder(name) / PICTURE).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SetupError(f"the character {name!r} cannot be read: {error.strerror}") from None
        raise UnknownName("character", name, self.names())

    def load_any(self, name_or_path: str) -> NDArray[uint8]:
        """The picture of `load_any_character`, which see, as THA3 sees it: (512, 512, 4)."""
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
            try:
                return self._met_before(build_character(path.resolve().name, read_folder(path), self._fx))
            except OSError as error:
                raise InputError(f"cannot read {error.filename or path}: {error.strerror}") from None
        if path.exists() or not is_name(name_or_path):
            character = build_character(path.stem, files_at(path), self._fx)
            for said in character.done:
                log.info("%s: %s", path.name, said)
            return self._met_before(character)
        raise UnknownName("character", name_or_path, self.names())

    def save(
        self, name: str, data: bytes, more: Mapping[str, bytes] | None = None, room: Room | None = None
    ) -> tuple[Character, ...]:
        """Check an image file, or a zip of a character's folder, and keep it under a name; an own character
        of this name is replaced as a whole. Of a zip of several folders all are kept, each under the name of
        its folder: all are checked before any is kept.

        Args:
            more: further files of the folder, such as cels, by name.
            room: how much may be kept; None is as much as there is room for.

        Returns:
            What was kept.

        Raises:
            InputError: a name that could not be one, or a shipped character's; see also `build_character`,
                `check_student`.
            UnsuitableImage, TooLarge: see `prepare_character`, `read_pack`, `files_to_keep`; or several have
                more pixels together than are held at once.
            NoRoom: there would be more than may be.
            SetupError: the folder cannot be written, or the disk is full.
        """
        packed = read_pack(data) if looks_like_zip(data) else [Packed("", {PICTURE: data})]
        if len(packed) == 1:
            packed = [Packed(name or _named_after(packed[0].name), {**packed[0].files, **(more or {})})]
        else:
            packed = [replace(each, name=_named_after(each.name or name)) for each in packed]
        checked = self._check_all(packed)
        for each, character in checked:
            self._own.put(character.name, files_to_keep(character, each.files), room or Room())
        return tuple(character for _, character in checked)

    def _check_all(self, packed: list[Packed]) -> list[tuple[Packed, Character]]:
        checked, held = list[tuple[Packed, Character]](), 0
        for each in packed:
            checked.append((each, self._check(each.name, each.files)))
            held += size_of(checked[-1][1])
            if held > _MOST_BYTES:
                raise TooLarge(
                    f"the characters of the zip have over {_MOST_BYTES // 2**20} MiB of pixels; pack fewer"
                )
        return checked

    def _check(self, name: str, files: Mapping[str, bytes]) -> Character:
        """The character in files that are to be kept."""
        if (self._shipped / check_name(name)).exists():
            raise InputError(f"{name!r} is a shipped character and cannot be replaced; choose another name")
        character = build_character(name, files, {})
        if character.student is not None:
            check_student(character.student, character.rgba)
        return character

    def saved(self, name: str) -> dict[str, Any]:
        """What was saved into a character with `keep_saved`, by key of `character.toml`.

        Raises:
            InputError, UnknownName: as `load_character`.
        """
        _, files = self._read(name)
        return json_object(files[SAVED], MAX_SAVED_BYTES) if SAVED in files else {}

    def keep_saved(self, name: str, values: Mapping[str, Any], room: Room | None = None) -> None:
        """Save into a character what goes before its `character.toml`, in the place of what was saved;
        nothing at all brings back the toml's. What is saved into a shipped one lies among the user's data.

        Raises:
            InputError: a key or value cannot be; or as `delete`.
            UnknownName, NoRoom, SetupError: as `delete`, `save`.
        """
        self.change_saved(name, lambda toml, saved: values, room)

    def change_saved(
        self, name: str, change: Callable[[_Values, _Values], _Values], room: Room | None = None
    ) -> _Values:
        """Save into a character what `change` makes of what its toml says and of what was saved; gives that.

        `change` may be called again, if somebody else saves meanwhile. Raises as `keep_saved`.
        """
        with self._saving if self.is_shipped(check_name(name)) else contextlib.nullcontext():
            return self._changed(name, change, room)

    def _changed(
        self, name: str, change: Callable[[_Values, _Values], _Values], room: Room | None
    ) -> _Values:
        while True:
            version, files = self._read(name)
            toml = read_toml(files[TOML]) if TOML in files else {}
            values = change(toml, json_object(files[SAVED], MAX_SAVED_BYTES) if SAVED in files else {})
            check_saved(values)
            data = json.dumps(values).encode() if values else b""
            if self.is_shipped(name):
                self._save_beside(name, data)
                return values
            others = {file: content for file, content in files.items() if file != SAVED}
            kept = {**others, SAVED: data} if data else others
            if self._own.put(name, kept, room or Room(), self._unchanged(name, version)):
                return values

    def _save_beside(self, name: str, data: bytes) -> None:
        """Keep what is saved into a shipped character; nothing forgets it."""
        file = self._saved / f"{name}.json"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if data:
                put_file(file, data)
            else:
                file.unlink(missing_ok=True)
        except OSError as error:
            log.error("cannot save %s: %s", file, error)
            raise SetupError(f"what is saved into {name!r} cannot be kept: {error.strerror}") from None

    def _unchanged(self, name: str, version: Hashable) -> Callable[[], bool]:
        return lambda: version_of(self._own.root / name) == version

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
        if self.is_shipped(check_name(name)):
            raise Refused(f"{name!r} is a shipped character and cannot be deleted")
        if self._own.find(name) is None or not self._own.remove(name):
            raise UnknownName("character", name, self.names())

    @cached_property
    def _fx(self) -> Mapping[str, CelImage]:
        """The common effects; read once."""
        paths = {name: self._fx_folder / f"{name}.png" for name in FX}
        cels = {name: read_cel(path.read_bytes()) for name, path in paths.items() if path.is_file()}
        return {name: cel for name, cel in cels.items() if cel is not None}

    def _folder(self, name: str) -> Path:
        folder = self._shipped / name if self.is_shipped(check_name(name)) else self._own.find(name)
        if folder is None:
            raise UnknownName("character", name, self.names())
        return folder

    def _read(self, name: str) -> tuple[Hashable, dict[str, bytes]]:
        """The files of a character and their version."""
        for _ in range(_TRIES):
            if (found := read_whole(self._folder(name))) is not None:
                version, files = found
                return version, {**files, **self._saved_beside(name)}
        raise UnknownName("character", name, self.names())

    def _saved_beside(self, name: str) -> dict[str, bytes]:
        """What was saved into a shipped character, as the file that it would be in its folder."""
        if not self.is_shipped(name):
            return {}
        try:
            return {SAVED: (self._saved / f"{name}.json").read_bytes()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SetupError(f"what was saved into {name!r} cannot be read: {error.strerror}") from None

    def _met_before(self, character: Character) -> Character:
        """With the student of its picture that is kept for whoever has it, if that is better."""
        return character if self._cache is None else self._cache.dressed(character)

    def _version_beside(self, name: str) -> Hashable:
        """Of the students, kept ones too, and of what was saved, that lie among the user's own data."""
        saved = self._saved / f"{name}.json"
        students = self._students.version(name), self._cache and self._cache.version()
        try:
            stat = saved.stat()
        except OSError:
            return students, None
        return students, (stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _named_after(folder: str) -> str:
    """The name of a character whose files came in a folder of this name."""
    return re.sub("[ .]+", "-", folder.lower())
