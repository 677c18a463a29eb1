"""Performances of live avatars, kept in the store of recordings until they are ended."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path

from avatar_rtc.errors import DiskFull, NotFound
from avatar_rtc.server.live.avatar import Avatar
from avatar_rtc.server.live.kept_files import KeptFile, KeptFiles
from avatar_rtc.server.live.performance import PerformanceWriter
from avatar_rtc.server.live.under_way import UnderWay

log = logging.getLogger(__name__)

TAKE_FILE = "take.avatar.jsonl"
_LONGEST_LINE = 64 << 20


class Performances:
    """Made on the loop that runs the server, which closes it before its avatars."""

    def __init__(self, files: KeptFiles, under_way: UnderWay) -> None:
        self._files, self._under_way = files, under_way
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, avatar: Avatar, most_s: float, caller: str) -> KeptFile:
        """Keep what an avatar is told and says from now on.

        Args:
            most_s: after so long it ends by itself.

        Raises:
            TooSoon, CapacityExceeded: too many were begun, or are under way.
            DiskFull: there is no room.
            SetupError: the folder cannot be written.
        """
        self._under_way.enter(caller)
        try:
            kept = await self._files.begin(
                avatar.name, "performance", "performance", "recording", caller=caller
            )
            self._keep(avatar, kept, most_s)
        except BaseException:
            self._under_way.leave(caller)
            raise
        return kept

    async def resume(self) -> None:
        """Hand out what an earlier server left unfinished, without a line that it wrote in part."""
        for kept in self._files:
            if kept.kind == "performance" and not kept.is_over:
                path = self._files.folder_of(kept) / TAKE_FILE
                await asyncio.to_thread(cut_to_lines, path)
                await self._finish(kept, path, 0.0, ("The server ended while it was kept.",))

    async def close(self) -> None:
        """End all of them."""
        for kept in self._files:
            if kept.kind == "performance" and not kept.is_over:
                await self._files.stop(kept)

    def _keep(self, avatar: Avatar, kept: KeptFile, most_s: float) -> None:
        source = avatar.source or avatar.actor.character.name
        path = self._files.folder_of(kept) / TAKE_FILE
        writer = PerformanceWriter(path, avatar.clock.t, source, avatar.fps, avatar.lasting)
        over = asyncio.Event()
        writer.on_end = over.set
        loop = asyncio.get_running_loop()

        def written() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the file
                loop.call_soon_threadsafe(self._wrote, kept, writer, over)

        writer.on_written = written
        task = asyncio.create_task(
            self._run(avatar, kept, writer, over, most_s), name=f"performance {kept.id}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._under_way.leave(kept.caller))

        async def stop() -> None:
            over.set()
            await asyncio.wait([task])

        self._files.stoppers[kept.avatar, kept.id] = stop

    def _wrote(self, kept: KeptFile, writer: PerformanceWriter, over: asyncio.Event) -> None:
        with contextlib.suppress(NotFound):
            self._files.change(kept, is_told=False, bytes=writer.bytes, seconds=writer.seconds)
        try:
            self._files.require_room()
        except DiskFull as error:
            writer.failure = writer.failure or str(error)
        if writer.failure is not None:
            over.set()

    async def _run(
        self, avatar: Avatar, kept: KeptFile, writer: PerformanceWriter, over: asyncio.Event, most_s: float
    ) -> None:
        avatar.witnesses.add(writer)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(most_s):
                    await over.wait()
        finally:
            avatar.witnesses.discard(writer)
            self._files.stoppers.pop((kept.avatar, kept.id), None)
            seconds = writer.seconds
            await writer.close()
        notes = () if writer.failure is None else (f"It ended early: {writer.failure}.",)
        path = self._files.folder_of(kept) / TAKE_FILE
        await asyncio.to_thread(cut_to_lines, path)
        with contextlib.suppress(NotFound):
            await self._finish(kept, path, seconds, notes)

    async def _finish(self, kept: KeptFile, path: Path, seconds: float, notes: tuple[str, ...]) -> None:
        if not await asyncio.to_thread(_is_written, path):
            await self._files.save(kept, state="failed", notes=(*notes, "Nothing of it was written."))
            return
        seconds = seconds or kept.seconds
        await self._files.finish(kept, path, notes=(*kept.notes, *notes), seconds=seconds)


def _is_written(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def cut_to_lines(path: Path) -> None:
    """Cut off a last line that was written in part; nothing where there is no file."""
    with contextlib.suppress(OSError), path.open("r+b") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE)
        file.seek(begin)
        file.truncate(begin + file.read().rfind(b"\n") + 1)
