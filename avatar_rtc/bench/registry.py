"""Several servers as one: what a redirect costs a viewer, and what a thousand servers cost their Redis."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from avatar_rtc.bench.measurement import Measurement, at_most, percentile, skipped, spread, told
from avatar_rtc.bench.registry_traffic import Cluster, simulate
from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server
from avatar_rtc.errors import SetupError

REDIRECT_MS = 30
REDIS_SHARE = 0.7
"""Of one core; beyond it, those who ask begin to wait."""
_START_S = 10.0


def measure(quick: bool) -> list[Measurement]:
    """Join one avatar directly and through another server, by turns; then simulate a large cluster."""
    if shutil.which("redis-server") is None:
        return [skipped("several servers as one", "there is no redis-server here (Debian: redis-server)")]
    with _redis() as url:
        direct, led = asyncio.run(_joins(url, 5 if quick else 40))
        cluster = Cluster() if not quick else Cluster(servers=50, viewers=50_000)
        found = asyncio.run(simulate(url, cluster, seconds=1 if quick else 5))
    more = percentile([there - here for here, there in zip(direct, led, strict=True)], 50)
    about = {"servers": cluster.servers, "viewers": cluster.viewers, "avatars": cluster.avatars}
    return [
        at_most(
            "WHEP POST to answer through another server, more than direct, median",
            more,
            "ms",
            REDIRECT_MS,
            direct=spread(direct),
            led=spread(led),
        ),
        told("registry: commands", found.commands_per_s, "1/s", **about, by_kind=found.by_kind),
        told("registry: to and from Redis", found.bytes_per_s / 1e6, "MB/s", **about),
        told("registry: keys", found.keys, "", **about, redis_mb=round(found.memory_bytes / 1e6, 1)),
        at_most("registry: Redis's CPU", found.cpu_share, "cores", REDIS_SHARE, us=found.us_by_kind, **about),
    ]


async def _joins(redis: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the POST to its answer: at the server that has the avatar, and at the other."""
    direct: list[float] = []
    led: list[float] = []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        urls = await asyncio.to_thread(
            lambda: [stack.enter_context(_server(Path(folder), redis, each)) for each in ("one", "two")]
        )
        async with Server(urls[0]) as api:
            await api.create_avatar("bench")
        async with Server(urls[1]) as api:
            there = await api.avatar("bench")  # wherever it was made, it is found
            assert there["id"] == "bench"
        owner = await _owner(urls)
        other = next(url for url in urls if url != owner)
        for i in range(count + 1):
            for url, times in ((owner, direct), (other, led)):
                async with AvatarClient(f"{url}/api/v1/avatars/bench") as avatar:
                    await anext(avatar.frames())
                    if i > 0:
                        times.append((avatar.timing.answered - avatar.timing.offered) * 1000)
    return direct, led


async def _owner(urls: list[str]) -> str:
    for url in urls:
        async with Server(url) as api:
            if any(each["id"] == "bench" for each in await api.avatars()):
                return url
    raise SetupError("no server has the avatar")


@contextlib.contextmanager
def _server(folder: Path, redis: str, name: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    file = folder / f"{name}.toml"
    file.write_text(
        f'state_file = "off"\n[registry]\nurl = "{redis}"\naddress = "{address}"\nname = "{name}"\n'
    )
    with served("--animator", "static", "--port", str(port), "--config", str(file)):
        yield address


@contextlib.contextmanager
def _redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + _START_S
            while not Path(path).exists():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise SetupError("redis-server does not start")
                time.sleep(0.02)
            yield f"unix://{path}"
        finally:
            process.terminate()
            process.wait()
