"""Recordings of a served avatar, decoded and checked."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from aiohttp.test_utils import TestClient

from avatar_rtc.config_sections import LimitsConfig
from avatar_rtc.link.orders import StartRendition
from avatar_rtc.media.encode import create_encoder
from avatar_rtc.media.live_file import LiveFile
from avatar_rtc.server.http.keys import AVATARS, KEPT_FILES, RECORDINGS
from avatar_rtc.server.live import kept_files
from avatar_rtc.server.live.recordings import STACKED
from avatar_rtc.stream.frame import EncodedFrame, video_pts
from tests.server.conftest import FPS, SIDE, UNSHARED, FakeRenderer

MAIN = "/api/v1/avatars/main"
HOME = f"{MAIN}/recordings"
FRAME_S = 1 / FPS
BEEP_S = 0.2


class Flashing(FakeRenderer):
    """Its picture is bright from media time `flash_at` on; in the `alpha` layout its left half is opaque."""

    flash_at = 1e9
    side = SIDE

    async def _render(self, avatar: str, rendition: Any) -> None:
        loop, epoch = asyncio.get_running_loop(), self.opened[avatar].epoch
        tick, made, encoder = int((loop.time() - epoch) * FPS), 0, None
        while True:
            tick += 1
            await asyncio.sleep(max(0.0, epoch + tick / FPS - loop.time()))
            side = self.side
            height = 2 * side if rendition.layout == "alpha" else side
            if made != side:
                made, encoder = side, create_encoder("h264", side, height, FPS)
            picture = np.full((height * 3 // 2, side), 128, np.uint8)
            picture[:height] = 16
            picture[:side, : side // 2] = 220 if self.flash_at <= tick / FPS + 1e-6 else 60
            if rendition.layout == "alpha":
                picture[side : 2 * side, : side // 2] = 235
            key = rendition in self._keys
            self._keys.discard(rendition)
            assert encoder is not None
            for data, is_key in encoder.encode(picture, video_pts(tick / FPS), key):
                frame = EncodedFrame(avatar, rendition, video_pts(tick / FPS), is_key, data)
                self.on_up[avatar](frame)


@pytest.fixture
def renderer() -> Flashing:
    return Flashing()


@pytest.fixture
async def serving(serve, config, tmp_path) -> AsyncIterator[Callable]:
    """Limits → a client of the application whose recordings lie in `tmp_path`."""

    async def start(**limits: float) -> TestClient:
        bounds = {"free_disk_mb": 0.0, **UNSHARED.model_dump(), "recordings_per_minute": 1e6, **limits}
        return await serve(
            config.model_copy(update={"data_dir": tmp_path / "data", "limits": LimitsConfig(**bounds)})
        )

    yield start


async def begun(client: TestClient, **body: object) -> str:
    response = await client.post(HOME, json=body)
    assert response.status == 201, await response.text()
    about = await response.json()
    assert response.headers["Location"] == f"{HOME}/{about['id']}"
    assert about["state"] == "recording"
    return str(about["id"])


async def over(client: TestClient, id: str, within_s: float = 60.0) -> dict:
    """What is told of it when nobody works on it any more."""
    files, changed = client.app[KEPT_FILES], asyncio.Event()
    files.listeners.append(lambda kept: changed.set())
    async with asyncio.timeout(within_s):
        while True:
            changed.clear()
            about = await (await client.get(f"{HOME}/{id}")).json()
            if about["state"] in ("done", "failed"):
                return about
            await changed.wait()


async def downloaded(client: TestClient, id: str) -> bytes:
    response = await client.get(f"{HOME}/{id}?download")
    assert response.status == 200, await response.text()
    return await response.read()


def clap(client: TestClient, renderer: Flashing, after_s: float = 0.6) -> None:
    """Let it flash and beep at one media time."""
    avatar = client.app[AVATARS]["main"]
    at = round((avatar.clock.t() + after_s) * FPS) / FPS
    renderer.flash_at = at
    t = np.arange(round(BEEP_S * 48_000)) / 48_000
    avatar.streams._opus.source.put(at, (np.sin(2 * np.pi * 1000 * t) * 20_000).astype(np.int16))


def onsets(data: bytes) -> tuple[float, float]:
    """Seconds at which the picture gets bright and the sound loud."""
    with av.open(io.BytesIO(data), "r") as file:
        flash = next(
            frame.time
            for frame in file.decode(video=0)
            if frame.to_ndarray(format="gray")[:, :8].mean() > 150
        )
    with av.open(io.BytesIO(data), "r") as file:
        for frame in file.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray().reshape(-1)) > 0.15)
            if len(loud):
                return flash, frame.time + loud[0] / frame.sample_rate
    raise AssertionError("it never beeps")


def picture_s(data: bytes) -> tuple[float, int]:
    """For how long pictures are shown, and how many are."""
    with av.open(io.BytesIO(data), "r") as file:
        times = [frame.time for frame in file.decode(video=0)]
    return times[-1] + FRAME_S, len(times)


@pytest.mark.parametrize("format", ["mp4", "webm"])
async def test_flash_and_beep_are_recorded_together(serving, renderer, format: str) -> None:
    client = await serving()
    id = await begun(client, format=format, max_s=1.2)
    clap(client, renderer)
    about = await over(client, id)
    data = await downloaded(client, id)
    flash, beep = onsets(data)
    assert about["state"] == "done" and about["notes"] == []
    assert abs(beep - flash) <= 0.020, f"{(beep - flash) * 1000:.1f} ms"
    lasts, frames = picture_s(data)
    assert abs(lasts - 1.2) <= FRAME_S and abs(about["seconds"] - 1.2) <= FRAME_S
    assert frames == about["frames"] and about["bytes"] >= len(data)
    with av.open(io.BytesIO(data), "r") as file:
        assert abs((file.duration or 0) / 1e6 - 1.2) <= FRAME_S
        codecs = {stream.type: stream.codec_context.name for stream in file.streams}
    assert codecs["audio"] == ("aac" if format == "mp4" else "opus")
    assert codecs["video"] == ("h264" if format == "mp4" else "vp9")


def decoded_with_alpha(data: bytes, path: Path) -> np.ndarray:
    path.write_bytes(data)
    with av.open(str(path)) as file:
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        for packet in file.demux(file.streams.video[0]):
            for frame in decoder.decode(packet):
                return frame.to_ndarray(format="rgba")
    raise AssertionError("no picture")


async def test_transparency_stays_in_webm_and_png(serving, tmp_path: Path) -> None:
    client = await serving()
    ids = [await begun(client, format=format, max_s=0.4) for format in ("webm", "png")]
    for id in ids:
        assert (await over(client, id))["state"] == "done"
    rgba = decoded_with_alpha(await downloaded(client, ids[0]), tmp_path / "a.webm")
    assert rgba.shape == (SIDE, SIDE, 4)
    assert rgba[:, : SIDE // 2 - 2, 3].min() > 245 and rgba[:, SIDE // 2 + 2 :, 3].max() < 10
    with zipfile.ZipFile(io.BytesIO(await downloaded(client, ids[1]))) as pack:
        told = json.loads(pack.read("frames.json"))
        assert len(told["times"]) == len([name for name in pack.namelist() if name.endswith(".png")])
        png: Any = cv2.imdecode(np.frombuffer(pack.read("000003.png"), np.uint8), cv2.IMREAD_UNCHANGED)
        assert pack.read("sound.wav")[:4] == b"RIFF"
        assert {info.compress_type for info in pack.infolist()} == {zipfile.ZIP_STORED}
    assert png.shape == (SIDE, SIDE, 4)
    assert png[:, 4 : SIDE // 2 - 4, 3].min() == 255 and png[:, SIDE // 2 + 4 :, 3].max() == 0


async def test_size_and_backdrop_of_its_own(serving) -> None:
    client = await serving()
    id = await begun(client, max_s=0.4, size="160x96", backdrop={"colour": "#ff0000"})
    about = await over(client, id)
    assert (about["width"], about["height"]) == (160, 96)
    with av.open(io.BytesIO(await downloaded(client, id)), "r") as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24", src_colorspace="ITU601")
    assert picture.shape == (96, 160, 3)
    assert np.abs(picture[:, :20].mean((0, 1)) - (255, 0, 0)).max() < 8


async def test_it_ends_when_it_is_told_to_and_goes_when_told_again(serving) -> None:
    client = await serving()
    avatar = client.app[AVATARS]["main"]
    id = await begun(client)
    assert avatar.in_use
    await asyncio.sleep(0.7)
    ended = await client.delete(f"{HOME}/{id}")
    assert ended.status == 200 and (await ended.json())["state"] in ("finishing", "done")
    assert not avatar.in_use
    about = await over(client, id)
    assert about["state"] == "done" and about["seconds"] > 0
    partial = await client.get(f"{HOME}/{id}?download", headers={"Range": "bytes=4-7"})
    assert partial.status == 206 and await partial.read() == b"ftyp"
    assert partial.headers["Content-Disposition"].startswith('attachment; filename="main-20')
    assert (await client.delete(f"{HOME}/{id}")).status == 200
    assert (await client.get(f"{HOME}/{id}")).status == 404
    assert await (await client.get(HOME)).json() == {"recordings": []}


async def test_a_picture_that_changes_its_size_is_told_and_scaled(serving, renderer) -> None:
    client = await serving()
    id = await begun(client, max_s=1.2)
    await asyncio.sleep(0.5)
    renderer.side = 96
    about = await over(client, id)
    assert about["state"] == "done" and (about["width"], about["height"]) == (SIDE, SIDE)
    assert any("size" in note for note in about["notes"])
    lasts, frames = picture_s(await downloaded(client, id))
    assert abs(lasts - 1.2) <= FRAME_S and frames >= 28


async def test_an_avatar_that_is_deleted_leaves_its_recording(serving) -> None:
    client = await serving()
    await client.post("/api/v1/avatars", json={"id": "guest"})
    home = "/api/v1/avatars/guest/recordings"
    id = (await (await client.post(home, json={})).json())["id"]
    await asyncio.sleep(0.6)
    assert (await client.delete("/api/v1/avatars/guest")).status == 204
    async with asyncio.timeout(30):
        while (about := await (await client.get(f"{home}/{id}")).json())["state"] != "done":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert about["notes"] == ["It ended early: the avatar was closed."]
    assert (await client.get(f"{home}/{id}?download")).status == 200


async def test_a_worker_that_is_lost_costs_its_pictures_alone(serving, renderer) -> None:
    client = await serving()
    id = await begun(client, max_s=2.0)
    await asyncio.sleep(0.5)
    (task,) = renderer._tasks.values()
    task.cancel()
    await asyncio.sleep(1.15)
    (key,) = renderer._tasks
    renderer._tasks[key] = asyncio.create_task(renderer._render(*key))
    about = await over(client, id)
    assert about["state"] == "done"
    assert [note.startswith("No picture came from") for note in about["notes"]] == [True]
    lasts, _ = picture_s(await downloaded(client, id))
    assert abs(lasts - 2.0) <= FRAME_S


async def test_a_full_folder_ends_it_and_it_can_be_played(serving) -> None:
    client = await serving(recordings_mb=1.0)
    kept = client.app[KEPT_FILES]
    id = await begun(client)
    await asyncio.sleep(0.7)
    kept._most = 1000.0
    about = await over(client, id)
    assert about["state"] == "done" and about["notes"][0].startswith("It ended early: recordings and films")
    assert picture_s(await downloaded(client, id))[1] > 10
    refused = await client.post(HOME, json={})
    assert refused.status == 507 and "delete one" in (await refused.json())["detail"]


async def test_a_file_that_would_be_too_large_is_not_finished(serving) -> None:
    client = await serving()
    id = await begun(client, format="png", max_s=0.8)
    client.app[KEPT_FILES]._most = 2.0
    about = await over(client, id)
    assert about["state"] == "failed" and about["is_ready"] and STACKED in about["notes"]
    with av.open(io.BytesIO(await downloaded(client, id)), "r") as file:
        assert next(file.decode(video=0)).height == 2 * SIDE


@pytest.mark.parametrize(("format", "state"), [("mp4", "done"), ("webm", "failed")])
async def test_a_disk_that_runs_full_leaves_what_can_be_played(
    serving, monkeypatch: pytest.MonkeyPatch, format: str, state: str
) -> None:
    client = await serving()
    write, begin = LiveFile.write, time.monotonic()

    def runs_full(self: LiveFile, packets: Any) -> None:
        if time.monotonic() - begin > 1.0:
            raise OSError(28, "No space left on device")
        write(self, packets)

    monkeypatch.setattr(LiveFile, "write", runs_full)
    client.app[RECORDINGS]._command = lambda folder, wanted: ["false"]
    id = await begun(client, format=format)
    about = await over(client, id)
    assert about["state"] == state and about["is_ready"]
    assert "No space left" in about["notes"][0]
    assert picture_s(await downloaded(client, id))[1] > 10


@pytest.mark.parametrize(
    "body",
    [
        {"format": "avi"}, {"max_s": 0}, {"max_s": "10"}, {"max_s": 1e9}, {"size": "0x0"},
        {"size": "101x100"},
        {"size": "4096x4096"}, {"size": [64, 64]}, {"backdrop": {}}, {"backdrop": {"colour": "red"}},
        {"backdrop": {"name": "nowhere"}}, {"backdrop": {"name": "day", "colour": "#000000"}}, {"unknown": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_what_cannot_be_is_refused(serving, body: dict[str, object]) -> None:
    client = await serving()
    refused = await client.post(HOME, json=body)
    assert refused.status == 400 and (await refused.json())["detail"]
    assert await (await client.get(HOME)).json() == {"recordings": []}


async def test_there_is_only_what_there_is(serving) -> None:
    client = await serving()
    for path in ("main/recordings/x", "main/recordings/20261129-000000-abcdef?download", "nobody/recordings"):
        assert (await client.get(f"/api/v1/avatars/{path}")).status == 404
    id = await begun(client)
    assert (await client.get(f"{HOME}/{id}?download")).status == 404  # not yet
    assert (await client.get(f"{HOME}/{id}?download=about.json")).status == 404


async def test_one_caller_and_all_have_so_many_at_once_of_all_kinds(serving) -> None:
    client = await serving(recordings=3)
    await begun(client)
    assert (await client.post(HOME, json={"format": "performance"})).status == 201
    for wanted in ({}, {"format": "performance"}):
        refused = await client.post(HOME, json=wanted)
        assert refused.status == 503 and "of yours" in (await refused.json())["detail"]
    client.app[RECORDINGS]._under_way.enter("another")
    refused = await client.post(HOME, json={})
    assert refused.status == 503 and "limit of 3 recordings" in (await refused.json())["detail"]


async def test_so_many_a_minute(serving) -> None:
    client = await serving(recordings_per_minute=1.0)
    for _ in range(3):  # three minutes' worth is saved up
        id = await begun(client)
        await client.delete(f"{HOME}/{id}")
    refused = await client.post(HOME, json={})
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 10


async def test_the_state_tells_pages_of_each_other(serving, watch_on) -> None:
    client = await serving()
    first, second = await watch_on(client), await watch_on(client)
    id = await begun(client, max_s=0.5)

    def is_told(event: dict) -> bool:
        return event["type"] == "state" and event["recordings"]["under_way"] == [id]

    for viewer in (first, second):
        await viewer.event(is_told, 0, 10)
    seen = len(second.events)
    about = await over(client, id)
    assert about["state"] == "done"

    def is_over(event: dict) -> bool:
        return event["type"] == "state" and event["recordings"]["revision"] > 1

    assert (await second.event(is_over, seen, 10))["recordings"]["under_way"] == []


async def test_it_is_listed_and_finished_after_a_restart(serving, renderer) -> None:
    client = await serving()
    done = await begun(client, max_s=0.5)
    await over(client, done)
    under_way = await begun(client)
    await asyncio.sleep(0.7)
    await client.close()
    again = await serving()
    told = {each["id"]: each for each in (await (await again.get(HOME)).json())["recordings"]}
    assert told[done]["state"] == "done"
    assert (await over(again, under_way))["state"] == "done"
    assert picture_s(await downloaded(again, under_way))[1] > 5
    assert len(renderer.told(StartRendition)) == 2


def test_every_format_has_its_ending() -> None:
    assert set(kept_files._SUFFIXES.values()) == {".mp4", ".webm", ".zip", ".avatar.jsonl"}
