"""Every word of a text with angle brackets comes to the engine, once and in order, through every door."""

import asyncio
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.clock import MediaClock
from avatar_rtc.control.messages import SpeechAppend, SpeechSay
from avatar_rtc.errors import InputError
from avatar_rtc.media.voice import VoicePlayer
from avatar_rtc.server.http.keys import AVATARS, ENGINES
from avatar_rtc.server.live.voice import speaker
from avatar_rtc.server.live.voice.speaker import Speaker
from avatar_rtc.server.live.voice.speaking import Speaking
from avatar_rtc.server.live.voice.speech_queue import SpeechQueue
from avatar_rtc.speech.feelings import Rules
from avatar_rtc.speech.spoken import Speech, TimedPhoneme
from avatar_rtc.speech.voices.engines import Engines
from tests.speech.angle_brackets import Marked, filled, heard, marked
from tests.virtual_time import run
from tests.waiting import until

RATE = 48_000
SPEECH = "/api/v1/avatars/main/speech"


class Recorder:
    """An engine that keeps what it is told to say, and says it in no time."""

    name, longest = "recorder", 20_000

    def __init__(self, ssml: bool) -> None:
        self.ssml = ssml
        self.told: list[str] = []

    async def voices(self):
        return ()

    def reads(self, script: str, language: str) -> bool:
        return True

    async def language(self, voice: str) -> str:
        return ""

    async def synthesize(self, text: str, voice: str, speed: float) -> Speech:
        self.told.append(text)
        phonemes = tuple(TimedPhoneme(n / RATE, (n + 1) / RATE, "a") for n in range(len(text)))
        return Speech(np.full(480, 99, np.int16), RATE, phonemes)

    async def close(self) -> None: ...


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No threads: their work takes no time on a virtual clock."""

    async def to_thread(work, *arguments, **named):
        return work(*arguments, **named)

    monkeypatch.setattr(speaker.asyncio, "to_thread", to_thread)


def told(ssml: bool, chunks: list[str], streamed: bool) -> tuple[list[str], str | None]:
    """What the engine was told of a text, and what was said of it in the end."""
    engine = Recorder(ssml)
    events: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        nothing = lambda *_: None  # noqa: E731
        clock = MediaClock(loop.time(), loop.time)
        queue = SpeechQueue(clock, lambda: 0.08, VoicePlayer(), nothing, nothing, nothing, nothing)
        speaking = Speaking(queue, Speaker(Rules()), Engines([engine]), lambda emotion: None)
        first = SpeechSay(text=chunks[0], more=streamed)
        speech_id = await speaking.say(first, on_event=events.append)
        for chunk in chunks[1:]:
            speaking.append(SpeechAppend(speech_id=speech_id, text=chunk, more=True))
        if streamed:
            speaking.append(SpeechAppend(speech_id=speech_id, text="", more=False))
        await until(lambda: queue.is_silent, 600)
        await queue.close()

    run(main())
    return engine.told, events[-1].get("detail")


@settings(max_examples=60, deadline=None)
@given(marked, st.booleans(), st.integers(1, 40))
def test_a_message_and_a_stream_of_pieces_of_any_length(marked: Marked, ssml: bool, length: int):
    text = marked.text.strip() or "heardaaaa"
    words = marked.words or heard([text])
    try:
        whole, refusal = told(ssml, [text], streamed=False)
    except InputError as at_the_door:
        whole, refusal = [], str(at_the_door)
    assert heard(whole) == words or "SSML" in (refusal or "")
    chunks = [text[at : at + length] for at in range(0, len(text), length)]
    streamed, detail = told(ssml, chunks, streamed=True)
    if refusal is None:
        assert (streamed, detail) == (whole, None)
    else:
        assert "SSML" in (detail or "") and heard(streamed) == words[: len(heard(streamed))]


@pytest.fixture
async def engine(client: TestClient, monkeypatch) -> Recorder:
    """Stands in for all engines of the server."""
    recorder = Recorder(ssml=True)

    async def resolve(*_: object) -> tuple[Recorder, str]:
        return recorder, ""

    for name in ("resolve", "resolve_own"):
        monkeypatch.setattr(client.app[ENGINES], name, resolve)
    return recorder


TEXTS = (
    "<speaker> W",
    "a < W",
    "<b>W</b>",
    "<speak>W <b>W</b></speak>",
    "<speak>W",
    "W. <speak>W</speak> <W>",
)
BROKEN = "<speak>Fish & chips</speak>"


@pytest.mark.parametrize("template", TEXTS)
async def test_rest_and_the_message(client, engine, watch, template: str):
    watcher = await watch()
    await watcher.event(lambda event: event["type"] == "state")
    marked, queue = filled(template), client.app[AVATARS].get("main").speech.queue
    response = await client.post(SPEECH, json={"text": marked.text})
    assert response.status == 202
    await until(lambda: queue.is_silent)
    answer = await watcher.request({"type": "speech.say", "id": 1, "text": marked.text})
    assert answer["type"] == "ok"
    await until(lambda: queue.is_silent)
    begun = await (await client.post(SPEECH, json={"text": "", "more": True})).json()
    for sign in marked.text:
        await client.post(f"{SPEECH}/{begun['speech_id']}", json={"text": sign})
    await client.post(f"{SPEECH}/{begun['speech_id']}", json={"text": "", "more": False})
    await until(lambda: queue.is_silent)
    assert heard(engine.told) == 3 * marked.words


@pytest.mark.parametrize("reads_ssml", [True, False])
@pytest.mark.parametrize("template", TEXTS)
async def test_the_doors_of_the_predecessor_and_of_openai(client, engine, template: str, reads_ssml: bool):
    marked, engine.ssml = filled(template), reads_ssml
    for path, field in (("/api/tts/speak", "text"), ("/v1/audio/speech", "input")):
        response = await client.post(path, json={field: marked.text, "voice": ""})
        assert response.status == 200, await response.text()
    assert len(engine.told) == 2  # one sound, so one request
    assert heard(engine.told) == 2 * marked.words


@pytest.mark.parametrize(
    ("path", "field"), [(SPEECH, "text"), ("/api/tts/speak", "text"), ("/v1/audio/speech", "input")]
)
async def test_a_broken_document_is_a_problem_that_names_what_is_wrong(client, engine, path: str, field: str):
    response = await client.post(path, json={field: BROKEN})
    told = await response.json()
    assert response.status == 400
    detail = told["error"]["message"] if path.startswith("/v1/") else told["detail"]
    assert "not well-formed (invalid token) (line 1, column 14)" in detail
    assert engine.told == []
