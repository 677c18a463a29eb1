"""The examples, run as a reader would, against the real server."""

import asyncio
import re
import socket
import subprocess
import sys
import tomllib
from ast import literal_eval
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_rtc import Remote
from avatar_rtc.bench.served import Served
from avatar_rtc.client.client import AvatarClient
from avatar_rtc.sound.wav_header import wav_of
from avatar_rtc.speech.voices import espeak

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.slow


async def run(
    name: str, *arguments: str, typed: str = "", after: Awaitable[object] | None = None
) -> tuple[int | None, str, str]:
    """What an example ends with, prints, and complains of; something may be typed after something else."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / name), *arguments,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    if after is not None:
        await asyncio.wait_for(after, 30)
    out, complaint = await asyncio.wait_for(process.communicate(typed.encode()), 90)
    return process.returncode, out.decode(), complaint.decode()


async def printed(name: str, *arguments: str, typed: str = "") -> str:
    """What an example prints that ends well."""
    code, out, complaint = await run(name, *arguments, typed=typed)
    assert (code, complaint) == (0, "")
    return out


async def test_drive_shows_all_it_does_and_leaves_nothing_behind(real: Served) -> None:
    async with AvatarClient(real.url) as avatar:
        await avatar.set_emotion("neutral")
    lines = (await printed("drive.py", real.url)).splitlines()
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
        moving = asyncio.create_task(printed("mocap.py", real.url, "3"))
        moved = []
        while not moving.done():
            moved.append(middle((await anext(pictures))[1]))
        await avatar.set_settings({})
    found = re.fullmatch(r"(\d+) poses in ([\d.]+) s\n", await moving)
    assert found is not None and 150 <= int(found[1]) <= 180 and 2.9 <= float(found[2]) < 3.5
    assert np.ptp(moved) > 2, "px to and fro"


async def test_remote_says_the_lines_that_are_typed(real: Served) -> None:
    lines = (await printed("remote.py", real.url, typed="Hello there.\nGood bye.\n")).splitlines()
    assert [re.sub(r"\(\d+\.\d s\)", "(…)", line) for line in lines] == ["Hello there (…)", "Good bye (…)"]
    assert real.state()["speech"]["speech_id"] is None


class Seen:
    """The states of an avatar, one after the other."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []
        self._more = asyncio.Event()

    async def watch(self, remote: Remote) -> None:
        async for state in remote.states():
            self.states.append(state)
            self._more.set()

    async def until(self, activity: str) -> None:
        """Until it does this."""
        while not any(state["activity"] == activity for state in self.states):
            self._more.clear()
            await self._more.wait()

    def steps(self, *names: str) -> list[tuple[Any, ...]]:
        """What changed of these."""
        values = [tuple(state[name] for name in names) for state in self.states]
        return [value for n, value in enumerate(values) if n == 0 or value != values[n - 1]]

    def feels(self, emotion: str) -> bool:
        """Whether it ever has."""
        return any(emotion in state["emotion"]["weights"] for state in self.states)


@asynccontextmanager
async def watched(server: Served) -> AsyncIterator[Seen]:
    """What is seen of it meanwhile; it is silent and idle afterwards."""
    seen = Seen()
    async with Remote(server.url) as remote:
        task = asyncio.create_task(seen.watch(remote))
        yield seen
        await remote.stop_speaking()
        await remote.set_activity("idle")
        task.cancel()


async def test_a_chat_listens_thinks_looks_something_up_and_answers(real: Served, model_port: int) -> None:
    async with watched(real) as seen:
        code, out, complaint = await run(
            "chat.py", "--base-url", f"{real.url}v1", "--model-port", str(model_port),
            typed="What is the weather?\n\n", after=seen.until("listening"),
        )  # fmt: skip
    assert (code, complaint) == (0, "")
    assert out.splitlines() == [
        "you: What is the weather?",
        "avatar: [look_up_weather …]",
        "avatar: [relief] It is sunny in your town. *shrugs* Or so my table says. ",
    ]
    found = seen.steps("activity", "data_eyes")
    rest = iter(found)
    order = [("listening", False), ("thinking", False), ("thinking", True), ("speaking", False)]
    assert all(step in rest for step in order), found
    assert seen.feels("relief")


async def test_a_narrator_acts_a_story_to_its_end(real: Served, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("[joy] It was\nmorning.\n\n\nThe end.\n")
    async with watched(real) as seen:
        code, out, complaint = await run("narrator.py", str(story), "--url", real.url)
    assert (code, complaint) == (0, "")
    assert [line[9:] for line in out.splitlines()] == ["[joy] It was morning.", "The end."]
    assert all(0.2 < float(line[:5]) < 3 for line in out.splitlines())
    assert seen.feels("joy")


async def test_a_listening_toy_says_what_it_heard(real: Served, tmp_path: Path) -> None:
    sound = tmp_path / "hello.wav"
    speech = espeak.render("Hello there, can you hear me now?")
    sound.write_bytes(wav_of(speech.pcm.tobytes(), speech.rate))
    async with watched(real) as seen:
        code, out, complaint = await run(
            "listening_toy.py", "--sound", str(sound), "--pause", "0.5", "--url", real.url
        )
    assert (code, complaint) == (0, "")
    heard, said = out.splitlines()
    assert heard.startswith("heard ") and 1.0 < float(said.split()[1]) < 5.0
    doings = [step[0] for step in seen.steps("activity")]
    assert doings.index("listening") < doings.index("thinking") < doings.index("speaking")


async def test_a_coding_agent_has_a_face(real: Served, tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("1\n")
    (tmp_path / "longer.py").write_text("1\n2\n")
    async with watched(real) as seen:
        code, out, complaint = await run("coding_face.py", str(tmp_path), "--url", real.url)
    assert (code, complaint) == (0, "")
    assert "3 lines in 2 files. The longest is longer.py." in out.splitlines()[-1]
    found = seen.steps("activity", "data_eyes")
    assert ("thinking", True) in found and ("speaking", False) in found and found[-1][0] == "idle"


async def test_a_bot_in_a_pipeline_has_a_face(real: Served, tmp_path: Path) -> None:
    pytest.importorskip("pipecat")
    picture = tmp_path / "bot.png"
    code, out, complaint = await run(
        "pipecat_bot.py", "--url", real.url, "--picture", str(picture), typed="Good morning\n"
    )
    assert code == 0 and "Traceback" not in complaint, complaint
    first, said = out.splitlines()
    assert "1280x720" in first and picture.read_bytes().startswith(b"\x89PNG")
    sound_s, pictures = float(said.split()[4]), int(said.split()[8])
    assert 0.8 < sound_s < 8.0 and pictures > 0


def nobody() -> str:
    """A URL at which there is no server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_where_there_is_no_server_each_tells_how_to_start_one() -> None:
    wanted: list[tuple[str, ...]] = [
        ("chat.py", "--base-url", f"{nobody()}/v1", "--model-port", nobody().rpartition(":")[2])
    ]
    wanted += [("narrator.py", "--url", nobody())]
    wanted += [("listening_toy.py", "--url", nobody())]
    for code, _, complaint in await asyncio.gather(*(run(*each) for each in wanted)):
        assert code == 1 and "avatar-rtc serve" in complaint and "Traceback" not in complaint, complaint


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("narrator.py", "no_such.txt"), "cannot read no_such.txt: No such file"),
        (("narrator.py", str(EXAMPLES.parent / "tests/data/disc_short.png")), "UTF-8"),
        (("coding_face.py", "no_such_folder"), "is no folder"),
    ],
)
async def test_what_cannot_be_is_told(arguments: tuple[str, ...], says: str) -> None:
    code, _, complaint = await run(*arguments)
    assert code == 1 and says in complaint and "Traceback" not in complaint


async def test_a_port_that_is_taken_is_told(real: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, complaint = await run("chat.py", "--base-url", f"{real.url}v1", "--model-port", str(port))
    assert code == 1 and "--model-port" in complaint


def test_the_story_and_the_settings_that_are_shipped_are_in_order() -> None:
    assert tomllib.loads((EXAMPLES / "chat.toml").read_text())["openai"]["upstream"].endswith(":8091/v1")
    assert (EXAMPLES / "story.txt").read_bytes().isascii()
