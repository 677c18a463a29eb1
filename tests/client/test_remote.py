"""`Remote` against a WebSocket of a few lines, and its law: no WebRTC is loaded for it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from avatar_rtc import Remote
from avatar_rtc.client import returning
from avatar_rtc.errors import InputError, NotFound, Refused, Unreachable
from tests.waiting import until

STATE = {"type": "state", "id": "main", "state": "live"}


@dataclass
class FakeSocket:
    """What the tests see and steer."""

    url: str = ""
    tokens: list[str | None] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda message: {
        "type": "ok", "id": message.get("id"),
    }  # fmt: skip
    refusal: tuple[int, str] | None = None

    async def control(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization"))
        if self.refusal is not None:
            status, detail = self.refusal
            problem = {"status": status, "detail": detail}
            return web.json_response(problem, status=status, content_type="application/problem+json")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json(STATE)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.told.append(json.loads(message.data))
                if "id" in self.told[-1] and (answer := self.answer(self.told[-1])) is not None:
                    await socket.send_json(answer)
        return socket

    async def tell(self, **event: object) -> None:
        await self.sockets[-1].send_json(event)


@pytest.fixture
async def remote() -> AsyncIterator[FakeSocket]:
    fake, app = FakeSocket(), web.Application()
    app.router.add_get("/api/v1/avatars/main/control", fake.control)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    for socket in fake.sockets:
        await socket.close()
    await runner.cleanup()


async def test_it_tells_and_hears(remote: FakeSocket) -> None:
    remote.answer = lambda m: {"type": "ok", "id": m["id"], "speech_id": "s1", "seconds": 0.8}
    async with Remote(remote.url, token="k") as avatar:
        assert await anext(avatar.states()) == {"id": "main", "state": "live"} == avatar.state()
        everything = avatar.events()
        assert await avatar.say("Hello.") == "s1"
        assert await avatar.play_gesture("nod") == 0.8
        for kind in ("speech.started", "gesture.started", "viewers"):
            await remote.tell(type=kind, speech_id="s1")
        assert [(await anext(everything))["type"] for _ in range(3)] == [
            "speech.started", "gesture.started", "viewers",
        ]  # fmt: skip
        assert (await anext(avatar.speech_events()))["type"] == "speech.started"
    assert remote.tokens == ["Bearer k"]
    assert [told["type"] for told in remote.told] == ["speech.say", "gesture.play"]
    assert [event async for event in everything] == [], "closing ends it"
    assert [event async for event in avatar.events()] == []


async def test_it_waits_until_something_is_spoken(remote: FakeSocket) -> None:
    async with Remote(remote.url) as avatar:
        waiting = [asyncio.create_task(avatar.wait_until_spoken("s1")) for _ in range(2)]
        await asyncio.sleep(0)
        done = {"type": "speech.finished", "speech_id": "s1", "position_ms": 900, "interrupted": False}
        await remote.tell(type="speech.finished", speech_id="s0", position_ms=1)
        await remote.tell(**done)
        assert await asyncio.gather(*waiting) == [done, done]
        assert await avatar.wait_until_spoken("s1") == done, "also afterwards"
        never = asyncio.create_task(avatar.wait_until_spoken("s2"))
        await asyncio.sleep(0)
    with pytest.raises(Unreachable, match="closed"):
        await never


async def test_what_flows_has_no_id_and_does_not_pile_up(remote: FakeSocket) -> None:
    async with Remote(remote.url) as avatar:
        assert avatar.send_pose({"head_x": 0.5}, t_ms=1)
        assert avatar.send_cue(2, {"aaa": 0.5})
        await until(lambda: len(remote.told) == 2)
        sent = [avatar.send_pose({"head_x": 0.5}, t_ms=n) for n in range(2_000)]
        assert sent[0] and not sent[-1], "nothing leaves while the loop has no turn"
        with pytest.raises(InputError, match="unknown morph"):
            avatar.send_pose({"heda_x": 0.5})
    assert remote.told[:2] == [
        {"type": "pose.set", "t_ms": 1.0, "morphs": {"head_x": 0.5}},
        {"type": "cue.set", "t_ms": 2, "visemes": {"aaa": 0.5}},
    ]
    assert not avatar.send_pose({"head_x": 0.5})


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Refused), (403, Refused), (404, NotFound), (400, InputError), (503, Unreachable)],
)
async def test_a_refusal_is_told_in_the_servers_words(remote, status, error) -> None:
    remote.refusal = status, "not today"
    with pytest.raises(error, match="not today" if status != 404 else "no avatar 'main'"):
        async with Remote(remote.url):
            pass
    remote.refusal = None
    async with Remote(remote.url) as avatar:
        remote.answer = lambda m: {"type": "error", "id": m["id"], "detail": "no such gesture"}
        with pytest.raises(InputError, match="no such gesture"):
            await avatar.play_gesture("nid")


async def test_a_lost_connection_ends_everything_with_its_reason(remote: FakeSocket) -> None:
    remote.answer = lambda m: None
    async with Remote(remote.url) as avatar:
        await anext(avatar.states())
        asking, hearing = asyncio.create_task(avatar.ping()), asyncio.ensure_future(anext(avatar.events()))
        await until(lambda: remote.told)
        await remote.sockets[0].close(code=1000, message=b"the avatar has ended")
        for lost in (asking, hearing):
            with pytest.raises(Unreachable, match="the avatar has ended"):
                await lost
        with pytest.raises(Unreachable):
            await avatar.wait_until_spoken("s1")
        with pytest.raises(Unreachable):
            await avatar.pause()
        assert not avatar.send_cue(1, {})


async def test_who_gives_no_sign_of_life_is_lost(remote: FakeSocket) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import base64
        import hashlib

        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        accept = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n"
        )
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Remote(url, silence_timeout_s=0.3) as avatar:
            with pytest.raises(Unreachable, match="nothing came for 0.3 s"):
                async with asyncio.timeout(10):
                    await anext(avatar.events())


async def test_it_comes_back_whenever_it_was_lost(remote, monkeypatch) -> None:
    monkeypatch.setattr(returning, "WAIT_S", 0.02)
    seen = 0
    async with asyncio.timeout(20):
        async for avatar in Remote.reconnecting(remote.url, token="k"):
            assert isinstance(avatar, Remote)
            await anext(avatar.states())
            seen += 1
            if seen == 3:
                break
            await remote.sockets[-1].close()
            with pytest.raises(Unreachable):
                await anext(avatar.events())
    assert remote.tokens == ["Bearer k"] * 3


@pytest.mark.parametrize("url", ["nothing", "ftp://127.0.0.1", "http://127.0.0.1/some/whep"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(InputError):
        Remote(url)


async def test_nobody_there_is_told(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match="cannot reach"):
        async with Remote(f"http://127.0.0.1:{unused_tcp_port}"):
            pass


PROGRAM = """
import asyncio, sys
from avatar_rtc import Remote

async def main():
    async with Remote(sys.argv[1]) as avatar:
        await avatar.set_emotion("joy")
        avatar.send_pose({"head_x": 0.5})
        await anext(avatar.states())

asyncio.run(main())
print(*{name.partition(".")[0] for name in sys.modules})
"""


async def test_using_it_loads_no_webrtc_and_no_codecs(remote: FakeSocket) -> None:
    command = (sys.executable, "-c", PROGRAM, remote.url)
    done = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await done.communicate()
    assert done.returncode == 0, err.decode()
    assert {"aiortc", "aioice", "av", "torch", "cv2"} & set(out.decode().split()) == set()
    assert remote.told[0]["type"] == "emotion.set"
