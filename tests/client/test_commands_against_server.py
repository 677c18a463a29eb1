"""The commands against the real server: what is told is held, shown, and let go."""

import asyncio
from typing import Any, cast

import numpy as np
import pytest

from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.errors import InputError
from tests.waiting import until

pytestmark = pytest.mark.slow


async def test_what_is_told_is_held_and_let_go(real: Served) -> None:
    async def until_state(**wanted: object) -> None:
        async for state in avatar.states():
            if {name: state[name] for name in wanted} == wanted:
                return

    async with AvatarClient(real.url) as avatar, asyncio.timeout(20):
        assert await avatar.set_overrides({"head_x": 0.5, "blush1": 1}) == {"head_x": 0.5, "blush1": 1.0}
        assert await avatar.patch_overrides({"head_x": None, "neck_z": -1}) == {"blush1": 1.0, "neck_z": -1.0}
        settings = await avatar.set_settings({"liveliness": 0.5, "talking_fps": 8})
        assert (settings["liveliness"], settings["talking_fps"], settings["eye_contact"]) == (0.5, 8.0, 0.7)
        assert await avatar.patch_settings({"talking_fps": 12}) == {**settings, "talking_fps": 12.0}
        await avatar.set_crop(top=0.25, bottom=0.75)
        cut = {"enabled": True, "left": 0.0, "top": 0.25, "right": 1.0, "bottom": 0.75}
        await until_state(crop=cut)
        await avatar.set_crop(enabled=False)
        await avatar.set_gaze((0.25, -1))
        await avatar.set_talking(True)
        await avatar.set_data_eyes(True)
        await until_state(
            overrides={"blush1": 1.0, "neck_z": -1.0}, settings={"liveliness": 0.5},
            gaze={"x": 0.25, "y": -1.0}, talking=True, data_eyes=True, paused=False,
        )  # fmt: skip
        await avatar.clear_overrides()
        await avatar.set_settings({})
        for gaze in ("viewer", "away", None):
            await avatar.set_gaze(gaze)
        await avatar.set_talking(False)
        await avatar.set_data_eyes(False)
        await until_state(overrides={}, settings={}, gaze=None, talking=False, data_eyes=False)


@pytest.mark.realtime
async def test_the_media_clock_runs_with_ours(real: Served) -> None:
    async with AvatarClient(real.url) as avatar, asyncio.timeout(20):
        loop = asyncio.get_running_loop()
        await avatar.ping()
        start, first = loop.time(), await avatar.media_time_ms()
        await asyncio.sleep(0.5)
        took = (loop.time() - start) * 1000
        assert await avatar.media_time_ms() - first == pytest.approx(took, abs=100)


@pytest.mark.realtime
async def test_an_emotion_of_its_own_is_held_for_a_while(real: Served) -> None:
    async with AvatarClient(real.url) as avatar, asyncio.timeout(20):
        assert await avatar.set_emotions({"smug": {"pose": {"mouth_smirk": 0.8}}}) == ["smug"]
        start = asyncio.get_running_loop().time()
        await avatar.set_emotion("smug", hold_s=0.5)
        names: list[str] = []
        async for state in avatar.states():
            name = next(iter(state["emotion"]["weights"]))
            names += [name] * (name not in names[-1:])
            if names[-2:] == ["smug", state["default_emotion"]]:
                break
        assert 0.45 <= asyncio.get_running_loop().time() - start < 1.5
        assert await avatar.set_emotions({}) == []
        with pytest.raises(InputError, match="unknown emotion 'smug'"):
            await avatar.set_emotion("smug")


async def test_a_pause_stands_still_and_ends(real: Served) -> None:
    async with AvatarClient(real.url) as avatar, asyncio.timeout(20):
        await anext(avatar.frames())
        await avatar.pause()
        await asyncio.sleep(0.5)  # what was under way arrives
        before = avatar.received
        await asyncio.sleep(1)
        assert avatar.received - before <= 2
        before = avatar.received
        await avatar.resume()
        await until(lambda: avatar.received - before > 10)


async def test_poses_open_the_mouth_until_they_stop(real: Served) -> None:
    async def mouth(seconds: float) -> np.ndarray:
        """The mouth's part of the picture, after so long; float."""
        until = asyncio.get_running_loop().time() + seconds
        async for _, rgba in avatar.frames_rgba():
            if asyncio.get_running_loop().time() > until:
                return rgba[140:200, 220:292, :3].astype(float)
        raise AssertionError("the stream ended")

    async def open_mouth() -> None:
        while True:
            avatar.send_pose({"mouth_aaa": 1.0})
            await asyncio.sleep(1 / 60)

    async with AvatarClient(real.url) as avatar, asyncio.timeout(30):
        await avatar.set_emotion("neutral")
        await avatar.set_settings(
            {"liveliness": 0.0, "breathing_cycle_duration": 0.0, "blink_probability": 0.0}
        )
        await avatar.set_overrides(dict.fromkeys(("head_x", "head_y", "neck_z", "body_y", "body_z"), 0.0))
        shut = await mouth(2)
        posing = asyncio.create_task(open_mouth())
        opened = await mouth(1)
        posing.cancel()
        after = await mouth(2)
        await avatar.set_settings({})
        await avatar.clear_overrides()
    moved, back = np.abs(opened - shut).mean(), np.abs(after - shut).mean()
    assert moved > 10 and back < moved / 5


async def test_commands_are_refused_by_name(real: Served) -> None:
    async with AvatarClient(real.url) as avatar, asyncio.timeout(20):
        for refused, said in (
            (avatar.set_overrides({"haed_x": 1}), "did you mean 'head_x'"),
            (avatar.patch_overrides({"head_x": 2}), "head_x is 2"),
            (avatar.set_emotions({"a b": {}, "A B": {}}), "two emotions have the id 'a_b'"),
            (avatar.set_emotions({"x": {"pose": {"mouth": 1}}}), "unknown morph 'mouth'"),
            (avatar.set_settings({"livelyness": 1}), "did you mean 'liveliness'"),
            (avatar.patch_settings({"liveliness": 3}), "liveliness is 3"),
            (avatar.set_gaze(cast(Any, "veiwer")), "did you mean 'viewer'"),
            (avatar.set_gaze((2, 0)), "x is 2"),
            (avatar.set_gaze(cast(Any, (1, 0, 0))), "gaze is"),
            (avatar.set_emotion("joy", hold_s=0), "hold_ms"),
            (avatar.set_emotion("joy", hold_s=3601), "hold_ms"),
            (avatar.set_talking(cast(Any, 2)), "on"),
        ):
            with pytest.raises(InputError, match=said):
                await refused
        assert avatar.state()["overrides"] == {} and avatar.state()["settings"] == {}
