"""A viewer as a player makes it, by aiortc, that keeps what it is told."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription


class Watcher:
    """A real WebRTC client: a recvonly offer with both data channels, as a player makes it."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.control = self.pc.createDataChannel("control")
        self.cues = self.pc.createDataChannel("cues", ordered=False, maxRetransmits=0)
        self.pose = self.pc.createDataChannel("pose", ordered=False, maxRetransmits=0)
        self.events: list[dict] = []
        self.received = asyncio.Condition()
        self._receivers = [
            self.pc.addTransceiver(kind, direction="recvonly").receiver for kind in ("video", "audio")
        ]
        self.control.on("message", self._on_message)
        self.location: str | None = None
        self.etag = ""

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def answered(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self.video, self.audio = (receiver.track for receiver in self._receivers)

    async def frame(self, luma: int | None = None, within: float = 5.0):
        """The next decoded frame, or the next that is about as bright as `luma`."""
        async with asyncio.timeout(within):
            while True:
                frame: Any = await self.video.recv()
                brightness = frame.to_ndarray(format="gray").mean()
                # Full range: limited-range luma 100 is decoded as such into gray.
                if luma is None or abs(brightness - _full_range(luma)) < 4:
                    return frame

    async def request(self, message: dict | str | bytes, within: float = 5.0) -> dict:
        """Send on `control`, and give the answer with the same id (or the next answer, for raw bytes)."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        wanted = message.get("id") if isinstance(message, dict) else None
        seen = len(self.events)
        self.control.send(raw)

        def found(event):
            return event["type"] in ("ok", "error") and event["id"] == wanted

        return await self.event(found, seen, within)

    async def event(self, found: Callable[[dict], bool], seen: int = 0, within: float = 5.0) -> dict:
        """The first event after the first `seen` for which `found` holds, now or soon."""
        async with asyncio.timeout(within), self.received:
            while True:
                for event in self.events[seen:]:
                    if found(event):
                        return event
                await self.received.wait()

    async def _on_message(self, text) -> None:
        self.events.append(json.loads(text))
        async with self.received:
            self.received.notify_all()


def _full_range(luma: int) -> float:
    return (luma - 16) * 255 / 219
