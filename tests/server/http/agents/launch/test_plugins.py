"""Plugins of LiveKit's agents as anybody installs them: each brings an avatar of ours into its room."""

import base64
import contextlib
import io
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from livekit.agents import (
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    inference,
    utils,
)
from livekit.agents.ipc.mock_room import create_mock_room
from livekit.agents.testing import fake_job_context
from livekit.plugins import (
    anam,
    bey,
    bithuman,
    did,
    keyframe,
    lemonslice,
    liveavatar,
    runway,
    simli,
    tavus,
)
from livekit.plugins.tavus.api import TavusAPI
from PIL import Image

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.server.http.keys import AVATARS, LAUNCHES
from tests.server.http.agents.launch.conftest import URL
from tests.server.http.agents.launch.tokens import KEY, SECRET, claims_in
from tests.waiting import until

OUR_KEY = "a-fixed-key-of-some-length"
ONCE = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=5.0)
AGENT = "agent-42"


@pytest.fixture
def config(config, monkeypatch):
    monkeypatch.setenv("OURS", OUR_KEY)
    monkeypatch.setenv("ROOM_SECRET", SECRET)
    access = AccessConfig(keys={"agents": AccessKey(key="env:OURS", scope="control")})
    compat = CompatConfig(faces={"face-1": "rival"}, livekit_key=KEY, livekit_secret="env:ROOM_SECRET")
    return config.model_copy(update={"access": access, "compat": compat})


@pytest.fixture
async def job(monkeypatch):
    """A room with an agent in it, whose avatar nobody waits for."""
    monkeypatch.setenv("LIVEKIT_URL", URL)
    monkeypatch.setenv("LIVEKIT_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)
    room = create_mock_room()
    room.name = "lobby"
    room.local_participant._rpc_handlers = {}
    room.isconnected.return_value = False
    with fake_job_context(room=room) as context:
        context.token_claims = MagicMock(return_value=MagicMock(identity=AGENT))
        async with utils.http_context.open():
            yield room
        context._tempdir.cleanup()


def picture(mode: str) -> Image.Image:
    """A disc, on white where there is no transparency."""
    y, x = np.mgrid[:256, :256]
    rgba = np.full((256, 256, 4), 255, np.uint8)
    rgba[..., 3] = 0
    rgba[np.hypot(x - 128, y - 128) < 80] = (200, 60, 40, 255)
    image = Image.fromarray(rgba)
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return image if mode == "RGBA" else ground.convert("RGB")


def png_in_base64() -> str:
    data = io.BytesIO()
    picture("RGBA").save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


def made(name, base):
    """A plugin's session for the face `face-1`, as its users write it."""
    at = f"{base}/{name}"
    options = {"api_key": OUR_KEY, "conn_options": ONCE}
    match name:
        case "bey":
            return bey.AvatarSession(avatar_id="face-1", api_url=at, **options)
        case "anam":
            persona = anam.PersonaConfig(name="host", avatarId="face-1")
            return anam.AvatarSession(persona_config=persona, api_url=at, **options)
        case "simli":
            config = simli.SimliConfig(api_key=OUR_KEY, face_id="face-1", emotion_id="joy")
            return simli.AvatarSession(simli_config=config, api_url=at, conn_options=ONCE)
        case "tavus":
            return tavus.AvatarSession(face_id="face-1", api_url=at, **options)
        case "keyframe":
            return keyframe.AvatarSession(persona_id="face-1", api_url=at, **options)
        case "did":
            return did.AvatarSession(agent_id="face-1", api_url=at, **options)
        case "runway":
            return runway.AvatarSession(avatar_id="face-1", api_url=at, max_duration=300, **options)
        case "bithuman":
            return bithuman.AvatarSession(
                avatar_id="face-1", api_url=at, api_secret=OUR_KEY, conn_options=ONCE
            )
        case "bithuman form":
            return bithuman.AvatarSession(
                avatar_id="face-1", model="expression", api_url=f"{base}/bithuman", api_secret=OUR_KEY,
                conn_options=ONCE,
            )  # fmt: skip
        case "lemonslice":
            return lemonslice.AvatarSession(agent_id="face-1", api_url=at, **options)
        case "liveavatar":
            return liveavatar.AvatarSession(avatar_id="face-1", api_url=at, **options)
        case "inference":
            return inference.AvatarSession("any/face-1", base_url=at, conn_options=ONCE)
    raise AssertionError(name)


NAMES = (
    "bey", "anam", "simli", "tavus", "keyframe", "did", "runway", "bithuman", "bithuman form", "lemonslice",
    "liveavatar", "inference",
)  # fmt: skip


def made_rare(name: str, base: str) -> Any:
    """The same of plugins that few have, as this machine has them."""
    module = pytest.importorskip(f"livekit.plugins.{name}")
    options = {"api_url": f"{base}/{name}", "api_key": OUR_KEY, "conn_options": ONCE}
    return module.AvatarSession(avatar_id="face-1", max_duration_seconds=300, **options)


@contextlib.asynccontextmanager
async def started(plugin, room):
    """Its agent's session, while it lasts."""
    session = AgentSession()
    session.output.audio = MagicMock(next_in_chain=None)
    try:
        await plugin.start(session, room=room)
        yield session
    finally:
        if (task := getattr(plugin, "_main_atask", None)) is not None:
            task.cancel()
            await utils.aio.cancel_and_wait(task)
        await session.aclose()


def base_of(client) -> str:
    return str(client.make_url("/compat"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_plugin_as_it_is_brings_the_avatar_into_its_room(door, rooms, job, name):
    plugin = made(name, base_of(door))
    async with started(plugin, job):
        ((avatar, invitation),) = rooms.invited
        told = claims_in(invitation.token)
        assert (invitation.url, told["video"]["room"], invitation.agent) == (URL, "lobby", AGENT)
        assert told["sub"] == plugin.avatar_identity and told["video"]["roomJoin"] is True
        assert avatar.actor.character.name == "rival" and avatar.name != "main"
        assert rooms.calls[0].state == "live"


@pytest.mark.parametrize("name", ["protoface", "anva", "atmee"])
async def test_a_rare_plugin_comes_into_its_room_and_ends_its_session(door, rooms, job, name):
    plugin = made_rare(name, base_of(door))
    async with started(plugin, job):
        avatar, invitation = rooms.last
        assert (invitation.url, invitation.agent, invitation.most_s) == (URL, AGENT, 300)
        assert avatar.actor.character.name == "rival" and plugin.session_id in door.app[LAUNCHES]._sessions
        await plugin.aclose()
        await until(lambda: rooms.calls[0].is_over and len(door.app[LAUNCHES]) == 0)


async def test_what_is_told_besides_comes_along(door, rooms, job):
    async with started(made("keyframe", base_of(door)), job):
        assert rooms.last[1].wants_framing
    async with started(made("runway", base_of(door)), job):
        assert rooms.last[1].most_s == 300
    async with started(made("simli", base_of(door)), job):
        avatar, invitation = rooms.last
        assert invitation.most_s == 600 and avatar.state.emotions == {"joy": 1.0}


@pytest.mark.parametrize("form", ["JPEG in a form", "PNG in a form", "PNG in JSON"])
async def test_bithumans_picture_becomes_an_avatar_of_its_own(door, rooms, job, form):
    picture_sent = picture("RGB") if form.startswith("JPEG") else png_in_base64()
    options = {} if form.endswith("JSON") else {"model": "expression"}
    plugin = bithuman.AvatarSession(
        avatar_image=picture_sent, api_url=f"{base_of(door)}/bithuman", api_secret=OUR_KEY,
        conn_options=APIConnectOptions(max_retry=1, retry_interval=0.01), **options,
    )  # fmt: skip
    before = set(door.app[AVATARS])
    async with started(plugin, job):
        avatar, _ = rooms.last
        assert set(door.app[AVATARS]) - before == {avatar.name}
        shown = avatar.actor.character.rgba
        disc = shown[shown.shape[0] // 2, shown.shape[1] // 2]
        assert np.abs(disc.astype(int) - (200, 60, 40, 255)).max() <= 6
        assert shown[2, 2, 3] == 0 and avatar.source == ""
    await rooms.calls[-1].end()
    await until(lambda: set(door.app[AVATARS]) == before)


async def test_lemonslices_picture_does_too(door, rooms, job):
    plugin = lemonslice.AvatarSession(
        agent_image=picture("RGBA"),
        api_key=OUR_KEY,
        api_url=f"{base_of(door)}/lemonslice",
        conn_options=ONCE,
    )
    async with started(plugin, job):
        shown = rooms.last[0].actor.character.rgba
        assert tuple(shown[256, 256]) == (200, 60, 40, 255)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("bithuman", "simli"))])
async def test_a_plugin_hears_at_once_of_what_will_not_get_better(door, rooms, job, monkeypatch, name):
    monkeypatch.setenv("LIVEKIT_URL", "wss://elsewhere.test")
    with pytest.raises((APIStatusError, APIConnectionError)) as caught:
        async with started(made(name, base_of(door)), job):
            pass
    found = caught.value if isinstance(caught.value, APIStatusError) else caught.value.__cause__
    assert found.status_code == 403 and "elsewhere.test" in str(found.body)
    assert rooms.invited == []


async def test_a_key_of_nobodys_starts_nothing(door, rooms, job):
    plugin = bey.AvatarSession(api_url=f"{base_of(door)}/bey", api_key="guessed", conn_options=ONCE)
    with pytest.raises(APIStatusError) as caught:
        async with started(plugin, job):
            pass
    assert caught.value.status_code == 401 and rooms.invited == []


async def test_a_plugin_that_ends_its_session_lets_the_avatar_go(door, rooms, job):
    plugin = made("runway", base_of(door))
    async with started(plugin, job):
        await plugin._cancel_runway_realtime_session()
        await until(lambda: rooms.calls[0].is_over and len(door.app[LAUNCHES]) == 0)
    plugin = made("inference", base_of(door))
    async with started(plugin, job):
        await plugin._terminate_session(plugin._provider_session_id, plugin._terminate_token)
        await until(lambda: rooms.calls[1].is_over and len(door.app[AVATARS]) == 1)


async def test_a_pal_is_the_face_it_was_made_of(door, rooms, job):
    api = TavusAPI(
        api_key=OUR_KEY, api_url=f"{base_of(door)}/tavus", session=utils.http_context.http_session()
    )
    pal = await api.create_pal("host", default_face_id="face-1")
    plugin = tavus.AvatarSession(
        pal_id=pal, api_key=OUR_KEY, api_url=f"{base_of(door)}/tavus", conn_options=ONCE
    )
    async with started(plugin, job):
        assert rooms.last[0].actor.character.name == "rival"
