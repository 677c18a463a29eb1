"""From a control message to the first picture that shows it, and to its answer, by channel and by socket."""

import asyncio
import random
import time
from collections.abc import Sequence

from avatar_rtc.bench.measurement import Measurement, at_most, percentile, spread, told
from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.remote import Remote
from avatar_rtc.errors import Unreachable
from avatar_rtc.media.picture import VideoFrame

LATENCY_MS = 150
SOCKET_ANSWER_MS = 20.0
"""From a message on the control socket to its answer, while this process decodes 30 pictures a second."""
_FAINT = [["translucent_display", {"alpha": 0.2}]]
"""A change of the whole picture in one step; an emotion eases in, so its first frame is a matter of taste."""
_MARGIN = 0.25
"""Part of the way between both levels that counts as changed; idle life moves the mean by less than 2 %."""


_SETTLED_FRAMES = 30
"""Pictures after which the codec has nothing left to refine."""


def measure(quick: bool) -> list[Measurement]:
    """Switch an operation on and off at random moments, and watch for the change."""
    with served("--animator", "static", "--fps", "30") as server:
        delays = asyncio.run(_switches(server.url, 6 if quick else 60))
        fps = server.state()["fps"]
        by_socket, by_channel = asyncio.run(_round_trips(server.url, 50 if quick else 1_000))
    shown = "control message to first changed decoded frame, p95"
    return [
        at_most(shown, percentile(delays, 95), "ms", LATENCY_MS, fps=fps, **spread(delays)),
        at_most(
            "message to answer by control socket, p99",
            percentile(by_socket, 99), "ms", SOCKET_ANSWER_MS, **spread(by_socket),
        ),
        told(
            "message to answer by data channel, p99", percentile(by_channel, 99), "ms", **spread(by_channel)
        ),
    ]  # fmt: skip


async def _switches(url: str, count: int) -> list[float]:
    """Milliseconds from sending each message to the arrival of the first picture that shows it."""
    pick = random.Random(0)
    delays = []
    async with AvatarClient(url) as avatar:
        levels = Levels()
        reading = asyncio.create_task(levels.read(avatar))
        bounds = await _settled(avatar, levels)
        for i in range(count):
            await asyncio.sleep(0.4 + pick.random() / 5)  # any phase of the frame interval
            chain = [] if i % 2 == 0 else _FAINT  # `_settled` leaves it faint
            start = time.monotonic()
            sending = asyncio.create_task(avatar.set_chain(chain))
            delays.append((await levels.crossing(bounds, rising=not chain, after=start) - start) * 1000)
            await sending
        reading.cancel()
    return delays


async def _round_trips(url: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from messages to their answers: by socket and by data channel, in turns."""
    by_socket, by_channel = [], []
    async with Remote(url) as remote, AvatarClient(url) as viewer:
        for _ in range(count):
            by_socket.append(await remote.ping() * 1000)
            by_channel.append(await viewer.ping() * 1000)
            await asyncio.sleep(0.01)  # messages come one by one
    return by_socket, by_channel


async def _settled(avatar: AvatarClient, levels: "Levels") -> tuple[float, float]:
    """Mean alpha with and without the operation: (low, high). Leaves it on."""
    found = []
    for chain in ([], _FAINT):
        await avatar.set_chain(chain)
        await levels.pass_by(_SETTLED_FRAMES)
        found.append(levels.newest[1])
    high, low = found
    if high - low < 2:
        raise Unreachable("the chain changes nothing that a viewer sees; is an avatar in the picture?")
    return low, high


class Levels:
    """The mean alpha of every picture, as it arrives."""

    def __init__(self) -> None:
        self.newest = (0.0, 0.0)
        """CLOCK_MONOTONIC second of arrival, and mean of the alpha half in luma steps."""
        self._arrived = asyncio.Condition()

    async def read(self, avatar: AvatarClient) -> None:
        """Take pictures until cancelled."""
        async for frame in avatar.frames():
            async with self._arrived:
                self.newest = (time.monotonic(), _mean_alpha(frame))
                self._arrived.notify_all()

    async def pass_by(self, count: int) -> None:
        """Wait for so many more pictures."""
        for _ in range(count):
            async with asyncio.timeout(5), self._arrived:
                await self._arrived.wait()

    async def crossing(self, bounds: Sequence[float], rising: bool, after: float) -> float:
        """When the first picture after `after` arrived that has left the level it was on."""
        low, high = bounds
        limit = low + (high - low) * (_MARGIN if rising else 1 - _MARGIN)
        async with asyncio.timeout(5), self._arrived:
            await self._arrived.wait_for(
                lambda: self.newest[0] > after and (self.newest[1] > limit) == rising
            )
            return self.newest[0]


def _mean_alpha(frame: VideoFrame) -> float:
    luma = frame.to_ndarray(format="yuv420p")[frame.height // 2 : frame.height]
    return float(luma.mean())
