"""A crowd in a room of Janus that only counts: `python -m avatar_rtc.bench.janus_crowd URL ROOM COUNT`.

It runs apart from what it measures. On stdout comes `ready` when all get pictures; a number of seconds on
stdin brings, after so long, the counts as one JSON line. End of input ends it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from aiortc import RTCConfiguration, RTCPeerConnection

from avatar_rtc.bench.janus import JanusGuest, guest
from avatar_rtc.bench.viewers import summary

ALIVE_S = 20.0


async def watch_room(url: str, room: int, count: int) -> None:
    """Subscribe `count` times to whoever publishes, then obey the lines on stdin."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(guest(url))
        (feed,) = await session.feeds(room)
        arrivals: list[list[float]] = []
        for _ in range(count):
            pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            stack.push_async_callback(pc.close)
            await session.subscribe(pc, room, feed)
            arrivals.append(count_pictures(pc))
        while not all(arrivals):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        print("ready", flush=True)
        alive = asyncio.create_task(_keep_alive(session))
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            start = time.monotonic()
            await asyncio.sleep(float(line))
            end = time.monotonic()
            print(json.dumps([summary(each, start, end) for each in arrivals]), flush=True)
        alive.cancel()


def count_pictures(pc: RTCPeerConnection) -> list[float]:
    """From now on only note when pictures end, by the marker of the last packet; nothing is put together."""
    arrivals: list[float] = []
    kinds = {each.kind: each for each in pc.getTransceivers()}
    audio = {codec.payloadType for codec in kinds["audio"]._codecs}

    async def note(data: bytes, arrival_time_ms: int) -> None:
        if data[1] & 0x80 and data[1] & 0x7F not in audio:
            arrivals.append(time.monotonic())

    vars(kinds["video"].receiver.transport)["_handle_rtp_data"] = note
    return arrivals


async def _keep_alive(session: JanusGuest) -> None:
    while True:
        await asyncio.sleep(ALIVE_S)
        await session.keep_alive()


def main(arguments: Sequence[str]) -> None:
    """Run the crowd."""
    url, room, count = arguments
    asyncio.run(watch_room(url, int(room), int(count)))


if __name__ == "__main__":
    main(sys.argv[1:])
