"""A viewer on a bad way, against the real server: pictures go on and sound keeps its blocks."""

import asyncio
import time

import pytest

from avatar_rtc.bench.loss import watch_lossily
from avatar_rtc.bench.lossy import Path, Paths, lossy_way
from avatar_rtc.client.client import AvatarClient
from tests.waiting import until

SECONDS = 8.0


@pytest.mark.realtime
@pytest.mark.parametrize(
    "way",
    [
        Paths(Path(0.05, delay_s=0.03, jitter_s=0.02), Path(0.05, delay_s=0.03)),
        Paths(Path(0.1, burst=8, delay_s=0.075), Path(0.1, delay_s=0.075)),
    ],
    ids=["random", "bursts"],
)
async def test_pictures_and_sound_go_on(real, way):
    seen, calm = await asyncio.gather(
        *(watch_lossily(real.url, each, SECONDS, AvatarClient) for each in (way, Paths()))
    )
    # What a machine sends depends on how busy it is: a viewer without loss tells.
    assert seen.fps > 0.75 * calm.fps > 0 and seen.gap_s < 1.5
    assert seen.blocks_per_s > 46 and seen.silent_s < 0.6
    assert seen.detail["lost"] > 10 < seen.detail["requests"]


@pytest.mark.realtime
async def test_after_an_outage_the_picture_is_soon_back(real):
    async with lossy_way(real.url, Paths(), seed=1) as way, AvatarClient(way.url) as avatar:
        pictures = avatar.frames()
        await anext(pictures)
        way.cut = True
        lost = way.lost
        await until(lambda: way.lost > lost + 40)  # a second and more
        before = avatar.received
        way.cut = False
        back = time.monotonic()
        async with asyncio.timeout(5):
            while avatar.received < before + 10:
                await anext(pictures)
    assert time.monotonic() - back < 2.5


@pytest.mark.realtime
async def test_a_calm_way_needs_no_repair_even_while_the_avatar_is_paused(real):
    async with lossy_way(real.url, Paths(), seed=1) as way, AvatarClient(way.url, audio=True) as avatar:
        await anext(avatar.frames())
        await avatar.pause()
        await until(lambda: avatar.mended.blocks > 100)
        assert avatar.mended.keyframe_requests == avatar.mended.requests == 0
        assert avatar.mended.blocks_mended == avatar.mended.blocks_concealed == 0
        await avatar.resume()
