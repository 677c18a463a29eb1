"""Avatars between two sizes: which may be chosen, and the change from one to the other beside the frames.

frame ─► cost ─► law (`sizing.py`) ─► another size ─► prepared beside ─► shown from the next frame on
"""

import logging
import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from avatar_rtc.filters_schema.chain import enlargement
from avatar_rtc.link.orders import OpenAvatar, Sized
from avatar_rtc.render.compositor import DressedCharacter
from avatar_rtc.render.device.memory import is_out_of_memory
from avatar_rtc.render.portrait import PICTURE_PX, SIZE
from avatar_rtc.stream.levels import encodable_size
from avatar_rtc.worker.beside import Beside, let_go
from avatar_rtc.worker.live import LiveAvatar
from avatar_rtc.worker.pictures import source_side
from avatar_rtc.worker.seats import Seat
from avatar_rtc.worker.sizing import (
    SizeFooting,
    SizeLoad,
    covering_side,
    kept_size,
    next_size,
    sides_up_to,
    stood_at,
)

log = logging.getLogger(__name__)
_JUDGED_S = 0.25
"""Frames of so long are judged together."""
LARGEST_CHAINED = 2048
"""Px of a picture after its chain; see `Finisher`."""


@dataclass
class SizeOf:
    """How one avatar comes to its size."""

    avatar: LiveAvatar
    footing: SizeFooting
    most: int = PICTURE_PX[-1]
    """There was no memory for more, or it failed."""
    lack: str = "no memory for"
    """Why there is no more."""
    is_changing: bool = False
    """Another size is being prepared."""
    told: str = ""
    costs: list[float] = field(default_factory=list)
    """Of the frames since they were judged last; ms."""
    judged_at: float = 0.0
    lost: int = 0
    """What the seat had lost by then."""
    share: float = 0.0
    """What it takes of its thread."""
    is_beside: bool = False


class Resizer:
    """Keeps every avatar at its size. Lives on the render thread."""

    def __init__(
        self,
        seats: Mapping[str, Seat],
        beside: Beside,
        emit: Callable[[Sized], None],
        now: Callable[[], float],
        settle: Callable[[Seat], None],
    ) -> None:
        """`settle` is told of a seat whose next size is prepared."""
        self._seats, self._beside, self._emit, self._now, self._settle = seats, beside, emit, now, settle
        self._of: dict[str, SizeOf] = {}
        self._moved_at = float("-inf")
        """When any avatar was last moved by what frames cost: one at a time, for they share a thread."""

    def arrived(self, seat: Seat) -> None:
        """A character is shown from now on."""
        avatar, now = seat.shown, self._now()
        if avatar.is_stage:
            return
        before = self._of.get(seat.name)
        size = SizeOf(avatar, SizeFooting(avatar.side, now), judged_at=now, lost=seat.lost)
        if avatar.side < first_side(avatar.opened, avatar.is_on_gpu, avatar.side):
            size.most = avatar.side  # there was no memory for what it should have begun with
        elif before is not None:
            size.most = before.most
        self._of[seat.name] = size
        self._tell(seat, size)

    def forget(self, seat: Seat) -> None:
        """An avatar is gone."""
        self._of.pop(seat.name, None)

    def reviewed(self, seat: Seat) -> None:
        """It is in another state, which may ask for another size."""
        size = self._of.get(seat.name)
        if size is None or size.is_changing or size.avatar is not seat.live:
            return
        wanted = seat.shown.state.settings.size
        sides = self._sides(seat, size)
        side = min(wanted, size.most) if wanted != "auto" else min(size.footing.side, sides[-1])
        self._go(seat, size, side)

    def measured(self, seat: Seat, cost_ms: float, is_beside: bool) -> None:
        """A frame of an avatar has cost so much on its thread; those on a stage cost their part of that."""
        avatar = seat.shown
        for each in (
            self._seats.get(name) for name in (avatar.state.cast.names if avatar.state.cast else ())
        ):
            if each is not None and each.live is not None and not each.live.slots:
                self._judge(each, cost_ms, is_beside, seat)
        self._judge(seat, cost_ms, is_beside, seat)

    def shrink(self) -> bool:
        """Make the largest avatar smaller, for there is no memory; False if none can be."""
        able = [(seat, size) for name, size in self._of.items() if (seat := self._seats.get(name))]
        able = [(seat, size) for seat, size in able if size.avatar is seat.live and size.avatar.side > SIZE]
        if not able:
            return False
        seat, size = max(able, key=lambda each: each[1].avatar.side)
        if not size.is_changing:
            size.most = max(side for side in PICTURE_PX if side < size.avatar.side)
            self._go(seat, size, size.most)
        return True

    def _judge(self, seat: Seat, cost_ms: float, is_beside: bool, shown_by: Seat) -> None:
        size, now = self._of.get(seat.name), self._now()
        if size is None or size.avatar is not seat.live or size.is_changing or size.avatar.is_held:
            return
        size.costs.append(cost_ms)
        if now - size.judged_at < _JUDGED_S:
            return
        fps, lost = shown_by.shown.fps, max(0, shown_by.lost - size.lost)
        cost_ms, size.costs, size.judged_at, size.lost = statistics.median(size.costs), [], now, shown_by.lost
        size.share, size.is_beside = cost_ms * fps / 1000, is_beside
        load = SizeLoad(cost_ms, 1000 / fps, self._busy(shown_by, is_beside), lost)
        if seat.shown.state.settings.size != "auto":
            size.footing = kept_size(size.footing, load, now)
        elif now - self._moved_at >= _JUDGED_S:
            after = next_size(size.footing, self._sides(seat, size), load, now)
            if after.side != size.footing.side:
                self._moved_at = now
            side, size.footing = after.side, stood_at(after, size.footing.side, size.footing.moved_at)
            if side != size.footing.side:
                size.footing = after
                self._go(seat, size, side)
                return
            size.footing = after
        self._tell(seat, size)

    def _busy(self, seat: Seat, is_beside: bool) -> float:
        """What others take of the thread that makes its frames."""
        others = (size for name, size in self._of.items() if name != seat.name)
        return 0.0 if is_beside else sum(size.share for size in others if self._is_here(size))

    def _is_here(self, size: SizeOf) -> bool:
        seat = self._seats.get(size.avatar.opened.avatar)
        return not size.is_beside and seat is not None and seat.tick is not None

    def _sides(self, seat: Seat, size: SizeOf) -> list[int]:
        """Those that "auto" may choose."""
        useful = self._useful_px(seat)
        sides = possible_sides(seat.shown.opened, seat.shown, useful)
        return [side for side in sides if side <= size.most] or [SIZE]

    def _useful_px(self, seat: Seat) -> float:
        """Px of its picture that anybody can see: of one on stages alone, no more than there."""
        if seat.shown.slots:
            return float("inf")
        seen = [
            cast.height * member.place.scale / (len(seat.shown.crop.window(SIZE, SIZE)[0]) / SIZE)
            for other in self._seats.values()
            if other.live is not None and (cast := other.live.state.cast) is not None and other.live.slots
            for member in cast.members
            if member.avatar == seat.name
        ]
        return max(seen, default=float("inf"))

    def _go(self, seat: Seat, size: SizeOf, side: int) -> None:
        avatar = size.avatar
        if side == avatar.side:
            self._tell(seat, size)
            return
        size.is_changing = True

        def bring(dressed: "Future[DressedCharacter]") -> None:
            seat.fitted = partial(self._fit, seat, size, side, dressed)
            self._settle(seat)

        self._beside.submit(partial(avatar.dressed_at, side), bring)

    def _fit(self, seat: Seat, size: SizeOf, side: int, dressed: "Future[DressedCharacter]") -> None:
        """Show an avatar at a size that is prepared."""
        size.is_changing, now = False, self._now()
        if seat.live is not size.avatar:
            return
        if error := dressed.exception():
            log.warning("%s stays at %d px, not %d: %s", seat.name, size.avatar.side, side, error)
            size.lack = "no memory for" if is_out_of_memory(error) else "no picture can be made of"
            if side > size.avatar.side:
                size.most = max(each for each in PICTURE_PX if each < side)
            let_go(error)
        else:
            size.avatar.resize(side, dressed.result())
        size.footing = stood_at(size.footing, size.avatar.side, now)
        size.costs, size.judged_at, size.lost = [], now, seat.lost
        self._tell(seat, size)
        if dressed.exception() is None or side > size.avatar.side:
            self.reviewed(seat)  # something else may have been asked for meanwhile

    def _tell(self, seat: Seat, size: SizeOf) -> None:
        side = size.avatar.side
        sized = Sized(seat.name, side, self._why(seat, size, side))
        if (told := f"{side} {sized.why}") != size.told:
            size.told = told
            self._emit(sized)

    def _why(self, seat: Seat, size: SizeOf, side: int) -> str:
        wanted, source = seat.shown.state.settings.size, source_side(seat.shown.opened)
        if wanted != "auto":
            if side < wanted and size.most <= side:
                return f"{size.lack} {wanted} px"
            if size.footing.loses:
                return "as asked, and frames are lost"
            return "as asked" if side <= covering_side(source) else f"as asked; enlarged from {source} px"
        if size.footing.loses:
            return "the least there is, and frames are lost"
        if side == sides_up_to(source)[-1]:
            return "all that its source has"
        if side >= size.most:
            return f"{size.lack} more"
        sides = self._sides(seat, size)
        if side == sides[-1]:
            on_stage = self._useful_px(seat) <= side
            return "all that is seen of it" if on_stage else "its chain and its rate allow no more"
        return "as large as the frame rate allows"


def possible_sides(
    opened: OpenAvatar, live: LiveAvatar | None = None, useful: float = float("inf")
) -> list[int]:
    """Those that an avatar may have by its source, its chain, and what can be sent; 512 always.

    Args:
        live: what it has become; None is as it is opened.
        useful: px that can be seen of it.
    """
    state = opened.state if live is None else live.state
    factor, rate = enlargement(state.shown_chain), min(opened.fps, state.settings.target_fps)
    crop = opened.views.shown(state.crop, state.framing)

    def can_be_sent(side: int) -> bool:
        rows, columns = crop.window(side, side)
        width, height = (max(16, round(len(each) * factor) // 2 * 2) for each in (columns, rows))
        return encodable_size(width, 2 * height, rate) == (width, 2 * height)

    sides = sides_up_to(min(source_side(opened), useful))
    return [
        side for side in sides if side == SIZE or (side * factor <= LARGEST_CHAINED and can_be_sent(side))
    ]


def first_side(opened: OpenAvatar, is_on_gpu: bool, before: int = SIZE) -> int:
    """At which size an avatar begins: on a GPU with all there is, on a CPU as before, or with the least.

    Args:
        before: the size of the character that was shown until now.
    """
    wanted = opened.state.settings.size
    if wanted != "auto":
        return wanted
    sides = possible_sides(opened)
    return sides[-1] if is_on_gpu else max(side for side in sides if side <= max(SIZE, before))


def opened_at(side: int, make: Callable[..., LiveAvatar]) -> LiveAvatar:
    """A new avatar at this size, or at the least where there is no memory for it."""
    try:
        return make(side=side)
    except Exception as error:
        if side == SIZE or not is_out_of_memory(error):
            raise
        log.warning("no memory for a character of %d px; it is opened at %d", side, SIZE)
        let_go(error)
    return make(side=SIZE)
