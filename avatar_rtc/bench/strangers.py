"""What strangers can do to a viewer and to the server: floods, stuck clients, a worker that stands still."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.errors import SetupError

FPS, GAP_S = 25.0, 1.0
MEMORY_MB, AFTER_S = 20, 60.0
"""How much may be left of the floods, and so long after them."""
SETTLED_S = 15.0
"""The worker gives the memory of large pictures back when none has come for ten seconds."""
ENDING_S, STUCK = 6.0, 10
NOTICED_S, REPLACED_S = 3.0, 5.0
_TIMEOUT_S = 60.0


def measure(quick: bool) -> list[Measurement]:
    """Floods, an ending with stuck clients, a worker that stands still."""
    return [*_floods(3.0 if quick else 60.0, 1.0 if quick else AFTER_S), *_ending(), *_stopped()]


@dataclass(frozen=True)
class Flooded:
    """What a viewer got, and what the floods left."""

    fps: float
    gap_s: float
    grown_mb: float
    """Server and workers together, against before, some time after."""
    peak_mb: float
    """The server's, over what it had before."""
    answers: dict[str, dict[str, int]]


def flooded(seconds: float, after_s: float, settled_s: float = SETTLED_S) -> Flooded:
    """Flood a server while somebody else watches it.

    Args:
        after_s: how long after the floods the memory is read.
        settled_s: how long before them, so that it can be compared.

    Raises:
        SetupError: server, viewer or flood broke down.
    """
    with served("--animator", "static") as server, crowd(server.url, 1, settle_s=6.0) as viewers:
        _warm(server, settled_s)
        before, own = _memory_mb(server), server.process.memory_info().rss / 1e6
        answers, (seen,) = viewers.beside(lambda: _flood(server, seconds))
        peak = _peak_mb(server) - own
        time.sleep(after_s)
        grown = _memory_mb(server) - before
    return Flooded(seen["fps"], seen["max_gap_ms"] / 1000, grown, peak, answers)


def _floods(seconds: float, after_s: float) -> list[Measurement]:
    found = flooded(seconds, after_s)
    return [
        at_least(f"a viewer during {seconds:g} s of all floods at once", found.fps, "fps", FPS),
        at_most("its longest gap", found.gap_s, "s", GAP_S),
        at_most(f"memory left {after_s:g} s after them", found.grown_mb, "MB", MEMORY_MB, **found.answers),
        told("the server's memory at most, over before", found.peak_mb, "MB"),
    ]


def _warm(server: Served, settled_s: float = SETTLED_S) -> None:
    """Let everything happen once that is made once: modules, voices, decoded characters, the spare worker."""
    _flood(server, 2.0)
    await_spare(server)
    time.sleep(settled_s)


def await_spare(server: Served) -> None:
    """Wait until a second worker is there, and idle.

    Raises:
        SetupError: none comes up.
    """
    deadline = time.monotonic() + _TIMEOUT_S
    while len(server.workers()) < 2 or any(worker.cpu_percent(0.3) > 40 for worker in server.workers()[1:]):
        if time.monotonic() > deadline:
            raise SetupError("no spare render worker comes up")


def _flood(server: Served, seconds: float) -> dict[str, dict[str, int]]:
    ports = {c.laddr.port for c in server.process.net_connections("udp") if c.laddr}
    command = [sys.executable, "-m", "avatar_rtc.bench.flood", server.url, str(seconds)]
    done = subprocess.run([*command, ",".join(map(str, ports))], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"the flood broke down: {done.stderr.strip()[-500:]}")
    answers: dict[str, dict[str, int]] = json.loads(done.stdout)
    return answers


def _memory_mb(server: Served) -> float:
    processes = [server.process, *server.workers()]
    return sum(float(process.memory_info().rss) for process in processes) / 1e6


def _peak_mb(server: Served) -> float:
    """The most the server had so far."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))


def _ending() -> list[Measurement]:
    """SIGTERM while clients are stuck in every way."""
    with served("--animator", "static") as server, crowd(server.url, 1), stuck(server, STUCK):
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(_TIMEOUT_S)
        took = time.monotonic() - begun
    return [
        at_most(f"SIGTERM with {STUCK} stuck clients: ended after", took, "s", ENDING_S),
        at_most("its exit code", float(code), "", 0),
    ]


@contextlib.contextmanager
def stuck(server: Served, count: int) -> Iterator[None]:
    """So many clients that neither go on nor leave: half heads, half bodies, unread feeds, silent sockets."""
    host, port = server.url.split("//")[1].strip("/").rsplit(":", 1)
    about = f"HTTP/1.1\r\nHost: {host}:{port}\r\n"
    upload = f"{about}Content-Type: image/png\r\nContent-Length: 9000000\r\n\r\n"
    socket_of_sound = f"{about}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    kinds = (
        f"POST /api/v1/characters?name=x {upload}{'x' * 1000}",
        f"GET /api/avatar/result_feed?instance_id=main {about}\r\n",
        f"GET / {about}X-Half: ",
        f"GET /api/v1/avatars/main/audio {socket_of_sound}Sec-WebSocket-Key: {'A' * 22}==\r\n\r\n",
        f"GET / {about}\r\n",
    )
    with contextlib.ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(socket.create_connection((host, int(port))))
            client.sendall(kinds[number % len(kinds)].encode())
        time.sleep(1.0)
        yield


def _stopped() -> list[Measurement]:
    """A worker that stands still while nobody watches, then the next while somebody does."""
    found: list[Measurement] = []
    with served("--animator", "static") as server:
        _warm(server)
        for word, watching in (("unwatched", 0), ("watched", 1)):
            with crowd(server.url, watching) if watching else contextlib.nullcontext():
                noticed, replaced = stopped(server)
            found += [
                at_most(f"worker stopped, {word}: noticed after", noticed, "s", NOTICED_S),
                at_most(f"worker stopped, {word}: replaced after", replaced, "s", REPLACED_S),
            ]
            await_spare(server)
    return found


def stopped(server: Served) -> tuple[float, float]:
    """Stop the worker in charge; seconds until `/readyz` says so, and until another one has its place.

    Raises:
        SetupError: it is not noticed, or not mended.
    """
    worker = min(server.workers(), key=lambda each: each.create_time())
    restarts = server.state()["worker_restarts"]
    begun = time.monotonic()
    worker.suspend()
    noticed = _until(lambda: not _ready(server), begun)
    return noticed, _until(lambda: _ready(server) and server.state()["worker_restarts"] > restarts, begun)


def _until(is_so: Any, begun: float) -> float:
    while not is_so():
        if time.monotonic() - begun > _TIMEOUT_S:
            raise SetupError("it was not noticed, or not mended")
        time.sleep(0.05)
    return time.monotonic() - begun


def _ready(server: Served) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}readyz", timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return False
