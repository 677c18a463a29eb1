"""A character's files, from a folder or from a zip of one; limits are checked before anything is read."""

import io
import zipfile
from pathlib import Path, PurePosixPath

from avatar_rtc.characters.character import is_part
from avatar_rtc.errors import InputError, TooLarge

MAX_ENTRIES = 128
MAX_UNPACKED = 64 * 2**20
"""Bytes of all files together."""
_SYMLINK, _FILE_TYPE = 0o120000, 0o170000
_ENCRYPTED = 1


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
    _check_size([path.stat().st_size for path in paths])
    return {path.name: path.read_bytes() for path in paths}


def read_zip(data: bytes) -> dict[str, bytes]:
    """File name → content of the files in a zip that can be a character's; they may lie in one folder.

    Raises:
        InputError: no zip, an encrypted or damaged one, or one with paths that could lead elsewhere.
        TooLarge: too many entries, or more bytes unpacked than allowed; known before any is unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not _is_litter(e.filename)]
            _check_size([e.file_size for e in entries])
            for entry in entries:
                _check_entry(entry)
            if len({PurePosixPath(e.filename).parent for e in entries}) > 1:
                raise InputError("the zip holds several folders; wanted are the files of one character")
            wanted = {PurePosixPath(e.filename).name: e for e in entries}
            if len(wanted) < len(entries):
                raise InputError("the zip holds two files of one name")
            return {name: _unpack(archive, entry) for name, entry in wanted.items() if is_part(name)}
    except InputError:
        raise
    except Exception:  # broken archives end in whatever zlib, struct and zipfile make of them
        raise InputError("the file is no zip that can be read, or it is damaged") from None


def _check_size(sizes: list[int]) -> None:
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
    if len(path.parts) > 2:
        raise InputError(f"the zip holds a folder within a folder: {entry.filename[:80]!r}")
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
