"""What a cluster asks of its registry in a second: the law of it, and the same commands at a real Redis."""

import asyncio
import contextlib
import copy
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from avatar_rtc.config_outside import RegistryConfig
from avatar_rtc.server.registry.ledger import Away, Ledger
from avatar_rtc.server.registry.records import ServerRecord

_AT_ONCE = 32
"""Commands on their way at once."""
_TRIES = 10
_STANDS_MS = 1_000_000_000_000


@dataclass(frozen=True)
class Cluster:
    """Servers, and those who use them."""

    servers: int = 1_000
    viewers: int = 1_000_000
    viewers_of_one: float = 20.0
    """Of each avatar."""
    stay_s: float = 600.0
    """How long a viewer stays; as often another one comes."""
    avatar_s: float = 3_600.0
    """How long an avatar lives."""
    told_every_s: float = 10.0
    """How often an avatar is told something that lasts."""
    kept_bytes: int = 1_000
    """Of what is kept of an avatar."""
    heartbeat_s: float = 1.0

    @property
    def avatars(self) -> int:
        """As many as there are at a time."""
        return round(self.viewers / self.viewers_of_one)


def commands_per_s(cluster: Cluster) -> dict[str, float]:
    """The law: how often each command is sent in a second. Who enters by any server is hardly ever right.

    >>> commands_per_s(Cluster(servers=10, viewers=6_000))["find"]
    9.0
    """
    births = cluster.avatars / cluster.avatar_s
    return {
        "beat": cluster.servers / cluster.heartbeat_s,
        "find": cluster.viewers / cluster.stay_s * (1 - 1 / cluster.servers),
        "keep": cluster.avatars / cluster.told_every_s,
        "place": births,
        "claim": births,
        "release": births,
    }


@dataclass(frozen=True)
class RegistryTraffic:
    """What it came to."""

    commands_per_s: float
    bytes_per_s: float
    cpu_share: float
    """Seconds that Redis computed in each second of the cluster."""
    keys: int
    memory_bytes: int
    by_kind: dict[str, int]
    us_by_kind: dict[str, float] = field(default_factory=dict)


async def simulate(url: str, cluster: Cluster, seconds: int, seed: int = 1) -> RegistryTraffic:
    """Fill a Redis with a cluster, and send it what that sends in so many seconds, as fast as it goes."""
    made = random.Random(seed)
    config = RegistryConfig(url=url, address="http://10.0.0.1", prefix="bench", heartbeat_s=10.0)
    first = Ledger(config, "server0", clock=lambda: _STANDS_MS)  # however long it takes, no lease ends
    servers = [_as(first, number) for number in range(cluster.servers)]
    records = [
        ServerRecord(name=f"s{n}", address=f"http://s{n}.example.org", version="1.0", load=made.random())
        for n in range(cluster.servers)
    ]
    redis: Any = first._redis
    names = [f"{made.getrandbits(128):032x}" for _ in range(cluster.avatars)]
    kept = "x" * cluster.kept_bytes
    try:
        await _all(_beat(servers[n], records[n]) for n in range(cluster.servers))
        terms: dict[str, str] = {}
        await _all(_claim(servers[i % len(servers)], name, kept, terms) for i, name in enumerate(names))
        work = _shuffled(cluster, seconds, made, servers, records, names, kept, terms)
        before, us = await redis.info("all"), {}
        by_kind = Counter(kind for kind, _ in work)
        for kind in sorted(by_kind):
            cpu = await redis.info("cpu")
            await _all(act for each, act in work if each == kind)
            us[kind] = round((_cpu_s(await redis.info("cpu")) - _cpu_s(cpu)) * 1e6 / by_kind[kind], 1)
        after = await redis.info("all")
        moved = sum(
            after[f"total_net_{way}_bytes"] - before[f"total_net_{way}_bytes"] for way in ("input", "output")
        )
        return RegistryTraffic(
            commands_per_s=len(work) / seconds,
            bytes_per_s=moved / seconds,
            cpu_share=(_cpu_s(after) - _cpu_s(before)) / seconds,
            keys=await redis.dbsize(),
            memory_bytes=after["used_memory"],
            by_kind=dict(by_kind),
            us_by_kind=us,
        )
    finally:
        await first.close()


_Act = Callable[[], Awaitable[object]]


def _shuffled(
    cluster: Cluster,
    seconds: int,
    made: random.Random,
    servers: list[Ledger],
    records: list[ServerRecord],
    names: list[str],
    kept: str,
    terms: dict[str, str],
) -> list[tuple[str, _Act]]:
    """What is sent in that time, each kind as often as the law says."""
    rates = commands_per_s(cluster)

    def owner(index: int) -> Ledger:
        return servers[index % len(servers)]

    def act(kind: str) -> _Act:
        at, index = made.randrange(len(servers)), made.randrange(len(names))
        fresh = f"{made.getrandbits(128):032x}"
        acts: dict[str, _Act] = {
            "beat": lambda: servers[at].beat(records[at]),
            "find": lambda: servers[at].find(names[index]),
            "keep": lambda: owner(index).keep(names[index], kept, terms[names[index]]),
            "place": lambda: servers[at].place(0.001),
            "claim": lambda: servers[at].claim(fresh, kept),
            "release": lambda: owner(index).release(names[index], terms[names[index]]),
        }
        return acts[kind]

    return [(kind, act(kind)) for kind, rate in rates.items() for _ in range(round(rate * seconds))]


def _as(ledger: Ledger, number: int) -> Ledger:
    """Another server by the same connections."""
    other = copy.copy(ledger)
    other._server = f"server{number}"
    return other


def _beat(ledger: Ledger, record: ServerRecord) -> _Act:
    return lambda: ledger.beat(record)


def _claim(ledger: Ledger, name: str, kept: str, terms: dict[str, str]) -> _Act:
    async def claim() -> None:
        terms[name] = await ledger.claim(name, kept) or ""

    return claim


async def _all(acts: Any) -> None:
    waiting = iter(acts)

    async def one_after_the_other() -> None:
        for act in waiting:
            for _ in range(_TRIES):
                with contextlib.suppress(Away):  # of a machine that has other things to do
                    await act()
                    break

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))


def _cpu_s(info: dict[str, Any]) -> float:
    return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])
