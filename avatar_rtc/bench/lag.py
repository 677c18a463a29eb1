"""How late the server's event loop runs while THA3 keeps the CPU busy next to it."""

import json
import tempfile
import time
from pathlib import Path

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_most, percentile, skipped
from avatar_rtc.bench.served import served
from avatar_rtc.render.tha3.weights_files import weights_ready

LAG_MS = 10
_NAME = "event-loop lag while THA3 renders on the CPU, p99"


def measure(quick: bool) -> list[Measurement]:
    """Serve THA3 to one viewer, and read how late the loop's timers ran."""
    if not weights_ready():
        return [skipped(_NAME, "the THA3 weights are not here; `avatar-rtc weights` fetches them")]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lag.json"
        program = ("avatar_rtc.bench.lag_server", str(file))
        with (
            served("--animator", "tha3", "--device", "cpu", program=program) as server,
            crowd(server.url, 1, settle_s=3.0) as viewer,
        ):
            start = time.monotonic()
            _, seen = viewer.watch(5.0 if quick else 20.0, server.cpu_s)
            end = time.monotonic()
            stages = server.state()["stage_ms"]
        samples: list[tuple[float, float, float]] = json.loads(file.read_text())["lags"]
    lags = [lag * 1000 for t, lag, _ in samples if start <= t < end]
    return [
        at_most(
            _NAME,
            percentile(lags, 99),
            "ms",
            LAG_MS,
            p50=round(percentile(lags, 50), 2),
            max=round(max(lags), 2),
            samples=len(lags),
            viewer_fps=seen[0]["fps"],
            stage_ms=stages,
        )
    ]
