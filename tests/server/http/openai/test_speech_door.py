"""`/v1/audio/speech` by OpenAI's own client: files, and an avatar that says the same."""

import base64
import json

import numpy as np
import openai
import pytest

from avatar_rtc.link.orders import Say
from avatar_rtc.sound.decode import read_sound
from tests.waiting import until

TEXT = "Hello there. How are you?"


@pytest.fixture
def heard(main):
    """What sounds on the avatar: each piece as it is put."""
    pieces: list[np.ndarray] = []
    put = main.speech.queue._voice.put
    main.speech.queue._voice.put = lambda t, pcm: (pieces.append(pcm.copy()), put(t, pcm))
    return pieces


async def test_an_avatar_says_it_and_the_caller_gets_the_same_sound(client_of_openai, heard, ear, renderer):
    answer = await client_of_openai.audio.speech.with_raw_response.create(
        model="avatar/main", voice="alloy", input=TEXT, response_format="wav", instructions="Sound angry."
    )
    speech_id = answer.headers["X-Speech-Id"]
    pcm, rate = read_sound(answer.content, 60)
    await until(lambda: ear.of("speech.finished"))
    assert {event["speech_id"] for event in ear.of("speech.started")} == {speech_id}
    assert ear.said == TEXT
    sounding = sum(map(len, heard)) / 48_000
    gap = len(pcm) / rate - sounding
    assert len(heard) == 2 and gap == pytest.approx(0.25, abs=0.01)
    first = read_sound(answer.content, 60)[0][: round(len(heard[0]) / 48_000 * rate)].astype(float)
    same = np.interp(np.arange(len(first)) * 48_000 / rate, np.arange(len(heard[0])), heard[0].astype(float))
    assert np.corrcoef(first, same)[0, 1] > 0.99
    assert any(told.state.emotions == {"anger": 1.0} for told in renderer.sent if hasattr(told, "state"))


async def test_silent_moves_the_mouth_alone(client_of_openai, heard, ear, renderer):
    answer = await client_of_openai.audio.speech.create(
        model="avatar/main:silent", voice={"id": "alloy"}, input="Hello.", response_format="wav"
    )
    await until(lambda: ear.of("speech.finished"))
    assert np.abs(read_sound(answer.content, 60)[0]).max() > 1000
    assert heard and not any(piece.any() for piece in heard) and renderer.told(Say)


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_a_file_voice_as_ever(client_of_openai, ear, kind):
    answer = await client_of_openai.audio.speech.create(
        model="tts-1", voice="nova", input="Hi.", response_format=kind, speed=4.0, instructions="angry"
    )
    assert len(answer.content) > 1000 and "X-Speech-Id" not in answer.response.headers
    assert not ear.events


async def test_it_streams_as_events(door):
    body = {"input": "Hello.", "response_format": "wav", "stream_format": "sse", "voice": {"id": "marin"}}
    answer = await door.post("/v1/audio/speech", json=body)
    assert answer.content_type == "text/event-stream"
    events = [json.loads(line[6:]) for line in (await answer.text()).splitlines() if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert len(read_sound(sound, 60)[0]) > 1000


@pytest.mark.parametrize(
    ("wanted", "kind", "words"),
    [
        ({"model": "avatar/nobody"}, openai.NotFoundError, "avatar/main"),
        ({"model": "avatar/main/tiny"}, openai.NotFoundError, "no model"),
        ({"model": "avatar/main", "voice": "nobody:x"}, openai.BadRequestError, "nobody"),
        ({"model": "avatar/main", "input": "  "}, openai.BadRequestError, "text"),
        ({"response_format": "midi"}, openai.BadRequestError, "response_format"),
        ({"speed": 9.0}, openai.BadRequestError, "speed"),
        ({"input": "x" * 20_001}, openai.BadRequestError, "input"),
    ],
)
async def test_what_cannot_be_is_told(client_of_openai, ear, wanted, kind, words):
    with pytest.raises(kind, match=words):
        await client_of_openai.audio.speech.create(
            **{"model": "tts-1", "voice": "alloy", "input": "Hello.", **wanted}
        )
    assert not ear.of("speech.started")
