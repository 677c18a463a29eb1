"""A WHEP server of a few lines that shares nothing with ours: aiortc and aiohttp only.

It shows a known picture in the alpha layout, answers `control` as the contract says, and can misbehave.
"""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
import pytest
from aiohttp import web
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from avatar_rtc.bench.served import Served, served
from tests.lean import PROGRAM

SIDE = 64
COLOUR = (200, 100, 40)
"""Of the picture's opaque and half transparent parts, sRGB."""


def stacked() -> np.ndarray:
    """(2 SIDE, SIDE, 3): left third empty, middle third half transparent, right third opaque."""
    alpha = np.zeros((SIDE, SIDE, 1))
    alpha[:, 16:40] = 0.5
    alpha[:, 40:] = 1.0
    colour = np.broadcast_to(np.array(COLOUR), (SIDE, SIDE, 3)) * alpha
    return np.concatenate([colour, np.repeat(alpha * 255, 3, axis=2)]).round().astype(np.uint8)


class Picture(VideoStreamTrack):
    """The stacked picture, 30 times a second."""

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(stacked(), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(VideoStreamTrack):
    """Blocks of 20 ms, 48 kHz, of a constant sample."""

    kind = "audio"
    _samples = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(0.02)
        frame = av.AudioFrame.from_ndarray(np.full((1, 960), 1000, np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._samples, Fraction(1, 48_000)
        self._samples += 960
        return frame


@dataclass
class FakeServer:
    """What the tests see and steer."""

    url: str = ""
    tokens: list[str | None] = field(default_factory=list)
    control: list[dict] = field(default_factory=list)
    cues: list[dict] = field(default_factory=list)
    poses: list[dict] = field(default_factory=list)
    channels: dict[str, RTCDataChannel] = field(default_factory=dict)
    offers: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    ice_servers: list[dict] = field(default_factory=list)
    hidden: bool = False
    """True: neither side learns an address of the other, as behind two strict firewalls."""
    peers: dict[str, RTCPeerConnection] = field(default_factory=dict)
    answer: Callable[[dict], dict | None] = lambda message: {"type": "ok", "id": message.get("id")}
    send: Callable[[dict], None] = lambda message: None

    async def offer(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        if request.match_info["avatar"] != "main":
            problem = {"title": "Not Found", "status": 404, "detail": "there is no avatar"}
            return web.json_response(problem, status=404, content_type="application/problem+json")
        self.offers.append(await request.text())
        pc = RTCPeerConnection()
        pc.on("datachannel", self._channel)
        name = f"peer{len(self.peers)}"
        self.peers[name] = pc
        hide = _elsewhere if self.hidden else str
        await pc.setRemoteDescription(RTCSessionDescription(hide(self.offers[-1]), "offer"))
        for transceiver in pc.getTransceivers():
            track = Picture() if transceiver.kind == "video" else Tone()
            transceiver.sender.replaceTrack(track)
            transceiver.direction = "sendonly"
        await pc.setLocalDescription(await pc.createAnswer())
        return web.Response(
            status=201,
            text=hide(pc.localDescription.sdp),
            content_type="application/sdp",
            headers={"Location": f"/whep/{name}"},
        )

    async def get_ice_servers(self, request: web.Request) -> web.Response:
        return web.json_response({"iceServers": self.ice_servers, "ttl_s": 60})

    async def delete(self, request: web.Request) -> web.Response:
        self.deleted.append(request.match_info["peer"])
        await self.peers[request.match_info["peer"]].close()
        return web.Response()

    def _channel(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        received = {"control": self.control, "cues": self.cues, "pose": self.poses}[channel.label]

        def message(text: str) -> None:
            received.append(json.loads(text))
            if channel.label == "control" and (answer := self.answer(received[-1])) is not None:
                channel.send(json.dumps(answer))

        channel.on("message", message)
        if channel.label == "control":
            self.send = lambda message: channel.send(json.dumps(message))
            channel.send(json.dumps({"type": "state", "id": "main", "state": "live"}))


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A fake server that listens; `url` is its root."""
    fake = FakeServer()
    app = web.Application()
    app.router.add_post("/api/v1/avatars/{avatar}/whep", fake.offer)
    app.router.add_delete("/whep/{peer}", fake.delete)
    app.router.add_post("/sdp-less", _no_sdp)
    app.router.add_get("/api/v1/ice-servers", fake.get_ice_servers)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    for pc in fake.peers.values():
        await pc.close()
    await runner.cleanup()


@pytest.fixture(scope="module")
def model_port() -> int:
    """Where the language model behind the real server would be: a port that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[Served]:
    """The real server and its render worker, each a process of its own; uploads go to a folder of theirs."""
    folder = tmp_path_factory.mktemp("real")
    config = folder / "config.toml"
    about = f"data_dir = {json.dumps(str(folder))}\nmax_avatars = 3\n"
    upstream = f'[openai]\nupstream = "http://127.0.0.1:{model_port}/v1"\n'
    config.write_text(about + 'framing = "whole"\n' + upstream)
    with served("--animator", "static", "--config", str(config), program=PROGRAM) as found:
        yield found


async def _no_sdp(request: web.Request) -> web.Response:
    return web.Response(text="nothing of use")


def _elsewhere(sdp: str) -> str:
    """The SDP with addresses of TEST-NET-1 (RFC 5737), where nobody answers."""
    return re.sub(r"(a=candidate:(?:\S+ ){4})\S+", r"\g<1>192.0.2.1", sdp)
