"""How late the event loop is: whatever holds it up holds up every viewer's sound and picture."""

import asyncio

from avatar_rtc.server.durations import Durations

LAG_EVERY_S = 0.25
"""Between two looks: whatever holds the loop up for longer is seen, and of shorter ones every so many."""
LAG_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopLag:
    """Has a timer, and counts by how much it is late."""

    def __init__(self) -> None:
        self.lags = Durations(LAG_BOUNDS_S)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch the running loop."""
        loop = asyncio.get_running_loop()
        due = loop.time() + LAG_EVERY_S
        self._timer = loop.call_at(due, self._look, loop, due)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        # Timers may fire up to the clock's resolution early.
        self.lags.add(max(0.0, loop.time() - due))
        self.start()
