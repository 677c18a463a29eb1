"""Our own service in Pipecat's pipelines, against a real server."""

import asyncio
import contextlib
import json
import socket
import urllib.request
from pathlib import Path

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    EndFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMTextFrame,
    OutputImageRawFrame,
    OutputTransportReadyFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.tests.utils import SleepFrame, run_test

from avatar_rtc.bench.served import Served, served
from avatar_rtc.errors import InputError
from avatar_rtc.pipecat.service import AvatarVideoService
from avatar_rtc.pipecat.tags import AvatarTags
from tests.lean import PROGRAM
from tests.pipecat.stage import RATE, pipeline
from tests.server.http.agents.made_sound import hum
from tests.waiting import until

pytestmark = pytest.mark.slow


def state_of(served: Served) -> dict:
    with urllib.request.urlopen(f"{served.url}api/v1/avatars/main", timeout=10) as answer:
        return json.load(answer)


async def shows(served: Served, part: str, wanted: object, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while (await asyncio.to_thread(state_of, served))[part] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_it_says_all_of_a_turn_and_tells_its_end_once(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url)
    async with pipeline(service) as running:
        picture = await running.sees()
        assert picture.size == (1280, 720) and picture.format == "RGB"
        await running.speak(1.0)
        await until(lambda: "BotStoppedSpeakingFrame" in running.watching.kinds)
        assert running.watching.kinds == [
            "BotStartedSpeakingFrame",
            "TTSStoppedFrame",
            "BotStoppedSpeakingFrame",
        ]
        assert running.user.heard_s == pytest.approx(1.0, abs=0.15)
        assert running.watching.errors == []
    await shows(speaking, "viewers", 0)


async def test_an_interruption_is_heard_at_once_and_the_next_turn_whole(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url)
    async with pipeline(service) as running:
        await running.sees()
        await running.speak(90.0, piece_s=1.0)
        await until(lambda: running.user.hears)
        await running.put(InterruptionFrame())
        await until(lambda: not running.user.hears, 10.0)
        await shows(speaking, "speech", {"speech_id": None, "lips": "audio"})
        running.user.blocks.clear()
        await running.speak(0.8, "next")
        await until(lambda: running.user.hears)
        await until(lambda: not running.user.hears)
        assert running.user.heard_s == pytest.approx(0.8, abs=0.15)


async def test_tags_of_a_model_show_on_its_face(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url)
    async with pipeline(AvatarTags(), service) as running:
        await running.sees()
        await running.put(LLMTextFrame("[angry] No! "))
        announced = AggregatedTextFrame("No!", "sentence")
        announced.will_be_spoken = True
        await running.put(announced)
        await running.speak(1.0)
        await shows(speaking, "emotion", {"weights": {"anger": 1.0}, "intensity": 1.0})


async def test_it_listens_thinks_and_uses_tools(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url)
    call: tuple[str, str, dict[str, str]] = ("weather", "1", {})
    async with pipeline(service) as running:
        await running.sees()
        await running.put(UserStartedSpeakingFrame())
        await shows(speaking, "activity", "listening")
        await running.put(UserStoppedSpeakingFrame())
        await shows(speaking, "activity", "thinking")
        await running.put(FunctionCallInProgressFrame(*call))
        await shows(speaking, "data_eyes", True)
        await running.put(FunctionCallResultFrame(*call, result="sun"))
        await shows(speaking, "data_eyes", False)


async def test_by_pipecats_own_test(speaking: Served) -> None:
    sound = hum(0.5, RATE)
    down, up = await run_test(
        AvatarVideoService(speaking.url),
        frames_to_send=[
            SleepFrame(sleep=1.5),
            OutputTransportReadyFrame(),
            TTSStartedFrame(context_id="c"),
            TTSAudioRawFrame(sound, RATE, 1, "c"),
            TTSTextFrame("Hello.", "sentence"),
            TTSStoppedFrame(context_id="c"),
            BotStartedSpeakingFrame(),
        ],
    )
    assert list(up) == []
    sounds = [frame for frame in down if isinstance(frame, TTSAudioRawFrame)]
    assert all(frame.context_id == "c" and frame.sample_rate == 48_000 for frame in sounds)
    assert sound not in [frame.audio for frame in sounds], "an echo"
    assert isinstance(down[-1], TTSStoppedFrame), "the end of the pipeline waits for the end of the speech"
    assert any(isinstance(frame, OutputImageRawFrame) for frame in down)


async def test_without_a_server_the_bot_is_heard_all_the_same() -> None:
    sound = hum(0.1, RATE)
    down, _ = await run_test(
        AvatarVideoService("http://127.0.0.1:9/"),
        frames_to_send=[TTSAudioRawFrame(sound, RATE, 1, "c"), TTSStoppedFrame(context_id="c")],
    )
    assert [type(frame) for frame in down] == [TTSAudioRawFrame, TTSStoppedFrame]
    assert isinstance(down[0], TTSAudioRawFrame) and down[0].audio == sound


async def test_a_server_that_is_lost_costs_no_end_and_the_face_comes_back(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f"data_dir = {json.dumps(str(tmp_path))}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    flags = ("--animator", "static", "--config", str(config), "--port", port)

    def start() -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        stack.enter_context(served(*flags, program=PROGRAM))
        return stack

    server = await asyncio.to_thread(start)
    service = AvatarVideoService(f"http://127.0.0.1:{port}")
    async with pipeline(service) as running:
        await running.sees()
        await running.speak(20.0, piece_s=1.0)
        await until(lambda: running.user.hears)
        await asyncio.to_thread(server.close)
        await until(lambda: running.watching.kinds.count("TTSStoppedFrame") == 1)
        await until(lambda: running.watching.errors)
        heard_s = running.user.heard_s
        await running.speak(0.5, "meanwhile")
        await until(lambda: running.user.heard_s > heard_s + 0.3)
        assert running.watching.kinds.count("TTSStoppedFrame") == 2 and service.is_usable
        server = await asyncio.to_thread(start)
        running.user.pictures.clear()
        await running.sees(30)
    await asyncio.to_thread(server.close)


async def test_what_is_refused_is_told(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url, avatar="nobody")
    async with pipeline(service) as running:
        await until(lambda: running.watching.errors)
        assert "nobody" in running.watching.errors[0] and not service.is_usable


async def test_an_end_frame_lets_it_finish(speaking: Served) -> None:
    service = AvatarVideoService(speaking.url)
    async with pipeline(service) as running:
        await running.sees()
        await running.speak(1.0)
        await running.put(EndFrame())
        await until(lambda: running.user.heard_s > 0.85)


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(InputError):
        AvatarVideoService("nonsense")
