"""What follows when a frame cannot be made: which avatar goes, or whether the worker has to end.

no memory ─► what is only kept is freed ─► again, soon after: the largest pictures become smaller, to 512 px
                                       ─► and again: the newest avatar goes, then the next newest
the card computes nothing any more ─► the worker ends, and another takes over
anything else ─► the avatar that it was for has failed
"""

import logging
import math
from collections.abc import Callable, Mapping

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.render.device.memory import give_back_cached, is_out_of_memory, no_memory_for
from avatar_rtc.worker.seats import Seat
from avatar_rtc.worker.system import give_back_memory

log = logging.getLogger(__name__)

SHORTAGE_S = 10.0
"""A shortage that is back so soon after something was done about it needs more than that."""


class Failures:
    """Sees to what fails, for all seats. Lives on the render thread; `ends_worker` may be asked on any."""

    def __init__(
        self,
        seats: Mapping[str, Seat],
        device: str,
        now: Callable[[], float],
        refuse: Callable[[Seat, str, bool], None],
        end: Callable[[str], None],
        is_sick: Callable[[], bool],
        forget_graphs: Callable[[], None] = lambda: None,
        shrink: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        Args:
            seats: in the order in which they were first opened.
            refuse: forgets an avatar, and tells its owner why, and whether it is for want of memory.
            end: ends the worker, and tells why.
            is_sick: whether the device computes nothing any more.
            forget_graphs: frees those of the device.
            shrink: makes the largest avatar smaller; False if none can be.
        """
        self._seats, self._device, self._now = seats, device, now
        self._refuse, self._end, self._is_sick = refuse, end, is_sick
        self._forget_graphs, self._shrink = forget_graphs, shrink
        self._acted_at = -math.inf
        """When something was last done about a shortage of memory."""
        self._ends = False

    def of_picture(self, seat: Seat, begun: float | None, error: BaseException) -> None:
        """A picture of an avatar could not be made: a frame, begun at that monotonic second, or None."""
        if begun is None:
            self.ends_worker(error)
        elif is_out_of_memory(error):
            self._make_room(begun, error)
        elif not self.ends_worker(error):
            self._refuse(seat, f"rendering failed: {error}", False)

    def ends_worker(self, error: BaseException) -> bool:
        """Whether this was the device, which does nothing any more; then the worker ends."""
        if self._ends:
            return True
        if isinstance(error, AvatarRtcError) or is_out_of_memory(error) or not self._is_sick():
            return False
        self._ends = True
        self._end(f"{self._device} has failed: {type(error).__name__}: {_first_line(error)}")
        return True

    def _make_room(self, begun: float, error: BaseException) -> None:
        now = self._now()
        if begun <= self._acted_at:
            return  # it was under way already when room was made
        is_back, self._acted_at = now - self._acted_at < SHORTAGE_S, now
        if is_back and self._shrink():
            log.error("no memory for the frames of all avatars: the largest of them becomes smaller")
        elif is_back:
            stay = [seat for seat in self._seats.values() if seat.live is not None and not seat.refusal]
            for newest in stay[-1:]:
                log.error("no memory for the frames of all avatars: %s is refused", newest.name)
                self._refuse(newest, no_memory_for("another avatar", error), True)
        else:
            self._forget_graphs()
            for seat in self._seats.values():
                if seat.live is not None and not seat.is_rendering:
                    seat.live.forget_kept()
        give_back_cached(self._device)
        give_back_memory()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
