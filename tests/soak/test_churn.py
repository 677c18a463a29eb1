"""Viewers that come and go for a long time leave nothing behind."""

import asyncio

import psutil
import pytest

from avatar_rtc.bench.served import served
from avatar_rtc.client.client import AvatarClient

ROUNDS, WARM_UP = 300, 50
GROWTH_MB = 20


@pytest.mark.soak
async def test_memory_files_and_viewers_stay_flat() -> None:
    with served("--animator", "static") as server:
        process = psutil.Process(server.process.pid)
        seen = []
        for number in range(ROUNDS):
            async with AvatarClient(server.url) as avatar:
                await anext(avatar.frames())
            if number == WARM_UP:
                seen.append((process.memory_info().rss, process.num_fds(), process.num_threads()))
        await asyncio.sleep(1)
        memory, files, threads = process.memory_info().rss, process.num_fds(), process.num_threads()
        assert (await asyncio.to_thread(server.state))["viewers"] == 0
    assert memory - seen[0][0] < GROWTH_MB * 1e6
    assert files <= seen[0][1] + 2 and threads <= seen[0][2] + 2
