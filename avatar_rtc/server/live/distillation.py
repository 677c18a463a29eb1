"""A student being made in the background: `avatar-rtc distill` in a process of its own, of low priority.

POST …/distillation ─► its turn ─► process ─ lines of JSON ─► `state` events ─► the avatar, swapped live
            lessons ─┘
"""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from avatar_rtc.errors import AvatarRtcError, InputError, without_addresses
from avatar_rtc.server.live.background import Ended, run_in_background
from avatar_rtc.server.live.turns import Turn, Turns

log = logging.getLogger(__name__)

Quality = Literal["instant", "draft", "good", "best"]
StudentPhase = Literal["idle", "queued", "running", "done", "failed"]
ShowStudent = Callable[[], Awaitable[None]]
"""Shows the student that lies there now."""
SILENCE_S = 1800.0
"""A run tells its progress every second or so; one that is silent for so long is stuck."""
_SHOWN = ("doing", "share", "seconds_left", "next", "next_s", "figures", "good_enough")
_KILLED = 9


class Distillation:
    """At most one run at a time for one avatar; made on a running loop, closed by its avatar."""

    def __init__(self, changed: Callable[[], None], turns: Turns) -> None:
        """
        Args:
            changed: called whenever `describe` has something new to say.
            turns: of all avatars of the server; one makes a student, the others wait.
        """
        self._changed, self._turns = changed, turns
        self.phase: StudentPhase = "idle"
        self._progress: dict[str, Any] = {}
        self._detail: str | None = None
        self._turn: Turn | None = None
        self._task: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._is_newer = False
        """Whether another one was written since the one that is about to be shown."""
        self.is_by_itself = False
        """Whether nobody has asked for the run that is under way."""
        self._is_over = False

    @property
    def is_running(self) -> bool:
        """Whether one runs."""
        return self.phase == "running"

    @property
    def may_begin(self) -> bool:
        """Whether one may begin by itself: none runs or waits, and none has ended, however it did."""
        return not (self._is_over or self.is_under_way)

    def begin_anew(self) -> None:
        """It is about another character now."""
        self._is_over = False

    def give_up(self) -> None:
        """None begins by itself any more."""
        self._is_over = True

    @property
    def is_under_way(self) -> bool:
        """Whether one runs, or waits for its turn."""
        return self.phase in ("queued", "running")

    def start(
        self, command: Sequence[str], show: ShowStudent, caller: str = "", by_itself: bool = False
    ) -> None:
        """Run `command` when it is its turn; it prints lines of JSON.

        A line with `written` says that there is a better student than before. In the last line are `done` and
        `good_enough`, or `failed`, a sentence why.

        Raises:
            InputError: one runs or waits already.
            CapacityExceeded: too many wait.
        """
        if self.is_under_way:
            raise InputError("a student of this character is being made already; DELETE stops it")
        self._turn = turn = self._turns.take(self._tell, caller)
        self.phase, self._progress, self._detail = "queued", {"share": 0.0}, None
        self.is_by_itself, self._is_over = by_itself, True
        if turn.place == 0:
            self.phase = "running"
        self._task = asyncio.create_task(self._run(command, show, turn), name="distillation")
        # Not at the end of the task: one that is cancelled before it began never gets there.
        self._task.add_done_callback(lambda _: self._leave(turn))
        self._tell()

    def describe(self) -> dict[str, object]:
        """What the API and `state` events show; `place` is how many come before it, 1 or more."""
        about: dict[str, object] = {"state": self.phase, **self._progress}
        if self.phase == "queued" and self._turn is not None:
            about["place"] = self._turn.place
        if self._detail:
            about["detail"] = self._detail
        return about

    async def close(self) -> None:
        """Stop the run, if there is one; what it has done is kept, and the next one goes on from there.

        None begins by itself any more.
        """
        self._is_over = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.is_under_way:
            self.phase, self._detail = "idle", "stopped; the next run goes on from there"
            self._tell()

    async def _run(self, command: Sequence[str], show: ShowStudent, turn: Turn) -> None:
        try:
            await turn.has_come.wait()
            self.phase = "running"
            self._tell()
            self._detail = await self._make(command, show)
        except Exception as error:  # whatever it is, the run is over, and the next one comes
            log.exception("distillation failed")
            self._detail = _cause(error)
        finally:
            if self._showing is not None:
                self._showing.cancel()
        self.phase = "failed" if self._detail else "done"
        self._tell()

    async def _make(self, command: Sequence[str], show: ShowStudent) -> str | None:
        """Why it failed; None if it did not."""
        last: dict[str, Any] = {}

        def hear(line: bytes) -> None:
            said = self._hear(line)
            last.update(said)
            if "written" in said:
                self._show_soon(show)

        ended = await run_in_background(command, hear, SILENCE_S)
        if self._showing is not None:
            await self._showing
        if "done" in last and ended.code == 0:
            if last.get("good_enough") and "written" not in last:
                await show()
            return None
        why = without_addresses(str(last["failed"])[:500]) if "failed" in last else how_it_ended(ended)
        log.error("distillation failed: %s: %s", why, ended.said)
        return why

    def _show_soon(self, show: ShowStudent) -> None:
        """Show what was written; of several that come meanwhile, the newest."""
        self._is_newer = True
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show_newest(show), name="showing what is learnt")

    async def _show_newest(self, show: ShowStudent) -> None:
        while self._is_newer:
            self._is_newer = False
            await show()

    def _leave(self, turn: Turn) -> None:
        turn.leave()
        self._tell()  # another one's turn may have come

    def _hear(self, line: bytes) -> dict[str, Any]:
        """Take a line of progress, and give what it says."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return {}
        if not isinstance(said, dict):
            return {}
        self._progress |= {name: said[name] for name in _SHOWN if name in said}
        if "done" in said:
            self._progress |= {"share": 1.0, "seconds_left": 0}
        self._tell()
        return said

    def _tell(self) -> None:
        try:
            self._changed()
        except Exception:  # who listens has no say in whether a student is made
            log.exception("a listener of a distillation failed")


def command_for(character: Path, out: Path, quality: Quality, cache_mb: float) -> list[str]:
    """The command that makes a student of a character (a file or folder) and writes it to `out`.

    Its picture was judged when it came; to judge it once more would keep whoever watches waiting.
    """
    distill = [sys.executable, "-m", "avatar_rtc", "distill", str(character), "--out", str(out)]
    unasked = ["--force", "--no-report", "--background", "--end-with-input", "--cache-mb", f"{cache_mb:g}"]
    return [*distill, "--quality", quality, *unasked]


def _cause(error: Exception) -> str:
    """What went wrong on the server's side, in a sentence that tells no paths."""
    match error:
        case TimeoutError():
            return f"it told nothing for {SILENCE_S / 60:.0f} minutes, and was ended"
        case AvatarRtcError():
            return f"the student was made, but cannot be shown: {without_addresses(str(error))}"
        case OSError():
            return f"no process can be started for it: {error.strerror or 'the system refuses'}"
    return "something unexpected failed here; the server's log has it"


def how_it_ended(ended: Ended) -> str:
    """Why a process may have ended that did not say so itself."""
    if ended.code == -_KILLED:
        return "the system ended it (signal 9), as it does when memory is short"
    if ended.code < 0:
        return f"it was ended by signal {-ended.code}"
    return f"it ended too early (exit code {ended.code}); the server's log has what it said"
