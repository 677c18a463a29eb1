"""`avatar-rtc serve`, noting how late its event loop is: `python -m avatar_rtc.bench.lag_server FILE …`.

Every 10 ms a timer is due; how late it runs is how long everything else on the loop was held up. When the
server ends, the file gets `{"lags": [[CLOCK_MONOTONIC second, s, busy s], …], "tasks": [[second, count], …]}`
and under `errors` what was logged as such. Busy is what the loop's thread computed since the sample before;
by it, work of the loop is told from a machine that had no time for it.
"""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from avatar_rtc.bench.wrapped import run_serve

INTERVAL_S = 0.01
TASKS_EVERY = 50
"""Samples from one count of the loop's tasks to the next."""


class Lag:
    """Samples of one event loop."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float, float]] = []
        self._computed = 0.0
        self.tasks: list[tuple[float, int]] = []
        self.errors: list[str] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sample for as long as the loop runs."""
        due = loop.time() + INTERVAL_S
        loop.call_at(due, self._sample, loop, due)

    def _sample(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        computed = time.thread_time()
        self.samples.append((time.monotonic(), loop.time() - due, computed - self._computed))
        self._computed = computed
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
    make = logging.getLogRecordFactory()

    def noted(*given: Any, **more: Any) -> logging.LogRecord:
        record = make(*given, **more)
        if record.levelno >= logging.ERROR:
            lag.errors.append(record.getMessage()[:500])
        return record

    logging.setLogRecordFactory(noted)
    asyncio.set_event_loop_policy(MeasuredPolicy(lag))
    code = run_serve(arguments)
    file.write_text(json.dumps({"lags": lag.samples, "tasks": lag.tasks, "errors": lag.errors}))
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
