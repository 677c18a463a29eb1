"""Presets that somebody saved: a file each in a folder, beside the shipped ones."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from avatar_rtc.errors import InputError, NotFound, Refused, SetupError
from avatar_rtc.files import put_file
from avatar_rtc.filters_schema.presets import Preset, load_preset, load_presets
from avatar_rtc.intake.names import check_name, is_name

log = logging.getLogger(__name__)


class OwnPresets:
    """The presets in a folder; for any thread. Files that are none are passed over, and logged."""

    def __init__(self, folder: Path) -> None:
        """The folder need not be there yet."""
        self._folder = folder

    def all(self) -> Mapping[str, Preset]:
        """Name → preset, in alphabetical order."""
        found = {}
        for file in sorted(self._folder.glob("*.json")):
            if not is_name(file.stem):
                continue
            try:
                found[file.stem] = load_preset(file)
            except InputError as error:
                log.warning("%s", error)
        return found

    def with_shipped(self) -> Mapping[str, Preset]:
        """The same with the shipped ones, which come first and keep their names."""
        shipped = load_presets()
        return {**shipped, **{name: preset for name, preset in self.all().items() if name not in shipped}}

    def save(self, name: str, preset: Preset, most: int) -> None:
        """Keep a preset, in the place of one's own of that name.

        Args:
            most: so many may be kept.

        Raises:
            InputError: the name could not be one.
            Refused: it is a shipped one's; or as many are kept as may be.
            SetupError: the folder cannot be written, or the disk is full.
        """
        self._require_own(name)
        file = self._folder / f"{name}.json"
        if not file.exists() and len(self.all()) >= most:
            raise Refused(f"{most} presets are kept, and no more may be; delete one that is not needed")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"no folder for presets can be made: {error.strerror}") from None
        put_file(file, json.dumps(preset.json(), indent=1).encode())

    def delete(self, name: str) -> None:
        """Forget one.

        Raises:
            InputError: the name could not be one.
            Refused: it is a shipped one.
            NotFound: there is none of that name.
            SetupError: the folder cannot be written.
        """
        self._require_own(name)
        try:
            (self._folder / f"{name}.json").unlink()
        except FileNotFoundError:
            raise NotFound("preset", name) from None
        except OSError as error:
            raise SetupError(f"the preset {name!r} cannot be deleted: {error.strerror}") from None

    def _require_own(self, name: str) -> None:
        if check_name(name) in load_presets():
            raise Refused(f"{name!r} is a shipped preset, which stays as it is; choose another name")
