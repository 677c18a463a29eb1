"""Recordings and films as they are kept: a folder each, with what is told of it beside its file.

```
 recordings/main/20261129-213000-3f9a2c/
     about.json      what is told of it, written whole
     clip.mp4        what is handed out
     live-0.mp4      … while it is being written: whoever writes it names these as it likes
```

Who writes the files is no business of this module. It names them, counts their bytes, keeps room on the disk,
finds them again after a restart, and lets them be deleted. Made and used on the event loop.
"""

import asyncio
import contextlib
import json
import logging
import re
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Literal, get_args

import platformdirs

from avatar_rtc.errors import AvatarRtcError, DiskFull, NotFound
from avatar_rtc.files import claimed, not_written, put_file
from avatar_rtc.intake.names import is_name
from avatar_rtc.media.wanted_recording import FileFormat
from avatar_rtc.server.limits import MIB

log = logging.getLogger(__name__)

KeptKind = Literal["recording", "film"]
KeptState = Literal["waiting", "recording", "rendering", "finishing", "done", "failed"]
Stopper = Callable[[], Awaitable[None]]
_OVER: tuple[KeptState, ...] = ("done", "failed")
_SUFFIXES: dict[FileFormat, str] = {"mp4": ".mp4", "webm": ".webm", "png": ".zip"}
_ABOUT = "about.json"
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
_PRIVATE = 0o700


@dataclass(frozen=True)
class KeptFile:
    """A recording or a film, as far as it is."""

    id: str
    avatar: str
    kind: KeptKind
    format: FileFormat
    state: KeptState
    made_at: float
    """Unix second of its beginning."""
    seconds: float = 0.0
    frames: int = 0
    width: int = 0
    height: int = 0
    bytes: int = 0
    """On the disk, all of its folder."""
    progress: float = 0.0
    """0..1 of the work after the recording, or of the rendering."""
    notes: tuple[str, ...] = ()
    """Sentences on what happened to it."""
    file: str = ""
    """What is handed out, by its name in the folder; "" is nothing yet."""
    beside: tuple[str, ...] = ()
    """Other files of its folder that are handed out, such as subtitles."""
    caller: str = ""
    """Who asked for it; told to nobody."""
    more: dict[str, Any] = field(default_factory=dict)
    """Whatever its writer has to know again after a restart, as JSON; told to nobody."""

    @property
    def is_over(self) -> bool:
        """Whether nobody works on it any more."""
        return self.state in _OVER

    @property
    def download_name(self) -> str:
        """What a browser saves it as."""
        return f"{self.avatar}-{self.id[:15]}{Path(self.file).suffix or _SUFFIXES[self.format]}"

    def told(self) -> dict[str, object]:
        """What callers read."""
        hidden = ("caller", "more", "file")
        about = {name: value for name, value in asdict(self).items() if name not in hidden}
        rounded = {"seconds": round(self.seconds, 3), "progress": round(self.progress, 3)}
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.made_at))
        lists = {"notes": list(self.notes), "beside": list(self.beside)}
        return {**about, **rounded, **lists, "made_at": made, "is_ready": bool(self.file)}


def recordings_folder(data_dir: Path | None = None) -> Path:
    """Where recordings and films go; None is the user's data folder."""
    return (data_dir or Path(platformdirs.user_data_dir("avatar-rtc"))) / "recordings"


class KeptFiles:
    """All recordings and films of a server."""

    def __init__(
        self,
        folder: Path,
        most_bytes: float,
        free_bytes: float,
        on_finished: Callable[[KeptFile, Path], None] = lambda kept, path: None,
    ) -> None:
        """
        Args:
            most_bytes: of all of them together.
            free_bytes: left free on the disk.
            on_finished: called on a thread with each finished file before it is handed out; it may change
                the file. What it raises is told in the notes.
        """
        self._folder, self._most, self._free = folder, most_bytes, free_bytes
        self._on_finished = on_finished
        self._kept: dict[tuple[str, str], KeptFile] = {}
        self._claims: dict[tuple[str, str], IO[bytes]] = {}
        self.listeners: list[Callable[[KeptFile], None]] = []
        """Called when one has changed, is new or gone."""
        self.stoppers: dict[tuple[str, str], Stopper] = {}
        """What ends the work on one. Whoever works on it enters it here, and takes it out when it is over."""

    def load(self) -> None:
        """Find what an earlier server left; what cannot be read is passed over, and told in the log.

        What another server is at work on stays its own.
        """
        for about in sorted(self._folder.glob(f"*/*/{_ABOUT}")):
            avatar, id = about.parent.parent.name, about.parent.name
            try:
                kept = _read(about)
                if (kept.avatar, kept.id) != (avatar, id) or not is_name(avatar):
                    raise ValueError("it is of another one")
                if kept.is_over or self._claim(kept):
                    self._kept[avatar, id] = kept
            except (OSError, ValueError, TypeError) as error:
                log.warning("%s cannot be used: %s", about, error)

    def __iter__(self) -> Iterator[KeptFile]:
        return iter(tuple(self._kept.values()))

    def of(self, avatar: str) -> list[KeptFile]:
        """Those of one avatar, oldest first."""
        return sorted((kept for kept in self if kept.avatar == avatar), key=lambda kept: kept.id)

    def find(self, avatar: str, id: str) -> KeptFile:
        """One of them as it is now.

        Raises:
            NotFound: there is none.
        """
        if (kept := self._kept.get((avatar, id))) is None:
            raise NotFound("recording", id)
        return kept

    def holds(self, kept: KeptFile) -> bool:
        """False if it was removed."""
        return (kept.avatar, kept.id) in self._kept

    async def begin(
        self, avatar: str, kind: KeptKind, format: FileFormat, state: KeptState, **fields: Any
    ) -> KeptFile:
        """A new one, with a folder of its own.

        Raises:
            DiskFull: the disk is too full.
            SetupError: the folder cannot be written.
        """
        made_at = time.time()
        id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(made_at))}-{secrets.token_hex(3)}"
        kept = KeptFile(id, avatar, kind, format, state, made_at, **fields)
        self.require_room()
        folder = self.folder_of(kept)
        try:
            await asyncio.to_thread(folder.mkdir, _PRIVATE, parents=True)
            self._claim(kept)
        except OSError as error:
            raise not_written(folder, error) from None
        await asyncio.to_thread(_write, folder / _ABOUT, kept)
        self._kept[avatar, id] = kept
        self._tell(kept)
        return kept

    def change(self, kept: KeptFile, is_told: bool = True, **fields: Any) -> KeptFile:
        """The same with other values. It lasts once it is saved.

        Args:
            is_told: whether listeners are told.

        Raises:
            NotFound: it was removed meanwhile.
        """
        changed = replace(self.find(kept.avatar, kept.id), **fields)
        self._kept[kept.avatar, kept.id] = changed
        if is_told:
            self._tell(changed)
        return changed

    async def save(self, kept: KeptFile, **fields: Any) -> KeptFile:
        """Change it, and write that down; of a full disk the log alone is told. Raises as `change`."""
        folder = self.folder_of(kept)
        with contextlib.suppress(OSError):
            fields["bytes"] = await asyncio.to_thread(folder_bytes, folder)
        changed = self.change(kept, **fields)
        try:
            await asyncio.to_thread(_write, folder / _ABOUT, changed)
        except (AvatarRtcError, OSError) as error:
            log.warning("%s", error)
        if changed.is_over:
            self._let_go(changed)
        return changed

    async def finish(
        self, kept: KeptFile, path: Path, beside: tuple[str, ...] = (), **fields: Any
    ) -> KeptFile:
        """Hand out a file of its folder from now on, and those beside it; everything else there goes.

        Raises:
            NotFound: it was removed meanwhile.
        """
        try:
            await asyncio.to_thread(self._on_finished, kept, path)
        except Exception as error:
            log.exception("%s: what is done with finished files failed", kept.id)
            why = str(error) if isinstance(error, AvatarRtcError) else "the server's log says why"
            kept = self.change(kept, notes=(*kept.notes, f"It carries no label: {why}."))
        self.find(kept.avatar, kept.id)
        await asyncio.to_thread(_tidy, self.folder_of(kept), (path.name, *beside))
        done = {"state": "done", "progress": 1.0, "file": path.name, "beside": beside}
        return await self.save(kept, **{**done, **fields})

    async def stop(self, kept: KeptFile) -> bool:
        """End the work on one; False if nobody works on it."""
        if (stopper := self.stoppers.get((kept.avatar, kept.id))) is None:
            return False
        await stopper()
        return True

    async def remove(self, kept: KeptFile) -> None:
        """Forget one with all its files; nobody may be writing them."""
        if self._kept.pop((kept.avatar, kept.id), None) is not None:
            self._tell(kept)
        self._let_go(kept)
        await asyncio.to_thread(shutil.rmtree, self.folder_of(kept), True)

    def folder_of(self, kept: KeptFile) -> Path:
        """Where its files are."""
        return self._folder / kept.avatar / kept.id

    def path_of(self, kept: KeptFile, name: str = "") -> Path:
        """The file that is handed out, or one beside it.

        Raises:
            NotFound: there is none yet, or none of that name.
        """
        if name and name not in kept.beside:
            raise NotFound(f"file beside {kept.id}", name)
        if not kept.file:
            raise NotFound("finished file of", kept.id)
        return self.folder_of(kept) / (name or kept.file)

    @property
    def left(self) -> float:
        """Bytes that all of them may have besides; less than 0 if they have more already."""
        return self._most - sum(kept.bytes for kept in self)

    def require_room(self, more: float = 0.0) -> None:
        """Refuse what would not fit, of so many bytes more.

        Raises:
            DiskFull: says what is full.
        """
        if self.left <= more:
            raise DiskFull(
                f"recordings and films have all of the {self._most / MIB:g} MiB they may; delete one first"
            )
        place = next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir())
        if shutil.disk_usage(place).free - more < self._free:
            left = f"less than {self._free / MIB:g} MiB of it would be free" if self._free else "it is full"
            raise DiskFull(f"there is no room on the disk: {left}; delete something")

    def close(self) -> None:
        """Let go of what is not over; the next server goes on with it."""
        for kept in self:
            self._let_go(kept)

    def _claim(self, kept: KeptFile) -> bool:
        """False if another server has it."""
        claim = claimed(self.folder_of(kept) / _ABOUT)
        if claim is not None:
            self._claims[kept.avatar, kept.id] = claim
        return claim is not None

    def _let_go(self, kept: KeptFile) -> None:
        if (claim := self._claims.pop((kept.avatar, kept.id), None)) is not None:
            claim.close()

    def _tell(self, kept: KeptFile) -> None:
        for listener in tuple(self.listeners):
            listener(kept)


def folder_bytes(folder: Path) -> int:
    """Of all files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) if folder.is_dir() else 0


def _read(about: Path) -> KeptFile:
    found = json.loads(about.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    kept = KeptFile(**{**found, **{name: tuple(found.get(name, ())) for name in ("notes", "beside")}})
    if not _ID.fullmatch(kept.id) or kept.state not in get_args(KeptState) or kept.format not in _SUFFIXES:
        raise ValueError("its id, state or format cannot be")
    if any(Path(name).name != name for name in (kept.file, *kept.beside)):
        raise ValueError("a file is none of its folder")
    return kept


def _write(path: Path, kept: KeptFile) -> None:
    put_file(path, json.dumps(asdict(kept)).encode(), mode=0o600)


def _tidy(folder: Path, names: tuple[str, ...]) -> None:
    for file in folder.iterdir():
        if file.name not in (*names, _ABOUT):
            file.unlink(missing_ok=True)
