"""Students that were made here for shipped characters: they lie among the user's data, for nothing is ever
written to the package.

```
 data folder/students/liora/3f…/student.safetensors     for the picture with this hash, should a later version
                                                         of the package have another one
```
"""

from collections.abc import Hashable
from pathlib import Path

from avatar_rtc.characters.character import Character
from avatar_rtc.characters.parts import STUDENT
from avatar_rtc.characters.reading import version_of
from avatar_rtc.errors import SetupError
from avatar_rtc.student_header import MAX_STUDENT_BYTES, image_hash


class ShippedStudents:
    """Those in one folder; for any thread."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is needed."""
        self._folder = folder

    def place(self, character: Character) -> Path:
        """Where the student of a shipped character belongs; its folder is made where it is missing.

        Raises:
            SetupError: the folder cannot be made.
        """
        file = self._place(character)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"no folder for the students can be made: {error.strerror}") from None
        return file

    def find(self, character: Character) -> bytes | None:
        """The student of a shipped character; None if there is none, or it cannot be read."""
        path = self._place(character)
        try:
            return path.read_bytes() if path.stat().st_size <= MAX_STUDENT_BYTES else None
        except OSError:
            return None

    def is_any_of(self, name: str) -> bool:
        """Whether one lies there for a character of this name, told without reading it."""
        return any((self._folder / name).glob(f"*/{STUDENT}"))

    def version(self, name: str) -> Hashable:
        """Another one whenever a student of this character was made or taken away."""
        folder = self._folder / name
        return version_of(*sorted(folder.iterdir())) if folder.is_dir() else None

    def _place(self, character: Character) -> Path:
        return self._folder / character.name / image_hash(character.rgba)[:16] / STUDENT
