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

from aiortc import RTCConfiguration, RTCPeerConnection, rtcrtpreceiver
from aiortc.codecs.base import Decoder

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.client.control import Control
from avatar_rtc.media.addresses.ice import IceServers

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


class Bare(AvatarClient):
    """A viewer without data channels, as plain players are."""

    def _prepare(self, pc: RTCPeerConnection, ice: IceServers) -> Control:
        # Those it has are of a connection that is never made.
        vars(pc)["createDataChannel"] = RTCPeerConnection(RTCConfiguration(iceServers=[])).createDataChannel
        return super()._prepare(pc, ice)


def only_count(viewer: AvatarClient) -> Counting:
    """From now on only count the pictures of a connected viewer, by the last packet of each.

    64 of them would take more than a processor to put their pictures together.
    """
    assert viewer._pc is not None
    counting = Counting()
    by_kind = {each.kind: each.receiver for each in viewer._pc.getTransceivers()}
    types = vars(by_kind["video"])["_RTCRtpReceiver__codecs"]

    async def note(data: bytes, arrival_time_ms: int) -> None:
        if data[1] & 0x80 and data[1] & 0x7F in types:
            counting.arrivals.append(time.monotonic())

    vars(by_kind["video"].transport)["_handle_rtp_data"] = note
    return counting


async def watch(url: str, count: int, audio: bool, bare: bool = False, light: bool = False) -> None:
    """Connect `count` viewers, then obey the lines on stdin.

    Args:
        light: they only count, see `only_count`.
    """
    video: list[Counting] = []
    lights: list[Counting] = []

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
            viewer = await stack.enter_async_context((Bare if bare else AvatarClient)(url, audio=audio))
            if light:
                lights.append(only_count(viewer))
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
                    for decoder in lights or video
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
    asyncio.run(
        watch(url, int(count), audio="--no-audio" not in rest, bare="--bare" in rest, light="--light" in rest)
    )


if __name__ == "__main__":
    assert "get_decoder" in vars(rtcrtpreceiver), "aiortc looks its decoders up elsewhere now"
    main(sys.argv[1:])
