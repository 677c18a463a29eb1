"""Speaking through the doors of the server: REST, control channel, WebSocket; with real espeak."""

import asyncio
import io
import json
import wave

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig, SpeechConfig
from avatar_rtc.link.orders import Hush, Say
from avatar_rtc.server.app import create_app
from avatar_rtc.server.http.keys import LIMITS
from avatar_rtc.sound.decode import read_sound
from avatar_rtc.speech.voices.engines import Engines

RATE = 24_000
SPEECH, AUDIO = "/api/v1/avatars/main/speech", "/api/v1/avatars/main/audio"


def finished(speech_id: str | None = None):
    return lambda e: e["type"] == "speech.finished" and speech_id in (None, e["speech_id"])


def kind(name: str):
    return lambda event: event["type"] == name


def wav(seconds: float = 0.4, rate: int = RATE, width: int = 2) -> bytes:
    t = np.arange(round(seconds * rate)) / rate
    pcm = np.sin(2 * np.pi * 220 * t) * 0.4
    data = (pcm * 32767).astype("<i2") if width == 2 else (pcm * 127 + 128).astype(np.uint8)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(data.tobytes())
    return file.getvalue()


async def post_wav(client, data: bytes, query: str = ""):
    return await client.post(AUDIO + query, data=data, headers={"Content-Type": "audio/wav"})


async def problem(response, status: int = 400) -> str:
    body = await response.json()
    assert response.status == status, body
    assert response.content_type == "application/problem+json"
    return body["detail"]


async def test_a_text_is_heard_seen_and_finished(client, renderer, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    response = await client.post(SPEECH, json={"text": "Pa ma ba. [joy] So it goes!"})
    assert response.status == 202
    speech_id = (await response.json())["speech_id"]
    end = await watcher.event(finished(speech_id), within=15)
    kinds = [event["type"] for event in watcher.events if event.get("speech_id") == speech_id]
    assert (
        kinds[0] == "speech.started"
        and kinds[-1] == "speech.finished"
        and kinds.count("speech.subtitle") == 2
    )
    words = [event["word"] for event in watcher.events if event["type"] == "speech.word"]
    assert words == ["Pa", "ma", "ba", "So", "it", "goes"]
    lips = renderer.told(Say)
    assert [lip.speech for lip in lips] == [speech_id, speech_id]
    spoken_ms = sum(lip.timeline.seconds for lip in lips) * 1000
    assert not end["interrupted"] and end["position_ms"] == pytest.approx(spoken_ms, abs=3)
    assert any(told.state.emotions == {"joy": 1.0} for told in renderer.sent if hasattr(told, "state"))
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert about["speech"] == {"speech_id": None, "lips": "tts"}


async def test_the_voice_is_on_the_wire(client, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    await client.post(SPEECH, json={"text": "Can you hear me now?"})
    await watcher.event(kind("speech.started"), within=10)
    loud = 0
    async with asyncio.timeout(10):
        while loud < 10:
            frame = await watcher.audio.recv()
            loud += np.abs(frame.to_ndarray()).max() > 2_000


async def test_control_channel_says_and_stops(client, renderer, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    long = "This goes on and on, and would go on for a long while yet, if nobody said stop. " * 3
    answer = await watcher.request({"type": "speech.say", "id": 1, "text": long})
    await watcher.event(kind("speech.started"), within=10)
    assert (await watcher.request({"type": "speech.stop", "id": 2}))["type"] == "ok"
    end = await watcher.event(finished(answer["speech_id"]))
    assert end["interrupted"] and end["position_ms"] < 5_000
    assert renderer.told(Hush)


async def test_a_streamed_text_starts_with_its_first_sentence(client, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    speech = await watcher.request({"type": "speech.say", "id": 1, "text": "", "more": True})
    for chunk in ("Hel", "lo th", "ere. And", " then"):
        await watcher.request(
            {"type": "speech.append", "id": chunk, "speech_id": speech["speech_id"], "text": chunk}
        )
    subtitle = await watcher.event(kind("speech.subtitle"), within=10)
    assert subtitle["text"] == "Hello there."
    path = f"{SPEECH}/{speech['speech_id']}"
    assert (await client.post(path, json={"text": " some", "more": False})).status == 202
    await watcher.event(finished(), within=10)
    shown = [event["text"] for event in watcher.events if event["type"] == "speech.subtitle"]
    assert shown == ["Hello there.", "And then some"]
    assert (await client.post(path, json={"text": "late"})).status == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"text": ""}, "nothing to say"),
        ({"text": " \n\t\x07"}, "nothing to say"),
        ({"text": "a\x00b"}, "NUL"),
        ({"text": "hi", "voice": "en-uss"}, "en-us"),
        ({"text": "hi", "speed": 9}, "speed"),
        ({"text": "hi", "emotion": "joyy"}, "joy"),
        ({"text": 5}, "text"),
        ({}, "text"),
        ({"text": "hi", "volume": 1}, "volume"),
    ],
)
async def test_bad_requests_say_what_is_wrong_and_nothing_is_queued(client, renderer, body, says):
    assert says in await problem(await client.post(SPEECH, json=body))
    await asyncio.sleep(0.05)
    assert not renderer.told(Say)


async def test_a_megabyte_of_text_is_refused(client):
    await problem(await client.post(SPEECH, json={"text": "long " * 200_000}), 413)


@pytest.mark.parametrize("text", ["😀😀😀", "[joy]", "…", "**"])
async def test_a_text_without_sound_is_finished_at_once(client, watch, text):
    watcher = await watch()
    await watcher.event(kind("state"))
    await client.post(SPEECH, json={"text": text})
    end = await watcher.event(finished())
    assert end["position_ms"] == 0 and not end["interrupted"]


async def test_without_any_engine_the_answer_names_the_fix(renderer, store):
    app = create_app(Config(character="hero", animator="static"), renderer, store, engines=Engines([]))
    async with TestClient(TestServer(app)) as client:
        assert "avatar-rtc[espeak]" in await problem(await client.post(SPEECH, json={"text": "hi"}), 503)


async def test_a_dead_voice_server_ends_its_utterance_and_the_queue_goes_on(serve, watch_on):
    config = Config(
        character="hero",
        animator="static",
        speech=SpeechConfig(openai_url="http://127.0.0.1:9", timeout_s=2),
    )
    client = await serve(config)
    watcher = await watch_on(client)
    await watcher.event(kind("state"))
    bad = (await (await client.post(SPEECH, json={"text": "hi", "voice": "openai:x"})).json())["speech_id"]
    good = (await (await client.post(SPEECH, json={"text": "hi", "voice": "espeak:en-us"})).json())[
        "speech_id"
    ]
    detail = (await watcher.event(finished(bad), within=10))["detail"]
    assert "openai" in detail and "127.0.0.1" not in detail
    assert "detail" not in await watcher.event(finished(good), within=10)


async def test_a_sound_file_is_spoken_with_lips_from_the_sound_alone(client, renderer, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    response = await post_wav(client, wav(0.5, 8_000, width=1))
    assert response.status == 202 and (await response.json())["duration_ms"] == pytest.approx(500, abs=2)
    end = await watcher.event(finished(), within=10)
    assert end["position_ms"] == pytest.approx(500, abs=2)
    about = await (await client.get("/api/v1/avatars/main")).json()
    assert about["speech"]["lips"] == "audio"


async def test_timings_and_text_climb_the_ladder(client, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    speech = await (await client.post("/api/tts/speak", json={"text": "Hello there", "format": "wav"})).read()
    for fields, lips in (
        ({"text": "Hello there"}, "aligned"),
        ({"timings": json.dumps([{"t": 0, "d": 90, "v": "PP"}, {"t": 90, "d": 200, "ph": "ˈɑ"}])}, "timings"),
    ):
        form = {"audio": io.BytesIO(speech), **fields}
        speech_id = (await (await client.post(AUDIO, data=form)).json())["speech_id"]
        await watcher.event(finished(speech_id), within=10)
        assert (await (await client.get("/api/v1/avatars/main")).json())["speech"]["lips"] == lips


@pytest.mark.parametrize("data", [b"", b"no sound at all", wav(0.0), b"RIFF" + bytes(100)])
async def test_what_is_no_sound_is_refused(client, data):
    assert "sound" in await problem(await post_wav(client, data))


async def test_other_types_and_bad_timings_are_refused(client):
    response = await client.post(AUDIO, data=b"x", headers={"Content-Type": "text/plain"})
    assert "audio/wav" in await problem(response, 415)
    form = {"audio": io.BytesIO(wav()), "timings": '[{"t": 0, "d": 5, "v": "PPP"}]'}
    assert "PP" in await problem(await client.post(AUDIO, data=form))


class Socket:
    """A caller on the WebSocket that keeps what it is told."""

    def __init__(self, socket) -> None:
        self.socket = socket
        self.told: list[dict] = []

    async def until(self, wanted: str, within: float = 10.0) -> dict:
        async with asyncio.timeout(within):
            while True:
                message = json.loads((await self.socket.receive()).data)
                self.told.append(message)
                if message["type"] == wanted:
                    return message


async def test_streamed_sound_is_spoken_as_it_comes(client, renderer):
    async with client.ws_connect(AUDIO) as ws:
        caller = Socket(ws)
        await ws.send_json({"type": "speech.begin", "id": "u1", "sample_rate": RATE})
        sound = wav(1.2)[44:]
        for start in range(0, len(sound), 4_800):
            await ws.send_bytes(sound[start : start + 4_800])
        await ws.send_json({"type": "speech.end"})
        end = await caller.until("speech.finished")
    assert end["speech_id"] == "u1" and end["position_ms"] == pytest.approx(1200, abs=2)
    kinds = [message["type"] for message in caller.told]
    assert kinds[0] == "ok" and "speech.started" in kinds and "speech.progress" in kinds
    assert sum(say.timeline.seconds for say in renderer.told(Say)) == pytest.approx(1.2, abs=0.002)


async def test_an_interrupt_and_a_lost_caller_end_what_they_began(client, watch):
    watcher = await watch()
    await watcher.event(kind("state"))
    async with client.ws_connect(AUDIO) as ws:
        caller = Socket(ws)
        await ws.send_json({"type": "speech.begin", "id": "a", "sample_rate": RATE})
        await ws.send_bytes(wav(8.0)[44:])
        await caller.until("speech.started")
        await ws.send_json({"type": "speech.interrupt"})
        end = await caller.until("speech.finished")
        assert end["interrupted"] and end["position_ms"] < 3_000
        await ws.send_json({"type": "speech.begin", "id": "b", "sample_rate": RATE})
        await ws.send_bytes(wav(8.0)[44:])
        await caller.until("speech.started")
    assert (await watcher.event(finished("b"), within=10))["interrupted"]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ('{"type": "speech.begin", "sample_rate": 0}', "sample rate"),
        ('{"type": "speech.begin"}', "sample_rate"),
        ('{"type": "speech.begun"}', "speech.begin"),
        ("nonsense", "JSON"),
        (b"\0\0", "speech.begin"),
    ],
)
async def test_a_confused_caller_is_told_and_may_go_on(client, message, says):
    async with client.ws_connect(AUDIO) as ws:
        caller = Socket(ws)
        await (ws.send_bytes(message) if isinstance(message, bytes) else ws.send_str(message))
        assert says in (await caller.until("error"))["detail"]
        await ws.send_json({"type": "speech.begin", "id": "ok", "sample_rate": RATE})
        await caller.until("ok")


async def test_a_flood_is_held_back(client):
    """Four minutes of sound at once: the server reads no further, and another door still interrupts."""
    async with client.ws_connect(AUDIO) as ws:
        caller = Socket(ws)
        await ws.send_json({"type": "speech.begin", "id": "f", "sample_rate": 48_000})

        async def flood() -> None:
            block = bytes(48_000 * 2 * 2)
            for _ in range(120):
                await ws.send_bytes(block)

        flooding = asyncio.create_task(flood())
        await caller.until("speech.started")
        await asyncio.sleep(0.3)
        assert not flooding.done()
        assert (await client.delete(f"{SPEECH}/f")).status == 200
        assert (await caller.until("speech.finished"))["interrupted"]
        flooding.cancel()


async def test_classify_reads_text(client):
    found = await (await client.post("/api/v1/classify", json={"text": "I love this so much!"})).json()
    scores = [entry["score"] for entry in found["classification"]]
    assert found["classification"][0]["label"] == "love" and scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-3) and len(scores) == 28
    labels = (await (await client.get("/api/classify/labels")).json())["labels"]
    assert set(labels) == {entry["label"] for entry in found["classification"]}
    assert await problem(await client.post("/api/classify", json={"text": 3}))


@pytest.mark.parametrize("kind_", ["wav", "flac", "mp3", "opus", "aac"])
async def test_the_predecessors_voice_answers_in_its_shape(client, kind_):
    response = await client.post("/api/tts/speak", json={"text": "Hällo, world", "format": kind_})
    assert response.status == 200, await response.text()
    seconds = float(response.headers["x-audio-duration"])
    assert len(read_sound(await response.read(), 60, 48_000)[0]) / 48_000 == pytest.approx(seconds, abs=0.12)
    words = json.loads(response.headers["x-word-timestamps"])
    assert [word["word"] for word in words] == ["H%C3%A4llo", "world"]
    assert 0 <= words[0]["start_time"] < words[0]["end_time"] <= words[1]["end_time"] <= seconds + 0.01


async def test_openai_shape(client):
    body = {"model": "tts-1", "input": "Hi", "voice": "en-us", "response_format": "pcm"}
    response = await client.post("/v1/audio/speech", json=body)
    assert response.status == 200 and len(await response.read()) > 4_000
    names = (await (await client.get("/v1/audio/voices")).json())["voices"]
    assert "en-us" in names and names == sorted(names)
    assert (await client.post("/v1/audio/speech", json={"input": "Hi", "voice": "nobody"})).status == 400
    listed = (await (await client.get("/api/v1/voices")).json())["voices"]
    assert {"name", "language", "engine"} == set(listed[0])


async def test_what_waits_is_bounded_and_given_back(serve):
    limits = LimitsConfig(queued_speech_s=60)
    client = await serve(Config(character="hero", animator="static", limits=limits))
    taken = client.app[LIMITS].speech
    assert [(await post_wav(client, wav(25.0, 6_000))).status for _ in range(3)] == [202, 202, 503]
    assert (await client.post(SPEECH, json={"text": "word " * 200})).status == 503  # 67 s of speech
    assert taken.taken == pytest.approx(50, abs=0.1) and client.app[LIMITS].refused["queued_speech_s"] == 2
    assert (await client.delete(SPEECH)).status == 200
    async with asyncio.timeout(5):
        while taken.taken:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert (await post_wav(client, wav(25.0, 6_000))).status == 202


async def test_an_id_that_repeats_is_refused_and_the_avatar_speaks_on(client):
    async with client.ws_connect(AUDIO) as ws:
        caller = Socket(ws)
        for _ in range(2):
            await ws.send_json({"type": "speech.begin", "id": "twice", "sample_rate": RATE})
        assert "already" in (await caller.until("error"))["detail"]
        await ws.send_json({"type": "speech.interrupt"})
        await ws.send_json({"type": "speech.begin", "id": "next", "sample_rate": RATE})
        await ws.send_bytes(wav(0.3)[44:])
        await ws.send_json({"type": "speech.end"})
        while (await caller.until("speech.finished"))["speech_id"] != "next":
            pass


async def test_sound_files_wait_their_turn_or_are_refused(serve):
    client = await serve(Config(character="hero", animator="static", limits=LimitsConfig(sound_files=3)))
    body = {"text": "Well then. " * 60, "format": "wav", "get_metadata": False}
    answers = await asyncio.gather(*(client.post("/api/tts/speak", json=body) for _ in range(8)))
    codes = [answer.status for answer in answers]
    assert set(codes) == {200, 503} and codes.count(200) >= 3
