"""Rooms of LiveKit: agents told exactly once what was heard, encoded pictures that its library takes.

No server of LiveKit could be had: agents are its own code over a room that is made here, and its library
joins one whose signals are made here.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import numpy as np

from avatar_rtc.bench.agent_scenes import AgentScene, SpokenScene, play_by_chance
from avatar_rtc.bench.made_room import room_token
from avatar_rtc.bench.made_sfu import MADE_AGENT, MadeSfu
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, skipped, spread, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.virtual_time import run
from avatar_rtc.bench.wire import AUDIBLE
from avatar_rtc.errors import SetupError
from avatar_rtc.media.encode import create_encoder
from avatar_rtc.media.picture_size import PictureSizes
from avatar_rtc.stream.frame import Codec, video_pts

SCENES = 200
POSITION_MS = 20
"""What an agent is told was heard, against what was in the sound."""
PICTURE_MS = 2.0
JOIN_MS = 1_500
SAID_MS = 400
_FPS = 30
_SIZE = 320, 640
_PATIENCE_S = 15.0


def measure(quick: bool) -> list[Measurement]:
    """Play scenes by chance on a virtual clock, then hand pictures to LiveKit's library."""
    try:
        scenes = [run(play_by_chance(seed)) for seed in range(20 if quick else SCENES)]
        return [
            *_told_of(scenes),
            _silence(10 if quick else 50),
            *_pictures(60 if quick else 600),
            *_joined(2 if quick else 10),
        ]
    except SetupError as error:
        return [skipped("livekit", str(error))]


def _told_of(scenes: list[SpokenScene]) -> Iterator[Measurement]:
    streams = sum(scene.streams for scene in scenes)
    exact = sum(scene.is_exact for scene in scenes)
    errors = [1000 * scene.worst_s for scene in scenes]
    cut = sum(sum(scene.interrupted) for scene in scenes)
    yield at_least(
        f"scenes whose streams were each told of exactly once, of {len(scenes)}", exact, "", len(scenes),
        streams=streams, interrupted=cut,
    )  # fmt: skip
    yield at_most(
        "told to the agent against heard, the worst of a scene",
        max(errors),
        "ms",
        POSITION_MS,
        **spread(errors),
    )
    yield at_most(
        "streams that nobody interrupted and that were not heard whole", sum(s.lost for s in scenes), "", 0
    )


def _silence(count: int) -> Measurement:
    """From `lk.clear_buffer` at the avatar up to what the agent is told of it."""
    found = [1000 * run(_cleared(seed)) for seed in range(count)]
    return at_most("interrupted up to told of it, p95", percentile(found, 95), "ms", 500, **spread(found))


async def _cleared(seed: int) -> float:
    scene = AgentScene(seed)
    await scene.begin()
    loop = asyncio.get_running_loop()
    await scene.push(4.0)
    scene.output.flush()
    await asyncio.sleep(0.5 + scene.pick.random())
    begun = loop.time()
    scene.clear()
    await scene.output.wait_for_playout()
    took = loop.time() - begun
    await scene.avatar.close()
    return took


def _pictures(count: int) -> Iterator[Measurement]:
    """Pictures as our encoders make them, and blocks of sound, into LiveKit's own sources."""
    for codec in ("h264", "vp8"):
        taken, took, size = asyncio.run(_handed_over(codec, count))
        yield at_least(f"{codec} pictures that LiveKit's library takes", 100 * taken / count, "%", 100)
        yield at_most(
            f"… for each of {size[0]} x {size[1]} px, p95",
            percentile(took, 95),
            "ms",
            PICTURE_MS,
            **spread(took),
        )
    blocks = asyncio.run(_sound(count))
    yield told("20 ms of sound for LiveKit's library, p95", percentile(blocks, 95), "ms", **spread(blocks))


async def _handed_over(codec: Codec, count: int) -> tuple[int, list[float], tuple[int, int]]:
    from livekit import rtc

    from avatar_rtc.livekit.sdk_room import SdkPicture

    width, height = _SIZE
    source = rtc.EncodedVideoSource(width, height)
    rtc.LocalVideoTrack.create_video_track("face", source)
    picture = SdkPicture(rtc, source, codec)
    encoder, sizes = create_encoder(codec, width, height, _FPS), PictureSizes(codec)
    noise = np.random.default_rng(0)
    taken, took, size = 0, [], _SIZE
    for number in range(count):
        i420 = np.full((height * 3 // 2, width), 128, np.uint8)
        i420[:64, :64] = noise.integers(0, 255, (64, 64))
        for data, is_key in encoder.encode(i420, video_pts(number / _FPS), number % 100 == 0):
            begun = time.perf_counter()
            size = (sizes.of(data) or size) if is_key else size
            taken += picture.put(data, is_key, size, round(1e6 * (1 + number / _FPS)))
            picture.wishes()
            took.append(1000 * (time.perf_counter() - begun))
    encoder.close()
    await source.aclose()
    return taken, took, size


def _joined(count: int) -> Iterator[Measurement]:
    """A server with a student comes into rooms whose signals are made here, by LiveKit's own library."""
    with served("--character", "liora", "--animator", "student", "--fps", "30") as server:
        found = [asyncio.run(_stay(server)) for _ in range(count)]
    shown, said = [each[0] for each in found], [each[1] for each in found]
    yield at_most(
        "asked into a room up to its first picture decoded, p95",
        percentile(shown, 95),
        "ms",
        JOIN_MS,
        **spread(shown),
    )
    yield at_most(
        "an agent's first sound up to hearing it in the room, beyond D, p95", percentile(said, 95), "ms",
        SAID_MS, **spread(said),
    )  # fmt: skip


async def _stay(server: Served) -> tuple[float, float]:
    """From the question to the first picture; from the agent's first sound to the avatar's beyond D; ms."""
    async with MadeSfu().serving() as sfu, aiohttp.ClientSession() as session:
        begun = time.monotonic()
        body = {"url": sfu.url, "token": room_token("face", lk__publish_on_behalf=MADE_AGENT)}
        asking = asyncio.create_task(session.post(f"{server.url}api/v1/avatars/main/livekit", json=body))
        tracks = {track.kind: track for track in [await sfu.tracks.get() for _ in range(2)]}
        await tracks["video"].recv()
        shown = time.monotonic() - begun
        call = await (await asking).json()
        await sfu.has_channel.wait()
        hearing = asyncio.create_task(_first_sound(tracks["audio"]))
        await asyncio.sleep(1.0)
        delay_s = (await asyncio.to_thread(server.state))["delay_ms"] / 1000
        begun = time.monotonic()
        await sfu.say(np.full(24_000, 8_000, "<i2").tobytes(), 24_000)
        said = await hearing - begun - delay_s
        await session.delete(f"{server.url}api/v1/avatars/main/calls/{call['id']}")
    return 1000 * shown, 1000 * said


async def _first_sound(track: Any) -> float:
    async with asyncio.timeout(_PATIENCE_S):
        while np.abs((await track.recv()).to_ndarray()).max() < AUDIBLE:
            pass
    return time.monotonic()


async def _sound(count: int) -> list[float]:
    from livekit import rtc

    from avatar_rtc.livekit.sdk_room import SdkSound

    source = rtc.AudioSource(48_000, 1, 0)
    sound, found = SdkSound(rtc, source), []
    for _ in range(count):
        begun = time.perf_counter()
        await sound.put(np.zeros(960, np.int16))
        found.append(1000 * (time.perf_counter() - begun))
    await source.aclose()
    return found
