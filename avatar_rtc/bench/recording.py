"""What a recording costs while it runs, beside a viewer who has the same picture; and whether it is whole."""

import json
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from avatar_rtc.bench.crowd import Crowd, crowd
from avatar_rtc.bench.measurement import Measurement, at_most
from avatar_rtc.bench.served import Served, served
from avatar_rtc.errors import SetupError

RECORDING_PERCENT = 3.0
_FINISHED_WITHIN_S = 120.0
_LOOK_S = 0.2


def measure(quick: bool) -> list[Measurement]:
    """CPU time with and without a recording, in turns; then the length of one that was to last so long."""
    pairs, seconds = (2, 3.0) if quick else (6, 15.0)
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "config.toml"
        settings.write_text(f"data_dir = {json.dumps(folder)}\n[limits]\nfree_disk_mb = 0\n")
        with (
            served("--animator", "static", "--fps", "30", "--config", str(settings)) as server,
            crowd(server.url, 1, settle_s=3.0) as viewers,
        ):
            found = [_pair(server, viewers, seconds, index) for index in range(pairs)]
        with served("--animator", "static", "--fps", "30", "--config", str(settings)) as server:
            asked = 2.0 if quick else 20.0
            told = _recorded(server, asked)
    of_server, of_worker = ([round(cost[part], 2) for cost in found] for part in (0, 1))
    return [
        at_most(
            "server CPU of a recording beside a viewer of the same picture",
            statistics.median(of_server),
            "% of a core",
            RECORDING_PERCENT,
            pairs=of_server,
            # It makes the same packets with it and without: what differs is how busy the machine is.
            worker_pairs=of_worker,
        ),
        at_most(
            "recording, its length against the one asked for",
            abs(told["seconds"] - asked) * 1000,
            "ms",
            1000 / 30,
            frames=told["frames"],
        ),
    ]


def _pair(server: Served, viewers: Crowd, seconds: float, index: int) -> tuple[float, float]:
    """Percent of a core that a recording adds to server and worker; every other pair begins with it."""
    found: dict[bool, tuple[float, float]] = {}
    for records in (bool(index % 2), not index % 2):
        kept = _ask(server, "POST", "", {"format": "webm"}) if records else None
        time.sleep(1.0)  # its first keyframe, and what is opened for it
        before, begun = _cpu_s(server), time.monotonic()
        viewers.watch(seconds, server.cpu_s)
        per_cent = 100 / (time.monotonic() - begun)
        of_server, of_worker = (
            (now - then) * per_cent for now, then in zip(_cpu_s(server), before, strict=True)
        )
        found[records] = of_server, of_worker
        if kept is not None:
            _ask(server, "DELETE", f"/{kept['id']}")
            _ask(server, "DELETE", f"/{kept['id']}")  # it is not to be finished meanwhile
            time.sleep(1.0)
    with_it, without = found[True], found[False]
    return with_it[0] - without[0], with_it[1] - without[1]


def _cpu_s(server: Served) -> tuple[float, float]:
    """CPU seconds so far: of the server, and of its workers."""
    return server.cpu_s(), sum(sum(worker.cpu_times()[:2]) for worker in server.workers())


def _recorded(server: Served, seconds: float) -> dict[str, Any]:
    """What is told of a finished recording.

    Raises:
        SetupError: it is not finished in time.
    """
    kept = _ask(server, "POST", "", {"format": "mp4", "max_s": seconds})
    until = time.monotonic() + seconds + _FINISHED_WITHIN_S
    while kept["state"] not in ("done", "failed"):
        if time.monotonic() > until:
            raise SetupError("a recording was not finished in time")
        time.sleep(_LOOK_S)
        kept = _ask(server, "GET", f"/{kept['id']}")
    return kept


def _ask(server: Served, method: str, path: str, body: object = None) -> dict[str, Any]:
    url = f"{server.url}api/v1/avatars/main/recordings{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
        return found
