"""Avatars launched into rooms as plugins of LiveKit's agents do it: from the request to being in there.

The answer comes when picture and sound are published. The rooms are made, and take 10 ms to come into.
"""

import asyncio
import base64
import json
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from avatar_rtc.bench.made_room import room_token
from avatar_rtc.bench.measurement import Measurement, at_most, percentile, skipped, spread, told
from avatar_rtc.bench.served import Served, served
from avatar_rtc.errors import SetupError
from avatar_rtc.resources import resource

SHARED_MS = 500
"""For an avatar that is there; agents wait with their first word."""
_PATIENCE_S = 30.0


def measure(quick: bool) -> list[Measurement]:
    """Launch an avatar that is there, one of a stored character, and one of a picture, again and again."""
    if find_spec("livekit") is None:
        return [skipped("launch", "LiveKit's library is not installed: pip install 'avatar-rtc[livekit]'")]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.toml"
        shares = "[limits]\noffers_per_minute = 1e6\nuploads_per_minute = 1e6\n"
        settings.write_text(f"data_dir = {json.dumps(folder)}\n{shares}")
        flags = ("--character", "liora", "--animator", "student", "--config", str(settings))
        with served(*flags, program=("avatar_rtc.bench.launch_server",)) as server:
            return asyncio.run(_measured(server, quick))


async def _measured(server: Served, quick: bool) -> list[Measurement]:
    count = 3 if quick else 20
    picture = (resource("assets", "characters") / "tavi" / "character.png").read_bytes()
    image = base64.b64encode(picture).decode()
    async with aiohttp.ClientSession() as session:
        shared = [
            await _launched(session, server, {"avatar": {"avatarId": "avatar/main"}}) for _ in range(count)
        ]
        own = [await _launched(session, server, {"avatar": {"avatarId": "tavi"}}) for _ in range(count)]
        along = [await _brought(session, server, image) for _ in range(3 if quick else 10)]
    return [
        at_most(
            "request to an avatar in its room, p95", percentile(shared, 95), "ms", SHARED_MS, **spread(shared)
        ),
        told("… to one made of a stored character, p50", percentile(own, 50), "ms", **spread(own)),
        told("… to one made of a picture that came along, p50", percentile(along, 50), "ms", **spread(along)),
    ]


async def _launched(session: aiohttp.ClientSession, server: Served, body: Mapping[str, object]) -> float:
    """ms from the request to the answer; the avatar leaves afterwards."""
    door = f"{server.url}compat/runway/v1/realtime_sessions"
    asked = {**body, "livekit": {"url": "ws://127.0.0.1:7880", "token": room_token("face")}}
    begun = time.perf_counter()
    answer = await _post(session, door, asked)
    took = 1000 * (time.perf_counter() - begun)
    async with session.delete(f"{door}/{answer['id']}") as ended:
        await ended.read()
    return took


async def _brought(session: aiohttp.ClientSession, server: Served, image: str) -> float:
    """The same with a picture; its door's plugin never says when it ends."""
    asked = {"livekit_url": "ws://127.0.0.1:7880", "livekit_token": room_token("face"), "image": image}
    begun = time.perf_counter()
    answer = await _post(session, f"{server.url}compat/bithuman", asked)
    took = 1000 * (time.perf_counter() - begun)
    door = f"{server.url}compat/runway/v1/realtime_sessions/{answer['session_id']}"
    async with session.delete(door) as ended:
        await ended.read()
    return took


async def _post(session: aiohttp.ClientSession, door: str, body: Mapping[str, object]) -> dict[str, str]:
    async with asyncio.timeout(_PATIENCE_S), session.post(door, json=body) as answer:
        if answer.status != 200:
            raise SetupError(f"the door answers {answer.status}: {await answer.text()}")
        found: dict[str, str] = await answer.json()
        return found
