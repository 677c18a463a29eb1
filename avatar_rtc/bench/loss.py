"""What a viewer sees and hears when packets get lost: our receivers beside aiortc's own, and Chromium."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection

from avatar_rtc.bench.loss_chromium import chromium_figures
from avatar_rtc.bench.loss_ways import LOSS_SEED, REACHES, SENTENCES, Reach
from avatar_rtc.bench.lossy import Paths, lossy_way
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, told
from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient

SECONDS, QUICK_SECONDS = 20.0, 3.0
LEARN_S = 8.0
"""In which the server and a browser learn what the way is like."""


class StockClient(AvatarClient):
    """A viewer with aiortc's receivers as they are."""

    def _mend(self, pc: RTCPeerConnection) -> None:
        pass


@dataclass(frozen=True)
class Received:
    """What came in a time."""

    fps: float
    gap_s: float
    """The longest without a picture."""
    blocks_per_s: float
    silent_s: float
    """The longest without a block."""
    concealed: float
    """Per cent of the blocks."""
    detail: dict[str, Any]


def measure(quick: bool) -> list[Measurement]:
    """Both receivers on each way, one after the other, while the avatar speaks; then Chromium."""
    seconds = QUICK_SECONDS if quick else SECONDS
    found: list[Measurement] = []
    with served("--animator", "static") as server:
        for name, reach in REACHES.items():
            ours = asyncio.run(watch_lossily(server.url, reach.way, seconds, AvatarClient))
            stock = asyncio.run(watch_lossily(server.url, reach.way, seconds, StockClient))
            found += loss_figures(name, reach, ours, stock)
        found += asyncio.run(chromium_figures(server.url, seconds, LEARN_S if not quick else 2.0))
    return found


def loss_figures(name: str, reach: Reach, ours: Received, stock: Received) -> list[Measurement]:
    """Of one way: ours with their reach, aiortc's own in the details."""
    return [
        at_least(f"{name}: pictures decoded", ours.fps, "/s", reach.fps, stock=stock.fps, **ours.detail),
        at_most(f"{name}: longest without a picture", ours.gap_s, "s", reach.gap_s, stock=stock.gap_s),
        at_least(f"{name}: blocks of sound", ours.blocks_per_s, "/s", 49, stock=stock.blocks_per_s),
        told(f"{name}: longest without a block", ours.silent_s, "s", stock=stock.silent_s),
        at_most(f"{name}: blocks made up", ours.concealed, "%", reach.concealed),
    ]


async def watch_lossily(url: str, way: Paths, seconds: float, kind: type[AvatarClient]) -> Received:
    """What a viewer gets by a way, from its first picture on, while the avatar speaks."""
    async with lossy_way(url, way, LOSS_SEED) as opened, kind(opened.url, audio=True) as avatar:
        await avatar.say(SENTENCES)
        await anext(avatar.frames())
        begin, decoded, concealed = time.monotonic(), avatar.received, avatar.mended.blocks_concealed
        pictures, blocks = await asyncio.gather(
            _arrivals(avatar.frames(), begin + seconds), _arrivals(avatar.audio(), begin + seconds)
        )
        return Received(
            # All that were decoded: of several at a time, after a repair, a viewer is given the newest.
            round((avatar.received - decoded) / seconds, 2),
            round(longest_gap(begin, seconds, pictures), 3),
            round(len(blocks) / seconds, 2),
            round(longest_gap(begin, seconds, blocks), 3),
            round(100 * (avatar.mended.blocks_concealed - concealed) / max(1, len(blocks)), 2),
            {**vars(avatar.mended), "lost": opened.lost, "passed": opened.passed},
        )


async def _arrivals(items: AsyncIterator[Any], end: float) -> list[float]:
    """CLOCK_MONOTONIC seconds in which something came, until the end."""
    found: list[float] = []
    try:
        async with asyncio.timeout(end - time.monotonic()):
            async for _ in items:
                found.append(time.monotonic())
    except TimeoutError:
        pass
    return found


def longest_gap(begin: float, seconds: float, arrivals: list[float]) -> float:
    """Seconds between two arrivals, or the ends of the time."""
    return max(b - a for a, b in zip([begin, *arrivals], [*arrivals, begin + seconds], strict=True))
