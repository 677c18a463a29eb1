"""The pictures that can stand behind an avatar: those of `assets/backdrops`, and a folder of one's own.

```
 data folder/backdrops/office.1f09….webp              its name, and which picture it is
                       thumbnails/office.1f09….webp
```
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from avatar_rtc.errors import UnknownName
from avatar_rtc.intake.names import PATTERN
from avatar_rtc.resources import resource

_SUFFIXES = (".webp", ".png", ".jpg")
_OWN = re.compile(rf"({PATTERN})\.[0-9a-f]{{16}}\.webp")


@dataclass(frozen=True)
class Backdrops:
    """Those that are shipped, and those in a folder; a shipped name is never an own one."""

    own: Path | None = None
    """Of one's own ones; None is none. It need not be there yet."""

    def shipped_files(self) -> dict[str, Path]:
        """Name → file, in alphabetical order."""
        files = sorted(resource("assets", "backdrops").iterdir())
        return {file.stem: file for file in files if file.suffix in _SUFFIXES}

    def own_files(self) -> dict[str, Path]:
        """The same of one's own."""
        if self.own is None:
            return {}
        try:
            found = [(_OWN.fullmatch(entry), entry) for entry in sorted(os.listdir(self.own))]
        except OSError:
            return {}
        return {name[1]: self.own / entry for name, entry in found if name}

    def file(self, name: str) -> Path:
        """The file of a backdrop.

        Raises:
            UnknownName: there is none of that name; names the nearest.
        """
        files = {**self.own_files(), **self.shipped_files()}
        if name not in files:
            raise UnknownName("backdrop", name, files)
        return files[name]

    def own_file(self, name: str) -> Path | None:
        """The same if it is one's own; None is a shipped one. Raises as `file`."""
        file = self.file(name)
        return file if file.parent == self.own else None


SHIPPED_BACKDROPS = Backdrops()
