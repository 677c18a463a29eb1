"""What ends by itself of what an avatar is doing: what was asked for a while, and thinking once it speaks."""

import asyncio
from collections.abc import Callable

from avatar_rtc.server.live.mood import Awaited, CallLater

SPEAKS_AFTER_S = 0.5
"""Speech begins where nothing was said for so long; a shorter pause is one between sentences."""
_NEVER = -1e9


class Activities:
    """Made on the event loop, or off every clock."""

    def __init__(self, rest: Callable[[], None], later: CallLater | None = None) -> None:
        """
        Args:
            rest: lets the avatar be idle.
            later: on whose clock an activity ends; None is that of the running event loop.
        """
        self._rest = rest
        self._later = later or asyncio.get_running_loop().call_later
        self._ending: Awaited | None = None
        self._said_until = _NEVER

    def begin(self, hold_s: float | None) -> None:
        """Something else is done from now on: until another thing is, or for so many seconds."""
        self.close()
        if hold_s is not None:
            self._ending = self._later(hold_s, self._end)

    def begins_to_speak(self, begin: float, seconds: float) -> bool:
        """Whether speech begins with what is heard from media time `begin` on, or only goes on."""
        silent_s = begin - self._said_until
        self._said_until = max(self._said_until, begin + seconds)
        return silent_s > SPEAKS_AFTER_S

    def hushed(self, cut: float) -> None:
        """Nothing is heard any more from media time `cut` on."""
        self._said_until = min(self._said_until, cut)

    def close(self) -> None:
        """Nothing ends by itself any more."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end(self) -> None:
        self._ending = None
        self._rest()
