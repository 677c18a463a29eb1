"""Students kept by the picture that they move, so that a character met again is fluid at once.

```
 cache folder/students/3f….safetensors    of the picture with this hash, under whatever name it is known
```

Nothing here is ever an error for who wants to see a character: what cannot be read or written is passed over,
and told in the log, each thing once.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.student import check_student, is_better
from avatar_rtc.errors import InputError, SetupError
from avatar_rtc.files import put_file
from avatar_rtc.student_header import MAX_STUDENT_BYTES, image_hash

log = logging.getLogger(__name__)

DEFAULT_CACHE_BYTES = 512 * 2**20
_ENDING = ".safetensors"


class StudentCache:
    """A folder of students, those used last; for any thread, and for several processes on one folder.

    Files are replaced as a whole. When a file was used last is kept as its time of access.
    """

    def __init__(
        self,
        folder: Path,
        most_bytes: int = DEFAULT_CACHE_BYTES,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """The folder is made when something is kept.

        Args:
            most_bytes: of all files together; those unused for longest go first.
            now_ns: nanoseconds since 1970.
        """
        self._folder, self._most_bytes, self._now_ns = folder, most_bytes, now_ns
        self._told: set[Hashable] = set()
        self._telling = threading.Lock()

    def version(self) -> Hashable:
        """Another one whenever a file was added, replaced or taken away."""
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return None

    def dressed(self, character: Character) -> Character:
        """The character with the better of its own student and the one kept here."""
        found = self.find(character.rgba)
        if found is None or (own := character.student) == found:
            return character
        if own is not None and _is_whole(own, character.rgba) and not is_better(found, own, character.rgba):
            return character
        return replace(character, student=found)

    def find(self, rgba: NDArray[np.uint8]) -> bytes | None:
        """The student of a picture (512, 512, 4); None if none is kept that can be shown."""
        path = self._place(rgba)
        try:
            stat = path.stat()
            data = path.read_bytes() if stat.st_size <= MAX_STUDENT_BYTES else b""
            check_student(data, rgba)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._tell(path, "cannot be read", error.strerror)
            return None
        except InputError as error:
            self._tell((path, stat.st_mtime_ns), "is passed over", str(error))
            return None
        self._touch(path, stat.st_mtime_ns)
        return data

    def keep(self, rgba: NDArray[np.uint8], data: bytes) -> None:
        """Keep a student of a picture, unless a better one is kept; the least used go, as far as need be."""
        if len(data) > self._most_bytes or self._holds_better(rgba, data):
            return
        path = self._place(rgba)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            put_file(path, data)
            self._make_room(path)
        except (OSError, SetupError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            self._tell(self._folder, "takes no students", why)

    def _holds_better(self, rgba: NDArray[np.uint8], data: bytes) -> bool:
        held = self.find(rgba)
        return held is not None and is_better(held, data, rgba)

    def _place(self, rgba: NDArray[np.uint8]) -> Path:
        return self._folder / f"{image_hash(rgba)}{_ENDING}"

    def _make_room(self, newest: Path) -> None:
        """Delete what was unused for longest, but never what has just come."""
        found = [(used, size, path) for path in self._files() for used, size in _use_of(path)]
        over = sum(size for _, size, _ in found) - self._most_bytes
        for _, size, path in sorted(found, key=lambda each: each[0]):
            if over <= 0:
                return
            if path != newest:
                path.unlink(missing_ok=True)  # another server may have been quicker
                over -= size

    def _files(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.suffix == _ENDING and path.is_file()]

    def _touch(self, path: Path, written_ns: int) -> None:
        """It is used now; when it was written stays."""
        try:
            os.utime(path, ns=(self._now_ns(), written_ns))
        except OSError:
            return  # of a folder that can only be read, nothing goes for age

    def _tell(self, what: Hashable, happened: str, why: str | None) -> None:
        with self._telling:
            is_new = what not in self._told
            self._told.add(what)
        if is_new:
            log.warning("the cache of students %s %s: %s", self._folder, happened, why or "no reason given")


def _is_whole(student: bytes, rgba: NDArray[np.uint8]) -> bool:
    try:
        check_student(student, rgba)
    except InputError:
        return False
    return True


def _use_of(path: Path) -> list[tuple[int, int]]:
    """When a file was used last and its bytes; nothing of one that has gone meanwhile."""
    try:
        stat = path.stat()
    except OSError:
        return []
    return [(stat.st_atime_ns, stat.st_size)]
