"""Plugins of VTube Studio: from a value that is written to the picture that shows it, two at 60 a second."""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import numpy as np
from numpy.typing import NDArray

from avatar_rtc.bench.measurement import Measurement, at_most, percentile, spread, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.server import Server
from avatar_rtc.errors import Unreachable
from avatar_rtc.media.picture import VideoFrame

SHOWN_MS = 120
PLUGIN_ANSWER_MS = 50.0
"""To a plugin, of 99 in 100, while two write 60 times a second and a viewer in this process decodes."""
GROWN = 1.5
"""Times the median of the first third that of the last third may be: a queue that grows shows here."""
_EVERY_S = 1 / 60
_SETTLED_PICTURES = 30
_MARGIN = 0.3
"""Of the way from the one mouth to the other, at which a picture counts as changed; breath is below 0.1."""
_STILL = {
    "FaceAngleX": 0.0, "FaceAngleY": 0.0, "FaceAngleZ": 0.0, "EyeOpenLeft": 1.0, "EyeOpenRight": 1.0,
    "EyeLeftX": 0.0, "EyeLeftY": 0.0, "FacePositionX": 0.0,
}  # fmt: skip
"""So that nothing but the mouth moves much."""


def measure(quick: bool) -> list[Measurement]:
    """Open and shut the mouth of a student at random moments, and watch for it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.toml"
        vts = "[vts]\nenabled = true\nport = 0\nauto_allow = true\ndiscovery = false\n"
        settings.write_text(f'data_dir = "{folder}"\n{vts}')
        flags = ("--character", "liora", "--animator", "student", "--fps", "30", "--config", str(settings))
        with served(*flags) as server:
            return asyncio.run(_measured(server, quick))


async def _measured(server: Served, quick: bool) -> list[Measurement]:
    async with Server(server.url) as told_of, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{(await told_of.plugins())['port']}/"
        async with (
            BenchPlugin(session, url, "One plugin") as one,
            BenchPlugin(session, url, "Another plugin") as other,
            AvatarClient(server.url) as avatar,
        ):
            other.values = {"FaceAngleX": 0.0}
            other.mode = "add"
            delays = await _shown(avatar, one, 6 if quick else 100)
    answers = [each for plugin in (one, other) for each in plugin.answers_ms]
    third = len(one.answers_ms) // 3
    grown = percentile(one.answers_ms[-third:], 50) / percentile(one.answers_ms[:third], 50)
    rate = len(answers) / one.seconds
    return [
        at_most(
            "plugin's value to first changed decoded frame, p95",
            percentile(delays, 95), "ms", SHOWN_MS, **spread(delays),
        ),
        at_most(
            "answer to plugins, two at 60 a second, p99",
            percentile(answers, 99), "ms", PLUGIN_ANSWER_MS, requests_per_s=round(rate, 1), **spread(answers),
        ),
        at_most(
            "answers in the last third over those in the first",
            grown, "times", GROWN, seconds=round(one.seconds),
        ),
        told("longest answer to a plugin", max(answers), "ms"),
    ]  # fmt: skip


class BenchPlugin:
    """One that writes its values 60 times a second, and waits for each answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self._session, self._url, self._name = session, url, name
        self.values: Mapping[str, float] = {}
        self.mode = "set"
        self.answers_ms: list[float] = []
        self.seconds = 0.0
        self._sent = asyncio.Condition()
        self._sent_values: Mapping[str, float] = {}
        self._sent_at = 0.0

    async def __aenter__(self) -> Self:
        self._socket = await self._session.ws_connect(self._url)
        who = {"pluginName": self._name, "pluginDeveloper": "the bench"}
        token = await self._ask("AuthenticationToken", who)
        if not (await self._ask("Authentication", {**who, **token})).get("authenticated"):
            raise Unreachable("the plugin is not let in")
        self._writing = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        await self._socket.close()

    async def sent(self, values: Mapping[str, float]) -> float:
        """Write other values from now on; CLOCK_MONOTONIC second just before they were first sent."""
        self.values = values
        async with asyncio.timeout(5), self._sent:
            await self._sent.wait_for(lambda: self._sent_values is values)
            return self._sent_at

    async def _write(self) -> None:
        begun = due = time.monotonic()
        while True:
            if values := self.values:
                entries = [{"id": name, "value": value} for name, value in values.items()]
                start = time.monotonic()
                if values is not self._sent_values:
                    async with self._sent:
                        self._sent_values, self._sent_at = values, start
                        self._sent.notify_all()
                wrong = await self._ask(
                    "InjectParameterData", {"parameterValues": entries, "mode": self.mode}
                )
                if wrong:
                    raise Unreachable(f"a plugin's values are refused: {wrong}")
                self.answers_ms.append((time.monotonic() - start) * 1000)
            due = max(due + _EVERY_S, time.monotonic())
            self.seconds = due - begun
            await asyncio.sleep(due - time.monotonic())

    async def _ask(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        frame = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0", "requestID": "r"}
        await self._socket.send_str(json.dumps({**frame, "messageType": f"{kind}Request", "data": data}))
        found: dict[str, Any] = json.loads(await self._socket.receive_str(timeout=10))["data"]
        return found


async def _shown(avatar: AvatarClient, plugin: BenchPlugin, count: int) -> list[float]:
    """Milliseconds from sending each value to the arrival of the first picture that shows it."""
    pick = random.Random(0)
    mouths = MouthPictures()
    reading = asyncio.create_task(mouths.read(avatar))
    shut, wide = {**_STILL, "MouthOpen": 0.0}, {**_STILL, "MouthOpen": 1.0}
    learned = []
    for values in (shut, wide):
        await plugin.sent(values)
        await mouths.pass_by(_SETTLED_PICTURES)
        learned.append(await mouths.mean_of(_SETTLED_PICTURES))
    mouths.learn(*learned)
    delays = []
    for i in range(count):
        await asyncio.sleep(0.4 + pick.random() / 5)  # any phase of the frame interval
        before = mouths.openness
        start = await plugin.sent(dict(shut if i % 2 == 0 else wide))  # it is wide before the first
        delays.append((await mouths.crossing(before, opens=i % 2 == 1, after=start) - start) * 1000)
    reading.cancel()
    return delays


class MouthPictures:
    """How far the mouth is open in each picture as it arrives, once two means of pictures are learned."""

    def __init__(self) -> None:
        self.newest: tuple[float, NDArray[np.float32]] = (0.0, np.zeros(0, np.float32))
        """CLOCK_MONOTONIC second of arrival, and the luma of the colour half."""
        self._arrived = asyncio.Condition()
        self._shut = self._way = np.zeros(0, np.float32)

    async def read(self, avatar: AvatarClient) -> None:
        """Take pictures until cancelled."""
        async for frame in avatar.frames():
            async with self._arrived:
                self.newest = (time.monotonic(), _luma(frame))
                self._arrived.notify_all()

    async def pass_by(self, count: int) -> None:
        """Wait for so many more pictures."""
        for _ in range(count):
            async with asyncio.timeout(5), self._arrived:
                await self._arrived.wait()

    async def mean_of(self, count: int) -> NDArray[np.float32]:
        """The mean of so many more pictures."""
        total = np.zeros_like(self.newest[1])
        for _ in range(count):
            await self.pass_by(1)
            total += self.newest[1]
        mean: NDArray[np.float32] = total / np.float32(count)
        return mean

    def learn(self, shut: NDArray[np.float32], wide: NDArray[np.float32]) -> None:
        """What the pictures of a mouth are that is shut, and of one that is wide open.

        Raises:
            Unreachable: they are the same.
        """
        way = wide - shut
        way[np.abs(way) < np.abs(way).max() / 2] = 0
        if np.abs(way).max() < 8:
            raise Unreachable("the mouth changes nothing that a viewer sees")
        self._shut, self._way = shut, way / float((way * way).sum())

    @property
    def openness(self) -> float:
        """Of the newest picture; 0 is shut, 1 wide open."""
        return float(((self.newest[1] - self._shut) * self._way).sum())

    async def crossing(self, before: float, opens: bool, after: float) -> float:
        """When the first picture after `after` arrived that has left what was `before`, in that direction."""
        way = 1 if opens else -1
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(
                lambda: self.newest[0] > after and way * (self.openness - before) > _MARGIN
            )
            return self.newest[0]


def _luma(frame: VideoFrame) -> NDArray[np.float32]:
    return frame.to_ndarray(format="yuv420p")[: frame.height // 2].astype(np.float32)
