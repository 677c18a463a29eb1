"""`avatar-rtc serve`, noting how late its event loop is: `python -m avatar_rtc.bench.lag_server FILE …`.

Every 10 ms a timer is due; how late it runs is how long everything else on the loop was held up. When the
server ends, the file gets `{"lags": [[CLOCK_MONOTONIC second, s], …], "tasks": [[second, how many], …]}`.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from avatar_rtc.bench.wrapped import run_serve

INTERVAL_S = 0.01
TASKS_EVERY = 50
"""Samples from one count of the loop's tasks to the next."""


class Lag:
    """Samples of one event loop."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self.tasks: list[tuple[float, int]] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sample for as long as the loop runs."""
        due = loop.time() + INTERVAL_S
        loop.call_at(due, self._sample, loop, due)

    def _sample(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.samples.append((time.monotonic(), loop.time() - due))
        if len(self.samples) % TASKS_EVERY == 0:
            self.tasks.append((time.monotonic(), len(asyncio.all_tasks(loop))))
        self.watch(loop)


class MeasuredPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes loops that are watched: `serve` is measured as it is, and knows nothing of it."""

    def __init__(self, lag: Lag) -> None:
        super().__init__()
        self._lag = lag

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A loop with the timer on it."""
        loop = super().new_event_loop()
        self._lag.watch(loop)
        return loop


def run(file: Path, arguments: list[str]) -> int:
    """Serve with these flags; the exit code of `serve`."""
    lag = Lag()
    asyncio.set_event_loop_policy(MeasuredPolicy(lag))
    code = run_serve(arguments)
    file.write_text(json.dumps({"lags": lag.samples, "tasks": lag.tasks}))
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
