"""What one more viewer costs the server, and whether sixteen all get every frame."""

import time

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_least, at_most
from avatar_rtc.bench.served import Served, served

MANY = 16
CPU_PERCENT = 2.0
FANOUT_FPS = 29.0


def measure(quick: bool) -> list[Measurement]:
    """Compare the server's CPU time with 1 and with 16 viewers (video and sound, nothing decoded)."""
    seconds = 3.0 if quick else 20.0
    with served("--animator", "static", "--fps", "30") as server:
        few, _ = _percent(server, 1, seconds)
        many, viewers = _percent(server, MANY, seconds)
    detail = {"viewers_1_percent": round(few, 2), f"viewers_{MANY}_percent": round(many, 2)}
    rates = [viewer["fps"] for viewer in viewers]
    gaps = [viewer["max_gap_ms"] for viewer in viewers]
    return [
        at_most(
            "server CPU per additional viewer, 512 px alpha, 30 fps",
            (many - few) / (MANY - 1),
            "% of a core",
            CPU_PERCENT,
            **detail,
        ),
        at_least(
            f"slowest of {MANY} viewers",
            min(rates),
            "fps",
            FANOUT_FPS,
            fps=sorted(rates),
            longest_gap_ms=max(gaps),
        ),
    ]


def fanned(count: int, seconds: float, *flags: str) -> tuple[float, list[dict[str, float]]]:
    """CPU percent of one core that each of so many viewers of one avatar costs the server, and what they got.

    Raises:
        SetupError: server or viewers broke down.
    """
    with served(*flags) as server:
        few, _ = _percent(server, 1, seconds / 2, light=True)
        many, seen = _percent(server, count, seconds, light=True)
    return (many - few) / (count - 1), seen


def _percent(
    server: Served, count: int, seconds: float, light: bool = False
) -> tuple[float, list[dict[str, float]]]:
    """CPU percent of one core that the server takes with so many viewers, and what they received."""
    with crowd(server.url, count, settle_s=2.0, light=light) as viewers:
        per_second, seen = viewers.watch(seconds, server.cpu_s)
    time.sleep(1.0)  # the viewers' farewell is not part of the next measurement
    return per_second * 100, seen
