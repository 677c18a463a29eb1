"""Viewers who talk to the avatar of a real server, over real connections."""

import asyncio
import hashlib
import json

import numpy as np
import pytest

from avatar_rtc.bench.made_sounds import voice_of_espeak
from avatar_rtc.config import Config
from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.control.acting_messages import ActivitySet
from avatar_rtc.link.orders import SetState
from avatar_rtc.media.talk_track import TALK_BLOCK, TalkTrack
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.sound.pcm import pcm_from_bytes
from avatar_rtc.sound.resample import resampled
from avatar_rtc.speech.ears.voice_network import EAR_RATE
from tests.server.watcher import Watcher

EARS = "/api/v1/avatars/main/ears"
ASKED = "Is anybody here today?"
LONG = "This is a long story, and it goes on and on until somebody says that it is enough for today. " * 3


class Talker(Watcher):
    """A viewer whose microphone comes later, as a browser's does."""

    def __init__(self) -> None:
        super().__init__()
        audio = next(each for each in self.pc.getTransceivers() if each.kind == "audio")
        audio.direction = "sendrecv"
        self.sender = audio.sender

    def plug_in(self) -> TalkTrack:
        track = TalkTrack()
        self.sender.replaceTrack(track)
        return track


@pytest.fixture
async def talker():
    """(client, query) → one who is connected, and whose offer could send sound."""
    talkers: list[Talker] = []

    async def join(client, query: str = "", token: str = "") -> Talker:
        talkers.append(one := Talker())
        response = await client.post(
            f"/api/v1/avatars/main/whep{query}",
            data=await one.offer(),
            headers={"Content-Type": "application/sdp"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        text = await response.text()
        assert response.status == 201, text
        await one.answered(text)
        await one.event(lambda event: event["type"] == "state")
        return one

    yield join
    for one in talkers:
        await one.pc.close()


async def say(track: TalkTrack, sound: np.ndarray, silence_s: float = 0.9) -> None:
    pcm = resampled(np.rint(sound * 32_767).astype(np.int16), EAR_RATE)
    pcm = np.concatenate([pcm, np.zeros(round(silence_s * 48_000), np.int16)])
    for block in pcm[: len(pcm) // TALK_BLOCK * TALK_BLOCK].reshape(-1, TALK_BLOCK):
        await track.put(block)


def of(kind: str):
    return lambda event: event["type"] == kind


async def test_a_voice_stops_the_avatar_and_is_told_to_programs(client, renderer, talker):
    one, program = await talker(client), await client.ws_connect(EARS)
    assert (await one.request({"type": "microphone.set", "mode": "listen", "id": 1}))["mode"] == "listen"
    await client.post("/api/v1/avatars/main/speech", json={"text": LONG})
    await one.event(of("speech.started"))
    await say(one.plug_in(), voice_of_espeak(ASKED))
    started, ended = await one.event(of("hearing.started")), await one.event(of("hearing.ended"))
    finished = await one.event(of("speech.finished"))
    assert started["interrupted"] and ended["interrupted"] and finished["interrupted"]
    assert started["viewer"] == ended["viewer"] and 0.6 < ended["seconds"] < 2.0
    levels = [event for event in one.events if event["type"] == "hearing.level"]
    assert len(levels) > 8 and max(event["level"] for event in levels) > 0.4
    assert (await program.receive_json())["type"] == "hearing.started"
    sound = b""
    while isinstance((message := await program.receive()).data, bytes):
        sound += message.data
    assert json.loads(message.data) == {**ended}
    pcm = pcm_from_bytes(sound)
    assert len(pcm) / EAR_RATE == pytest.approx(ended["seconds"] + 0.3 + 0.7, abs=0.3)
    assert np.abs(pcm).max() > 3_000
    activities = [told.state.activity.name for told in renderer.told(SetState)]
    assert "listening" in activities and activities[-1] == "idle"
    heard = [told.state.hearing for told in renderer.told(SetState) if told.state.hearing]
    assert len(heard) > 6 and any(each.voice for each in heard)
    await program.close()


async def test_what_it_thinks_of_when_somebody_has_ended_stays(client, talker):
    one = await talker(client, "?microphone=listen")
    saying = asyncio.create_task(say(one.plug_in(), voice_of_espeak(ASKED)))
    await one.event(of("hearing.started"))
    await client.app[AVATARS]["main"].apply(ActivitySet(name="thinking"))
    await one.event(of("hearing.ended"))
    await saying
    assert client.app[AVATARS]["main"].state.activity.name == "thinking"


async def test_who_leaves_while_it_talks_has_ended(client, talker):
    one, program = await talker(client, "?microphone=listen"), await client.ws_connect(EARS)
    saying = asyncio.create_task(say(one.plug_in(), voice_of_espeak(ASKED)))
    await one.event(of("hearing.started"))
    await one.pc.close()
    saying.cancel()
    async with asyncio.timeout(5):
        while (message := await program.receive()).type.name != "TEXT" or "ended" not in message.data:
            pass
    assert client.app[AVATARS]["main"].state.activity.name == "idle"
    await program.close()
    assert client.app[AVATARS]["main"].ears._talking == set()


async def test_each_refusal_says_what_is_wanted(serve, config, client, talker, watch):
    watcher = await watch()
    await watcher.event(of("state"))
    refused = await watcher.request({"type": "microphone.set", "mode": "listen", "id": 1})
    assert refused["type"] == "error" and "sendrecv" in refused["detail"]
    refused = await watcher.request({"type": "microphone.set", "mode": "loud", "id": 2})
    assert refused["type"] == "error" and "'speak', 'listen', 'off'" in refused["detail"]
    assert (await client.get(EARS)).status == 400
    few = await serve(config.model_copy(update={"limits": config.limits.model_copy(update={"ears": 1})}))
    program = await few.ws_connect(EARS)
    answer = await few.get(EARS)
    assert answer.status == 503 and "programs that listen" in (await answer.json())["detail"]
    await program.send_str('{"type": "speech.begin", "id": 7}')
    told = await program.receive_json()
    assert (told["type"], told["id"]) == ("error", 7) and "only tells" in told["detail"]
    assert (await few.delete("/api/v1/avatars/main")).status == 403
    await program.close()


async def test_who_may_only_watch_is_not_listened_to(serve, tmp_path, talker):
    digest = f"sha256:{hashlib.sha256(b'guest').hexdigest()}"
    access = AccessConfig(keys={"guest": AccessKey(key=digest, scope="view")})
    client = await serve(Config(character="hero", animator="static", access=access))
    one = await talker(client, token="guest")
    refused = await one.request({"type": "microphone.set", "mode": "listen", "id": 1})
    assert refused["type"] == "error" and "the scope talk" in refused["detail"]
    assert "a=sendrecv" not in one.pc.remoteDescription.sdp
    assert (await client.get(EARS, headers={"Authorization": "Bearer guest"})).status == 403


async def test_programs_are_told_when_the_avatar_ends(client):
    assert (await client.post("/api/v1/avatars", json={"id": "guest"})).status == 201
    program = await client.ws_connect("/api/v1/avatars/guest/ears")
    assert (await client.delete("/api/v1/avatars/guest")).status == 204
    async with asyncio.timeout(5):
        assert (await program.receive()).type.name == "CLOSE"
    assert program.close_code == 1001
