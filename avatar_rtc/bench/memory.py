"""Memory of the server process, without its worker, while four viewers watch one avatar."""

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_most
from avatar_rtc.bench.served import served

VIEWERS = 4
MEGABYTES = 200


def measure(quick: bool) -> list[Measurement]:
    """Resident set size after some seconds of watching."""
    with served("--animator", "static") as server, crowd(server.url, VIEWERS) as viewers:
        viewers.watch(2.0 if quick else 20.0, server.cpu_s)
        resident = server.process.memory_info().rss / 1e6
        worker = server.workers()[0].memory_info().rss / 1e6
    name = f"server process memory, 1 avatar, {VIEWERS} viewers"
    return [at_most(name, resident, "MB", MEGABYTES, worker_mb=round(worker))]
