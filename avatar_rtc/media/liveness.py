"""How long a peer may be silent: before it connects, and from then on."""

import asyncio
from collections.abc import Callable

CONNECT_TIMEOUT_S = 15.0
SILENCE_TIMEOUT_S = 8.0
DEAF_S = 0.5
"""A timer that is as late as this says that the machine or the event loop stood still."""


class Liveness:
    """Ends a peer that is silent for too long, and wakes up only when it may be. Used on the event loop."""

    def __init__(
        self,
        end: Callable[[str], None],
        connect_s: float = CONNECT_TIMEOUT_S,
        silence_s: float = SILENCE_TIMEOUT_S,
    ) -> None:
        """
        Args:
            end: called with the reason.
            connect_s: from `start` to `connected`.
            silence_s: between two signs of life, once it is connected.
        """
        self._end, self._connect_s, self._silence_s = end, connect_s, silence_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0

    def start(self) -> None:
        """From now on the peer is to connect."""
        self._timer = self._loop.call_later(self._connect_s, self._end, "never connected")

    def connected(self) -> None:
        """From now on signs of life are waited for."""
        self.heard()
        self._rearm()

    def heard(self) -> None:
        """A sign of life has come."""
        self._heard_at = self._loop.time()

    def close(self) -> None:
        """It may be as silent as it likes from now on."""
        if self._timer is not None:
            self._timer.cancel()

    def _rearm(self) -> None:
        """Wake up when it would have been silent for too long, counted from the last sign of life."""
        self.close()
        due = self._heard_at + self._silence_s
        self._timer = self._loop.call_at(due, self._check, due)

    def _check(self, due: float) -> None:
        if self._loop.time() - due > DEAF_S:
            # It was we who did not listen: what came meanwhile is yet to be read.
            self.heard()
        if self._heard_at + self._silence_s <= due:  # nothing since this was due
            self._end("silent")
        else:
            self._rearm()
