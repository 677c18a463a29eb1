"""What a render worker has to be told of an avatar to carry on where another one ended."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from avatar_rtc.link.orders import OpenAvatar, Say, StartRendition, ToAvatar, Up
from avatar_rtc.server.rendering.outbox import MAX_SAID
from avatar_rtc.server.rendering.placement import Burden, cost_of
from avatar_rtc.stream.frame import AnyRendition

MEND_AFTER_S = (2.0, 10.0, 60.0)
"""Waits before an avatar that has failed is opened again, if that may help; then it stays failed."""
WELL_S = 120.0
"""An avatar that has lived for so long has all its tries again."""


@dataclass
class Briefing:
    """Of one avatar, and how it goes with it."""

    opened: OpenAvatar
    """With its newest state."""
    on_up: Callable[[Up], None]
    renditions: set[AnyRendition] = field(default_factory=set)
    said: tuple[Say, ...] = ()
    """What may not be over yet."""
    is_ready: bool = False
    ready_at: float = -math.inf
    has_failed: bool = False
    """The worker may have forgotten it."""
    tries: int = 0
    """How often it has been opened again."""
    mending: asyncio.TimerHandle | None = None
    cost: float | None = None
    """See `Burden`."""

    @property
    def burden(self) -> Burden:
        """What it is for its device."""
        return Burden(self.cost, bool(self.renditions))

    @property
    def owes(self) -> bool:
        """Whether pictures have to come."""
        return self.is_ready and bool(self.renditions)

    def say(self, message: Say) -> None:
        """Keep what is said, and forget what is over."""
        t = time.monotonic() - self.opened.epoch
        said = (*(earlier for earlier in self.said if earlier.end > t), message)
        self.said = said[-MAX_SAID:]

    def messages(self) -> list[ToAvatar]:
        """All of it, in order."""
        return [self.opened, *self.said, *self.watched()]

    def watched(self) -> list[ToAvatar]:
        """What has to be encoded of it."""
        return [StartRendition(self.opened.avatar, rendition) for rendition in self.renditions]

    def measure(self, stage_ms: Mapping[str, float], together: int) -> None:
        """Its pictures take so long; see `cost_of`."""
        wanted_fps = min(self.opened.fps, self.opened.state.settings.target_fps)
        self.cost = cost_of(stage_ms, wanted_fps, together)

    def leave(self) -> None:
        """Another worker will have it, on another device: nothing is known of how it will go there."""
        self.stop_mending()
        self.is_ready, self.has_failed, self.tries, self.cost = False, False, 0, None

    def succeed(self) -> None:
        """It has become ready."""
        self.is_ready, self.has_failed, self.ready_at = True, False, time.monotonic()
        self.stop_mending()

    def fail(self) -> None:
        """It has failed."""
        self.is_ready, self.has_failed = False, True

    def mend(self, again: Callable[[], None]) -> None:
        """Have it opened again a while after it has failed, by `again`, unless that has not helped before."""
        if time.monotonic() - self.ready_at > WELL_S:
            self.tries = 0
        if self.mending is None and self.tries < len(MEND_AFTER_S):
            self.mending = asyncio.get_running_loop().call_later(MEND_AFTER_S[self.tries], again)
            self.tries += 1

    def stop_mending(self) -> None:
        """Let it be as it is."""
        if self.mending is not None:
            self.mending.cancel()
            self.mending = None
