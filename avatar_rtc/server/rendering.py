"""The worker in charge, and its replacement when it dies or hangs; viewers notice a short pause.

    Avatar ──open, send──► Rendering ──► worker          (crashes, hangs)
                               └───────► spare           (torch imported, no model; takes over)

Rendering remembers what every avatar was told, and tells it to the worker that takes over.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from avatar_rtc.frame import AnyRendition, EncodedFrame
from avatar_rtc.link import (
    AvatarFailed,
    AvatarReady,
    AvatarStarting,
    Booted,
    BootFailed,
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    ProcessStill,
    Say,
    SetState,
    SnapshotTaken,
    StartRendition,
    Still,
    StillFailed,
    StillProcessed,
    StopRendition,
    ToAvatar,
    Up,
    Worker,
)
from avatar_rtc.server.pictures import Pictures
from avatar_rtc.timeline import Timeline

log = logging.getLogger(__name__)

HANG_TIMEOUT_S = 20.0
"""A worker that should render and says nothing for so long is replaced. THA3 on two busy cores takes
under 2 s a frame."""
_SPARE_DELAY_S = 4.0
"""The spare starts when the first start is over, so as not to slow it."""
_BACKOFF_S = (0.0, 0.0, 1.0, 5.0)
"""Waits before replacing a worker that died for the 1st, 2nd, … time within _FORGIVEN_S."""
_FORGIVEN_S = 60.0


@dataclass
class _Told:
    """What a worker has to be told of an avatar to carry on."""

    opened: OpenAvatar
    on_up: Callable[[Up], None]
    renditions: set[AnyRendition] = field(default_factory=set)
    said: tuple[Timeline, ...] = ()
    """What may not be over yet."""
    ready: bool = False

    def say(self, timeline: Timeline) -> None:
        """Keep a timeline, and forget those that are over."""
        t = time.monotonic() - self.opened.epoch
        self.said = (*(earlier for earlier in self.said if earlier.end > t), timeline)


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
    """

    def __init__(
        self,
        spawn: Callable[[], Awaitable[Worker]],
        *,
        spare: bool = True,
        hang_timeout_s: float = HANG_TIMEOUT_S,
    ) -> None:
        self._spawn, self._with_spare, self._hang_timeout_s = spawn, spare, hang_timeout_s
        self._told: dict[str, _Told] = {}
        self._worker: Worker | None = None
        self._spare: Worker | None = None
        self._spare_task: asyncio.Task[None] | None = None
        self._heard = 0.0
        self._deaths: list[float] = []
        self.device: str | None = None
        """"cuda", "mps" or "cpu"; None until a worker is up."""
        self.failure: str | None = None
        """Why no worker will ever come up with these options."""
        self.settled = asyncio.Event()
        """Set once a worker was up, or none will ever be: `device` or `failure` tells which."""
        self.restarts = 0
        self._pictures = Pictures(self._pass_on)
        self.recovery = Recovery()

    async def __aenter__(self) -> "Rendering":
        self._task = asyncio.create_task(self._run(), name="rendering")
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._task, self._spare_task):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._spare is not None:
            await _discard(self._spare)
        if self._worker is not None:
            # One that has not booted yet hears no farewell before torch is imported.
            await (_discard(self._worker) if self.device is None else self._worker.close())

    @property
    def worker(self) -> Worker | None:
        """The worker in charge, if one is up."""
        return self._worker

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one; `on_up` gets what concerns it.

        An avatar that cannot be opened is told so by AvatarFailed.
        """
        known = self._told.get(message.avatar)
        self._told[message.avatar] = told = _Told(message, on_up)
        if known is not None:
            told.renditions, told.said = known.renditions, known.said
        if self.failure is not None:
            on_up(AvatarFailed(message.avatar, self.failure))
        self._pass_on(message)

    def send(self, message: ToAvatar) -> None:
        """Tell the worker something about an open avatar. Never waits."""
        told = self._told.get(message.avatar)
        if told is None:
            return
        match message:
            case SetState(state=state):
                told.opened = replace(told.opened, state=state)
            case Say(timeline=timeline):
                told.say(timeline)
            case Hush():
                told.said = ()
            case StartRendition(rendition=rendition):
                if not told.renditions:
                    self._heard = time.monotonic()
                told.renditions.add(rendition)
            case StopRendition(rendition=rendition):
                told.renditions.discard(rendition)
        self._pass_on(message)

    def close_avatar(self, name: str) -> None:
        """Forget an avatar."""
        if self._told.pop(name, None):
            self._pass_on(CloseAvatar(name))

    async def process(self, message: ProcessStill) -> Still:
        """See `Pictures.process`."""
        return await self._pictures.process(message)

    async def snapshot(self, avatar: str) -> bytes:
        """See `Pictures.snapshot`."""
        return await self._pictures.snapshot(avatar)

    def _pass_on(self, message: Down) -> bool:
        """Tell the worker; False if none is up."""
        if self._worker is None or self.device is None:
            return False
        self._worker.send(message)
        return True

    async def _run(self) -> None:
        while self.failure is None:
            warm = self._spare is not None
            worker = self._worker = self._spare or await self._spawn()
            self._spare = None
            watchdog = asyncio.create_task(self._watch(worker))
            try:
                async for message in worker.messages():
                    self._heard = time.monotonic()
                    self._hear(worker, message, warm)
            finally:
                watchdog.cancel()
            self._worker, self.device = None, None
            self._pictures.lost()
            if self.failure is None:
                for name, told in self._told.items():
                    told.on_up(AvatarStarting(name))
            await worker.close()
            if self.failure is None:
                await self._mourn()

    def _hear(self, worker: Worker, message: Up, warm: bool) -> None:
        match message:
            case Booted(device=device, seconds=seconds):
                self.device = device
                self.settled.set()
                self.recovery = Recovery(boot_s=0.0 if warm else seconds)
                self._brief(worker)
                if self._with_spare:
                    self._spare_task = asyncio.create_task(self._start_spare())
            case StillProcessed() | SnapshotTaken() | StillFailed():
                self._pictures.answered(message)
            case BootFailed(detail=detail):
                self.failure = detail
                self.settled.set()
                for name, told in self._told.items():
                    told.on_up(AvatarFailed(name, detail))
            case _:
                told_ = self._told.get(message.avatar)
                if told_ is None:
                    return
                if isinstance(message, AvatarReady):
                    told_.ready = True
                    self.recovery = replace(self.recovery, load_s=message.seconds)
                elif isinstance(message, EncodedFrame) and message.rendition not in told_.renditions:
                    return
                told_.on_up(message)

    def _brief(self, worker: Worker) -> None:
        """Tell a fresh worker everything."""
        for name, told in self._told.items():
            told.ready = False
            worker.send(told.opened)
            for timeline in told.said:
                worker.send(Say(name, timeline))
            for rendition in told.renditions:
                worker.send(StartRendition(name, rendition))

    async def _start_spare(self) -> None:
        await asyncio.sleep(_SPARE_DELAY_S)
        if self._spare is None:
            self._spare = await self._spawn()

    async def _watch(self, worker: Worker) -> None:
        """Replace the worker when it owes frames and is silent; wakes only at the next deadline."""
        self._heard = time.monotonic()
        while True:
            await asyncio.sleep(max(0.05, self._heard + self._hang_timeout_s - time.monotonic()))
            owes = any(told.ready and told.renditions for told in self._told.values())
            if owes and time.monotonic() - self._heard >= self._hang_timeout_s:
                log.error("the render worker hangs; replacing it")
                worker.kill()
                return
            if not owes:
                self._heard = time.monotonic()

    async def _mourn(self) -> None:
        """Count a death and wait before the next start if deaths come quickly."""
        self.restarts += 1
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < _FORGIVEN_S] + [now]
        wait = _BACKOFF_S[min(len(self._deaths), len(_BACKOFF_S)) - 1]
        log.warning("the render worker ended; a new one starts in %g s", wait)
        await asyncio.sleep(wait)


async def _discard(worker: Worker) -> None:
    """End a worker that has nothing to lose."""
    worker.kill()
    await worker.close()
