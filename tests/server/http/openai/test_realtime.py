"""The Realtime door: OpenAI's own client before it, a scripted server behind it."""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from openai import AsyncOpenAI
from websockets.exceptions import ConnectionClosed, InvalidStatus

from avatar_rtc.config_sections import AccessConfig, AccessKey, OpenAiConfig
from avatar_rtc.server.http.keys import AVATARS
from avatar_rtc.server.http.openai import realtime
from tests.server.http.openai.realtime_script import (
    created,
    cut,
    delta,
    done,
    event,
    sound_done,
    speech_started,
    tone,
    words,
)
from tests.waiting import until

Play = Callable[[web.WebSocketResponse], Awaitable[None]]


class Scripted:
    """A server with the Realtime API: notes what it gets, and plays a scene on each connection."""

    def __init__(self) -> None:
        self.got: list[str | bytes] = []
        self.requests: list[web.Request] = []
        self.left: list[int | None] = []
        self.url = ""
        self.refuses: web.Response | None = None
        self.play: Play = self.listen
        self.app = web.Application()
        self.app.router.add_get("/v1/realtime", self._answer)

    async def listen(self, socket: web.WebSocketResponse) -> None:
        """Take what comes, until the other side ends."""
        async for message in socket:
            assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY)
            self.got.append(message.data)

    def truncated(self) -> list[int]:
        told = (json.loads(text) for text in self.got if isinstance(text, str) and text.startswith("{"))
        return [each["audio_end_ms"] for each in told if each["type"] == "conversation.item.truncate"]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.refuses is not None:
            return self.refuses
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        await self.play(socket)
        self.left.append(socket.close_code)
        return socket


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    async with TestServer(server.app) as there:
        server.url = str(there.make_url("/v1"))
        yield server


@pytest.fixture
async def door(serve, config, scripted):
    """(settings) → a client of our server, before the scripted one."""

    async def open_(**options):
        settings = {name: options.pop(name) for name in ("access",) if name in options}
        openai = OpenAiConfig(upstream=scripted.url, **options)
        return await serve(config.model_copy(update={"openai": openai, **settings}))

    return open_


def asking(client, key: str = "any") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=str(client.make_url("/v1")), api_key=key, max_retries=0)


def the_avatar(client):
    return client.server.app[AVATARS]["main"]


async def test_openais_client_converses_and_the_avatar_speaks(door, scripted):
    sound = tone(0.3)

    async def play(socket):
        await socket.send_str(event("session.created", session={"type": "realtime"}))
        assert json.loads(await socket.receive_str())["type"] == "response.create"
        for text in (created(), words("Hm."), *map(delta, cut(sound, 4_801)), sound_done(), done()):
            await socket.send_str(text)
        await scripted.listen(socket)

    scripted.play = play
    client = await door()
    heard, kinds = b"", []
    async with asking(client) as openai, openai.realtime.connect(model="avatar/main/their-model") as talk:
        await talk.response.create()
        async for told in talk:
            kinds.append(told.type)
            if told.type == "response.output_audio.delta":
                heard += base64.b64decode(told.delta)
            if told.type == "response.done":
                break
        assert the_avatar(client).speech.queue.current
    assert heard == sound and kinds[0] == "session.created" and kinds[-1] == "response.done"
    assert dict(scripted.requests[0].query) == {"model": "their-model"}
    await until(lambda: scripted.left and the_avatar(client).speech.queue.is_silent)


async def test_frames_go_through_byte_for_byte_both_ways(door, scripted):
    odd = ['{"type":"a","x": 1.0, "ä": "\\u00e9"}', "no json", '{"type" :"session.update", "session":{}}', ""]
    large = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 5_000_000})

    async def play(socket):
        async for message in socket:
            await (socket.send_str if message.type is WSMsgType.TEXT else socket.send_bytes)(message.data)

    scripted.play = play
    client = await door()
    async with client.ws_connect("/v1/realtime", max_msg_size=0) as talk:
        for text in (*odd, large):
            await talk.send_str(text)
            assert await talk.receive_str() == text
        await talk.send_bytes(b"\x00\xff")
        assert await talk.receive_bytes() == b"\x00\xff"


@pytest.mark.parametrize("truncates", ["ours", "client"])
async def test_a_barge_in_of_openais_client_tells_what_was_heard(door, scripted, truncates):
    async def play(socket):
        for text in (created(), delta(tone(3.0)), sound_done(), done()):
            await socket.send_str(text)
        await scripted.listen(socket)

    scripted.play = play
    client = await door(truncate=truncates)
    async with asking(client) as openai, openai.realtime.connect(model="m") as talk:
        await until(lambda: the_avatar(client).speech.queue.position)
        await until(lambda: the_avatar(client).speech.queue.position[1] > 0.15)
        await talk.conversation.item.truncate(item_id="i1", content_index=0, audio_end_ms=2_900)
        await until(scripted.truncated)
    told = scripted.truncated()
    assert told == [2_900] if truncates == "client" else 150 <= told[0] < 1_500


async def test_who_speaks_up_silences_the_avatar_before_the_caller_knows(door, scripted):
    async def play(socket):
        await socket.send_str(created())
        await socket.send_str(delta(tone(3.0)))
        assert await socket.receive_str() == "go"
        await socket.send_str(speech_started())
        await socket.send_str(done(status="cancelled"))
        await scripted.listen(socket)

    scripted.play = play
    client = await door()
    async with client.ws_connect("/v1/realtime") as talk:
        await until(lambda: (the_avatar(client).speech.queue.position or ("", 0.0))[1] > 0.1)
        await talk.send_str("go")
        while json.loads(await talk.receive_str())["type"] != "input_audio_buffer.speech_started":
            pass
        assert the_avatar(client).speech.queue.is_silent
        assert the_avatar(client).state.activity.name == "listening"
        await until(scripted.truncated)
    assert 50 < scripted.truncated()[0] < 1_500
    await until(lambda: the_avatar(client).state.activity.name == "idle")


async def test_sound_is_left_out_where_it_is_not_wanted(door, scripted):
    async def play(socket):
        await socket.send_str(delta(tone(0.1)))
        await scripted.listen(socket)

    scripted.play = play
    client = await door(strip_audio=True)
    for query, empty in (("", True), ("?strip_audio=false", False)):
        async with client.ws_connect(f"/v1/realtime{query}") as talk:
            assert (json.loads(await talk.receive_str())["delta"] == "") is empty
    assert (await client.get("/v1/realtime?strip_audio=perhaps", headers=UPGRADE)).status == 400


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


async def test_how_the_server_ends_is_how_it_ends_for_the_caller(door, scripted):
    scripted.play = lambda socket: socket.close(code=4_008, message=b"session too long")
    client = await door()
    async with asking(client) as openai, openai.realtime.connect(model="m") as talk:
        with pytest.raises(ConnectionClosed) as closed:
            await talk.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4_008, "session too long")


async def test_a_server_that_breaks_off_is_told_of(door, scripted):
    async def play(socket):
        await socket.send_str(delta(tone(2.0)))
        socket._req.transport.abort()

    scripted.play = play
    client = await door()
    async with client.ws_connect("/v1/realtime") as talk:
        assert (await talk.receive()).type is WSMsgType.TEXT
        ended = await talk.receive()
        assert (ended.data, ended.extra) == (1011, "the server behind this one broke off")
    await until(lambda: the_avatar(client).speech.queue.is_silent)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication_error"), (429, "rate_limit_error"), (500, None)]
)
async def test_how_the_server_refuses_is_how_it_is_refused(door, scripted, status, kind):
    scripted.refuses = web.Response(status=status, text="<html>no</html>", headers={"Retry-After": "7"})
    client = await door()
    async with asking(client) as openai:
        with pytest.raises(InvalidStatus) as refused:
            await openai.realtime.connect(model="m").enter()
    answer = refused.value.response
    assert answer.status_code == status and answer.headers["Retry-After"] == "7"
    told = json.loads(answer.body)["error"]
    assert str(status) in told["message"] and (kind is None or told["type"] == kind)


async def test_a_server_that_is_away_or_not_set_up_is_told_of(serve, config):
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    for upstream, status in ((away, 502), ("", 503)):
        client = await serve(config.model_copy(update={"openai": OpenAiConfig(upstream=upstream)}))
        answer = await client.get("/v1/realtime", headers=UPGRADE)
        assert answer.status == status and (await answer.json())["error"]["message"]
        assert (await client.get("/v1/realtime")).status == 400  # no WebSocket


async def test_a_page_of_openais_client_shows_its_token_as_a_subprotocol(door, scripted, monkeypatch):
    monkeypatch.setenv("OURS", "our-key")
    access = AccessConfig(keys={"page": AccessKey(key="env:PAGE", scope="control")})
    monkeypatch.setenv("PAGE", "the-key-of-the-page")
    client = await door(access=access, key="env:OURS")
    protocols = ("realtime", "openai-insecure-api-key.the-key-of-the-page", "openai-beta.realtime-v1")
    async with client.ws_connect("/v1/realtime?model=m", protocols=protocols) as talk:
        assert talk.protocol == "realtime"
        await until(lambda: scripted.requests)
    sent = scripted.requests[0].headers
    assert sent["Authorization"] == "Bearer our-key" and sent["OpenAI-Beta"] == "realtime=v1"
    assert "the-key" not in str(sent)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(
            "/v1/realtime?model=m", protocols=("realtime", "openai-insecure-api-key.wrong")
        )
    assert refused.value.status == 401


async def test_a_callers_own_key_goes_on_if_the_settings_say_so(door, scripted):
    client = await door(send="caller")
    async with client.ws_connect("/v1/realtime", protocols=("realtime", "openai-insecure-api-key.theirs")):
        await until(lambda: scripted.requests)
    assert scripted.requests[0].headers["Authorization"] == "Bearer theirs"


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?model=avatar/second/m", {}), ("?model=m&avatar=second", {}), ("?model=m", {"X-Avatar": "second"})],
)
async def test_which_avatar_speaks_is_said_in_three_ways(door, scripted, query, headers):
    async def play(socket):
        await socket.send_str(delta(tone(1.0)))
        await scripted.listen(socket)

    scripted.play = play
    client = await door()
    assert (await client.post("/api/v1/avatars", json={"id": "second"})).status == 201
    async with client.ws_connect(f"/v1/realtime{query}", headers=headers):
        await until(lambda: not client.server.app[AVATARS]["second"].speech.queue.is_silent)
        assert the_avatar(client).speech.queue.is_silent
        assert dict(scripted.requests[0].query) == {"model": "m"}
    answer = await client.get("/v1/realtime?avatar=nobody", headers=UPGRADE)
    assert answer.status == 404 and "nobody" in (await answer.json())["error"]["message"]


async def test_who_does_not_read_holds_up_the_server_and_not_us(door, scripted, monkeypatch):
    """A caller that reads nothing: what is held for it stays small, and the server has to wait."""
    sent = 0

    async def play(socket):
        nonlocal sent
        for _ in range(400):
            await socket.send_str(event("response.text.delta", delta="x" * 100_000))
            sent += 1

    scripted.play = play
    client = await door()
    async with client.ws_connect("/v1/realtime"):
        reached = -1
        while reached != sent:
            reached = sent
            await asyncio.sleep(0.2)
        assert sent < 300  # of 40 MB, the rest waits where it was made
    assert realtime.MOST_FRAME_BYTES >= 20 * 2**20


async def test_a_server_that_ends_says_so_to_both_sides(door, scripted):
    client = await door()
    async with client.ws_connect("/v1/realtime") as talk:
        await until(lambda: scripted.requests)
        closing = asyncio.create_task(client.server.close())
        ended = await talk.receive()
        assert ended.type is WSMsgType.CLOSE and ended.data == 1001
        await closing
    await until(lambda: scripted.left)
