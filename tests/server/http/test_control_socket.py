"""The WebSocket twin of the data channels: the same answers, rates, refusals and events."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from avatar_rtc.config_sections import AccessConfig, LimitsConfig
from avatar_rtc.control.envelope import MAX_MESSAGE_BYTES
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.tokens import make_token
from avatar_rtc.server.http.keys import AVATARS, CLOSING, LIMITS
from avatar_rtc.server.live.session import label_of
from tests.waiting import until

CONTROL = "/api/v1/avatars/main/control"
SECRET = "north-north-west-north-north-west"
POSE = {"type": "pose.set", "morphs": {"head_x": 0.5}}


class Line:
    """One who talks over it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def tell(self, **message: object) -> None:
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=10))
        return told

    async def until(self, kind: str) -> dict[str, Any]:
        while (told := await self.next())["type"] != kind:
            pass
        return told

    async def ask(self, **message: object) -> dict[str, Any]:
        """The answer to a message, whatever else is told before it."""
        await self.tell(**message)
        while (told := await self.next())["type"] not in ("ok", "error"):
            pass
        return told

    async def end(self) -> tuple[int, str]:
        """Code and reason with which it is closed."""
        while (message := await self.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            pass
        is_told = message.type is aiohttp.WSMsgType.CLOSE
        return (message.data, message.extra or "") if is_told else (0, "")


@pytest.fixture
def line(client):
    async def open_line(query: str = "", path: str = CONTROL, **options: Any) -> Line:
        return Line(await client.ws_connect(path + query, **options))

    return open_line


async def test_it_is_greeted_answered_and_told(client, line):
    one, other = await line(), await line()
    assert (await one.next())["type"] == (await other.next())["type"] == "state"
    assert await one.ask(type="talking.set", on=True, id="a") == {"type": "ok", "id": "a"}
    assert (await other.until("state"))["talking"] is True
    refused = await one.ask(type="emotion.set", name="joyy", id=8)
    assert refused["id"] == 8 and "did you mean 'joy'" in refused["detail"]
    assert "t_ms" in await one.ask(type="ping", id=9)
    client.app[AVATARS]["main"].events.tell({"type": "speech.word", "word": "☺"})
    assert (await other.until("speech.word"))["word"] == "☺"


async def test_what_flows_is_answered_only_if_it_asks_or_is_wrong(client, line):
    one = await line("?events=none")
    state = lambda: client.app[AVATARS]["main"].state  # noqa: E731
    await one.tell(**POSE, t_ms=1)
    await one.tell(type="cue.set", t_ms=1, visemes={"aaa": 0.5})
    await one.tell(type="hearing.set", level=0.5)
    assert await one.ask(type="ping", id=1) == {"type": "ok", "id": 1, "t_ms": pytest.approx(0, abs=1e9)}
    assert state().hearing.level == 0.5
    await one.tell(type="pose.set", t_ms=2, morphs={"head_z": 1})
    wrong = await one.next()
    assert wrong["type"] == "error" and wrong["id"] is None and "unknown morph 'head_z'" in wrong["detail"]
    assert await one.ask(**POSE, t_ms=3, id=3) == {"type": "ok", "id": 3, "taken": True}
    assert await one.ask(**POSE, t_ms=2, id=4) == {"type": "ok", "id": 4, "taken": False}
    assert (await one.ask(type="hearing.set", level=0.1, id=5))["taken"] is True


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"type": "pose.set", "t_ms": 0}', "pose"),
        ('{"t_ms":0,"type":"cue.set"}', "cues"),
        ('{ "level": 0.1, "type" :\n"hearing.set"}', "hearing"),
        ('{"type": "pose.set", "id": 1}', "control"),
        ('{"type": "posexset"}', "control"),
        ('{"type": "speech.say", "text": "{\\"type\\": \\"pose.set\\"}"}', "control"),
        ("", "control"),
    ],
)
def test_where_a_text_belongs(text, label):
    assert label_of(text) == label


async def test_who_only_drives_hears_answers_alone(client, line):
    one = await line("?events=none")
    client.app[AVATARS]["main"].events.tell({"type": "viewers", "count": 3})
    await one.tell(type="talking.set", on=True, id=1)
    assert [(await one.next())["id"], (await one.ask(type="ping", id=2))["id"]] == [1, 2]
    chosen = await line("?types=viewers")
    await until(lambda: client.app[AVATARS]["main"].events.listeners == 2)
    client.app[AVATARS]["main"].events.tell({"type": "viewers", "count": 4})
    assert await chosen.next() == {"type": "viewers", "count": 4}


@pytest.mark.parametrize("query", ["?events=some", "?types=gossip", "?types="])
async def test_what_cannot_be_chosen_is_refused(client, query):
    answer = await client.get(CONTROL + query)
    assert answer.status == 400 and (await answer.json(content_type=None))["detail"]


async def test_a_plain_get_is_told_that_it_is_a_websocket(client):
    answer = await client.get(CONTROL)
    assert answer.status == 400
    assert client.app[AVATARS]["main"].events.listeners == 0


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("{", "not JSON"),
        ("[]", "a message is a JSON object"),
        ('{"type": "nonsense", "id": 1}', "nonsense"),
        ('{"id": 1, "id": 2}', "is there twice"),
        (b"\0\1", "send text, not binary"),
        (" " * (MAX_MESSAGE_BYTES + 1), "a message is at most"),
        ('{"type": "pose.set", "t_ms": "x"}', "t_ms"),
        ('{"type": "pose.set", "type": "ping"}', "is there twice"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_the_line_goes_on(line, sent, told):
    one = await line("?events=none")
    await (one.socket.send_bytes(sent) if isinstance(sent, bytes) else one.socket.send_str(sent))
    answer = await one.next()
    assert answer["type"] == "error" and told in answer["detail"]
    assert (await one.ask(type="ping", id=3))["id"] == 3


async def test_a_text_beyond_measure_ends_the_line(client, line):
    one = await line("?events=none")
    await one.socket.send_str("x" * (4 * MAX_MESSAGE_BYTES + 1))
    assert (await one.end())[0] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    assert (await (await line()).next())["type"] == "state"


async def test_a_flood_is_refused_once_a_second_and_the_avatar_lives_on(serve, config):
    client = await serve(config.model_copy(update={"limits": LimitsConfig(messages_per_s=20)}))
    one = Line(await client.ws_connect(CONTROL + "?events=none"))
    for n in range(10_000):
        await one.tell(type="talking.set", on=bool(n % 2), id=n)
    answers = [await one.next() for _ in range(41)]
    assert [each["type"] for each in answers].count("ok") >= 40
    await until(lambda: client.app[LIMITS].refused["messages_per_s"] > 9_000)
    flood = [each for each in answers if each["type"] == "error"]
    assert all("more than 20 messages a second" in each["detail"] for each in flood)
    began = time.monotonic()
    assert (await client.get("/api/v1/avatars/main")).status == 200 and time.monotonic() - began < 2


async def test_of_a_flood_of_poses_the_newest_is_taken(serve, config):
    client = await serve(config.model_copy(update={"limits": LimitsConfig(messages_per_s=20)}))
    one = Line(await client.ws_connect(CONTROL + "?events=none"))
    for n in range(1, 2_001):
        await one.tell(type="pose.set", t_ms=n, morphs={"head_x": n / 2_000})
    avatar = client.app[AVATARS]["main"]
    await until(lambda: avatar.state.live_pose is not None and avatar.state.live_pose.t_ms == 2_000)


async def test_who_reads_no_answers_is_cut_off(serve, config):
    limits = LimitsConfig(messages_per_s=100_000, body_s=0.3)
    client = await serve(config.model_copy(update={"limits": limits}))
    one = Line(await client.ws_connect(CONTROL + "?events=none", max_msg_size=0))
    one.socket._response.connection.transport.pause_reading()
    long_id = "x" * 30_000
    with pytest.raises((ConnectionError, aiohttp.ClientError, TimeoutError)):
        async with asyncio.timeout(20):
            while True:
                await one.tell(type="ping", id=long_id)
                await asyncio.sleep(0)
    await until(lambda: not client.app[AVATARS]["main"].events.listeners)
    assert (await client.get("/api/v1/avatars/main")).status == 200


async def test_it_ends_with_the_avatar_and_with_the_server(client, line):
    created = await client.post("/api/v1/avatars", json={"id": "guest", "character": "hero"})
    assert created.status == 201
    one = await line(path="/api/v1/avatars/guest/control")
    assert (await client.delete("/api/v1/avatars/guest")).status < 300
    await one.until("closing")
    assert await one.end() == (1000, "the avatar has ended")
    two = await line()
    await two.next()
    client.app[CLOSING].set()
    await client.app[AVATARS].close()
    await two.until("closing")
    assert await two.end() == (1001, "the server ends")


async def test_the_rates_are_of_each_line_and_seats_are_bounded(serve, config):
    limits = config.limits.model_copy(update={"listeners": 2})
    client = await serve(config.model_copy(update={"limits": limits}))
    lines = [await client.ws_connect(CONTROL) for _ in range(2)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(CONTROL)
    assert refused.value.status == 503
    assert (await client.get(CONTROL.replace("control", "events"))).status == 503
    await lines[0].close()
    await until(lambda: client.app[AVATARS]["main"].events.listeners == 1)
    await client.ws_connect(CONTROL)


@pytest.fixture
def with_keys(config, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", SECRET)
    (tmp_path / "revoked").touch()
    access = AccessConfig(secret="env:SECRET", leeway_s=0.0, revoked=tmp_path / "revoked")
    return config.model_copy(update={"access": access})


def token(scope: Any, seconds: float = 60.0) -> str:
    return make_token(SECRET.encode(), Grant(scope, None), time.time(), seconds)


async def test_who_may_watch_hears_and_is_refused_messages(serve, with_keys):
    client = await serve(with_keys)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(CONTROL)
    assert refused.value.status == 401
    ways = (
        {"headers": {"Authorization": f"Bearer {token('view')}"}},
        {"protocols": ("avatar-rtc", f"bearer.{token('view')}")},
    )
    for way in ways:
        one = Line(await client.ws_connect(CONTROL, **way))
        assert (await one.next())["type"] == "state"
        assert (await one.ask(type="ping", id=1))["type"] == "ok"
        assert "takes the scope control" in (await one.ask(type="pause.set", on=True, id=2))["detail"]
        await one.tell(**POSE, t_ms=0)
        assert "takes the scope control" in (await one.until("error"))["detail"]
    answer = await client.get(f"{CONTROL.replace('control', 'events')}?access_token={token('view')}")
    assert answer.status == 200 and await answer.content.readline()
    answer.close()
    one = Line(await client.ws_connect(CONTROL, headers={"Authorization": f"Bearer {token('control')}"}))
    assert (await one.ask(type="pause.set", on=True, id=2))["type"] == "ok"


async def test_it_ends_with_its_token(serve, with_keys):
    client = await serve(with_keys)
    headers = {"Authorization": f"Bearer {token('view', 2)}"}
    answer = await client.get(CONTROL.replace("control", "events"), headers=headers)
    one = Line(await client.ws_connect(CONTROL, headers=headers))
    assert (await one.until("closing"))["reason"] == "its token has expired"
    assert await one.end() == (1008, "its token has expired")
    text = (await asyncio.wait_for(answer.content.read(), 5)).decode()
    assert text.endswith('data: {"type": "closing", "reason": "its token has expired"}\n\n')
