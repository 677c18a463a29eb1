"""A crowd of viewers that decode nothing: `python -m avatar_rtc.bench.viewers URL COUNT`.

It runs apart from what it measures with. On stdout comes `ready` when all are connected; the line `go` on
stdin starts counting, `stop` ends it and brings the counts as one JSON line. End of input ends it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from aiortc import rtcrtpreceiver
from aiortc.codecs.base import Decoder

from avatar_rtc.client.client import AvatarClient

H264_SPS = b"\x67"
"""After the first start code of a keyframe."""


class Counting(Decoder):
    """Takes whole encoded frames and gives none, so that a viewer costs little but the network."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        """CLOCK_MONOTONIC seconds. Appended on the receiver's thread."""
        self.keys: list[float] = []
        """Of those, the ones of keyframes, of H264."""

    def decode(self, encoded_frame: Any) -> list[Any]:
        """Note the time."""
        self.arrivals.append(time.monotonic())
        if encoded_frame.data[4:5] == H264_SPS:
            self.keys.append(self.arrivals[-1])
        return []


async def watch(url: str, count: int, audio: bool) -> None:
    """Connect `count` viewers, then obey the lines on stdin."""
    video: list[Counting] = []

    def create(codec: Any) -> Decoder:
        decoder = Counting()
        if codec.mimeType.lower().startswith("video/"):
            video.append(decoder)
        return decoder

    # This process has no other use of aiortc than these viewers.
    vars(rtcrtpreceiver)["get_decoder"] = create
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(AvatarClient(url, audio=audio))
        print("ready", flush=True)
        start = 0.0
        while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            if line == "go":
                start = time.monotonic()
            elif line == "stop":
                end = time.monotonic()
                viewers = [
                    summary(decoder.arrivals, start, end)
                    | {"keys_per_s": round(sum(start <= t < end for t in decoder.keys) / (end - start), 3)}
                    for decoder in video
                ]
                print(json.dumps({"connected": count, "viewers": viewers}), flush=True)


def summary(arrivals: Sequence[float], start: float, end: float) -> dict[str, float]:
    """Frames per second and the longest gap in ms of the arrivals within [start, end)."""
    inside = [t for t in arrivals if start <= t < end]
    gaps = [b - a for a, b in zip([start, *inside], [*inside, end], strict=True)]
    return {"fps": round(len(inside) / (end - start), 3), "max_gap_ms": round(max(gaps) * 1000, 1)}


def main(arguments: Sequence[str]) -> None:
    """Run the crowd."""
    url, count, *rest = arguments
    asyncio.run(watch(url, int(count), audio="--no-audio" not in rest))


if __name__ == "__main__":
    assert "get_decoder" in vars(rtcrtpreceiver), "aiortc looks its decoders up elsewhere now"
    main(sys.argv[1:])
