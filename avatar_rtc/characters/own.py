"""The folder of characters that users brought. Several threads and several servers may work in it at once.

```
 characters/mina/            a character, always whole: it comes and goes by renaming
            .mina.1f….part   being written, or on its way out
            .mina.1f….old    what `mina` was, while the new one takes its place
 .characters.lock            held for renaming, never for writing or decoding
```
"""

import contextlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.errors import CapacityExceeded, SetupError
from avatar_rtc.files import STALE_S, put_folder, sync
from avatar_rtc.intake.names import PATTERN, is_name

log = logging.getLogger(__name__)

_LEFTOVER = re.compile(rf"\.({PATTERN})\.[0-9a-f]+\.(part|old)")
_LOCK_S = 10.0


@dataclass(frozen=True)
class Room:
    """How much may be kept."""

    characters: int = 100_000
    megabytes: float = 1_000_000.0
    """MiB of all files."""


class NoRoom(CapacityExceeded):
    """As many characters are kept as may be; `setting` is the one that says how many."""

    def __init__(self, setting: str, what: str, limit: float) -> None:
        super().__init__(what, limit)
        self.setting = setting
        self.args = (f"the limit of {limit:g} {what} is reached; delete one that is not needed any more",)


class OwnFolder:
    """Folders of characters by name. Whatever happens meanwhile, a name is a whole character or none."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Of all that are there."""
        return stored_names(self.root)

    def find(self, name: str) -> Path | None:
        """The folder of a character, or None. One that is being replaced just now is waited for."""
        folder = self.root / name
        if (folder / PICTURE).is_file():
            return folder
        if not self.root.is_dir():
            return None
        # A folder that cannot be locked cannot be written, so nothing is being replaced in it.
        with contextlib.suppress(OSError), self._locked():
            self._mend(name)
        return folder if (folder / PICTURE).is_file() else None

    def put(
        self,
        name: str,
        files: Mapping[str, bytes],
        room: Room,
        still: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Keep a character's files in the place of what had the name: all of them, or nothing has changed.

        Args:
            still: asked when nobody else can change anything; if it is false, nothing is kept.

        Returns:
            Whether they are kept.

        Raises:
            NoRoom: there would be more than may be.
            SetupError: the disk is full, or the folder cannot be written; the log tells where.
        """
        part = self._beside(name, "part")
        try:
            part.mkdir(parents=True)
            for file, data in files.items():
                (part / file).write_bytes(data)
            sync(part)
            with self._locked():
                self._sweep()
                if not still():
                    return False
                self._check(room, name, sum(map(len, files.values())))
                old = self._beside(name, "old")
                put_folder(part, self.root / name, old)
            shutil.rmtree(old, ignore_errors=True)
            return True
        except OSError as error:
            log.error("cannot create %s: %s", self.root / name, error)
            raise SetupError(f"cannot create the character {name!r}: {_reason(error)}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def remove(self, name: str) -> bool:
        """Forget a character; False if there is none.

        Raises:
            SetupError: the folder cannot be written; the log tells where.
        """
        gone = self._beside(name, "part")
        try:
            with self._locked():
                self._mend(name)
                (self.root / name).rename(gone)
        except FileNotFoundError:
            return False
        except OSError as error:
            log.error("cannot delete %s: %s", self.root / name, error)
            raise SetupError(f"cannot delete the character {name!r}: {_reason(error)}") from None
        shutil.rmtree(gone, ignore_errors=True)  # what stays is swept later
        return True

    def _beside(self, name: str, kind: str) -> Path:
        return self.root / f".{name}.{secrets.token_hex(4)}.{kind}"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else renames anything meanwhile, in this process or in another.

        Raises:
            OSError: the folder cannot be written, or somebody holds the lock for very long.
        """
        try:
            with FileLock(self.root.with_name(f".{self.root.name}.lock"), timeout=_LOCK_S):
                yield
        except Timeout:
            raise OSError(f"somebody else has worked in it for {_LOCK_S:g} s") from None

    def _check(self, room: Room, name: str, size: int) -> None:
        others = [each for each in self.names() if each != name]
        if len(others) + 1 > room.characters:
            raise NoRoom("characters", "stored characters", room.characters)
        held = sum(_bytes_in(self.root / each) for each in others)
        if held + size > room.megabytes * 2**20:
            raise NoRoom("characters_mb", "MiB of stored characters", room.megabytes)

    def _sweep(self) -> None:
        """Away with what killed servers left behind; a character that was being replaced is there again."""
        for name, path, kind in self._leftovers():
            if kind == "old":
                self._mend(name)
            if time.time() - _changed(path) > STALE_S:
                shutil.rmtree(path, ignore_errors=True)

    def _mend(self, name: str) -> None:
        """Put back what was pushed aside for something that never came."""
        for each, path, kind in self._leftovers():
            if each == name and kind == "old" and not (self.root / name).exists():
                with contextlib.suppress(OSError):
                    path.rename(self.root / name)

    def _leftovers(self) -> list[tuple[str, Path, str]]:
        return [
            (found[1], self.root / entry, found[2])
            for entry in _entries(self.root)
            if (found := _LEFTOVER.fullmatch(entry))
        ]


def stored_names(root: Path) -> list[str]:
    """Of the folders there that hold a character's picture."""
    return [name for name in _entries(root) if is_name(name) and (root / name / PICTURE).is_file()]


def _entries(folder: Path) -> list[str]:
    """The names in a folder; none if it is not there."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _bytes_in(folder: Path) -> int:
    total = 0
    for entry in _entries(folder):
        with contextlib.suppress(OSError):  # deleted just now
            total += (folder / entry).stat().st_size
    return total


def _changed(path: Path) -> float:
    """When it was changed last, in the seconds of `time.time`; in the far future if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _reason(error: OSError) -> str:
    """What the system says, without the path."""
    return error.strerror or str(error)
