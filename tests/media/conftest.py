"""A live source and viewers for the tests of media/: real aiortc connections on this machine."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from avatar_rtc.clock import MediaClock
from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.broadcast import Broadcast, Subscription
from avatar_rtc.media.encode import VideoEncoder, create_encoder
from avatar_rtc.media.opus import OpusStream
from avatar_rtc.media.peer import Peer
from avatar_rtc.media.release import Release
from avatar_rtc.stream.frame import EncodedFrame, Rendition, video_pts
from tests import virtual_time
from tests.waiting import until

WIDTH, HEIGHT, FPS = 128, 256, 30
YUV = (150, 90, 170)
"""The colour every test picture has."""


def picture(width: int = WIDTH, height: int = HEIGHT, yuv: tuple[int, int, int] = YUV) -> np.ndarray:
    """A plain I420 picture (height * 3 // 2, width)."""
    i420 = np.empty((height * 3 // 2, width), np.uint8)
    i420[:height] = yuv[0]
    i420[height : height * 5 // 4] = yuv[1]
    i420[height * 5 // 4 :] = yuv[2]
    return i420


def moving_picture(n: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The n-th of a sequence that always moves and has texture, so that packets have some size."""
    i420 = picture(width, height)
    y, x = np.mgrid[:height, :width]
    i420[:height] = 120 + 50 * np.sin((x + 4 * n) / 9) + 40 * np.cos((y - 3 * n) / 7)
    return i420


@dataclass
class LiveSource:
    """An avatar without a worker: encodes a plain picture at 30 fps while somebody watches."""

    clock: MediaClock = field(default_factory=lambda: MediaClock(time.monotonic()))
    keyframe_requests: int = 0
    encoders: list[VideoEncoder] = field(default_factory=list)
    honours_requests: bool = True

    def __post_init__(self) -> None:
        self.release = Release(self.clock)
        self.voice: Any = Broadcast("audio", 50)
        self.opus = OpusStream(self.clock, self.release, self.voice)
        self.renditions: dict[Rendition, Broadcast] = {}
        self._tasks: dict[Rendition, asyncio.Task[None]] = {}
        self._key = False

    def watch(self, rendition: Rendition) -> Subscription:
        if rendition not in self.renditions:
            self.renditions[rendition] = Broadcast(
                "video", 60, lambda: self._start(rendition), lambda: self._stop(rendition)
            )
        return self.renditions[rendition].subscribe()

    def listen(self) -> Subscription:
        return self.voice.subscribe()

    def late_s(self, t: float) -> float:
        return self.clock.t() - t - self.release.delay

    def request_keyframe(self, rendition: Rendition) -> None:
        self.keyframe_requests += 1
        self._key = self.honours_requests

    def _start(self, rendition: Rendition) -> None:
        self._tasks[rendition] = asyncio.create_task(self._run(rendition))

    def _stop(self, rendition: Rendition) -> None:
        self._tasks.pop(rendition).cancel()
        self.release.forget(rendition)

    async def _run(self, rendition: Rendition) -> None:
        encoder = create_encoder(rendition.codec, WIDTH, HEIGHT, FPS, whole_nals=rendition.whole_nals)
        self.encoders.append(encoder)
        n = int(self.clock.t() * FPS)
        while True:
            n += 1
            await asyncio.sleep(n / FPS - self.clock.t())
            key, self._key = self._key, False
            pts = video_pts(n / FPS)
            for data, is_key in encoder.encode(picture(), pts, key):
                frame = EncodedFrame("main", rendition, pts, is_key, data)
                self.release.frame(frame, self.renditions[rendition])

    async def close(self) -> None:
        self.opus.close()
        for broadcast in self.renditions.values():
            broadcast.close()
        self.release.close()


@dataclass
class Viewer:
    """A client: offers, decodes, counts."""

    pc: RTCPeerConnection
    frames: asyncio.Queue = field(default_factory=asyncio.Queue)
    sounds: asyncio.Queue = field(default_factory=asyncio.Queue)
    channels: dict[str, RTCDataChannel] = field(default_factory=dict)
    messages: asyncio.Queue = field(default_factory=asyncio.Queue)
    tasks: list[asyncio.Task] = field(default_factory=list)

    def open(self, label: str) -> RTCDataChannel:
        channel = self.channels[label] = self.pc.createDataChannel(label)
        channel.on("message", lambda text: self.messages.put_nowait((label, text)))
        return channel

    async def offer(self) -> str:
        @self.pc.on("track")
        def pump(track):
            queue = self.frames if track.kind == "video" else self.sounds
            self.tasks.append(asyncio.create_task(self._pump(track, queue)))

        await self.pc.setLocalDescription()
        return self.pc.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def frame(self, within_s: float = 5.0) -> av.VideoFrame:
        return await asyncio.wait_for(self.frames.get(), within_s)

    async def message(self, within_s: float = 5.0):
        return await asyncio.wait_for(self.messages.get(), within_s)

    async def _pump(self, track, queue) -> None:
        try:
            while True:
                queue.put_nowait(await track.recv())
        except MediaStreamError:
            pass

    async def close(self) -> None:
        await self.pc.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def create_viewer(codecs: tuple[str, ...] = (), audio: bool = True, video: str | None = "recvonly") -> Viewer:
    """A viewer that has offered nothing yet; `codecs` such as ("video/VP8",), all if empty."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if audio:
        pc.addTransceiver("audio", direction="recvonly")
    if video:
        transceiver = pc.addTransceiver("video", direction=video)
        if codecs:
            known = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in known if c.mimeType in codecs])
    return Viewer(pc)


def mean_yuv(frame: av.VideoFrame) -> tuple[float, float, float]:
    """The mean of each plane of a decoded frame."""
    i420 = frame.to_ndarray(format="yuv420p")
    h = frame.height
    return i420[:h].mean(), i420[h : h * 5 // 4].mean(), i420[h * 5 // 4 :].mean()


class Echo:
    """Greets if it is to, and says back what it hears, but for `cues`; a `Conversation`."""

    def __init__(self, greets: bool = False) -> None:
        self.greets = greets

    def greet(self, label: str) -> str | None:
        return f"hello {label}" if self.greets else None

    def hear(self, label: str, text: str) -> str | None:
        return None if label == "cues" else text

    def refuse(self, data: str | bytes, why: str) -> str:
        return f"refused: {why}"


@dataclass
class Stage:
    """What a test of peers needs: a source, peers that note their end, viewers."""

    source: LiveSource
    closed: list[Peer] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)

    def peer(self, conversation: Echo | None = None, **options) -> Peer:
        options = {"bind": MediaBind(True, ("127.0.0.1",)), "layout": "matte", "ice": IceServers(), **options}
        peer = Peer(self.source, conversation=conversation or Echo(), on_closed=self.closed.append, **options)
        self.peers.append(peer)
        return peer

    def viewer(self, *arguments, **options) -> Viewer:
        viewer = create_viewer(*arguments, **options)
        self.viewers.append(viewer)
        return viewer

    async def connect(self, viewer: Viewer | None = None, **options) -> tuple[Viewer, Peer]:
        viewer, peer = viewer or self.viewer(), self.peer(**options)
        await viewer.take(await peer.answer(await viewer.offer()))
        return viewer, peer

    until = staticmethod(until)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage; afterwards no task may be left."""
    before = asyncio.all_tasks()
    stage = Stage(LiveSource())
    yield stage
    for viewer in stage.viewers:
        await viewer.close()
    for peer in stage.peers:
        await peer.close()
    await stage.source.close()
    assert len(stage.closed) == len(stage.peers), "on_closed is called exactly once per peer"
    # aioice's check loop sees the end of its connection at its next turn, 20 ms later.
    await until(lambda: not asyncio.all_tasks() - before - {asyncio.current_task()})


@pytest.fixture
def tools():
    """The constants and functions of this file; test modules cannot import it."""
    return sys.modules[__name__]


@pytest.fixture
def virtual():
    """Runs `scenario(loop, clock)` on a virtual loop; the media clock starts at 0."""

    def run(scenario: Callable) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            await scenario(loop, MediaClock(loop.time(), loop.time))

        virtual_time.run(main())

    return run
