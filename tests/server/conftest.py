"""The real application on a free port, a renderer that encodes flat pictures, and real aiortc viewers."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiortc import RTCConfiguration, RTCPeerConnection
from PIL import Image

from avatar_rtc.characters.parts import PICTURE
from avatar_rtc.characters.store import CharacterStore
from avatar_rtc.config import Config
from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.face.cels import CelImage
from avatar_rtc.face.emotions import EmotionTemplate
from avatar_rtc.link.orders import (
    AvatarReady,
    AvatarStarting,
    CloseAvatar,
    Down,
    OpenAvatar,
    ProcessStill,
    RequestKeyframe,
    SetState,
    StartRendition,
    Still,
    StopRendition,
    TakePose,
    Up,
)
from avatar_rtc.media.encode import create_encoder
from avatar_rtc.media.encode_image import encode_image
from avatar_rtc.server.app import create_app
from avatar_rtc.server.connections.protocol import Runner
from avatar_rtc.server.rendering.fleet import DeviceReport
from avatar_rtc.speech.voices import engines
from avatar_rtc.stream.frame import AnyRendition, EncodedFrame, ImageRendition, video_pts
from tests.lean import LEFT_OUT, absence
from tests.server.rendering.stuck import Stuck
from tests.server.watcher import Watcher

EMOTIONS = ("anger", "joy", "neutral", "sadness")
TEMPLATES = {name: EmotionTemplate(name, {"mouth_aaa": 0.25}, {}) for name in EMOTIONS}
FPS = 25
SIDE = 64


UNSHARED = LimitsConfig(
    offers_per_minute=1e6,
    speech_s_per_minute=1e6,
    uploads_per_minute=1e6,
    snapshots_per_minute=1e6,
    poses_per_minute=1e6,
)
"""Tests that ask for more than one caller's share want answers, and no 429."""


class FakeRenderer:
    """Stands in for `Fleet`: records what it is told, and sends grey frames, as bright as `luma`."""

    def __init__(self) -> None:
        self.device: str | None = "cpu"
        self.device_note = ""
        self.failure: str | None = None
        self.restarts = self.superseded = 0
        self.lost_s = 0.0
        self.ailments: list[str] = []
        self.hindrances: list[str] = []
        self.luma = 100
        self.sent: list[Down] = []
        self.stills: list[ProcessStill] = []
        self.on_up: dict[str, Callable[[Up], None]] = {}
        self.opened: dict[str, OpenAvatar] = {}
        self._tasks: dict[tuple[str, AnyRendition], asyncio.Task[None]] = {}
        self._keys: set[AnyRendition] = set()
        self.together: dict[str, list[str]] = {}

    @property
    def reports(self) -> list[DeviceReport]:
        return [DeviceReport("auto", self.device, len(self.opened), 0.0, self.restarts)]

    def device_of(self, avatar: str) -> str | None:
        return self.device

    def device_note_of(self, avatar: str) -> str:
        return self.device_note

    def open(self, message: OpenAvatar, on_up: Callable[[Up], None]) -> None:
        self.sent.append(message)
        self.opened[message.avatar], self.on_up[message.avatar] = message, on_up
        asyncio.get_running_loop().call_soon(on_up, AvatarReady(message.avatar, "static", 0.0))

    def send(self, message: Down) -> None:
        self.sent.append(message)
        match message:
            case StartRendition(avatar=avatar, rendition=rendition):
                self._tasks[avatar, rendition] = asyncio.create_task(self._render(avatar, rendition))
            case StopRendition(avatar=avatar, rendition=rendition):
                self._tasks.pop((avatar, rendition)).cancel()
            case RequestKeyframe(rendition=rendition):
                self._keys.add(rendition)

    async def process(self, message: ProcessStill) -> Still:
        self.stills.append(message)
        return message.still

    async def snapshot(self, avatar: str) -> bytes:
        return encode_image(np.full((SIDE, SIDE, 4), self.luma, np.uint8), "png")

    async def pose(self, message: TakePose) -> bytes:
        self.sent.append(message)
        return await self.snapshot(message.avatar)

    def close_avatar(self, name: str) -> None:
        self.send(CloseAvatar(name))

    def bring_together(self, stage: str, avatars: Iterable[str]) -> None:
        self.together[stage] = list(avatars)

    def lose_worker(self) -> None:
        """As when the worker dies."""
        self.device = None
        self.ailments = self.hindrances = ["no render worker is up: it ended"]
        for name, on_up in self.on_up.items():
            on_up(AvatarStarting(name))

    def told(self, kind: type) -> list[Down]:
        """The messages of one kind, oldest first."""
        return [message for message in self.sent if isinstance(message, kind)]

    @property
    def state(self):
        """The newest state it was told."""
        return self.told(SetState)[-1].state

    async def _render(self, avatar: str, rendition: AnyRendition) -> None:
        if isinstance(rendition, ImageRendition):
            while True:
                await asyncio.sleep(1 / FPS)
                data = await self.snapshot(avatar)
                pts = video_pts(asyncio.get_running_loop().time() - self.opened[avatar].epoch)
                self.on_up[avatar](EncodedFrame(avatar, rendition, pts, True, data, full_size=(SIDE, SIDE)))
        encoder = create_encoder(rendition.codec, SIDE, SIDE, FPS)
        loop, epoch = asyncio.get_running_loop(), self.opened[avatar].epoch
        tick = int((loop.time() - epoch) * FPS)
        try:
            while True:
                tick += 1
                await asyncio.sleep(max(0.0, epoch + tick / FPS - loop.time()))
                picture = np.full((SIDE * 3 // 2, SIDE), 128, np.uint8)
                picture[:SIDE] = self.luma
                key = rendition in self._keys
                self._keys.discard(rendition)
                for data, is_key in encoder.encode(picture, video_pts(tick / FPS), key):
                    frame = EncodedFrame(avatar, rendition, video_pts(tick / FPS), is_key, data)
                    self.on_up[avatar](frame)
        finally:
            encoder.close()


class Served(TestServer):
    """As `avatar-rtc serve` runs it: with its bounds on connections."""

    __test__ = False

    async def _make_runner(self, **options) -> Runner:
        return Runner(self.app, **options)


@pytest.fixture(autouse=True)
def speaks_by_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of each test would start hibari's process anew, which takes seconds; its own tests do."""
    for name in LEFT_OUT:
        monkeypatch.setattr(engines, name, absence)


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer()


@pytest.fixture
def png() -> Callable[..., bytes]:
    """(mode, side) → the bytes of a PNG: a disc on a transparent ground."""

    def make(mode: str = "RGBA", side: int = 64) -> bytes:
        y, x = np.mgrid[:side, :side]
        rgba = np.zeros((side, side, 4), np.uint8)
        rgba[np.hypot(x - side / 2, y - side / 2) < side / 3] = (200, 120, 80, 255)
        data = io.BytesIO()
        Image.fromarray(rgba).convert(mode).save(data, "PNG")
        return data.getvalue()

    return make


@pytest.fixture(scope="session")
def fx() -> Mapping[str, CelImage]:
    """The common effects, decoded once for all tests: 27 pictures take 200 ms. Nobody may write into them."""
    found = CharacterStore(Path(), Path())._fx
    for cel in found.values():
        cel.rgba.flags.writeable = False
    return found


@pytest.fixture
def make_store(tmp_path, fx) -> Callable[[Path], CharacterStore]:
    """The folder of shipped characters → a store with the common effects; its own ones lie in `tmp_path`."""

    def make(shipped: Path) -> CharacterStore:
        store = CharacterStore(shipped, tmp_path / "own")
        store._fx = fx
        return store

    return make


@pytest.fixture
def store(tmp_path, png, make_store) -> CharacterStore:
    for name in ("hero", "rival"):
        (tmp_path / "shipped" / name).mkdir(parents=True)
        (tmp_path / "shipped" / name / PICTURE).write_bytes(png())
    return make_store(tmp_path / "shipped")


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(
        character="hero",
        animator="static",
        framing="whole",
        limits=UNSHARED,
        data_dir=tmp_path / "data",
    )


@pytest.fixture
async def serve(renderer, store) -> AsyncIterator[Callable]:
    """Config → an HTTP client of the application under it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(config: Config) -> TestClient:
            app = create_app(config, renderer, store, TEMPLATES)
            return await stack.enter_async_context(TestClient(Served(app)))

        yield start


@pytest.fixture
async def client(serve, config) -> TestClient:
    return await serve(config)


@pytest.fixture
async def watch_on() -> AsyncIterator[Callable]:
    """(client, query, avatar) → a viewer of its server, joined by WHEP, that decodes."""
    watchers: list[Watcher] = []

    async def join(client: TestClient, query: str = "", avatar: str = "main") -> Watcher:
        watcher = Watcher()
        watchers.append(watcher)
        response = await client.post(
            f"/api/v1/avatars/{avatar}/whep{query}",
            data=await watcher.offer(),
            headers={"Content-Type": "application/sdp"},
        )
        text = await response.text()
        assert response.status == 201, text
        watcher.location, watcher.etag = response.headers["Location"], response.headers["ETag"]
        await watcher.answered(text)
        return watcher

    yield join
    for watcher in watchers:
        await watcher.pc.close()


@pytest.fixture
def watch(client, watch_on) -> Callable:
    """Join the running avatar by WHEP, as a viewer that decodes."""
    return lambda query="": watch_on(client, query)


@pytest.fixture
async def offer() -> AsyncIterator[Callable]:
    """(kinds) → the SDP of a recvonly offer."""
    pcs: list[RTCPeerConnection] = []

    async def make(*kinds: str) -> str:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        pcs.append(pc)
        for kind in kinds or ("video",):
            pc.addTransceiver(kind, direction="recvonly")
        await pc.setLocalDescription(await pc.createOffer())
        return pc.localDescription.sdp

    yield make
    for pc in pcs:
        await pc.close()


@pytest.fixture
async def live(store, tmp_path) -> AsyncIterator[Callable]:
    """Config → an HTTP client of the application with a real render loop, static animator, all emotions."""
    from avatar_rtc.animation.emotions import load_emotions
    from avatar_rtc.render.static import create_static
    from avatar_rtc.resources import resource
    from avatar_rtc.server.rendering.fleet import Fleet
    from avatar_rtc.server.rendering.supervisor import Rendering
    from avatar_rtc.worker.thread import ThreadWorker

    async def spawn() -> ThreadWorker:
        animator = create_static("cpu")
        return ThreadWorker(load_emotions(resource("assets", "emotions")), lambda message: (animator, ""))

    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings) -> TestClient:
            fleet = await stack.enter_async_context(Fleet({"cpu": Rendering(spawn, spare=False)}))
            app = create_app(
                Config(
                    character="hero",
                    animator="static",
                    **{"framing": "whole", "data_dir": tmp_path / "data", **settings},
                ),
                fleet,
                store,
            )
            client = await stack.enter_async_context(TestClient(Served(app)))
            async with asyncio.timeout(10):
                while (await (await client.get("/api/v1/avatars/main")).json())["state"] != "live":  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            return client

        yield start


@pytest.fixture
async def stuck() -> AsyncIterator[Callable]:
    """(client, data) → a raw connection to its server."""
    opened: list[Stuck] = []

    async def connect(client, data="") -> Stuck:
        opened.append(await Stuck(client.server.port).open(data))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()
