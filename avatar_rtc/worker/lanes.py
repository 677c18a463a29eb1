"""Where the pictures of each avatar are made: on the render thread in batches, or beside it.

Beside goes what costs more than the others can bear, and what may: a chain, backdrop, size or character of
which no frame was made yet. It is one picture of an avatar at a time, and the one that is due longest first.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from itertools import groupby

from avatar_rtc.control.cast import OnStage
from avatar_rtc.link.orders import Up
from avatar_rtc.render.animator import Animator, computes_on_cpu, is_exclusive
from avatar_rtc.render.device.current import bears_threads
from avatar_rtc.render.device.memory import is_out_of_memory, no_memory_for
from avatar_rtc.worker.beside import Beside, let_go, outcome
from avatar_rtc.worker.frames import FrameMade, Order, made_alone, made_together
from avatar_rtc.worker.pace import bearable_ms
from avatar_rtc.worker.progress import Doing
from avatar_rtc.worker.seats import Seat
from avatar_rtc.worker.snapshots import Snapshots
from avatar_rtc.worker.stats import StageTimes

log = logging.getLogger(__name__)
LaneStep = Callable[[Doing], AbstractContextManager[object]]
"""Entered around a piece of work, on its thread."""
_EARLY_S = 0.001
"""A tick so close is rendered now."""


class Lanes:
    """Makes what is due of all seats. Lives on the render thread."""

    def __init__(
        self,
        seats: Mapping[str, Seat],
        snapshots: Snapshots,
        beside: Beside,
        emit: Callable[[Up], None],
        now: Callable[[], float],
        device: str,
        step: LaneStep,
        fail: Callable[[Seat, float | None, BaseException], None],
        settle: Callable[[Seat], None],
        measure: Callable[[Seat, float, bool], None],
    ) -> None:
        """
        Args:
            fail: told of a seat no picture can be made of, when that was begun if it is a frame, and why.
            settle: told of a seat when a picture that was made beside is over.
            measure: told of a seat what a frame of it has cost in ms, and whether that was beside.
        """
        self._seats, self._snapshots, self._beside, self._emit = seats, snapshots, beside, emit
        self._now, self._device, self._step, self._fail, self._settle = now, device, step, fail, settle
        self._measure = measure
        self._stats = StageTimes(emit)
        self._held: set[int] = set()
        """Animators that serve one at a time, and do so beside."""

    def wait(self) -> float | None:
        """Seconds until a frame is due that can be made; None if there is none."""
        able = (s for s in self._seats.values() if s.tick is not None and not s.has_no_room)
        due = min((seat.due for seat in able if not seat.is_rendering), default=None)
        return None if due is None else due - self._now()

    def schedule(self, seat: Seat, anew: bool = False) -> None:
        """Let a frame be due, or none if nobody watches; `anew` if its rate is another."""
        was_watched = seat.tick is not None
        if anew:
            seat.tick = None
        seat.schedule(self._now())
        if was_watched and seat.tick is None:
            self._stats.drop(seat.name)

    def drop(self, seat: Seat) -> None:
        """Nothing more of it is due."""
        seat.tick = None
        self._stats.drop(seat.name)

    def render_due(self) -> None:
        """Make the frames that are due, and then the pictures asked for that no frame brings."""
        until = self._now() + _EARLY_S
        due = [seat for seat in self._seats.values() if seat.due <= until and not seat.is_rendering]
        beside = [seat for seat in due if self._belongs_beside(seat)]
        pictures = self._pictures_wanted()
        slow = [seat for seat in pictures if seat.tick is None and self._belongs_beside(seat)]
        wanted = self._snapshots.wanted()
        for seat in sorted([*beside, *slow], key=lambda seat: min(seat.due, wanted.get(seat.name, seat.due))):
            self._begin_beside(seat)
        # A stage that has begun beside took its members along.
        self._render_here([seat for seat in due if seat not in beside and not seat.is_rendering])
        for seat in self._pictures_wanted():
            if not (seat.is_rendering or self._belongs_beside(seat)):
                self._take_here(seat)

    def _pictures_wanted(self) -> list[Seat]:
        """Those somebody waits for a picture of, and none is being made."""
        seats = (self._seats[name] for name in self._snapshots.wanted())
        return [seat for seat in seats if not seat.is_rendering]

    def _belongs_beside(self, seat: Seat) -> bool:
        """Whether a picture of it now would cost more than the others can bear, or may."""
        avatar = seat.shown
        on_cpu = self._device == "cpu" or any(map(computes_on_cpu, self._animators(seat)))
        on_gpu_alone = not on_cpu and not avatar.has_operations
        is_tied = avatar.card is not None and not bears_threads(self._device)
        if self._beside.is_here or on_gpu_alone or is_tied:
            return False
        if avatar.finisher.failing.is_retrying(avatar.t(self._now())):
            return True
        others = (s for s in self._seats.values() if s.tick is not None and s is not seat)
        ms = seat.pace.ms(avatar.recipe)
        return ms is None or ms > bearable_ms([other.shown.fps for other in others])

    def _on_stage(self, seat: Seat) -> list[tuple[OnStage, Seat]]:
        """Of a stage, those on it who are live."""
        cast = seat.shown.state.cast
        found = ((each, self._seats.get(each.avatar)) for each in (cast.members if cast else ()))
        return [(each, member) for each, member in found if member is not None and member.live is not None]

    def _animators(self, seat: Seat) -> list[Animator]:
        """All that its picture takes."""
        return [each.shown.animator for each in (seat, *(member for _, member in self._on_stage(seat)))]

    def _is_held(self, seat: Seat) -> bool:
        """Whether something that its picture takes is being used beside: an animator, or a member."""
        return any(member.is_rendering for _, member in self._on_stage(seat)) or any(
            id(animator) in self._held for animator in self._animators(seat)
        )

    def _order(self, seat: Seat, is_frame: bool) -> Order:
        begun = seat.due if is_frame else self._now()
        company = [(each, member.shown) for each, member in self._on_stage(seat)]
        wanted = seat.name in self._snapshots.wanted()
        is_between = is_frame and seat.shown.has_in_betweens and (seat.tick or 0) % 2 == 1
        return Order(seat.shown, begun, is_frame, wanted, company, is_between)

    def _begin_beside(self, seat: Seat) -> None:
        """Make its frame, or the picture asked for, beside; if there is no room it waits for some."""
        if seat.is_rendering:
            return  # for a stage that it is on; it is still due when that has been made
        is_frame = seat.tick is not None
        if not self._beside.has_room or self._is_held(seat):
            seat.has_no_room = True
            return
        if seat.tick is not None:  # it may have waited for long
            seat.skip_to(max(seat.tick, seat.next_tick(self._now()) - 1), due=seat.tick)
        order = self._order(seat, is_frame)
        used = [seat, *(member for _, member in self._on_stage(seat))]
        for each in used:
            each.is_rendering = True
        held = {id(animator) for animator in self._animators(seat) if is_exclusive(animator)}
        self._held |= held

        def make() -> FrameMade:
            with self._step("rendering"):
                return made_alone(order, self._now)

        def over(made: "Future[FrameMade]") -> None:
            self._held.difference_update(held)
            for each in self._seats.values():
                each.has_no_room = False
            for each in used:
                each.is_rendering = False
            self._end(seat, order, made, is_beside=True)
            if is_frame:
                seat.pass_on(self._now())
            for each in used:
                self._settle(each)

        self._beside.submit(make, over)

    def _render_here(self, seats: list[Seat]) -> None:
        """A frame of each; those that share an animator, and are of one size, are animated in one batch."""

        def animator(seat: Seat) -> tuple[int, int]:
            return id(seat.shown.animator), seat.shown.side

        for _, group in groupby(sorted(seats, key=animator), key=animator):
            batch = {self._order(seat, is_frame=True): seat for seat in group}
            if any(self._is_held(seat) for seat in batch.values()):
                for seat in batch.values():
                    seat.has_no_room = True
                continue
            with self._step("rendering"):
                for order, made in made_together(list(batch), self._now):
                    self._end(batch[order], order, made, is_beside=False)
            for seat in batch.values():
                seat.pass_on(self._now())

    def _take_here(self, seat: Seat) -> None:
        """A picture of it that no frame brings."""
        if self._is_held(seat):
            return  # what holds it ends, and then this is asked again
        order = self._order(seat, is_frame=False)
        with self._step("rendering"):
            made = outcome(partial(made_alone, order, self._now))
        self._end(seat, order, made, is_beside=False)

    def _end(self, seat: Seat, order: Order, made: "Future[FrameMade]", is_beside: bool) -> None:
        """Hand up what came of an order."""
        is_gone = seat.is_closing or seat.live is not order.avatar
        if error := made.exception():
            if not is_gone:
                log.error("no picture of %s", seat.name, exc_info=error)
            let_go(error)
            if not is_gone:
                self._tell_failure(seat, order, error)
            return
        if is_gone:
            return  # who asked is gone, and another avatar may have its name
        picture = made.result()
        told: list[Up] = [*picture.impairments, *picture.frames]
        for message in told:
            self._emit(message)
        if picture.rgba is not None:
            self._snapshots.taken(seat.name, picture.rgba)
        if order.is_frame or seat.tick is None:
            seat.pace.add(picture.recipe, picture.cost_ms)
        if order.is_frame and picture.stage_ms:
            self._stats.add(seat.name, picture.stage_ms, order.avatar.encoders)
            self._stats.report(self._now())
            self._measure(seat, picture.cost_ms, is_beside)

    def _tell_failure(self, seat: Seat, order: Order, error: BaseException) -> None:
        if not order.is_frame:
            why = f"{type(error).__name__}: {error}"
            self._snapshots.failed(seat.name, no_memory_for("it", error) if is_out_of_memory(error) else why)
        self._fail(seat, order.begun if order.is_frame else None, error)
