"""An avatar of the running server into a room: its door, and LiveKit's own agent code on the other side."""

import subprocess
import sys

import numpy as np
import pytest

from avatar_rtc.bench.made_room import MadeServer, room_token
from avatar_rtc.config_outside import CallsConfig
from avatar_rtc.livekit import sdk_room
from avatar_rtc.server.http.keys import AGENT_ROOMS, AVATARS
from avatar_rtc.speech.voices import espeak
from tests.waiting import until

DOOR = "/api/v1/avatars/main/livekit"
ROOM = {
    "url": "wss://rooms.example.org/x?secret=1",
    "token": room_token("face", lk__publish_on_behalf="agent"),
}


@pytest.fixture
async def made(client):
    """A room made here, which the running server's avatars come into."""
    server = MadeServer()
    rooms = client.app[AGENT_ROOMS]
    rooms._join, rooms._needs_library = sdk_room.SdkRooms(server.library).join, False
    return server


async def test_it_is_in_the_room_before_the_answer_and_leaves_when_it_is_told(client, made):
    response = await client.post(DOOR, json=ROOM)
    call = await response.json()
    assert (response.status, call["state"], call["kind"]) == (201, "live", "livekit")
    assert call["to"] == "wss://rooms.example.org" and "face" in made.rooms
    again = await client.post(DOOR, json=ROOM)
    assert (await again.json())["id"] == call["id"]
    state = await (await client.get("/api/v1/avatars/main")).json()
    assert state["calls"] == [call] and [r["layout"] for r in state["renditions"]] == ["matte"]
    assert (await client.delete(response.headers["Location"])).status == 204
    await until(lambda: not made.rooms)
    assert not client.app[AVATARS]["main"].in_use


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"url": "https://h", "token": ROOM["token"]}, 400, "ws:// or wss://"),
        ({"url": "wss://u:p@h", "token": ROOM["token"]}, 400, "user"),
        ({"url": "", "token": ROOM["token"]}, 400, "no address"),
        ({"url": "wss://h", "token": "x.y.z"}, 400, "no JWT"),
        ({"url": "wss://h", "token": "x" * 9_000}, 400, "token"),
        ({"url": "wss://h"}, 400, "token"),
        ({**ROOM, "more": 1}, 400, "more"),
        ({"url": 7, "token": []}, 400, "url"),
    ],
)
async def test_what_leads_nowhere_is_told_and_starts_nothing(client, made, body, status, words):
    response = await client.post(DOOR, json=body)
    assert (response.status, made.rooms) == (status, {})
    assert words in (await response.json())["detail"]


async def test_rooms_have_to_be_granted(serve, config):
    listed = CallsConfig(destinations=("wss://*.example.com",))
    client = await serve(config.model_copy(update={"calls": listed}))
    response = await client.post(DOOR, json=ROOM)
    detail = (await response.json())["detail"]
    assert response.status == 403 and "[calls] destinations" in detail and "secret" not in detail


async def test_a_room_that_lets_nobody_in_is_told(client, made):
    made.refuses = "engine: signal failure: 401"
    response = await client.post(DOOR, json=ROOM)
    assert response.status == 502 and "token" in (await response.json())["detail"]


async def test_a_missing_library_names_the_extra(client, monkeypatch):
    monkeypatch.setattr(sdk_room, "find_spec", lambda name: None)
    response = await client.post(DOOR, json=ROOM)
    assert response.status == 503


async def test_the_real_library_tells_of_a_port_where_nobody_is(client):
    body = {**ROOM, "url": "ws://127.0.0.1:9"}
    response = await client.post(DOOR, json=body)
    assert response.status == 502
    assert "cannot be reached" in (await response.json())["detail"]


def test_the_library_is_loaded_by_rooms_alone():
    code = (
        "import sys, avatar_rtc.server.app; print([m for m in sys.modules if m.split('.')[0] == 'livekit'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.realtime
async def test_an_agent_of_livekit_speaks_through_the_avatar(client, made):
    from livekit.agents.voice.avatar import DataStreamAudioOutput

    rtc = made.rtc
    agent = made.made_room()
    await agent.connect("ws://made", room_token("agent"))
    output = DataStreamAudioOutput(
        agent,
        destination_identity="face",
        wait_remote_track=rtc.TrackKind.KIND_VIDEO,
        wait_playback_start=True,
    )
    started = []
    output.on("playback_started", started.append)
    assert (await client.post(DOOR, json=ROOM)).status == 201
    avatar = client.app[AVATARS]["main"]
    text = "Good morning. Today we talk about the sea."
    spoken = espeak.render(text, "en")
    await agent.local_participant.set_attributes({"lk.agent.state": "thinking"})
    writer = await agent.local_participant.stream_text(
        topic="lk.transcription",
        attributes={"lk.segment_id": "SG_1", "lk.expression": '{"expression":"joyful","mood":"happy"}'},
    )
    await writer.write(text)
    await writer.aclose(attributes={"lk.transcription_final": "true"})
    assert avatar.state.activity.name == "thinking"
    await output.capture_frame(rtc.AudioFrame(spoken.pcm.tobytes(), spoken.rate, 1, len(spoken.pcm)))
    output.flush()
    await until(lambda: started)
    assert "joy" in avatar.state.emotions
    event = await output.wait_for_playout()
    seconds = len(spoken.pcm) / spoken.rate
    assert event.playback_position == pytest.approx(seconds, abs=0.02) and not event.interrupted
    assert avatar.speech.queue.source == "aligned"
    tracks = made.rooms["face"].local_participant.track_publications.values()
    sound = next(t.track.source for t in tracks if t.kind == rtc.TrackKind.KIND_AUDIO)
    heard = np.frombuffer(b"".join(data for _, data in sound.frames), "<i2")
    assert np.count_nonzero(np.abs(heard) > 300) / 48_000 > seconds / 3
    assert avatar.state.activity.name == "idle"
