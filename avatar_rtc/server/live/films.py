"""Films of scripts, made beside the live avatars: `avatar-rtc render --script` in a process of low priority.

```
 POST …/films ─► waiting, for its turn ─► rendering: process ─ lines of JSON ─► done, kept as recordings
                                              └─ DELETE, silence, a voice that fails ─► failed, and why
```
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from avatar_rtc.config_sections import SpeechConfig
from avatar_rtc.config_words import Disclosure
from avatar_rtc.control.kept_state import messages_of
from avatar_rtc.control.state import AvatarState
from avatar_rtc.errors import NotFound, without_addresses
from avatar_rtc.files import put_file
from avatar_rtc.server.live.background import run_in_background
from avatar_rtc.server.live.distillation import how_it_ended
from avatar_rtc.server.live.kept_files import KeptFile, KeptFiles
from avatar_rtc.server.live.turns import Turn, Turns

log = logging.getLogger(__name__)

FilmFormat = Literal["mp4", "webm"]
FilmSubtitles = Literal["none", "beside", "inside", "burnt"]
FILM_SILENCE_S = 900.0
"""A film tells its progress twice a second, once its first sentence is spoken."""
_NOT_IN_FILMS = ("pause.set", "talking.set", "data_eyes.set")
"""What an avatar does for the moment."""


@dataclass(frozen=True)
class WantedFilm:
    """What a film is to be."""

    script: str
    character: str
    """A name or a path that the command line takes."""
    state: tuple[dict[str, Any], ...]
    """Messages, that make its state at the beginning."""
    speech: SpeechConfig
    format: FilmFormat = "mp4"
    size: str | None = None
    fps: float = 25.0
    subtitles: FilmSubtitles = "none"
    voice: str = ""
    speed: float | None = None
    emotion: str | None = None
    """As of `speech.say`: "auto" reads it from the text."""
    has_backdrop: bool = True
    """Whether what stands behind the avatar is in it; mp4 has it always."""
    animator: str = "auto"
    device: str = "auto"
    disclosure: Disclosure = "page"
    data_dir: Path | None = None
    """Where characters and backdrops of one's own are; None is the user's data folder."""


FilmCommand = Callable[[Path, WantedFilm], Sequence[str]]


class Films:
    """Made on the loop that runs the server, which closes it."""

    def __init__(
        self,
        files: KeptFiles,
        turns: Turns,
        command: FilmCommand | None = None,
    ) -> None:
        """
        Args:
            turns: one film is made, the others wait.
            command: what makes a film, given its folder; None is the process that does.
        """
        self._files, self._turns, self._command = files, turns, command or film_command
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, avatar: str, wanted: WantedFilm, caller: str = "") -> KeptFile:
        """Have a film made, when it is its turn.

        Raises:
            CapacityExceeded: too many wait.
            DiskFull: there is no room.
            SetupError: the folder cannot be written.
        """
        turn = self._turns.take(caller=caller)
        try:
            kept = await self._files.begin(avatar, "film", wanted.format, "waiting", caller=caller)
            await asyncio.to_thread(_put_inputs, self._files.folder_of(kept), wanted)
        except BaseException:
            turn.leave()
            raise
        task = self._spawn(self._run(kept, wanted, turn), f"film {kept.id}")
        task.add_done_callback(lambda _: turn.leave())

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._fail(kept, "It was stopped.")

        self._files.stoppers[kept.avatar, kept.id] = stop
        return kept

    async def resume(self) -> None:
        """Tell of what an earlier server left that it is not made any more."""
        for kept in self._files:
            if kept.kind == "film" and not kept.is_over:
                await self._fail(kept, "The server ended before it was made; ask for it again.")

    async def close(self) -> None:
        """Stop all; the next server tells that they were not made."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, kept: KeptFile, wanted: WantedFilm, turn: Turn) -> None:
        try:
            await turn.has_come.wait()
            kept = await self._files.save(kept, state="rendering")
            await self._make(kept, wanted)
        except NotFound:
            log.info("film %s was removed before it was made", kept.id)
        except (OSError, TimeoutError) as error:
            log.error("film %s: %r", kept.id, error)
            await self._fail(kept, "Its process cannot run here, or told nothing any more.")
        except Exception:
            log.exception("film %s failed", kept.id)
            await self._fail(kept, "Something unexpected failed; the server's log says what.")
        finally:
            self._files.stoppers.pop((kept.avatar, kept.id), None)

    async def _make(self, kept: KeptFile, wanted: WantedFilm) -> None:
        folder = self._files.folder_of(kept)
        last: dict[str, Any] = {}

        def hear(line: bytes) -> None:
            with contextlib.suppress(ValueError, TypeError):
                last.update(json.loads(line))
                frames = int(last.get("frames", 0))
                share = float(last.get("share", 0.0))
                self._files.change(kept, progress=share, frames=frames, seconds=frames / wanted.fps)
                self._files.require_room()

        ended = await run_in_background(self._command(folder, wanted), hear, FILM_SILENCE_S)
        if "done" not in last or ended.code != 0:
            log.error("film %s was not made (%s): %s", kept.id, ended.code, ended.said)
            why = str(last["failed"])[:500] if "failed" in last else how_it_ended(ended)
            await self._fail(kept, f"It failed: {without_addresses(why)}.")
            return
        facts: dict[str, Any] = {name: last[name] for name in ("frames", "width", "height", "seconds")}
        beside = tuple(name for name in ("clip.vtt",) if (folder / name).is_file())
        notes = tuple(map(str, last.get("notes", ())))
        await self._files.finish(kept, folder / f"clip.{wanted.format}", beside, notes=notes, **facts)

    async def _fail(self, kept: KeptFile, why: str) -> None:
        with contextlib.suppress(NotFound):
            now = self._files.find(kept.avatar, kept.id)
            if not now.is_over:
                await self._files.save(now, state="failed", notes=(*now.notes, why))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def film_state(state: AvatarState, more: Sequence[dict[str, Any]] = ()) -> tuple[dict[str, Any], ...]:
    """The messages that make a film's avatar look as a live one, and then as it is wished.

    What those of `more` tell anew is left out before.
    """
    ours = {message["type"] for message in more}
    lasting = (each for each in messages_of(state) if each["type"] not in (*_NOT_IN_FILMS, *ours))
    return (*lasting, *more)


def film_command(folder: Path, wanted: WantedFilm) -> list[str]:
    """The command that makes a film from what lies in its folder."""
    command = [sys.executable, "-m", "avatar_rtc", "render", "--background", "--end-with-input"]
    given: dict[str, object] = {
        "character": wanted.character,
        "script": folder / "script.txt",
        "state": folder / "state.json",
        "config": folder / "speech.toml",
        "out": folder / f"clip.{wanted.format}",
        "subtitles": wanted.subtitles,
        "fps": wanted.fps,
        "animator": wanted.animator,
        "device": wanted.device,
        "disclosure": wanted.disclosure,
        "voice": wanted.voice or None,
        "speed": wanted.speed,
        "size": wanted.size,
        "emotion": "auto" if wanted.emotion == "auto" else None,
    }
    command += [f"--{name}={value}" for name, value in given.items() if value is not None]
    return command + ["--opaque"] * wanted.has_backdrop


def _put_inputs(folder: Path, wanted: WantedFilm) -> None:
    put_file(folder / "script.txt", wanted.script.encode(), mode=0o600)
    put_file(folder / "state.json", json.dumps(wanted.state).encode(), mode=0o600)
    # It may hold a key of a speech server, which a command line would show to everybody here.
    own = "" if wanted.data_dir is None else f"data_dir = {json.dumps(str(wanted.data_dir))}\n"
    put_file(folder / "speech.toml", (own + _toml("speech", wanted.speech)).encode(), mode=0o600)


def _toml(section: str, config: SpeechConfig) -> str:
    """A section of a configuration; JSON's strings, numbers and lists are TOML's, too."""
    values = config.model_dump(mode="json", exclude_none=True)
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    return f"[{section}]\n{''.join(lines)}"
