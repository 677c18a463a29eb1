"""Twenty minutes of four avatars that speak to two viewers each: all stay in sync, and nothing piles up.

AVATAR_RTC_SOAK_MINUTES makes it shorter, to try it.
"""

import asyncio
import json
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from avatar_rtc.bench.churn import growth
from avatar_rtc.bench.clapper import BEEP_S, PROGRAM, Audience, Heard, audience, flash_delays, post_beep
from avatar_rtc.bench.lips import PLAIN_SENTENCES
from avatar_rtc.bench.served import served
from avatar_rtc.client.server import Server
from tests.soak.test_speech import say

MINUTES = float(os.environ.get("AVATAR_RTC_SOAK_MINUTES", "20"))
SPEECH_EVERY_S = 20.0
BEEP_EVERY = 3
"""Of three things said one is a beep, whose flash tells the offset."""
AVATARS, VIEWERS = ("main", "b", "c", "d"), 2
OFFSET_MS = 20.0
GROWTH_MB = 8.0
"""Two steps of the allocator, over the later half."""


async def beeped(viewers: list[Audience]) -> list[Heard]:
    """The clap of one beep, as each viewer of an avatar has it."""
    for viewer in viewers:
        viewer.voice.forget()
        viewer.flash.forget()
    speech = await asyncio.to_thread(post_beep, viewers[0].url, BEEP_S, viewers[0].avatar)
    return list(await asyncio.gather(*(viewer.hear(speech) for viewer in viewers)))


@pytest.mark.soak
async def test_four_avatars_and_eight_viewers_stay_in_sync(tmp_path: Path) -> None:
    log = tmp_path / "claps.json"
    heard: list[list[Heard]] = []
    memory: dict[str, list[float]] = {"server": [], "worker": []}
    with served("--animator", "static", program=(PROGRAM, str(log))) as server:
        process, worker = psutil.Process(server.process.pid), server.workers()[0]
        async with Server(server.url) as making, AsyncExitStack() as stack:
            for name in AVATARS[1:]:
                await making.create_avatar(name)
            crowd = {
                name: [await stack.enter_async_context(audience(server.url, name)) for _ in range(VIEWERS)]
                for name in AVATARS
            }
            await asyncio.sleep(2.0)  # D settles
            begin = time.monotonic()
            count = max(1, round(MINUTES * 60 / SPEECH_EVERY_S))
            for number in range(count):
                await asyncio.sleep(max(0.0, begin + number * SPEECH_EVERY_S - time.monotonic()))
                if number % BEEP_EVERY == 0 or number == count - 1:
                    claps = await asyncio.gather(*(beeped(viewers) for viewers in crowd.values()))
                    heard.append([clap for each in claps for clap in each])
                else:
                    text = " ".join(PLAIN_SENTENCES[(number + i) % len(PLAIN_SENTENCES)] for i in range(3))
                    for name in AVATARS:
                        await asyncio.to_thread(say, server, text, name)
                memory["server"].append(process.memory_info().rss / 1e6)
                memory["worker"].append(worker.memory_info().rss / 1e6)
            states = await making.avatars()
    delays = flash_delays(log)
    offsets = [[round(clap.offset_ms(delays), 1) for clap in claps] for claps in heard]
    grown = {name: round(growth(samples), 1) for name, samples in memory.items()}
    rates = {state["id"]: state["fps"] for state in states}
    print(f"offsets of the first beep {offsets[0]}, of the last {offsets[-1]} ms")
    worst = max(abs(each) for beep in offsets for each in beep)
    print(f"worst of all {worst} ms, memory grown by {grown} MB, fps {rates}")
    assert all(state["worker_restarts"] == 0 for state in states)
    assert max(map(abs, offsets[-1])) <= OFFSET_MS
    assert max(grown.values()) < GROWTH_MB
    assert len({clap["avatar"] for clap in json.loads(log.read_text())}) == len(AVATARS)
