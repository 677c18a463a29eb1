"""The folder in which a character is distilled: one run at a time, whatever it does there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from avatar_rtc.errors import InputError, SetupError


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Nobody else works in the folder meanwhile; it is made where it is missing.

    Raises:
        InputError: another run works in it.
        SetupError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot create {folder}: {error.strerror}") from None
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError("this character is being distilled already; wait for that to end") from None
    try:
        yield
    finally:
        lock.release()
