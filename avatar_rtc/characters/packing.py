"""Files of characters, from a folder, beside a picture, or in a zip; limits are checked before reading."""

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from avatar_rtc.characters.parts import STUDENT, beside, group_by_picture, is_part, is_picture
from avatar_rtc.errors import InputError, TooLarge

MAX_ENTRIES = 128
MAX_UNPACKED = 64 * 2**20
"""Bytes of all files together."""
MOST_CHARACTERS = 16
"""In one zip."""
_SYMLINK, _FILE_TYPE = 0o120000, 0o170000
_ENCRYPTED = 1


@dataclass(frozen=True)
class Packed:
    """A character's files."""

    name: str
    """Of the folder they lay in; "" at the top."""
    files: dict[str, bytes] = field(repr=False)

    @property
    def has_picture(self) -> bool:
        """Whether anything in it can be one."""
        return any(is_picture(name) for name in self.files)


def looks_like_zip(data: bytes) -> bool:
    """True for the first bytes of a zip archive that holds anything."""
    return data[:4] == b"PK\x03\x04"


def read_folder(folder: Path) -> dict[str, bytes]:
    """File name → content of the files in a folder that can be a character's.

    Raises:
        OSError: it cannot be read.
        TooLarge: too many files, or too many bytes.
    """
    paths = [path for path in sorted(folder.iterdir()) if is_part(path.name) and path.is_file()]
    check_size([path.stat().st_size for path in paths])
    return {path.name: path.read_bytes() for path in paths}


def read_beside(picture: Path) -> dict[str, bytes]:
    """File name → content of the cels that lie beside a bare picture, and its student.

    Raises:
        OSError: they cannot be read.
        TooLarge: too many files, or too many bytes.
    """
    names = [path.name for path in picture.parent.iterdir() if path.is_file()]
    paths = [picture.parent / name for name in (*beside(picture.name, names), STUDENT) if name in names]
    check_size([path.stat().st_size for path in paths])
    return {path.name: path.read_bytes() for path in paths}


def read_zip(data: bytes) -> dict[str, bytes]:
    """File name → content of the files in a zip of one character; they may lie in one folder.

    Raises:
        InputError: as `read_pack`; or it holds several characters.
        TooLarge: as `read_pack`.
    """
    found = read_pack(data)
    if len(found) > 1:
        names = ", ".join(repr(each.name) for each in found)
        raise InputError(
            f"the zip holds several folders, {names:.200}; wanted are the files of one character"
        )
    return found[0].files


def read_pack(data: bytes) -> list[Packed]:
    """The characters in a zip: one in each of its folders that holds a picture, or all at its top.

    Several that lie in one folder are told apart by what their names begin with.

    Raises:
        InputError: no zip, an encrypted or damaged one, one with paths that could lead elsewhere, or with
            too many characters.
        TooLarge: too many entries, or more bytes unpacked than allowed; known before any is unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not _is_litter(e.filename)]
            check_size([e.file_size for e in entries])
            for entry in entries:
                _check_entry(entry)
            folders: dict[str, dict[str, bytes]] = {}
            for (folder, name), entry in zip(_places(entries), entries, strict=True):
                files = folders.setdefault(folder, {})
                if name in files:
                    raise InputError("the zip holds two files of one name")
                files[name] = _unpack(archive, entry)
    except InputError:
        raise
    except Exception:  # broken archives end in whatever zlib, struct and zipfile make of them
        raise InputError("the file is no zip that can be read, or it is damaged") from None
    found = [each for folder, files in sorted(folders.items()) for each in _characters(folder, files)]
    if len(found) > MOST_CHARACTERS:
        raise InputError(
            f"the zip holds {len(found)} characters; at most {MOST_CHARACTERS} are taken at once"
        )
    # A folder without a picture is the one character's that lacks it, or of no concern.
    return [each for each in found if each.has_picture] or found[:1] or [Packed("", {})]


def _places(entries: list[zipfile.ZipInfo]) -> list[tuple[str, str]]:
    """Folder, "" at the top, and name of each entry; a folder around everything is left out.

    Raises:
        InputError: there is a folder within a folder.
    """
    paths = [PurePosixPath(entry.filename).parts for entry in entries]
    if len({path[0] for path in paths}) == 1 and any(len(path) > 2 for path in paths):
        paths = [path[1:] for path in paths]
    for path in paths:
        if len(path) > 2:
            raise InputError(f"the zip holds a folder within a folder: {'/'.join(path)[:80]!r}")
    return [(path[0] if len(path) == 2 else "", path[-1]) for path in paths]


def _characters(folder: str, files: dict[str, bytes]) -> list[Packed]:
    """Those in one folder."""
    groups = group_by_picture(files)
    if len(groups) < 2:
        return [Packed(folder, files)]
    return [Packed(stem, {name: files[name] for name in names}) for stem, names in groups.items()]


def check_size(sizes: list[int]) -> None:
    """Refuse files of these sizes, in bytes.

    Raises:
        TooLarge: too many of them, or too many bytes.
    """
    if len(sizes) > MAX_ENTRIES:
        raise TooLarge(f"the character has {len(sizes)} files; at most {MAX_ENTRIES} are taken")
    if sum(sizes) > MAX_UNPACKED:
        raise TooLarge(
            f"the character's files have {sum(sizes) / 2**20:.1f} MiB; "
            f"at most {MAX_UNPACKED // 2**20} MiB are taken"
        )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or set(entry.filename) & set("\\:\0"):
        raise InputError(f"the zip holds a path that leads elsewhere: {entry.filename[:80]!r}")
    if (entry.external_attr >> 16) & _FILE_TYPE == _SYMLINK:
        raise InputError(f"the zip holds a link: {entry.filename[:80]!r}")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError("the zip is packed in an unusual way; wanted is deflate, what every packer does")
    if entry.flag_bits & _ENCRYPTED:
        raise InputError("the zip is encrypted; pack it without a password")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The content, unpacked no further than the size it declares; `ZipFile.read` would unpack up to 2 GiB
    before it finds the declared size a lie."""
    with archive.open(entry) as file:
        return file.read(entry.file_size)


def _is_litter(name: str) -> bool:
    """What some systems add of their own to every archive."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db")
