"""Whether thousands of nonsensical cases at every door harm the server or those who watch."""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import percentile
from avatar_rtc.bench.served import Served, served
from avatar_rtc.errors import SetupError

CASES, SEED = 20_000, 0
SHARE, STALL_MS = 0.99, 100.0
WATCHERS = 2
_BEFORE_S = 3.0


@dataclass(frozen=True)
class Garbled:
    """What became of the server, its viewers and the cases."""

    sent: int
    seconds: float
    share: float
    """Pictures that the slowest viewer got of those that the server made meanwhile."""
    fps: float
    """What the server made."""
    stall_ms: float
    """How late its loop was at most."""
    busy_ms: float
    """What its loop computed in one go, at most: no other load of the machine is in it."""
    stall_p999_ms: float
    stall_before_ms: float
    """The same in the seconds before, by which it is known how busy the machine is with other things."""
    restarts: int
    errors: tuple[str, ...]
    """What was logged as such."""
    answers: dict[str, dict[str, int]]

    @property
    def faults(self) -> list[str]:
        """Answers that should not have been given."""
        found = [f"{name}: {status}" for name, given in self.answers.items() for status in given]
        return [
            each for each in found if each.split(": ")[1] in ("500", "502", "", "ServerDisconnectedError")
        ]


def garbled(cases: int, seed: int = SEED) -> Garbled:
    """Send so many cases to a server of its own that is watched.

    Raises:
        SetupError: server, viewers or sender broke down.
    """
    with tempfile.TemporaryDirectory() as folder:
        notes, config = Path(folder) / "lag.json", Path(folder) / "config.toml"
        limits = "[limits]\nmessages_per_s = 100000\nrequests_per_s = 100000\n"  # all of it is to be read
        config.write_text(f"data_dir = {json.dumps(folder)}\n{limits}")
        flags = ("--animator", "static", "--config", str(config))
        program = ("avatar_rtc.bench.lag_server", str(notes))
        with (
            served(*flags, program=program) as server,
            crowd(server.url, WATCHERS, audio=False, settle_s=_BEFORE_S) as viewers,
        ):
            begun = time.monotonic()
            rates: list[float] = []
            over = threading.Event()
            sampling = threading.Thread(target=_sample, args=(server, rates, over))
            sampling.start()
            try:
                told, seen = viewers.beside(lambda: _send(server, cases, seed))
            finally:
                over.set()
                sampling.join()
            ended = time.monotonic()
            restarts = server.state()["worker_restarts"]
        noted = json.loads(notes.read_text())
    lags = [lag * 1000 for at, lag, _ in noted["lags"] if begun <= at < ended]
    busy = [busy * 1000 for at, _, busy in noted["lags"] if begun <= at < ended]
    before = [lag * 1000 for at, lag, _ in noted["lags"] if begun - _BEFORE_S <= at < begun]
    made = statistics.fmean(rates)
    return Garbled(
        told["sent"], round(ended - begun, 1), round(min(v["fps"] for v in seen) / made, 4), round(made, 2),
        round(max(lags), 1), round(max(busy), 1), round(percentile(lags, 99.9), 1), round(max(before), 1),
        restarts, tuple(noted["errors"]), told["answers"],
    )  # fmt: skip


def _sample(server: Served, rates: list[float], over: threading.Event) -> None:
    """What the server makes, read as often as it is told."""
    while not over.wait(0.5) or not rates:
        rates.append(float(server.state()["fps"]))


def _send(server: Served, cases: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "avatar_rtc.bench.garbage", server.url, str(cases)]
    done = subprocess.run(
        [*command, str(server.process.pid), str(seed)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"the sender broke down: {done.stderr.strip()[-800:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told
