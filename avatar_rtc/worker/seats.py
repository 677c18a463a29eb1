"""An avatar's place in the render loop: what is under way for it, and the messages that wait for that."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from avatar_rtc.link.orders import CloseAvatar, RequestKeyframe, SetState, ToAvatar
from avatar_rtc.worker.live import LiveAvatar
from avatar_rtc.worker.pace import FrameCost


@dataclass
class Seat:
    """One avatar of the loop."""

    name: str
    live: LiveAvatar | None = None
    """What is rendered; None while its first character is being opened."""
    is_rendering: bool = False
    """A picture of it is being made beside the loop, which leaves `live` alone meanwhile."""
    is_opening: bool = False
    """A character is being prepared for it; `live`, if any, goes on."""
    arrived: Callable[[], None] | None = None
    """Brings the character that is prepared, once no picture is being made."""
    fitted: Callable[[], None] | None = None
    """Brings the character at another size, likewise."""
    refusal: str = ""
    """Why it is to go, once no picture of it is being made."""
    has_no_room: bool = False
    """A picture is due, and has to wait for the end of another's."""
    tick: int | None = None
    """Of its next frame, if somebody watches; they are counted from second 0 of the monotonic clock."""
    waiting: list[ToAvatar] = field(default_factory=list)
    """In order."""
    lost: int = 0
    """Ticks that were skipped, all together."""
    pace: FrameCost = field(default_factory=FrameCost)

    @property
    def shown(self) -> LiveAvatar:
        """What is rendered, of one that is known to have something."""
        assert self.live is not None
        return self.live

    @property
    def due(self) -> float:
        """Monotonic second of its next frame; infinity if there is none."""
        return math.inf if self.tick is None else self.tick / self.shown.fps

    def next_tick(self, now: float) -> int:
        """The first one after a monotonic second."""
        return math.floor(now * self.shown.fps) + 1

    def schedule(self, now: float) -> None:
        """Let a frame be due, or none if nobody watches."""
        if not self.shown.slots:
            self.tick = None
        elif self.tick is None:
            self.tick = self.next_tick(now)

    def pass_on(self, now: float) -> None:
        """Its frame is made: go on to the next.

        A tick that has begun is rendered at once, late; those before it are skipped. Always waiting for the
        next one, an avatar would fall to half the rate on the first slow frame.
        """
        if self.tick is not None:
            self.skip_to(max(self.tick + 1, self.next_tick(now) - 1), due=self.tick + 1)

    def skip_to(self, tick: int, due: int) -> None:
        """Go on with a tick where another was due; those between are lost."""
        self.lost += tick - due
        self.tick = tick

    @property
    def is_busy(self) -> bool:
        """Whether messages have to wait."""
        return self.is_rendering or self.is_opening

    @property
    def is_closing(self) -> bool:
        """Whether what comes of the picture under way concerns nobody any more."""
        return any(isinstance(message, CloseAvatar) for message in self.waiting)


def in_line(waiting: Iterable[ToAvatar], message: ToAvatar) -> list[ToAvatar]:
    """The messages that wait once this one has come.

    Of two states the newer stays, and goes last: it may speak of what a message before it brings.
    """
    kept = list(waiting)
    if isinstance(message, SetState):
        kept = [each for each in kept if not isinstance(each, SetState)]
    elif isinstance(message, RequestKeyframe) and message in kept:
        return kept
    return [*kept, message]
