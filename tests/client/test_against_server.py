"""The client against the real server and its render worker, each a process of its own."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from avatar_rtc.bench.served import Served, served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError, NotFound

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--animator", "static") as found:
        yield found


async def test_transparent_corner_opaque_face_and_motion(server: Served) -> None:
    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        pictures = []
        async for _, rgba in avatar.frames_rgba():
            pictures.append(rgba)
            if len(pictures) == 4:
                break
    first, last = pictures[0], pictures[-1]
    assert first.shape == (512, 512, 4)
    assert not first[:32, :32].any() and first[160:200, 240:272, 3].min() >= 250
    assert np.abs(first.astype(int) - last).max() > 8, "idle life moves the picture"


async def test_the_chain_shows_in_the_pictures(server: Served) -> None:
    async def mean_alpha(below: float) -> float:
        async for _, rgba in avatar.frames_rgba():
            if (mean := float(rgba[160:200, 240:272, 3].mean())) < below:
                return mean
        raise AssertionError("the stream ended")

    async with AvatarClient(server.url) as avatar, asyncio.timeout(20):
        assert await mean_alpha(256) > 250
        await avatar.set_chain([["translucent_display", {"alpha": 0.5}]])
        # The first picture that shows it may be coarse: 0.5 is 127.5.
        assert await mean_alpha(200) == pytest.approx(127.5, abs=6)
        await avatar.set_chain([])


async def test_refusals_name_what_is_wrong(server: Served) -> None:
    async with AvatarClient(server.url) as avatar:
        with pytest.raises(InputError, match="unknown emotion 'joi'; did you mean 'joy'"):
            await avatar.set_emotion("joi")
        with pytest.raises(InputError, match="intensity"):
            await avatar.set_emotion("joy", intensity=7)
        with pytest.raises(InputError, match="unknown operation 'vignete'; did you mean 'vignetting'"):
            await avatar.set_chain([["vignete", {}]])
        assert 0 < await avatar.ping() < 5
    with pytest.raises(NotFound, match="no avatar 'nobody'"):
        async with AvatarClient(f"{server.url}view/nobody"):
            pass


async def test_state_comes_by_itself_and_a_closed_viewer_is_gone(server: Served) -> None:
    async with AvatarClient(server.url, audio=True) as avatar, asyncio.timeout(20):
        sound = await anext(avatar.audio())
        assert sound.sample_rate == 48_000
        await avatar.set_emotion({"joy": 0.5})
        while avatar.state().get("emotion", {}).get("weights") != {"joy": 0.5}:
            await anext(avatar.audio())  # some time passes
        assert avatar.state()["viewers"] == 1 and len(avatar.state()["emotions"]) == 28
    assert server.state()["viewers"] == 0
