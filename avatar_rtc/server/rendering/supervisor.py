"""The worker in charge, and its replacement when it dies, hangs or is silent; viewers notice a short pause.

    Avatar ──open, send──► Rendering ──Outbox──► worker   (crashes, hangs, is stopped)
                               └────────────────► spare   (torch imported, no model; takes over)

Rendering remembers what every avatar was told, and tells it to the worker that takes over. Nothing that a
worker, a listener or the system does ends it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from avatar_rtc.config import LimitsConfig
from avatar_rtc.link.orders import (
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
    TakeSnapshot,
    ToAvatar,
    Up,
)
from avatar_rtc.link.worker import Worker
from avatar_rtc.server.rendering.attended import Attended
from avatar_rtc.server.rendering.backoff import Backoff
from avatar_rtc.server.rendering.outbox import Outbox
from avatar_rtc.server.rendering.pictures import Pictures
from avatar_rtc.server.rendering.pulse import HANG_TIMEOUT_S
from avatar_rtc.server.rendering.spare import Spare
from avatar_rtc.server.rendering.told import Told
from avatar_rtc.stream.frame import EncodedFrame

log = logging.getLogger(__name__)

_BACKOFF_S = (0.0, 0.0, 1.0, 5.0)
"""Waits before replacing a worker that was lost for the 1st, 2nd, … time within _FORGIVEN_S."""
_FORGIVEN_S = 60.0
_GONE = "the avatar is gone"


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
        self._told: dict[str, Told] = {}
        self._hand: Attended | None = None
        self._spare = Spare(self._start)
        self._outbox, self._posted = Outbox(opens_per_s), asyncio.Event()
        self._backoff = Backoff(_BACKOFF_S, _FORGIVEN_S)
        self._endings: set[asyncio.Task[None]] = set()
        self._lost_at: float = time.monotonic()
        self._cause = "one is being started"
        """Why no worker is up."""
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
        self._lost_at = time.monotonic()
        self._task = asyncio.create_task(self._run(), name="rendering")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for told in self._told.values():
            told.leave()
        await self._spare.close()
        if self._hand is not None:
            # One that has not booted yet hears no farewell before torch is imported.
            await self._hand.close(politely=self.device is not None)
        await asyncio.gather(*self._endings)

    @property
    def worker(self) -> Worker | None:
        """The worker in charge, if there is one."""
        return None if self._hand is None else self._hand.worker

    @property
    def superseded(self) -> int:
        """Characters no worker was given, because their avatar changed to another first."""
        return self._outbox.superseded

    @property
    def lost_s(self) -> float:
        """For how long no worker has been up; 0 if one is."""
        return 0.0 if self.device is not None else time.monotonic() - self._lost_at

    @property
    def ailments(self) -> tuple[str, ...]:
        """Sentences on what is wrong with the worker and the spare, for everybody to read."""
        return (*self.hindrances, *filter(None, [self._spare.ailment]))

    @property
    def hindrances(self) -> tuple[str, ...]:
        """Those of them that keep pictures from coming."""
        if self.failure is not None:
            return (self.failure,)
        if self._hand is None or self.device is None:
            return (f"no render worker is up: {self._cause}",)
        return tuple(filter(None, [self._hand.ailment]))

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        """Open an avatar, or swap the character of an open one; `on_up` gets what concerns it.

        An avatar that cannot be opened is told so by AvatarFailed.
        """
        known = self._told.get(message.avatar)
        self._told[message.avatar] = told = Told(message, on_up)
        if known is not None:
            known.leave()
            told.renditions, told.said = known.renditions, known.said
        if self.failure is not None:
            on_up(AvatarFailed(message.avatar, self.failure))
        if known is not None and known.failed:
            self._pass_on(CloseAvatar(message.avatar))
            self._brief(told, paced=True)
        else:
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
                if not told.renditions and self._hand is not None:
                    self._hand.expect_pictures()
                told.renditions.add(rendition)
            case StopRendition(rendition=rendition):
                told.renditions.discard(rendition)
        self._pass_on(message)

    def close_avatar(self, name: str) -> None:
        """Forget an avatar."""
        if told := self._told.pop(name, None):
            told.leave()
            self._pass_on(CloseAvatar(name))

    async def process(self, message: ProcessStill) -> Still:
        """See `Pictures.process`."""
        return await self._pictures.process(message)

    async def snapshot(self, avatar: str) -> bytes:
        """See `Pictures.snapshot`."""
        return await self._pictures.snapshot(avatar)

    def _pass_on(self, message: Down, *, paced: bool = True) -> bool:
        """Tell the worker; False if none is up."""
        if self._hand is None or self.device is None:
            return False
        for dropped in self._outbox.put(message, paced=paced):
            self._give_up(dropped, _GONE)
        self._posted.set()
        return True

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
        hand = self._spare.take()
        is_warm = hand is not None
        hand = self._hand = hand or await self._start()
        writing = asyncio.create_task(self._write(hand), name="to the render worker")
        try:
            hand.put_in_charge(lambda message: self._hear(message, is_warm), self._owes)
            await asyncio.wait([hand.life])
        finally:
            writing.cancel()
        self._lose(hand)
        return hand.life.result()

    async def _start(self) -> Attended:
        return Attended(await self._spawn(), self._hang_timeout_s)

    def _owes(self) -> bool:
        return any(told.owes for told in self._told.values())

    def _lose(self, hand: Attended) -> None:
        """The worker is gone: tell everybody, and see to it that nothing of it stays."""
        if self.device is not None:
            self._lost_at = time.monotonic()
        self._hand, self.device = None, None
        self._outbox.clear()
        self._pictures.lost()
        if self.failure is None:
            for name, told in list(self._told.items()):
                told.ready = False
                told.leave()
                self._tell(told, AvatarStarting(name))
        # Beside the start of the next one: what the system keeps holds nobody up.
        ending = asyncio.create_task(hand.close(), name="end of a render worker")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _write(self, hand: Attended) -> None:
        """Send what is in the outbox, as fast as the worker takes it."""
        try:
            while True:
                message = self._outbox.take()
                if message is None:
                    self._posted.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._posted.wait(), self._outbox.wait())
                    continue
                try:
                    await hand.worker.send(message)
                except OSError:
                    log.info("the render worker takes nothing any more")
                    break
                except Exception as error:
                    log.exception("%s cannot be sent to the render worker", type(message).__name__)
                    self._give_up(message, f"it cannot be sent to the render worker ({type(error).__name__})")
        except Exception:
            log.exception("the outbox to the render worker is broken")
        # A worker that hears nothing is of no use. Most often it is gone already.
        hand.kill()

    def _give_up(self, message: Down, why: str) -> None:
        """Tell who waits for the answer to a message that it will not come."""
        match message:
            case OpenAvatar(avatar=avatar):
                self._hear(AvatarFailed(avatar, why), False)
            case TakeSnapshot(request=request) | ProcessStill(request=request):
                self._pictures.answered(StillFailed(request, why))

    def _hear(self, message: Up, is_warm: bool) -> None:
        match message:
            case Booted(device=device, seconds=seconds):
                self.device = device
                self.settled.set()
                self.recovery = Recovery(boot_s=0.0 if is_warm else seconds)
                for told in self._told.values():
                    self._brief(told, paced=False)
                if self._with_spare:
                    self._spare.want()
            case StillProcessed() | SnapshotTaken() | StillFailed():
                self._pictures.answered(message)
            case BootFailed(detail=detail):
                self.failure = detail
                self.settled.set()
                for name, told in list(self._told.items()):
                    self._tell(told, AvatarFailed(name, detail))
            case _ if told_ := self._told.get(getattr(message, "avatar", "")):
                self._hear_of(told_, message)

    def _hear_of(self, told: Told, message: Up) -> None:
        match message:
            case AvatarReady(seconds=seconds):
                if told.failed:
                    # It may have failed, and forgotten these, with its next character on the way.
                    for rendition in told.watched():
                        self._pass_on(rendition)
                told.lives()
                self.recovery = replace(self.recovery, load_s=seconds)
            case AvatarFailed(avatar=avatar, may_pass=may_pass):
                told.fails()
                if may_pass:
                    told.mend(lambda: self._mend(avatar, told))
            case EncodedFrame(rendition=rendition) if rendition not in told.renditions:
                return
        self._tell(told, message)

    def _tell(self, told: Told, message: Up) -> None:
        """Pass on to the avatar; what goes wrong there is its own affair."""
        try:
            told.on_up(message)
        except Exception:
            log.exception("avatar %s cannot handle %s", told.opened.avatar, type(message).__name__)

    def _brief(self, told: Told, *, paced: bool) -> None:
        """Tell the worker everything of an avatar."""
        told.ready = False
        for message in told.brief():
            self._pass_on(message, paced=paced)

    def _mend(self, name: str, told: Told) -> None:
        """Open an avatar again that has failed."""
        told.mending = None
        if self._told.get(name) is told and self.device is not None:
            log.warning("avatar %s has failed; it is opened again", name)
            self._tell(told, AvatarStarting(name))
            # What waits for its character must not go before: the worker may have forgotten the avatar.
            self._pass_on(CloseAvatar(name))
            self._brief(told, paced=True)
