"""The file in which it is kept which avatars a server has and what they were told; for any thread.

```
 state-8080.json              {"format": "avatar-rtc state", "version": 1, "avatars": [{"id": "main", …}]}
 state-8080.json.set-aside    one that could not be used, or not all of it
 .state-8080.json.claim       held by the server whose file it is
```
"""

import json
import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

from avatar_rtc.config import AnimatorName, Config
from avatar_rtc.control.cast import CastTold, cast_json
from avatar_rtc.control.kept_state import messages_of
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import SetupError
from avatar_rtc.files import claimed, put_file
from avatar_rtc.intake.names import Name
from avatar_rtc.stream.framing import FramingName

log = logging.getLogger(__name__)

VERSION = 1
MAX_STATE_BYTES = 64 * 2**20
"""More cannot be a file of ours, unless a thousand avatars have emotions of their own."""
_FORMAT = "avatar-rtc state"
_PRIVATE = 0o600
"""Names of avatars may be all that protects them."""


class KeptAvatar(BaseModel):
    """One avatar, as it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: Name
    character: str
    """Where it can be read again."""
    animator: AnimatorName | None = None
    """None is as the server is set up."""
    messages: tuple[dict[str, Any], ...] = ()
    """What it was told."""
    stage: CastTold | None = None
    """Who is on it, of a stage; that has no character."""


class KeptServer(BaseModel):
    """All that is kept of a server."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["avatar-rtc state"]
    version: Literal[1]
    character: str
    """As the settings named it: settings that changed since win over what was kept."""
    framing: FramingName | None = None
    """The same."""
    avatars: tuple[KeptAvatar, ...]


@dataclass(frozen=True)
class Told:
    """An avatar, as it is to be kept."""

    source: str
    animator: AnimatorName | None
    state: AvatarState


def state_path(config: Config) -> Path | None:
    """The file that settings mean; None if nothing is to be kept."""
    if config.state_file == "off" or (config.state_file == "auto" and config.port == 0):
        return None  # whoever asks for any free port has no address to come back to
    if config.state_file != "auto":
        return Path(config.state_file).expanduser()
    folder = config.data_dir or Path(platformdirs.user_state_dir("avatar-rtc"))
    return folder / f"state-{config.port}.json"


class StateFile:
    """One server's file. Whatever is wrong with it is told in the log, and ends nothing."""

    def __init__(self, path: Path, character: str, framing: FramingName | None) -> None:
        """`character` and `framing` are as the settings have them now."""
        self._path, self._character, self._framing = path, character, framing
        self._claim: IO[bytes] | None = None
        self._texts: dict[str, tuple[Told, str]] = {}
        self._written = ""
        self._trouble = ""
        self._writing = threading.Lock()

    def open(self) -> KeptServer | None:
        """Take the file for this server; gives what was kept, None if nothing that can be used."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._claim = claimed(self._path)
        except OSError as error:
            log.warning("no state is kept for the next start: %s: %s", self._path, error.strerror or error)
            return None
        if self._claim is None:
            log.warning(
                "another server keeps its state in %s, so this one starts without any and keeps none; "
                "give it a state_file of its own",
                self._path,
            )
            return None
        return self._read()

    def set_aside(self, why: str) -> None:
        """Keep the file as it is under another name, for it cannot be used, or not all of it."""
        aside = self._path.with_name(f"{self._path.name}.set-aside")
        try:
            shutil.copy2(self._path, aside)
        except OSError as error:
            self.close()
            log.error("%s, and it cannot be set aside (%s): no state is kept", why, error.strerror or error)
            return
        log.error("%s; it lies aside as %s, and this server goes on without it", why, aside)

    def write(self, avatars: Mapping[str, Told]) -> None:
        """Replace what is kept; nothing once closed, and nothing if it is the same."""
        with self._writing:
            if self._claim is None:
                return
            text = self._text(avatars)
            if text == self._written:
                return
            try:
                put_file(self._path, text.encode(), mode=_PRIVATE)
            except SetupError as error:
                if str(error) != self._trouble:
                    log.warning("the avatars' state is not kept: %s", error)
                self._trouble = str(error)
                return
            self._written, self._trouble = text, ""

    def close(self) -> None:
        """Leave the file to the next server."""
        with self._writing:
            if self._claim is not None:
                self._claim.close()
                self._claim = None

    def _read(self) -> KeptServer | None:
        try:
            with self._path.open("rb") as opened:
                data = opened.read(MAX_STATE_BYTES + 1)
            if len(data) > MAX_STATE_BYTES:
                raise ValueError(f"it has more than {MAX_STATE_BYTES >> 20} MiB")
            kept = _kept(json.loads(data))
            self._written = data.decode()
            return kept
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self.set_aside(f"the state in {self._path} cannot be used: {_sentence(error)}")
            return None

    def _text(self, avatars: Mapping[str, Told]) -> str:
        # One avatar after the other, and only those that changed: each text is made in one go, and holds up
        # all else meanwhile.
        held, self._texts = self._texts, {}
        for name, told in avatars.items():
            before = held.get(name)
            self._texts[name] = before if before and before[0] == told else (told, avatar_text(name, told))
        about = {"format": _FORMAT, "version": VERSION, "character": self._character}
        head = json.dumps(about | {"framing": self._framing}, ensure_ascii=False)
        lines = ",\n".join(text for _, text in self._texts.values())
        return f'{head[:-1]}, "avatars": [\n{lines}\n]}}\n'


def avatar_text(name: str, told: Told) -> str:
    """A `KeptAvatar` as JSON."""
    about: dict[str, object] = {"id": name, "character": told.source, "animator": told.animator}
    if told.state.cast is not None:
        about |= {"stage": cast_json(told.state.cast)}
    return json.dumps(about | {"messages": messages_of(told.state)}, ensure_ascii=False)


def _kept(data: object) -> KeptServer:
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise ValueError("it is of another program")
    if (version := data.get("version")) != VERSION:
        raise ValueError(f"it is of another version of this program ({version!r:.20}, not {VERSION})")
    return KeptServer.model_validate(data)


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return f"it is not JSON: {error}"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
