"""The tools over HTTP, with the library's own client: the new protocol, and those before it."""

import asyncio
import base64
import io
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from avatar_rtc.config_sections import AccessConfig, AccessKey
from avatar_rtc.server.http import mcp_door
from avatar_rtc.server.http.keys import AVATARS
from tests.waiting import until

MODES = ["auto", "legacy"]


@asynccontextmanager
async def agent(client, mode: str = "auto", key: str = ""):
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"} if key else {}) as http:
        transport = streamable_http_client(str(client.make_url("/mcp")), http_client=http)
        async with Client(transport, mode=mode) as told:
            yield told


def the_avatar(client, name: str = "main"):
    return client.server.app[AVATARS][name]


@pytest.mark.parametrize("mode", MODES)
async def test_an_agent_speaks_and_waits_until_it_was_heard(client, mode):
    told = []

    async def progress(done, total, message):
        told.append(message)

    async with agent(client, mode) as face:
        said = (await face.call_tool("say", {"text": "Pa ma."})).structured_content
        heard = await face.call_tool(
            "wait_until_spoken", {"speech_id": said["speech_id"]}, progress_callback=progress
        )
        again = await face.call_tool("wait_until_spoken", {"speech_id": said["speech_id"]})
    spoken = heard.structured_content
    assert spoken["is_over"] and not spoken["is_interrupted"] and spoken["position_ms"] > 200
    assert again.structured_content == spoken  # who asks late hears the same
    assert "ma" in told


async def test_it_feels_looks_gestures_and_becomes_another(client):
    avatar = the_avatar(client)
    async with agent(client) as face:
        for tool, wanted in (
            ("feel", {"emotion": "joy", "intensity": 0.5}),
            ("gesture", {"name": "wink"}),
            ("look", {"at": {"x": 0.5, "y": -0.5}}),
            ("activity", {"doing": "thinking"}),
            ("work", {"on": True}),
        ):
            answer = await face.call_tool(tool, wanted)
            assert not answer.is_error and answer.structured_content["avatar"] == "main", answer
        assert (avatar.state.emotions, avatar.state.intensity) == ({"joy": 1.0}, 0.5)
        assert [g.template.name for g in avatar.state.gestures] == ["wink"]
        assert avatar.state.activity.name == "thinking" and avatar.state.data_eyes.on
        stored = (await face.call_tool("characters", {})).structured_content["characters"]
        assert "hero" in stored
        assert not (await face.call_tool("become", {"character": "hero"})).is_error
        seen = (await face.call_tool("avatars", {})).structured_content["avatars"]
        assert [(each["id"], each["character"]) for each in seen] == [("main", "hero")]


async def test_a_picture_is_small_and_has_its_transparency(client):
    async with agent(client) as face:
        picture = (await face.call_tool("snapshot", {})).content[0]
    with Image.open(io.BytesIO(base64.b64decode(picture.data))) as image:
        assert picture.mime_type == "image/png" and image.mode == "RGBA" and max(image.size) <= 512


@pytest.mark.parametrize(
    ("tool", "wanted", "says"),
    [
        ("feel", {"emotion": "jou"}, "did you mean 'joy'"),
        ("feel", {"emotion": "joy", "intensity": 2}, "intensity"),
        ("gesture", {"name": "winc"}, "did you mean 'wink'"),
        ("look", {"at": {"x": 7, "y": 0}}, "target: x is 7"),
        ("say", {"text": " "}, "nothing"),
        ("say", {"text": "Hm.", "avatar": "nobody"}, "there is no avatar 'nobody'"),
        ("become", {"character": "nobody"}, "nobody"),
        ("activity", {"doing": "sleeping"}, "listening"),
    ],
)
async def test_what_cannot_be_is_told_to_the_model_in_a_sentence(client, tool, wanted, says):
    async with agent(client) as face:
        answer = await face.call_tool(tool, wanted)
    assert answer.is_error and says in answer.content[0].text, answer.content[0].text


async def test_calls_in_parallel_are_all_answered(client):
    async with agent(client) as face:
        texts = [face.call_tool("say", {"text": f"Number {n}."}) for n in range(8)]
        others = [face.call_tool("feel", {"emotion": "joy"}), face.call_tool("avatars", {})] * 4
        answers = await asyncio.gather(*texts, *others)
        ids = {answer.structured_content["speech_id"] for answer in answers[:8]}
        assert len(ids) == 8 and not any(answer.is_error for answer in answers)
        await face.call_tool("hush", {})
        assert the_avatar(client).speech.queue.is_silent


async def test_hush_ends_a_wait_and_says_how_much_was_heard(client):
    async with agent(client) as face:
        said = (await face.call_tool("say", {"text": "One two three four five six. " * 5})).structured_content
        waiting = asyncio.create_task(face.call_tool("wait_until_spoken", {"speech_id": said["speech_id"]}))
        await until(lambda: (the_avatar(client).speech.queue.position or ("", 0.0))[1] > 0.1)
        await face.call_tool("hush", {"speech_id": said["speech_id"]})
        heard = (await waiting).structured_content
    assert heard["is_over"] and heard["is_interrupted"] and 0 < heard["position_ms"] < 5_000


async def test_a_wait_that_runs_out_says_that_it_goes_on(client):
    async with agent(client) as face:
        said = (await face.call_tool("say", {"text": "One two three four five six. " * 5})).structured_content
        wanted = {"speech_id": said["speech_id"], "timeout_s": 0.05}
        heard = (await face.call_tool("wait_until_spoken", wanted)).structured_content
        assert not heard["is_over"] and heard["position_ms"] is None
        await face.call_tool("hush", {})


async def test_whose_token_is_for_one_avatar_acts_on_that_one_alone(serve, config, monkeypatch):
    monkeypatch.setenv("GUEST", "the-key-of-the-guest")
    monkeypatch.setenv("WATCH", "the-key-of-a-watcher")
    keys = {
        "guest": AccessKey(key="env:GUEST", scope="control", avatar="guest"),
        "watch": AccessKey(key="env:WATCH", scope="view"),
    }
    client = await serve(config.model_copy(update={"access": AccessConfig(keys=keys)}))
    own = {"Authorization": "Bearer the-key-of-the-guest"}
    client.server.app[AVATARS].create(the_avatar(client).actor.character, "guest")
    async with agent(client, key="the-key-of-the-guest") as face:
        assert (await face.call_tool("feel", {"emotion": "joy"})).structured_content["avatar"] == "guest"
        seen = (await face.call_tool("avatars", {})).structured_content["avatars"]
        assert [each["id"] for each in seen] == ["guest"]
        other = await face.call_tool("feel", {"emotion": "joy", "avatar": "main"})
        assert other.is_error and "for the avatar 'guest' alone" in other.content[0].text
    for headers, status in (({}, 401), ({"Authorization": "Bearer the-key-of-a-watcher"}, 403)):
        assert (await client.post("/mcp", json={}, headers=headers)).status == status
    assert (await client.post("/mcp", json={}, headers={**own, "Host": "evil.example"})).status == 403
    assert (
        await client.post("/mcp", json={}, headers={**own, "Origin": "http://evil.example"})
    ).status == 403


async def test_without_the_extra_the_answer_names_the_fix(client, monkeypatch):
    monkeypatch.setattr(mcp_door, "find_spec", lambda name: None)
    answer = await client.post("/mcp", json={})
    assert answer.status == 404 and "pip install 'avatar-rtc[mcp]'" in (await answer.json())["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"jsonrpc": "1.0"}', b"\xff"])
async def test_what_is_no_message_is_refused(client, body):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    answer = await client.post("/mcp", data=body, headers=headers)
    assert 400 <= answer.status < 500
    assert (await client.get("/mcp")).status == 405


async def test_who_leaves_ends_what_it_waits_for(client):
    async with agent(client) as face:
        said = (await face.call_tool("say", {"text": "One two three four five six. " * 5})).structured_content
        waiting = asyncio.create_task(face.call_tool("wait_until_spoken", {"speech_id": said["speech_id"]}))
        await until(lambda: the_avatar(client).events.listeners)
        waiting.cancel()
        await until(lambda: not the_avatar(client).events.listeners)
        await face.call_tool("hush", {})
