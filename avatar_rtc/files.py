"""Files and folders that are whole or not there, whoever is killed meanwhile and whatever runs full.

```
 student.json              what others read: the old one, then the new one, never a part
 .student.json.1f….part    being written; one that a killed process left goes when the next is written
```
"""

import contextlib
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from avatar_rtc.errors import SetupError

STALE_S = 3600.0
"""What nobody has touched for so long is not being written any more: its process was killed."""


def put_file(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file: the whole of it or nothing; see `replacing`.

    Args:
        mode: who may read and write it, where there was none before; None is as the process's umask has it.

    Raises:
        SetupError: the folder cannot be written, or the disk is full.
    """
    try:
        with replacing(path) as part:
            if mode is not None:
                part.touch(mode)
            part.write_bytes(data)
    except OSError as error:
        raise not_written(path, error) from None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write its new file to; when the block ends, that takes the name.

    If the block raises, what was there before stays, and nothing else does. What is no file, such as
    `/dev/stdout`, is written to as it is.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    _sweep(path)
    try:
        yield part
        put_in_place(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file its name, once it is on the disk; who may read it stays as it was.

    Raises:
        OSError: the disk is full, or the folder cannot be written; nothing has changed.
    """
    with contextlib.suppress(OSError):  # there was none, or the file system knows no permissions
        part.chmod(stat.S_IMODE(path.stat().st_mode) & 0o777)
    sync(part)
    part.replace(path)
    _sync_names(path.parent)


def claimed(path: Path) -> IO[bytes] | None:
    """A claim to a file, which no other process gets as long as this is open; None if another one has it.

    It lies beside the file, and ends with its process, however that ends.

    Raises:
        OSError: the folder cannot be written.
    """
    claim = open(path.with_name(f".{path.name}.claim"), "ab", opener=_private)  # noqa: SIM115
    try:
        _lock(claim)
    except OSError:
        claim.close()
        return None
    return claim


def put_folder(made: Path, folder: Path, aside: Path) -> None:
    """Give a finished folder its name; what had the name before lies `aside` then, for the caller to remove.

    Args:
        made, aside: on the file system of `folder`; `aside` is not there yet.

    Raises:
        OSError: it cannot be moved; nothing has changed.
    """
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
    try:
        made.rename(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.rename(folder)
        raise
    _sync_names(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file, or each file in a folder, is on the disk.

    Raises:
        OSError: the disk is full, or gone.
    """
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file():
            with file.open("r+b") as opened:
                os.fsync(opened.fileno())


def not_written(path: Path, error: OSError) -> SetupError:
    """What the user is told of a file that could not be written."""
    return SetupError(f"cannot write {path}: {error.strerror or error}")


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


if sys.platform == "win32":
    import msvcrt

    def _lock(opened: IO[bytes]) -> None:
        opened.seek(0)
        msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(opened: IO[bytes]) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _sweep(path: Path) -> None:
    """Away with what killed processes left of earlier tries."""
    with contextlib.suppress(OSError):
        for entry in os.listdir(path.parent):
            if entry.startswith(f".{path.name}.") and entry.endswith(".part"):
                left = path.with_name(entry)
                with contextlib.suppress(OSError):  # another process was quicker
                    if time.time() - left.stat().st_mtime > STALE_S:
                        left.unlink()
