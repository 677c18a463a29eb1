"""The render loop: wait for a message or the next tick, render what is due, hand the frames up.

    inbox ──► handle ──► [ pose → cels, animate (batched) → effects, chain → layout → encode ] ──► emit
      ▲                └► what is slow, or not known to be quick: the same on a thread beside ──┐
      └──────────────────────────────────────── Ended ◄─────────────────────────────────────────┘

Ticks lie on one grid of the monotonic clock, so that avatars of one speed are rendered in one batch. A loop
that is late skips ticks and never queues them. An avatar that is rendered beside skips those that come
meanwhile, and its messages wait: its own slowness costs nobody else a tick.
"""

import logging
import math
import queue
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial

import torch

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.face.opening import MouthOpener
from avatar_rtc.link.orders import (
    AvatarFailed,
    AvatarReady,
    Broken,
    CloseAvatar,
    Down,
    Hush,
    OpenAvatar,
    ProcessStill,
    RequestKeyframe,
    Say,
    SetState,
    StartRendition,
    StopRendition,
    TakePose,
    TakeSnapshot,
    ToAvatar,
    Up,
)
from avatar_rtc.media.nvenc import Nvenc
from avatar_rtc.render.animator import Animator, MouthAnimator, is_on_gpu
from avatar_rtc.render.device.card import Card
from avatar_rtc.render.device.current import bears_threads
from avatar_rtc.render.device.memory import is_out_of_memory, no_memory_for
from avatar_rtc.render.portrait import SIZE
from avatar_rtc.worker.beside import Beside, WorkDone, let_go
from avatar_rtc.worker.failures import Failures
from avatar_rtc.worker.lanes import Lanes, LaneStep
from avatar_rtc.worker.live import LiveAvatar, open_avatar
from avatar_rtc.worker.mouths import Mouths
from avatar_rtc.worker.pictures import pixels_of
from avatar_rtc.worker.poses import Poses
from avatar_rtc.worker.resizing import Resizer, first_side, opened_at
from avatar_rtc.worker.seats import Seat, in_line
from avatar_rtc.worker.slots import slot_of
from avatar_rtc.worker.snapshots import Snapshots
from avatar_rtc.worker.stills import Stills

log = logging.getLogger(__name__)
Inbox = queue.SimpleQueue[Down | WorkDone | None]
"""Messages from the server, and what ended beside; None ends the loop."""
FRAME_THREADS = 4
"""Pictures that are made beside at once: more would share the same cores."""
_OPENINGS = 2
_LAST_S = 1.0
"""So long the end of the loop waits for what is under way beside."""


class RenderLoop:
    """Renders all avatars of one device. Lives on the thread that calls `run`."""

    def __init__(
        self,
        inbox: Inbox,
        emit: Callable[[Up], None],
        emotions: Mapping[str, EmotionTemplate],
        animator: Callable[[OpenAvatar], tuple[Animator, str]],
        now: Callable[[], float] = time.monotonic,
        device: str = "cpu",
        *,
        threads: int = 0,
        chain_ms: float = math.inf,
        step: LaneStep = lambda doing: nullcontext(),
        is_sick: Callable[[], bool] = lambda: False,
        card: Card | None = None,
    ) -> None:
        """
        Args:
            card: of the device; None of a CPU.
            emit: also called on the threads of the stills and of the snapshots.
            animator: called on the threads that open characters.
            threads: beside this one, for what is slow or not known to be quick; with 0 all is done here.
            chain_ms: what the operations of one frame may take.
            step: entered around each piece of work, on its thread.
            is_sick: whether the device computes nothing any more; asked after an error nobody foresaw.
        """
        self._inbox, self._emit, self._emotions, self._now = inbox, emit, emotions, now
        self._animator, self._device, self._chain_ms, self._step = animator, device, chain_ms, step
        self._card = card
        may_open_beside = bears_threads(device)
        for_stills = device if may_open_beside else "cpu"
        self._stills = Stills(emit, for_stills, lambda error: self._failures.ends_worker(error))
        self._snapshots = Snapshots(emit)
        self._poses = Poses(emit, may_open_beside and threads > 0, lambda e: self._failures.ends_worker(e))
        self._pictures = Beside(threads, "pictures", lambda ended: inbox.put(ended))
        openers = min(threads, _OPENINGS) if may_open_beside else 0
        self._openings = Beside(openers, "openings", lambda ended: inbox.put(ended))
        self._seats: dict[str, Seat] = {}
        self._mouths = Mouths()
        # A card that does not render is left alone: it may be full, or hang whoever asks.
        self._nvenc = Nvenc((torch.device(device).index or 0) if device.startswith("cuda") else None)
        forget_graphs = card.captures.forget if card and card.captures else lambda: None
        self._failures = Failures(
            self._seats, device, now, self._refuse, self._break, is_sick, forget_graphs,
            lambda: self._sizes.shrink(),
        )  # fmt: skip
        failed = self._failures.of_picture
        self._sizes = Resizer(self._seats, self._openings, emit, now, self._settle)
        self._lanes = Lanes(
            self._seats, self._snapshots, self._pictures, emit, now, device, step, failed, self._settle,
            self._sizes.measured,
        )  # fmt: skip

    def run(self) -> None:
        """Render until None comes; returns with all encoders closed but those in use beside."""
        while self._take_messages():
            self._lanes.render_due()
        self._stills.close()
        self._poses.close()
        for beside in (self._pictures, self._openings):
            beside.close(_LAST_S)
        self._snapshots.close()
        for seat in self._seats.values():
            if seat.live is not None and not seat.is_rendering:
                seat.live.close()

    def _take_messages(self) -> bool:
        """Handle messages until a frame is due or a picture asked for; False once None has come.

        A loop that is late takes all that wait, and not a single one: with 60 poses a second and 20 frames,
        they would wait longer and longer. Those that come meanwhile it leaves, for a flood must not starve
        the picture.
        """
        while (wait := self._lanes.wait()) is None or wait > 0:
            try:
                message = self._inbox.get(timeout=wait)
            except queue.Empty:
                return True
            if message is None:
                return False
            self._handle(message)
            if self._snapshots.wanted():
                break
        for _ in range(self._inbox.qsize()):
            if (message := self._inbox.get()) is None:
                return False
            self._handle(message)
        return True

    def _handle(self, message: Down | WorkDone) -> None:
        match message:
            case WorkDone(then=then):
                then()
            case ProcessStill():
                self._stills.put(message)
            case _:
                self._tell(message)

    def _tell(self, message: ToAvatar) -> None:
        seat = self._seats.get(message.avatar)
        if isinstance(message, TakePose):
            self._pose(message, seat)
        elif seat is not None and seat.is_busy:
            seat.waiting = in_line(seat.waiting, message)
        elif isinstance(message, OpenAvatar):
            self._open(message)
        elif seat is not None:
            self._apply(message, seat, seat.shown)
        elif isinstance(message, TakeSnapshot):
            self._snapshots.want(message.avatar, message.request, self._now())
            self._snapshots.failed(message.avatar, "it is not live")
        # Else it was closed or failed: its late messages mean nothing any more.

    def _apply(self, message: ToAvatar, seat: Seat, avatar: LiveAvatar) -> None:
        match message:
            case SetState(state=state):
                fps = avatar.fps
                avatar.take(state)
                self._sizes.reviewed(seat)
                self._lanes.schedule(seat, anew=avatar.fps != fps)
            case Say(begin=begin, timeline=timeline):
                avatar.mixer.lips.append(begin, timeline)
            case Hush(t=t):
                avatar.mixer.lips.stop(t)
            case StartRendition(rendition=rendition):
                avatar.slots.setdefault(rendition, slot_of(rendition, self._nvenc))
                self._lanes.schedule(seat)
            case StopRendition(rendition=rendition):
                if slot := avatar.slots.pop(rendition, None):
                    slot.close()
                self._lanes.schedule(seat)
            case RequestKeyframe(rendition=rendition):
                if rendition in avatar.slots:
                    avatar.slots[rendition].key_wanted = True
            case TakeSnapshot(request=request):
                self._snapshots.want(message.avatar, request, self._now())
            case CloseAvatar():
                self._forget(seat)

    def _pose(self, message: TakePose, seat: Seat | None) -> None:
        """Picture a pose; frames of its avatar that are under way are no hindrance, its next character is."""
        if seat is not None and (seat.is_opening or seat.is_closing):
            seat.waiting = in_line(seat.waiting, message)
        elif seat is None or seat.live is None:
            self._poses.refuse(message, "it is not live")
        else:
            self._poses.put(message, seat.live.animator, seat.live.opened)

    def _open(self, message: OpenAvatar) -> None:
        """Prepare a character beside; messages that come meanwhile wait, for they may speak of it."""
        seat, begun = self._seats.setdefault(message.avatar, Seat(message.avatar)), self._now()
        seat.is_opening, before = True, seat.live.side if seat.live is not None else SIZE

        def prepare() -> tuple[LiveAvatar, str]:
            with self._step("opening"):
                animator, note = self._animator(message)
                side = first_side(message, is_on_gpu(animator), before)
                make = partial(
                    open_avatar, message, animator, self._emotions, self._chain_ms, self._card, self._mouths
                )
                return opened_at(side, make), note

        def bring(opened: "Future[tuple[LiveAvatar, str]]") -> None:
            seat.arrived = partial(self._arrive, seat, message, begun, opened)
            self._settle(seat)

        self._openings.submit(prepare, bring)

    def _arrive(
        self, seat: Seat, message: OpenAvatar, begun: float, opened: "Future[tuple[LiveAvatar, str]]"
    ) -> None:
        """Show a character that is prepared."""
        seat.is_opening, name = False, message.avatar
        if not seat.is_closing:
            if error := opened.exception():
                self._tell_unopened(seat, error)
            else:
                avatar, note = opened.result()
                if seat.live is not None:
                    avatar.take_over(seat.live)
                seat.live = avatar
                self._lanes.schedule(seat, anew=True)  # its rate may be another
                self._emit(AvatarReady(name, avatar.animator.name, self._now() - begun, note))
                self._sizes.arrived(seat)
                self._measure_mouth(seat, avatar)
        if seat.live is None:
            del self._seats[name]

    def _measure_mouth(self, seat: Seat, avatar: LiveAvatar) -> None:
        """See beside how this face opens, where that takes a while; until then it speaks as most do."""
        animator, rgba = avatar.animator, pixels_of(avatar.opened)
        if not isinstance(animator, MouthAnimator) or not self._mouths.is_missing(animator, rgba):
            return

        def know(measured: "Future[MouthOpener]") -> None:
            if error := measured.exception():
                log.warning("the mouth of %s cannot be measured: %s", seat.name, error)
                let_go(error)
                self._failures.ends_worker(error)
            elif seat.live is avatar:
                avatar.mixer.opener = measured.result()

        self._openings.submit(partial(self._mouths.measured, animator, rgba), know)

    def _tell_unopened(self, seat: Seat, error: BaseException) -> None:
        is_foreseen = isinstance(error, AvatarRtcError)
        if not is_foreseen:
            log.error("avatar %s cannot be opened", seat.name, exc_info=error)
        let_go(error)
        if self._failures.ends_worker(error):
            return
        why = str(error) if is_foreseen else f"{type(error).__name__}: {error}"
        if no_room := is_out_of_memory(error):
            why = no_memory_for("this character", error)
        is_shown = seat.live is not None
        self._emit(AvatarFailed(seat.name, why, not is_foreseen, is_shown, no_room))

    def _settle(self, seat: Seat) -> None:
        """After something beside is over: go on with what waits for it."""
        if seat.is_rendering:
            return
        if seat.refusal and seat.live is not None:
            self._refuse(seat, seat.refusal, no_room=True)
        if seat.fitted is not None:
            fitted, seat.fitted = seat.fitted, None
            fitted()
        if seat.arrived is not None:
            arrived, seat.arrived = seat.arrived, None
            arrived()
        if not seat.is_opening:
            waiting, seat.waiting = seat.waiting, []
            for message in waiting:
                self._tell(message)

    def _refuse(self, seat: Seat, why: str, no_room: bool) -> None:
        """Render an avatar no more; one of which a picture is being made goes after that."""
        seat.refusal = why
        if not seat.is_rendering:
            self._forget(seat)
            seat.refusal = ""
            self._emit(AvatarFailed(seat.name, why, may_pass=True, no_room=no_room))

    def _break(self, why: str) -> None:
        """End, for the device does nothing any more."""
        log.critical("%s; this worker ends", why)
        self._emit(Broken(why))
        self._inbox.put(None)

    def _forget(self, seat: Seat) -> None:
        self._snapshots.failed(seat.name, "it is gone")
        self._lanes.drop(seat)
        self._poses.forget(seat.name)
        self._sizes.forget(seat)
        seat.shown.close()
        seat.live = None
        if not seat.is_opening:  # else another character is on its way
            del self._seats[seat.name]
