"""An avatar in a room of Janus: how soon it is seen there, and what many who watch there cost us."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import IO, Any

from aiortc import RTCConfiguration, RTCPeerConnection, rtcrtpreceiver

from avatar_rtc.bench.crowd import crowd
from avatar_rtc.bench.janus import guest, janus, janus_is_here
from avatar_rtc.bench.measurement import Measurement, at_least, at_most, percentile, spread
from avatar_rtc.bench.served import Served, served
from avatar_rtc.bench.viewers import Counting
from avatar_rtc.errors import SetupError

FIRST_MS = 500
MANY, SHARE, FPS = 50, 1.5, 29.0
ROOM = {1: 'publishers = 3, bitrate = 3000000, videocodec = "h264", audiocodec = "opus"'}


def measure(quick: bool) -> list[Measurement]:
    """Publish and take back again and again; then once, with many who watch."""
    if not janus_is_here():
        detail = {"skipped": "janus is not installed"}
        return [Measurement("publish to first picture in a room of Janus", None, "ms", "", None, detail)]
    with janus(ROOM) as room, served("--animator", "static", "--fps", "30") as server:
        first = asyncio.run(_first_pictures(server.url, room.url, 3 if quick else 20))
        seconds, many = (3.0, 8) if quick else (20.0, MANY)
        with crowd(server.url, 1, light=True, bare=True) as viewer:
            one, _ = viewer.watch(seconds, server.cpu_s)
        time.sleep(1.0)
        with sent_to_room(server, room.url, 1):
            few, _ = _watched(server, room.url, 1, seconds)
            full, seen = _watched(server, room.url, many, seconds)
    rates = [viewer["fps"] for viewer in seen]
    percent = {
        f"{name}_percent": round(100 * each, 2)
        for name, each in (("viewer", one), ("few", few), ("many", full))
    }
    return [
        at_most(
            "publish to first picture at a subscriber of Janus, p95",
            percentile(first, 95),
            "ms",
            FIRST_MS,
            **spread(first),
        ),
        at_most(
            f"server CPU with {many} who watch in a room of Janus, against one viewer of ours",
            full / one,
            "x",
            SHARE,
            **percent,
        ),
        at_least(
            f"slowest of {many} who watch in that room",
            min(rates),
            "fps",
            FPS,
            longest_gap_ms=max(viewer["max_gap_ms"] for viewer in seen),
        ),
    ]


@contextlib.contextmanager
def sent_to_room(server: Served, url: str, room: int) -> Iterator[None]:
    """Send the avatar into a room, as long as the block lasts.

    Raises:
        SetupError: it did not get there.
    """
    call = _ask("POST", f"{server.url}api/v1/avatars/main/publish", {"janus": url, "room": room})
    place = f"{server.url}api/v1/avatars/main/calls/{call['id']}"
    try:
        deadline = time.monotonic() + 10
        while (told := _ask("GET", place))["state"] != "live":
            if told["state"] == "failed" or time.monotonic() > deadline:
                raise SetupError(f"the avatar is not in the room: {told['state']} {told['detail']}")
            time.sleep(0.02)
        yield
    finally:
        _ask("DELETE", place)


@contextlib.contextmanager
def janus_crowd(url: str, room: int, count: int) -> Iterator[tuple[IO[str], IO[str]]]:
    """So many who watch in a room, in a process of their own; its stdin and stdout.

    Raises:
        SetupError: they could not.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "avatar_rtc.bench.janus_crowd", url, str(room), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise SetupError(f"{count} could not watch in a room of Janus")
        yield process.stdin, process.stdout
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def watched_for(pipes: tuple[IO[str], IO[str]], seconds: float) -> list[dict[str, float]]:
    """What each of a crowd got within so many seconds: `fps`, `max_gap_ms`."""
    to, of = pipes
    to.write(f"{seconds}\n")
    to.flush()
    found: list[dict[str, float]] = json.loads(of.readline() or "[]")
    if not found:
        raise SetupError("the process with those who watch is gone")
    return found


def _watched(server: Served, url: str, count: int, seconds: float) -> tuple[float, list[dict[str, float]]]:
    """Share of a core that the server takes meanwhile, and what they get."""
    with janus_crowd(url, 1, count) as pipes:
        time.sleep(1.0)
        before, begun = server.cpu_s(), time.monotonic()
        seen = watched_for(pipes, seconds)
        return (server.cpu_s() - before) / (time.monotonic() - begun), seen


async def _first_pictures(server: str, url: str, count: int) -> list[float]:
    """Milliseconds from POST to the first picture that could be decoded, of a subscriber who waits for it."""
    found = []
    for n in range(count + 1):
        async with guest(url) as session:
            coming = asyncio.create_task(session.next_feed(1))
            await asyncio.sleep(0.3)  # until it listens
            begun = time.monotonic()
            call = await asyncio.to_thread(
                _ask, "POST", f"{server}api/v1/avatars/main/publish", {"janus": url, "room": 1}
            )
            pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            decoder = _decodes_nothing()
            await session.subscribe(pc, 1, await coming)
            while not decoder.keys:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            if n > 0:  # the first pays for imports and codec tables on both sides
                found.append((decoder.keys[0] - begun) * 1000)
            await pc.close()
            await asyncio.to_thread(_ask, "DELETE", f"{server}api/v1/avatars/main/calls/{call['id']}")
    return found


def _decodes_nothing() -> Counting:
    """What counts the next connection's pictures; this process has no other use of aiortc's decoders."""
    counting = Counting()

    def create(codec: Any) -> Counting:
        return counting if codec.mimeType.lower().startswith("video/") else Counting()

    vars(rtcrtpreceiver)["get_decoder"] = create
    return counting


def _ask(method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found
