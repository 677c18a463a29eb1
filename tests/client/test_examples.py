"""The examples, run as a reader would, against the real server."""

import asyncio
import re
import subprocess
import sys
from ast import literal_eval
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.slow


async def run(name: str, *arguments: str, typed: str = "") -> str:
    """What an example prints."""
    command = (sys.executable, str(EXAMPLES / name), *arguments)
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    out, said = await asyncio.wait_for(process.communicate(typed.encode()), 60)
    assert process.returncode == 0 and not said, said.decode()
    return out.decode()


async def test_drive_shows_all_it_does_and_leaves_nothing_behind(real: Served) -> None:
    async with AvatarClient(real.url) as avatar:
        await avatar.set_emotion("neutral")
    lines = (await run("drive.py", real.url)).splitlines()
    shown = [re.fullmatch(r"emotion: (.*)   gaze: (.*)   overrides: (.*)", line) for line in lines]
    found_in = [found for found in shown if found is not None]
    assert len(found_in) == len(lines)
    emotions = [next(iter(literal_eval(found[1])["weights"])) for found in found_in]
    steps = [name for n, name in enumerate(emotions) if n == 0 or name != emotions[n - 1]]
    assert steps == ["neutral", "surprise", "neutral", "joy"]
    assert {found[2] for found in found_in} == {"None", "{'x': 0.5, 'y': -0.3}"}
    assert {found[3] for found in found_in} == {"{}", "{'neck_z': 0.4, 'blush1': 1.0}"}
    state = real.state()
    assert (state["overrides"], state["gaze"], state["speech"]["speech_id"]) == ({}, None, None)


def middle(rgba: np.ndarray) -> float:
    """The column of the head's centre, in px."""
    columns = rgba[:160, :, 3].sum(axis=0, dtype=float)
    return float(columns @ np.arange(len(columns)) / columns.sum())


async def test_mocap_sends_sixty_poses_a_second_that_move_the_head(real: Served) -> None:
    async with AvatarClient(real.url) as avatar:
        await avatar.set_settings({"liveliness": 0.0, "sway_morphs": [], "breathing_cycle_duration": 0.0})
        pictures = aiter(avatar.frames_rgba())
        still = deque([0.0, np.inf], maxlen=20)
        async with asyncio.timeout(30):
            while np.ptp(still) > 0.05:  # what moved comes to rest
                still.append(middle((await anext(pictures))[1]))
        moving = asyncio.create_task(run("mocap.py", real.url, "3"))
        moved = []
        while not moving.done():
            moved.append(middle((await anext(pictures))[1]))
        await avatar.set_settings({})
    found = re.fullmatch(r"(\d+) poses in ([\d.]+) s\n", await moving)
    assert found is not None and 150 <= int(found[1]) <= 180 and 2.9 <= float(found[2]) < 3.5
    assert np.ptp(moved) > 2, "px to and fro"


async def test_remote_says_the_lines_that_are_typed(real: Served) -> None:
    lines = (await run("remote.py", real.url, typed="Hello there.\nGood bye.\n")).splitlines()
    assert [re.sub(r"\(\d+\.\d s\)", "(…)", line) for line in lines] == ["Hello there (…)", "Good bye (…)"]
    assert real.state()["speech"]["speech_id"] is None
