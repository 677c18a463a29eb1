"""A student being made in the background: `avatar-rtc distill` in a process of its own, of low priority.

POST …/distillation ─► process ─ lines of JSON ─► progress in `state` events ─► the avatar, swapped live
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from avatar_rtc.errors import InputError

log = logging.getLogger(__name__)

Quality = Literal["draft", "good", "best"]
Phase = Literal["idle", "running", "done", "failed"]
Done = Callable[[bool], Awaitable[None]]
"""Told that the student is written, and whether it is good enough to be shown."""
_GRACE_S = 5.0
_TOLD = ("doing", "share", "seconds_left", "figures", "good_enough")


class Distillation:
    """At most one run at a time for one avatar; made on a running loop, closed by its avatar."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called whenever `describe` has something new to say."""
        self._changed = changed
        self.phase: Phase = "idle"
        self._told: dict[str, Any] = {}
        self._detail: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, command: Sequence[str], done: Done) -> None:
        """Run `command`; it prints lines of JSON, and in the last one `done` and `good_enough`.

        Raises:
            InputError: one runs already.
        """
        if self.phase == "running":
            raise InputError("a student of this character is being made already; DELETE stops it")
        self.phase, self._told, self._detail = "running", {"share": 0.0}, None
        self._task = asyncio.create_task(self._run(command, done), name="distillation")
        self._changed()

    def describe(self) -> dict[str, object]:
        """What the API and `state` events show."""
        about: dict[str, object] = {"state": self.phase, **self._told}
        if self._detail:
            about["detail"] = self._detail
        return about

    async def close(self) -> None:
        """Stop the run, if there is one; what it has done is kept, and the next one goes on from there."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self.phase, self._detail = "idle", "stopped; the next run goes on from there"
            self._changed()

    async def _run(self, command: Sequence[str], done: Done) -> None:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None and process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        finished = False
        try:
            async for line in process.stdout:
                finished = self._hear(line) or finished
            await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _GRACE_S)
            except TimeoutError:
                process.kill()
        if finished and process.returncode == 0:
            await done(bool(self._told.get("good_enough")))
            self.phase = "done"
        else:
            said = (await errors).decode(errors="replace").strip().splitlines()
            self.phase, self._detail = "failed", said[-1] if said else f"exit code {process.returncode}"
            log.error("distillation failed: %s", self._detail)
        self._changed()

    def _hear(self, line: bytes) -> bool:
        """Take a line of progress; True if it says that all is done."""
        try:
            said = json.loads(line)
        except ValueError:
            return False
        self._told |= {name: said[name] for name in _TOLD if name in said}
        if "done" in said:
            self._told |= {"share": 1.0, "seconds_left": 0}
        self._changed()
        return "done" in said


def command_for(character: str, quality: Quality) -> list[str]:
    """The command that makes a student of a character, named by its file or folder."""
    return [sys.executable, "-m", "avatar_rtc", "distill", character, "--quality", quality, "--background"]
