"""Half an hour of speech: sound and picture stay together, and nothing piles up.

AVATAR_RTC_SOAK_MINUTES makes it shorter, to try it.
"""

import asyncio
import json
import os
import statistics
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from avatar_rtc.bench.clapper import PROGRAM, Heard, audience, flash_delays
from avatar_rtc.bench.lips import PLAIN_SENTENCES
from avatar_rtc.bench.served import Served, served

MINUTES = float(os.environ.get("AVATAR_RTC_SOAK_MINUTES", "30"))
SPEECH_EVERY_S = 10.0
WARM_UP = round(300 / SPEECH_EVERY_S)
"""Samples of memory after which it must not grow: those of the first five minutes."""
CLAP_EVERY = 6
"""Of six things said one is a beep, whose flash tells the offset; so there is one a minute."""
OFFSET_MS, DRIFT_MS = 10.0, 10.0
GROWTH_MB = 8.0
"""Two steps of the allocator."""


def say(server: Served, text: str, avatar: str = "main") -> None:
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(
        f"{server.url}api/v1/avatars/{avatar}/speech", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def growth_mb(samples: list[int]) -> float:
    """By how many MB the later half of what comes after the warm-up lies above its first minute.

    0 if all of it is warm-up.
    """
    after = samples[WARM_UP:]
    if len(after) < 2 * CLAP_EVERY:
        return 0.0
    return (statistics.median(after[len(after) // 2 :]) - statistics.median(after[:CLAP_EVERY])) / 1e6


@pytest.mark.soak
async def test_half_an_hour_of_speech_stays_in_sync_and_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "claps.json"
    claps: list[Heard] = []
    memory: dict[str, list[int]] = {"server": [], "worker": []}
    files: list[int] = []
    with served("--animator", "static", program=(PROGRAM, str(log))) as server:
        process = psutil.Process(server.process.pid)
        async with audience(server.url) as viewer:
            await asyncio.sleep(2.0)  # D settles
            worker, begin = server.workers()[0], time.monotonic()
            for number in range(round(MINUTES * 60 / SPEECH_EVERY_S)):
                await asyncio.sleep(max(0.0, begin + number * SPEECH_EVERY_S - time.monotonic()))
                if number % CLAP_EVERY == 0:
                    claps.append(await viewer.clap())
                else:
                    text = " ".join(PLAIN_SENTENCES[(number + i) % len(PLAIN_SENTENCES)] for i in range(2))
                    await asyncio.to_thread(say, server, text)
                memory["server"].append(process.memory_info().rss)
                memory["worker"].append(worker.memory_info().rss)
                files.append(process.num_fds())
            await asyncio.sleep(SPEECH_EVERY_S)
            about = await asyncio.to_thread(server.state)
        await asyncio.sleep(1.0)
        assert (await asyncio.to_thread(server.state))["viewers"] == 0
    delays = flash_delays(log)
    offsets = [round(clap.offset_ms(delays), 1) for clap in claps]
    grown = {name: round(growth_mb(samples), 1) for name, samples in memory.items()}
    tasks = [clap["tasks"] for clap in json.loads(log.read_text())]
    print(f"offsets {offsets} ms, memory grew by {grown} MB, tasks {min(tasks)}..{max(tasks)}")
    assert about["speech"]["speech_id"] is None and about["worker_restarts"] == 0
    assert len(tasks) == len(memory["server"])
    assert max(map(abs, offsets)) <= OFFSET_MS
    assert max(offsets) - min(offsets) <= DRIFT_MS
    assert max(grown.values()) < GROWTH_MB
    # What is said last finds as much at work as what was said first: a beep, then sentences.
    assert tasks[-1] <= max(tasks[1:CLAP_EVERY]) and files[-1] <= files[0] + 2
