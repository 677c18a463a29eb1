"""Liveavatar's three steps and its socket, by hand and by its plugin as it is."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions, utils
from livekit.agents.ipc.mock_room import create_mock_room
from livekit.agents.testing import fake_job_context
from livekit.plugins import liveavatar

from avatar_rtc.errors import BadToken, CapacityExceeded
from avatar_rtc.server.http.agents.launch.agent_socket import AGENT_RATE
from avatar_rtc.server.http.agents.launch.liveavatar import MAX_SESSIONS, START_S, Tickets
from avatar_rtc.server.http.keys import AVATARS, LAUNCHES, LIMITS
from avatar_rtc.server.live.launches import Launch
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import KEY, SECRET, room_token
from tests.waiting import until

BASE = "/compat/liveavatar"


def tone(seconds: float, hz: float = 220.0) -> bytes:
    t = np.arange(int(seconds * AGENT_RATE)) / AGENT_RATE
    return (8000 * np.sin(2 * np.pi * hz * t)).astype("<i2").tobytes()


def speak(sound: bytes) -> dict[str, object]:
    return {"type": "agent.speak", "event_id": "1", "audio": base64.b64encode(sound).decode()}


class Agent:
    """An agent's side of the socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def says(self, **event: object) -> None:
        await self.socket.send_json(event)

    async def hears(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            return await self.socket.receive_json()

    async def steps(self, count: int) -> list[str]:
        """The next states it is told of."""
        found: list[str] = []
        while len(found) < count:
            told = await self.hears()
            found.append(str(told.get("new_state", told["type"])))
        return found


async def begun(door, **token: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The session, and the headers of who has its token."""
    told = {
        "mode": "LITE",
        "avatar_id": "face-1",
        "livekit_config": {
            "livekit_url": URL,
            "livekit_room": "lobby",
            "livekit_client_token": room_token(**token),
        },
    }
    answer = await door.post(f"{BASE}/token", json=told)
    assert answer.status == 200
    data = (await answer.json())["data"]
    return data, {"Authorization": f"Bearer {data['session_token']}"}


@pytest.fixture
async def agent(door, rooms) -> AsyncIterator[Agent]:
    data, headers = await begun(door)
    answer = await door.post(f"{BASE}/start", json={"session_id": data["session_id"]}, headers=headers)
    address = (await answer.json())["data"]["ws_url"]
    assert address.startswith(f"ws://{door.host}:{door.port}/")
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        found = Agent(socket)
        assert await found.hears() == {"type": "session.state_updated", "state": "connected"}
        yield found


async def test_a_segment_is_talking_and_then_idle_when_it_is_out(agent, rooms):
    loop = asyncio.get_running_loop()
    await agent.says(**speak(tone(0.3)))
    await agent.says(**speak(tone(0.3)))
    await agent.says(type="agent.speak_end")
    assert await agent.steps(1) == ["talking"]
    begun_at = loop.time()
    assert await agent.steps(1) == ["idle"]
    assert loop.time() - begun_at >= 0.5


async def test_two_segments_are_two_of_each(agent):
    for _ in range(2):
        await agent.says(**speak(tone(0.3)))
        await agent.says(type="agent.speak_end")
    assert await agent.steps(1) == ["talking"]
    await agent.says(type="agent.start_listening")
    assert await agent.steps(3) == ["listening", "talking", "listening"]


async def test_an_interruption_silences_at_once_whatever_is_still_to_come(agent, rooms, door):
    for _ in range(90):
        await agent.says(**speak(tone(1.0)))
    assert await agent.steps(1) == ["talking"]
    await agent.says(type="agent.interrupt")
    assert await agent.steps(2) == ["agent.speak_interrupted", "idle"]
    avatar = rooms.last[0]
    await until(lambda: avatar.speech.queue.is_silent)
    assert door.app[LIMITS].speech.taken == 0
    await agent.says(**speak(tone(0.2)))
    await agent.says(type="agent.speak_end")
    assert await agent.steps(2) == ["talking", "idle"]


async def test_what_the_agent_does_is_seen(agent, rooms):
    avatar = rooms.last[0]
    await agent.says(type="agent.start_listening")
    assert await agent.steps(1) == ["listening"]
    await until(lambda: avatar.state.activity.name == "listening")
    await agent.says(type="agent.stop_listening")
    assert await agent.steps(1) == ["idle"]
    await until(lambda: avatar.state.activity.name == "idle")


NO_MESSAGES = (
    "{",
    "[]",
    '{"type": "agent.speak"}',
    '{"type": "agent.speak", "audio": "%%%"}',
    '{"type": "agent.speak", "audio": 7}',
    '{"type": "agent.speak", "audio": ""}',
)


async def test_what_cannot_be_read_is_told_and_the_next_one_is_heard(agent):
    for said in NO_MESSAGES:
        await agent.socket.send_str(said)
        assert (await agent.hears())["type"] == "error"
    await agent.socket.send_bytes(bytes(100))
    await agent.says(type="nobody.knows_it")
    await agent.says(type="session.keep_alive")
    await agent.says(**speak(tone(0.2)))
    await agent.says(type="agent.speak_end")
    assert await agent.steps(2) == ["talking", "idle"]


async def test_the_session_ends_with_its_socket(agent, rooms, door):
    await agent.says(**speak(tone(5.0)))
    assert await agent.steps(1) == ["talking"]
    await agent.socket.close()
    await until(lambda: rooms.calls[0].is_over and len(door.app[LAUNCHES]) == 0)
    await until(lambda: set(door.app[AVATARS]) == {"main"})


async def test_the_socket_ends_with_the_room(agent, rooms):
    await rooms.calls[0].end()
    async with asyncio.timeout(10):
        assert (await agent.socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_session_has_one_socket_and_is_started_first(door, rooms):
    data, headers = await begun(door)
    socket = f"{BASE}/socket?session_token={data['session_token']}"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    assert (await door.get(socket)).status == 400
    assert (await door.get(socket, headers=upgrade)).status == 409
    assert (await door.post(f"{BASE}/start", json={}, headers=headers)).status == 200
    assert (await door.post(f"{BASE}/start", json={}, headers=headers)).status == 200
    assert len(rooms.invited) == 1
    async with door.ws_connect(socket):
        assert (await door.get(socket, headers=upgrade)).status == 409
    await until(lambda: rooms.calls[0].is_over)
    assert (await door.get(socket, headers=upgrade)).status == 401


async def test_who_has_not_its_token_neither_starts_nor_stops_it(door, rooms):
    data, headers = await begun(door)
    for path in ("start", "stop"):
        for wrong in (
            {},
            {"Authorization": "Bearer guessed"},
            {"Authorization": f"Basic {data['session_token']}"},
        ):
            assert (await door.post(f"{BASE}/{path}", json={}, headers=wrong)).status == 401
        other = await door.post(f"{BASE}/{path}", json={"session_id": "another"}, headers=headers)
        assert other.status == 404
    assert rooms.invited == []


async def test_it_is_stopped_before_and_after_its_start(door, rooms):
    _, headers = await begun(door)
    assert (await (await door.post(f"{BASE}/stop", json={}, headers=headers)).json())["code"] == 100
    assert (await door.post(f"{BASE}/start", json={}, headers=headers)).status == 401
    _, headers = await begun(door)
    await door.post(f"{BASE}/start", json={}, headers=headers)
    assert (await door.post(f"{BASE}/stop", json={}, headers=headers)).status == 200
    assert rooms.calls[0].is_over


async def test_other_modes_than_lite_are_refused(door, rooms):
    body = {"mode": "FULL", "livekit_config": {"livekit_url": URL, "livekit_client_token": room_token()}}
    assert (await door.post(f"{BASE}/token", json=body)).status == 400


def test_tickets_are_forgotten_and_not_without_end():
    now = 0.0
    tickets = Tickets(lambda: now)
    launch = MagicMock(spec=Launch)
    first = tickets.add(launch)
    assert tickets.find(first.token) is first
    with pytest.raises(BadToken):
        tickets.find(first.id)
    for _ in range(MAX_SESSIONS - 1):
        tickets.add(launch)
    with pytest.raises(CapacityExceeded):
        tickets.add(launch)
    now = START_S + 1
    with pytest.raises(BadToken):
        tickets.find(first.token)
    tickets.add(launch)
    assert len(tickets) == 1


@pytest.fixture
async def plugin(door, rooms, monkeypatch):
    """The plugin as it is, started in a room that is made up."""
    monkeypatch.setenv("LIVEKIT_URL", URL)
    monkeypatch.setenv("LIVEKIT_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)
    room = create_mock_room()
    room.name = "lobby"
    room.isconnected.return_value = False
    options = APIConnectOptions(max_retry=1, retry_interval=0.01)
    with fake_job_context(room=room) as context:
        context.token_claims = MagicMock(return_value=MagicMock(identity="agent-7"))
        async with utils.http_context.open():
            made = liveavatar.AvatarSession(
                avatar_id="face-1", api_key="any", api_url=str(door.make_url(BASE)), conn_options=options
            )
            session = AgentSession()
            session.output.audio = MagicMock(next_in_chain=None)
            await made.start(session, room=room)
            yield made
            await utils.aio.cancel_and_wait(made._main_atask)
            await session.aclose()
        context._tempdir.cleanup()


async def pushed(plugin: Any, seconds: float) -> None:
    """Speech of the agent, in frames of 20 ms."""
    frame = int(AGENT_RATE * 0.02)
    sound = tone(seconds)
    for at in range(0, len(sound), 2 * frame):
        piece = sound[at : at + 2 * frame]
        await plugin._audio_buffer.capture_frame(rtc.AudioFrame(piece, AGENT_RATE, 1, len(piece) // 2))


async def test_the_plugin_hears_of_each_segment_once(plugin, rooms):
    told = []
    plugin._audio_buffer.on("playback_finished", told.append)
    for number in range(3):
        await pushed(plugin, 0.4)
        plugin._audio_buffer.flush()
        async with asyncio.timeout(20):
            event = await plugin._audio_buffer.wait_for_playout()
        assert (event.interrupted, len(told)) == (False, number + 1)
        assert abs(event.playback_position - 0.4) < 0.021


async def test_the_plugin_interrupts_and_goes_on(plugin, rooms):
    told = []
    plugin._audio_buffer.on("playback_finished", told.append)
    await pushed(plugin, 4.0)
    await until(lambda: plugin._avatar_speaking)
    plugin._audio_buffer.flush()
    plugin._audio_buffer.clear_buffer()
    await until(lambda: not plugin._avatar_speaking)
    await until(lambda: rooms.last[0].speech.queue.is_silent)
    assert [event.interrupted for event in told] == [True]
    await pushed(plugin, 0.7)
    plugin._audio_buffer.flush()
    await until(lambda: len(told) == 2)
    assert not told[1].interrupted


async def test_the_plugin_that_ends_stops_its_session(plugin, rooms, door):
    await until(lambda: plugin._session_connected.is_set())
    plugin._msg_ch.close()
    await until(lambda: rooms.calls[0].is_over and len(door.app[LAUNCHES]) == 0)
