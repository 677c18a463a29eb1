"""Half an hour of recording: memory stays flat, the file is whole, and picture and sound end together."""

import asyncio
import json
import os
from pathlib import Path

import av
import psutil
import pytest

from avatar_rtc.bench.served import served
from avatar_rtc.client.server import Server

MINUTES = float(os.environ.get("AVATAR_RTC_SOAK_RECORDING_MINUTES", "30"))
WARM_UP_S = 30.0
GROWTH_MB = 8
FRAME_S = 1 / 30


@pytest.mark.soak
async def test_a_long_recording_takes_no_memory_and_is_whole(tmp_path: Path) -> None:
    settings, out = tmp_path / "config.toml", tmp_path / "clip.mp4"
    settings.write_text(f"data_dir = {json.dumps(str(tmp_path))}\n")
    with served("--animator", "static", "--config", str(settings)) as found:
        process = psutil.Process(found.process.pid)
        async with Server(found.url) as server:
            kept = await server.start_recording("main", max_s=60 * MINUTES)
            await asyncio.sleep(WARM_UP_S)
            before, files = process.memory_info().rss, process.num_fds()
            seen = [before]
            while kept["state"] == "recording":
                await asyncio.sleep(5)
                kept = await server.recording("main", kept["id"])
                seen.append(process.memory_info().rss)
            assert max(seen) - before < GROWTH_MB * 1e6, [round(each / 1e6, 1) for each in seen]
            while kept["state"] != "done":
                await asyncio.sleep(1)
                kept = await server.recording("main", kept["id"])
            assert process.num_fds() <= files + 2
            await server.save_recording("main", kept["id"], out)
    print(f"RSS {before / 1e6:.1f} MB, at most {max(seen) / 1e6:.1f}, at the end {seen[-1] / 1e6:.1f}", kept)
    with av.open(str(out)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        lengths = [float((each.duration or 0) * (each.time_base or 0)) for each in (video, audio)]
    assert abs(lengths[0] - 60 * MINUTES) <= FRAME_S
    assert abs(lengths[1] - 60 * MINUTES) <= 0.05
