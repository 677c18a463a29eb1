"""The worker in charge, and its replacement when it dies, hangs or is silent; viewers notice a short pause.

    Avatar ──open, send──► Roster ──► Outbox ──► worker   (crashes, hangs, is stopped)
                                                 spare    (torch imported, no model; takes over)

The roster remembers what every avatar was told, and tells it to the worker that takes over. Nothing that a
worker, a listener or the system does ends this.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.errors import without_addresses
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    Beat,
    Booted,
    BootFailed,
    Broken,
    Down,
    OpenAvatar,
    ProcessStill,
    SnapshotTaken,
    Still,
    StillFailed,
    StillProcessed,
    TakePose,
    TakeSnapshot,
    ToAvatar,
    Up,
)
from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.attended import Attended
from avatar_rtc.server.rendering.backoff import Backoff
from avatar_rtc.server.rendering.briefing import Briefing
from avatar_rtc.server.rendering.outbox import Outbox
from avatar_rtc.server.rendering.pictures import Pictures
from avatar_rtc.server.rendering.placement import Burden
from avatar_rtc.server.rendering.pulse import HANG_TIMEOUT_S
from avatar_rtc.server.rendering.roster import Roster
from avatar_rtc.server.rendering.spare import Spare
from avatar_rtc.server.rendering.writing import Writing

log = logging.getLogger(__name__)

_BACKOFF_S = (0.0, 0.0, 1.0, 5.0)
"""Waits before replacing a worker that was lost for the 1st, 2nd, … time within _FORGIVEN_S."""
_FORGIVEN_S = 25.0
"""A worker that lived so long was no failed start: what ends one now and then meets no wait."""


@dataclass(frozen=True)
class Recovery:
    """How long the parts of the last start or replacement took, in s; None until known."""

    boot_s: float | None = None
    """Interpreter and torch; 0 if a warm spare took over."""
    load_s: float | None = None
    """Model and character of the avatar that was ready last."""


class Rendering:
    """An async context manager that keeps one worker alive.

    Args:
        spawn: starts a worker.
        spare: keep a second, warm interpreter.
        opens_per_s: characters a second that a worker is given, beside those that another one had.
    """

    def __init__(
        self,
        spawn: Callable[[], Awaitable[Worker]],
        *,
        spare: bool = True,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        opens_per_s: float = LimitsConfig().opens_per_s,
    ) -> None:
        self._spawn, self._with_spare, self._hang_timeout_s = spawn, spare, hang_timeout_s
        self._in_charge: Attended | None = None
        self._spare = Spare(self._start)
        self._writing = Writing(Outbox(opens_per_s), self._give_up)
        self._roster = Roster(self._post, self._expect_pictures)
        self._backoff = Backoff(_BACKOFF_S, _FORGIVEN_S)
        self._endings: set[asyncio.Task[None]] = set()
        self._lost_at: float = time.monotonic()
        self._cause = "one is being started"
        """Why no worker is up."""
        self.device: str | None = None
        """"cuda[:n]", "mps" or "cpu"; None until a worker is up."""
        self.device_note = ""
        """What there is to say of it; see `Booted.note`."""
        self.failure: str | None = None
        """Why no worker will ever come up with these options."""
        self.refusal = ""
        """Why the newest worker could not use a device that an earlier one could; "" if it can."""
        self.settled = asyncio.Event()
        """Set once a worker was up, or none will ever be: `device` or `failure` tells which."""
        self.restarts = 0
        self._pictures = Pictures(self._post)
        self.recovery = Recovery()

    async def __aenter__(self) -> "Rendering":
        self._lost_at = time.monotonic()
        self._task = asyncio.create_task(self._run(), name="rendering")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._roster.stop_mending()
        await self._spare.close()
        if self._in_charge is not None:
            # One that has not booted yet hears no farewell before torch is imported.
            await self._in_charge.close(politely=self.device is not None)
        await asyncio.gather(*self._endings)

    @property
    def worker(self) -> Worker | None:
        """The worker in charge, if there is one."""
        return None if self._in_charge is None else self._in_charge.worker

    @property
    def memory_bytes(self) -> int | None:
        """Main memory of its workers, the spare included; None where the system does not tell."""
        told = [each.memory_bytes() for each in (self.worker, self._spare.worker) if each is not None]
        known = [each for each in told if each is not None]
        return sum(known) if known else None

    @property
    def superseded(self) -> int:
        """Characters no worker was given, because their avatar changed to another first."""
        return self._writing.superseded

    @property
    def lost_s(self) -> float:
        """For how long no worker has been up; 0 if one is."""
        return 0.0 if self.device is not None else time.monotonic() - self._lost_at

    @property
    def burdens(self) -> Sequence[Burden]:
        """What each of its avatars is for the device."""
        return self._roster.burdens

    @property
    def ailments(self) -> tuple[str, ...]:
        """Sentences on what is wrong with the worker and the spare, for everybody to read."""
        return (*self.hindrances, *filter(None, [self.device_note, self._spare.ailment]))

    @property
    def hindrances(self) -> tuple[str, ...]:
        """Those of them that keep pictures from coming."""
        if self.failure is not None:
            return (self.failure,)
        if self._in_charge is None or self.device is None:
            return (f"no render worker is up: {without_addresses(self._cause)}",)
        return tuple(filter(None, [self._in_charge.ailment]))

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one; `on_up` gets what concerns it.

        An avatar that cannot be opened is told so by AvatarFailed.
        """
        self._roster.open(message, on_up)
        if self.failure is not None:
            on_up(AvatarFailed(message.avatar, self.failure))

    def send(self, message: ToAvatar) -> None:
        """Tell the worker something about an open avatar. Never waits."""
        self._roster.send(message)

    def close_avatar(self, name: str) -> Briefing | None:
        """Forget an avatar; gives what `adopt` of another wants to know of it, None if it is not open."""
        return self._roster.close(name)

    def adopt(self, briefing: Briefing) -> None:
        """Render an avatar that another one rendered before, and go on where that one ended."""
        self._roster.adopt(briefing)

    async def process(self, message: ProcessStill) -> Still:
        """See `Pictures.process`."""
        return await self._pictures.process(message)

    async def snapshot(self, avatar: str) -> bytes:
        """See `Pictures.snapshot`."""
        return await self._pictures.snapshot(avatar)

    async def pose(self, message: TakePose) -> bytes:
        """See `Pictures.pose`."""
        return await self._pictures.pose(message)

    def _post(self, message: Down, *, paced: bool = True) -> bool:
        """Tell the worker; False if none is up."""
        if self._in_charge is None or self.device is None:
            return False
        self._writing.put(message, paced=paced)
        return True

    def _expect_pictures(self) -> None:
        if self._in_charge is not None:
            self._in_charge.expect_pictures()

    async def _run(self) -> None:
        while self.failure is None:
            try:
                self._cause = await self._one_life()
                self.restarts += self.failure is None
            except Exception as error:
                log.exception("the render worker could not be kept")
                self._cause = f"it could not be started ({type(error).__name__})"
            if self.failure is None:
                wait = self._backoff.failed()
                log.warning("no render worker is up: %s; a new one starts in %g s", self._cause, wait)
                await asyncio.sleep(wait)

    async def _one_life(self) -> str:
        """Have a worker in charge until it is lost; gives why it was."""
        spare = self._spare.take()
        worker = self._in_charge = spare or await self._start()
        writing = asyncio.create_task(self._write(worker), name="to the render worker")
        try:
            worker.put_in_charge(partial(self._hear, is_warm=spare is not None), lambda: self._roster.owes)
            await asyncio.wait([worker.life])
        finally:
            writing.cancel()
        self._lose(worker)
        return worker.life.result()

    async def _start(self) -> Attended:
        return Attended(await self._spawn(), self._hang_timeout_s)

    async def _write(self, worker: Attended) -> None:
        try:
            await self._writing.write(worker.worker)
        except Exception:
            log.exception("the outbox to the render worker is broken")
        # A worker that hears nothing is of no use. Most often it is gone already.
        worker.kill()

    def _lose(self, worker: Attended) -> None:
        """The worker is gone: tell everybody, and see to it that nothing of it stays."""
        if self.device is not None:
            self._lost_at = time.monotonic()
        self._in_charge, self.device = None, None
        self._writing.clear()
        self._pictures.lost()
        if self.failure is None:
            self._roster.lose()
        # Beside the start of the next one: what the system keeps holds nobody up.
        ending = asyncio.create_task(worker.close(), name="end of a render worker")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def _give_up(self, message: Down, why: str) -> None:
        """Tell who waits for the answer to a message that it will not come."""
        match message:
            case OpenAvatar(avatar=avatar):
                self._roster.hear(AvatarFailed(avatar, why))
            case TakeSnapshot(request=request) | TakePose(request=request) | ProcessStill(request=request):
                self._pictures.answered(StillFailed(request, why))

    def _hear(self, message: Up, is_warm: bool) -> None:
        match message:
            case Booted(device=device, seconds=seconds, note=note):
                if note and note != self.device_note:
                    log.warning("%s", note)
                self.device, self.device_note, self.refusal = device, without_addresses(note), ""
                self.settled.set()
                self.recovery = Recovery(boot_s=0.0 if is_warm else seconds)
                self._roster.brief()
                if self._with_spare:
                    self._spare.want()
            case BootFailed(detail=detail) if self.settled.is_set():
                self.refusal = without_addresses(detail)  # but what has worked may work again later
            case BootFailed(detail=detail):
                self.failure = detail
                self.settled.set()
                self._roster.fail(detail)
            case StillProcessed() | SnapshotTaken() | StillFailed():
                self._pictures.answered(message)
            case Beat() | Broken():
                pass
            case _:
                if isinstance(message, AvatarReady):
                    self.recovery = replace(self.recovery, load_s=message.seconds)
                self._roster.hear(message)
