"""What says it is a Janus, and is not, or not always."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_rtc.errors import AvatarRtcError
from avatar_rtc.server.live.publishing import janus_socket
from avatar_rtc.server.live.publishing.janus_room import JanusAddress, JanusRoom
from avatar_rtc.server.live.publishing.trouble import SendingFailed
from tests.waiting import until

Answers = Callable[[dict[str, Any]], list[object]]


@contextlib.asynccontextmanager
async def stand_in(answers: Answers) -> AsyncIterator[str]:
    """The address of one that answers each request with these: objects as JSON, the rest as it is."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("janus-protocol",))
        await socket.prepare(request)
        async for message in socket:
            for each in answers(json.loads(message.data)):
                if each is None:
                    await socket.close()
                elif isinstance(each, bytes):
                    await socket.send_bytes(each)
                else:
                    await socket.send_str(each if isinstance(each, str) else json.dumps(each))
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/")).replace("http", "ws")
    finally:
        await server.close()


def good(request: dict[str, Any]) -> list[object]:
    """As Janus answers what is asked first."""
    head = {"transaction": request["transaction"]}
    if request["janus"] in ("create", "attach"):
        return [head | {"janus": "success", "data": {"id": 7}}]
    return [head | {"janus": "ack"}]


def head(request: dict[str, Any], janus: str, **fields: object) -> dict[str, object]:
    return {"janus": janus, "transaction": request["transaction"], **fields}


def data(request: dict[str, Any], **said: object) -> dict[str, object]:
    return {"janus": "event", "transaction": request["transaction"], "plugindata": {"data": said}}


async def exchanged(answers: Answers, room: int | str = 1, **keys: str) -> str:
    async with stand_in(answers) as url, JanusRoom(JanusAddress(url, room, keys=keys)).opened() as found:
        return await found.exchange("v=0", None)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janus_socket, "JANUS_ANSWER_S", 0.3)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (lambda r: ["hello"], "as Janus does"),
        (lambda r: [b"\0\1"], "as Janus does"),
        (lambda r: [[1, 2]], "as Janus does"),
        (lambda r: ["[" * 100_000], "as Janus does"),
        (lambda r: [{"janus": 7}], "as Janus does"),
        (lambda r: [None], "is lost"),
        (lambda r: [], "did not answer"),
        (lambda r: [{"janus": "success", "transaction": "another"}], "did not answer"),
        (lambda r: [head(r, "success", data={"id": "7"})], "as Janus does"),
        (lambda r: [head(r, "success", data=7)], "as Janus does"),
        (lambda r: [head(r, "error", error={"code": 403, "reason": "k3y!"})], "403"),
        (lambda r: [head(r, "error", error="no")], "says no"),
        (lambda r: good(r) if r["janus"] != "message" else [data(r, error_code="x")], "says no"),
        (lambda r: good(r) if r["janus"] != "message" else [data(r, videoroom="joined")], "without SDP"),
        (lambda r: good(r) if r["janus"] != "message" else [data(r) | {"jsep": {"sdp": 7}}], "without SDP"),
        (lambda r: good(r) if r["janus"] != "message" else [None], "is lost"),
        (lambda r: good(r) if r["janus"] != "message" else ["x" * 300_000], "lost|as Janus"),
    ],
)  # fmt: skip
async def test_it_is_told_what_is_wrong(answers: Answers, sentence: str) -> None:
    with pytest.raises(SendingFailed, match=sentence) as failure:
        await exchanged(answers, token="k3y")
    assert "k3y" not in str(failure.value)


async def test_each_request_has_what_opens_it() -> None:
    asked: list[dict[str, Any]] = []

    def answers(request: dict[str, Any]) -> list[object]:
        asked.append(request)
        if request["janus"] == "message":
            return [*good(request), data(request) | {"jsep": {"type": "answer", "sdp": "v=0"}}]
        return good(request)

    assert await exchanged(answers, "lobby", token="k3y", apisecret="s3cret") == "v=0"
    assert {(each["token"], each["apisecret"]) for each in asked} == {("k3y", "s3cret")}
    assert [each["janus"] for each in asked] == ["create", "attach", "message"]
    assert asked[-1]["body"]["room"] == "lobby" and asked[-1]["session_id"] == asked[-1]["handle_id"] == 7


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"janus": "hangup", "reason": "ICE failed"}, "hung up: ICE failed"),
        ({"janus": "hangup", "reason": {"a": 1}}, "hung up"),
        ({"janus": "detached"}, "ended the session"),
        ({"janus": "timeout"}, "ended the session"),
        ({"janus": "event", "plugindata": {"data": {"videoroom": "destroyed"}}}, "closed"),
        ({"janus": "event", "plugindata": {"data": {"leaving": "ok", "reason": "kicked"}}}, "sent out"),
        (None, "lost"),
    ],
)
async def test_its_end_is_heard(event: object, sentence: str) -> None:
    def answers(request: dict[str, Any]) -> list[object]:
        return [*good(request), event] if request["janus"] == "attach" else good(request)

    async with stand_in(answers) as url, JanusRoom(JanusAddress(url, 1)).opened() as room:
        with pytest.raises(AvatarRtcError, match=sentence):
            await asyncio.wait_for(room.over(), 5)


FIELDS = ("janus", "data", "videoroom", "plugindata", "error", "leaving", "reason", "candidate", "id")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
KINDS = ("event", "trickle", "hangup", "media", "success")


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES), st.sampled_from(KINDS))
def test_whatever_it_says_is_heard_without_harm(said: dict[str, Any], kind: str) -> None:
    async def hear() -> None:
        room = JanusRoom(JanusAddress("ws://x", 1))
        room._hear({**said, "janus": kind})

    asyncio.run(hear())


async def test_a_redirect_is_not_followed() -> None:
    asked = []

    async def lead(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/admin"})

    app = web.Application()
    app.router.add_get("/{path:.*}", lead)
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url("/")).replace("http", "ws")
    with pytest.raises(SendingFailed, match="redirects"):
        async with JanusRoom(JanusAddress(url, 1)).opened():
            pass
    assert asked == ["/"]
    await server.close()


async def test_a_long_session_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janus_socket, "KEEPALIVE_S", 0.05)
    asked: list[str] = []

    def answers(request: dict[str, Any]) -> list[object]:
        asked.append(request["janus"])
        return good(request)

    async with stand_in(answers) as url, JanusRoom(JanusAddress(url, 1)).opened():
        await until(lambda: asked.count("keepalive") > 2)
