"""The recordings of a server: begun, ended, finished in a process of their own, gone on with after a restart.

```
 POST ─► recording ─ stopped, long enough, no room, avatar gone ─► finishing (one at a time) ─► done
                                                                       └─ no room: as it was recorded
```
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from avatar_rtc.errors import DiskFull, NotFound, without_addresses
from avatar_rtc.media.live_file import LiveFile, cut_to_whole, live_parts
from avatar_rtc.media.wanted_recording import WantedRecording
from avatar_rtc.server.limits import MIB, Limits
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.background import run_in_background
from avatar_rtc.server.live.kept_files import KeptFile, KeptFiles
from avatar_rtc.server.live.recorder import Recorder
from avatar_rtc.server.live.under_way import UnderWay
from avatar_rtc.stream.frame import Rendition

log = logging.getLogger(__name__)

FINISHING_SILENCE_S = 600.0
"""A process that finishes one tells its progress every second or so."""
CHANGED = "The picture's size or its encoder changed: all of it has the size of the beginning."
STACKED = "It could not be finished, so its transparency lies as grey below the picture."
_OPUS = "It could not be finished, so its sound is Opus, which some players lack."


class Recordings:
    """Made on the loop that runs the server; the application closes it before its avatars."""

    def __init__(
        self,
        files: KeptFiles,
        limits: Limits,
        under_way: UnderWay,
        command: Callable[[Path, WantedRecording], Sequence[str]] | None = None,
        comment: str = "",
    ) -> None:
        """
        Args:
            under_way: counts recordings of all kinds.
            command: what finishes a recording, given its folder; None is the process that does.
            comment: what each file says of itself.
        """
        self._comment, self._under_way = comment, under_way
        self._files, self._limits, self._command = files, limits, command or finish_command
        self._turn = asyncio.Semaphore(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def start(self, avatar: Avatar, wanted: WantedRecording, most_s: float, caller: str) -> KeptFile:
        """Begin to record an avatar.

        Args:
            most_s: after so long it ends by itself.

        Raises:
            TooSoon, CapacityExceeded: too many were begun, or are under way.
            DiskFull: there is no room.
            SetupError: the folder cannot be written.
        """
        self._under_way.enter(caller)
        try:
            about = asdict(replace(wanted, comment=self._comment))
            kept = await self._files.begin(
                avatar.name, "recording", wanted.format, "recording", caller=caller, more=about
            )
            self._record(avatar, kept, wanted, most_s)
        except BaseException:
            self._under_way.leave(caller)
            raise
        return kept

    def resume(self) -> None:
        """Finish what an earlier server left unfinished."""
        for kept in self._files:
            if kept.kind == "recording" and not kept.is_over:
                self._begin_finishing(kept)

    async def close(self) -> None:
        """End what is under way; the next server finishes it."""
        self._is_closing = True
        for kept in self._files:
            if kept.kind == "recording" and not kept.is_over:
                await self._files.stop(kept)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _record(self, avatar: Avatar, kept: KeptFile, wanted: WantedRecording, most_s: float) -> None:
        file = LiveFile(self._files.folder_of(kept), wanted.fps)
        held = 0

        def wrote() -> None:
            nonlocal held
            held, more = file.on_disk, file.on_disk - held
            facts = {"seconds": file.seconds, "frames": file.frames, "bytes": file.on_disk}
            self._files.change(kept, is_told=False, **facts)
            self._files.require_room(more)

        recorder = Recorder(
            avatar.streams,
            Rendition("h264", wanted.layout),
            file,
            most_s,
            avatar.clock.t,
            wrote,
        )
        task = self._spawn(self._run(kept, recorder, file), f"recording {kept.id}")

        async def stop() -> None:
            recorder.stop()
            await asyncio.wait([task])

        self._files.stoppers[kept.avatar, kept.id] = stop

    async def _run(self, kept: KeptFile, recorder: Recorder, file: LiveFile) -> None:
        try:
            notes = await _ended(recorder, self._limits)
        finally:
            self._under_way.leave(kept.caller)
            self._files.stoppers.pop((kept.avatar, kept.id), None)
        if file.parts > 1:
            notes = (CHANGED, *notes)
        with contextlib.suppress(NotFound):
            height = file.size[1] // (2 if kept.more["layout"] == "alpha" else 1)
            kept = await self._files.save(
                kept,
                state="finishing",
                notes=(*kept.notes, *recorder.notes, *notes),
                seconds=file.seconds,
                frames=file.frames,
                width=file.size[0],
                height=height,
            )
            if not self._is_closing:
                self._begin_finishing(kept)

    def _begin_finishing(self, kept: KeptFile) -> None:
        task = self._spawn(self._finish(kept), f"finishing {kept.id}")

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._files.stoppers[kept.avatar, kept.id] = stop

    async def _finish(self, kept: KeptFile) -> None:
        try:
            is_copy = WantedRecording.read(kept.more).is_copy  # takes a moment, so nobody waits for it
            async with contextlib.nullcontext() if is_copy else self._turn:
                kept = self._files.change(kept, state="finishing")
                await self._make(kept)
        except NotFound:
            log.info("recording %s was removed before it was finished", kept.id)
        except Exception:
            log.exception("recording %s could not be finished", kept.id)
            with contextlib.suppress(NotFound):
                await self._as_recorded(kept, "Something unexpected failed; the server's log says what.")
        finally:
            self._files.stoppers.pop((kept.avatar, kept.id), None)

    async def _make(self, kept: KeptFile) -> None:
        folder = self._files.folder_of(kept)
        # What was recorded goes when the file is there.
        most = max(1.0, self._files.left + kept.bytes)
        free = self._limits.config.free_disk_mb * MIB
        wanted = replace(WantedRecording.read(kept.more), free_bytes=free, most_bytes=most)
        last: dict[str, Any] = {}

        def hear(line: bytes) -> None:
            with contextlib.suppress(ValueError):
                last.update(json.loads(line))
                self._files.change(kept, progress=float(last.get("share", 0.0)))

        try:
            ended = await run_in_background(self._command(folder, wanted), hear, FINISHING_SILENCE_S)
        except (OSError, TimeoutError) as error:
            log.error("recording %s: %r", kept.id, error)
            await self._as_recorded(kept, "The process that finishes recordings cannot run here.")
            return
        if "done" in last and ended.code == 0:
            facts = {name: last[name] for name in ("seconds", "frames", "width", "height")}
            await self._files.finish(kept, folder / str(last["done"]), **facts)
            return
        log.error("recording %s was not finished (%s): %s", kept.id, ended.code, ended.said)
        why = without_addresses(str(last.get("failed", f"its process ended with code {ended.code}")))
        await self._as_recorded(kept, "The disk is full." if last.get("full") else f"It failed: {why}.")

    async def _as_recorded(self, kept: KeptFile, why: str) -> None:
        """Hand out what was recorded as it is, or nothing where there is no whole second of it."""
        parts = await asyncio.to_thread(_whole_parts, self._files.folder_of(kept))
        if not parts:
            await self._files.save(kept, state="failed", notes=(*kept.notes, why))
            return
        is_playable = kept.more["layout"] == "matte"
        notes = (*kept.notes, why, _OPUS if is_playable else STACKED)
        first, *others = parts
        await self._files.finish(
            kept,
            first,
            beside=tuple(each.name for each in others),
            state="done" if is_playable else "failed",
            notes=notes,
        )

    def _spawn(self, work: Any, name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _ended(recorder: Recorder, limits: Limits) -> tuple[str, ...]:
    """Record to the end; gives what there is to say of that end."""
    try:
        await recorder.run()
    except DiskFull as error:
        limits.count("recordings_mb")
        return (f"It ended early: {error}.",)
    except TimeoutError:
        return ("No picture of the avatar came.",)
    except OSError as error:
        log.error("a recording cannot be written: %s", error)
        return (f"It ended early: the disk refuses ({error.strerror or 'no reason given'}).",)
    except NotFound:
        return ()
    except Exception:
        log.exception("a recording failed")
        return ("It ended early: something unexpected failed; the server's log says what.",)
    return ()


def finish_command(folder: Path, wanted: WantedRecording) -> list[str]:
    """The command that finishes a recording."""
    about = json.dumps(asdict(wanted))
    return [sys.executable, "-m", "avatar_rtc.cli.finish_recording", str(folder), about]


def _whole_parts(folder: Path) -> list[Path]:
    return [path for _, path in live_parts(folder) if cut_to_whole(path)]
