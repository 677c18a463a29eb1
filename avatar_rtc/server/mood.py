"""The emotion an avatar is in, and the ones that only flit over its face while it speaks."""

import asyncio
from collections.abc import Callable, Mapping

from avatar_rtc.server.speech_queue import Feeling

HOLD_S = 5.0
"""A feeling that does not say how long it lasts is over after so many seconds."""

Show = Callable[[Mapping[str, float], float], None]
"""Told the weights and the intensity of what the face shows."""


class Mood:
    """What is shown now, and what comes back when a feeling is over. Made on the event loop."""

    def __init__(self, weights: Mapping[str, float], show: Show) -> None:
        self._weights, self._intensity, self._show = dict(weights), 1.0, show
        self._back: asyncio.TimerHandle | None = None

    def settle(self, weights: Mapping[str, float], intensity: float) -> None:
        """Be in another emotion from now on; a feeling under way is over."""
        self._weights, self._intensity = dict(weights), intensity
        self._return()

    def feel(self, feeling: Feeling) -> None:
        """Show a feeling for a while."""
        if self._back is not None:
            self._back.cancel()
        hold = HOLD_S if feeling.hold_s is None else feeling.hold_s
        self._back = asyncio.get_running_loop().call_later(hold, self._return)
        self._show({feeling.emotion: 1.0}, feeling.strength)

    def close(self) -> None:
        """Nothing comes back any more."""
        if self._back is not None:
            self._back.cancel()
            self._back = None

    def _return(self) -> None:
        self.close()
        self._show(self._weights, self._intensity)
