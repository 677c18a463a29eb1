"""Where an avatar was asked to look, and glances that come back from elsewhere by themselves.

glance, for a while ─► what was asked for ─► whom it attends to on a stage ─► about, by itself
"""

import asyncio
from collections.abc import Callable

from avatar_rtc.face.gaze import Gaze
from avatar_rtc.server.live.mood import Awaited, CallLater


class Gazing:
    """What is looked at now, and what is looked at again when a glance is over. Made as `Mood` is."""

    def __init__(self, show: Callable[[Gaze | None], None], later: CallLater | None = None) -> None:
        """
        Args:
            show: told of every glance, and of what comes back behind it.
            later: see `Mood`.
        """
        self._show = show
        self._later = later or asyncio.get_running_loop().call_later
        self.settled: Gaze | None = None
        """What was asked for to stay."""
        self._attention: Gaze | None = None
        self._glance: Awaited | None = None

    @property
    def resting(self) -> Gaze | None:
        """What is looked at when no glance is under way."""
        return self._attention if self.settled is None else self.settled

    def attend(self, gaze: Gaze | None) -> None:
        """Look there while nothing else is asked for; None is nowhere any more."""
        before, self._attention = self.resting, gaze
        if self._glance is None and self.resting != before:
            self._show(self.resting)

    def settle(self, gaze: Gaze | None) -> None:
        """From now on this is looked at; a glance is over. Who asks has shown it."""
        self.close()
        self.settled = gaze

    def glance(self, gaze: Gaze, seconds: float) -> None:
        """Look there for so many seconds."""
        self.close()
        self._glance = self._later(seconds, self._come_back)
        self._show(gaze)

    def close(self) -> None:
        """Nothing comes back any more."""
        if self._glance is not None:
            self._glance.cancel()
        self._glance = None

    def _come_back(self) -> None:
        self._glance = None
        self._show(self.resting)
