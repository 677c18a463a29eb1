"""From a plugin as it is, through its door, into a room that is made, to sound and picture there, and back.

All of it is real but the server of the room: the plugin and its audio output, our door, the call, the avatar.
"""

import contextlib
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions, utils
from livekit.agents.testing import fake_job_context
from livekit.plugins import anam, bey, keyframe, simli

from avatar_rtc.bench.made_room import MadeServer
from avatar_rtc.bench.made_room import room_token as unsigned_token
from avatar_rtc.livekit.sdk_room import SdkRooms
from avatar_rtc.server import app
from avatar_rtc.server.http.keys import AVATARS, LAUNCHES
from avatar_rtc.server.live.rooms.agent_rooms import AgentRooms
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import KEY, SECRET
from tests.waiting import until

HZ = 24_000
NUMBERS = iter(range(10_000))


@pytest.fixture
def made() -> MadeServer:
    return MadeServer()


@pytest.fixture
async def door(made: MadeServer, serve: Callable, config, monkeypatch) -> Any:
    def rooms(pool: Any, codec: Any) -> AgentRooms:
        return AgentRooms(pool, codec, SdkRooms(made.library).join)

    monkeypatch.setattr(app, "AgentRooms", rooms)
    return await serve(config)


@pytest.fixture
async def room(made, monkeypatch):
    """The agent's: it is in there already."""
    monkeypatch.setenv("LIVEKIT_URL", URL)
    monkeypatch.setenv("LIVEKIT_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)
    agent = f"agent-{next(NUMBERS)}"  # its classes remember identities
    found = made.made_room()
    await found.connect("ws://made", unsigned_token(agent))
    with fake_job_context(room=found) as context:
        context.token_claims = MagicMock(return_value=MagicMock(identity=agent))
        context.delete_room = MagicMock()
        async with utils.http_context.open():
            yield found
        context._tempdir.cleanup()


def plugin_named(name, base):
    options = {
        "conn_options": APIConnectOptions(max_retry=1, retry_interval=0.01),
        "avatar_participant_identity": f"{name}-{next(NUMBERS)}",
    }
    at = f"{base}/{name}"
    match name:
        case "bey":
            return bey.AvatarSession(avatar_id="face-1", api_url=at, api_key="x", **options)
        case "anam":
            persona = anam.PersonaConfig(name="host", avatarId="face-1")
            return anam.AvatarSession(persona_config=persona, api_url=at, api_key="x", **options)
        case "keyframe":
            return keyframe.AvatarSession(persona_id="face-1", api_url=at, api_key="x", **options)
    config = simli.SimliConfig(api_key="x", face_id="face-1")
    return simli.AvatarSession(simli_config=config, api_url=at, **options)


@contextlib.asynccontextmanager
async def speaking(plugin, room):
    """What its agent's speech goes into."""
    session = AgentSession()
    placeholder = session.output.audio = MagicMock(next_in_chain=None)
    await plugin.start(session, room=room)
    output = session.output.audio
    assert output is not placeholder
    try:
        yield output
    finally:
        await session.aclose()


async def say(output: Any, seconds: float, level: int) -> None:
    """An even sound of the agent, and its end."""
    samples = HZ // 50
    pcm = np.full(samples, level, "<i2").tobytes()
    for _ in range(round(seconds * 50)):
        await output.capture_frame(rtc.AudioFrame(pcm, HZ, 1, samples))
    output.flush()


def sound_of(made: MadeServer, identity: str) -> np.ndarray:
    """All that the room has heard of somebody."""
    tracks = made.rooms[identity].local_participant.track_publications.values()
    (sound,) = [each.track.source for each in tracks if each.kind == rtc.TrackKind.KIND_AUDIO]
    return np.frombuffer(b"".join(data for _, data in sound.frames), "<i2")


@pytest.mark.parametrize("name", ["bey", "anam", "keyframe", "simli"])
async def test_what_the_agent_says_is_heard_in_the_room_and_told_of(door, made, room, name):
    plugin = plugin_named(name, str(door.make_url("/compat")))
    async with speaking(plugin, room) as output:
        face = plugin.avatar_identity
        published = made.rooms[face].local_participant.track_publications.values()
        kinds = {each.kind for each in published}
        assert kinds == {rtc.TrackKind.KIND_AUDIO, rtc.TrackKind.KIND_VIDEO}
        for level in (6_000, 12_000):
            await say(output, 0.5, level)
            heard = await output.wait_for_playout()
            assert not heard.interrupted and abs(heard.playback_position - 0.5) <= 0.02
        levels = sound_of(made, face)
        for level in (6_000, 12_000):
            seconds = np.count_nonzero(np.abs(levels - level) < 0.05 * level) / 48_000
            assert abs(seconds - 0.5) < 0.06, level
        finishes = [json.loads(said) for who, method, said in made.calls if method == "lk.playback_finished"]
        assert len(finishes) == 2
    await room.disconnect()


async def test_an_agent_that_is_gone_takes_its_avatar_along(door, made, room, monkeypatch):
    monkeypatch.setattr("avatar_rtc.server.live.rooms.livekit_call.AGENT_GONE_S", 0.05)
    plugin = plugin_named("bey", str(door.make_url("/compat")))
    async with speaking(plugin, room):
        assert len(door.app[AVATARS]) == 2 and len(door.app[LAUNCHES]) == 1
        await room.disconnect()
        await until(lambda: set(door.app[AVATARS]) == {"main"} and len(door.app[LAUNCHES]) == 0)
    assert made.rooms == {}


async def test_a_room_that_lets_nobody_in_is_told_to_the_plugin(door, made, room):
    made.refuses = "the token is not valid"
    plugin = plugin_named("bey", str(door.make_url("/compat")))
    with pytest.raises(Exception, match="502"):
        async with speaking(plugin, room):
            pass
    await until(lambda: set(door.app[AVATARS]) == {"main"} and len(door.app[LAUNCHES]) == 0)
    await room.disconnect()
