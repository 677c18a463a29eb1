"""When sound and picture belong together, as a viewer can know it: by RTP times and sender reports.

A report pairs an RTP time with a second of the sender's clock. So the times of both tracks, each counted from
an origin of its own, become seconds of one clock; browsers lip-sync by nothing else.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtcpSrPacket
from numpy.typing import NDArray

from avatar_rtc.client.client import AvatarClient
from avatar_rtc.stream.frame import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ

AUDIBLE = 500
"""Samples beyond this (-36 dB) are heard; Opus makes less than 20 out of silence."""
BRIGHT = 128
"""Mean grey of a picture from which on it is a flash."""
KEPT_PACKETS = 2048
"""Arrivals that are remembered: 40 s of sound."""
REPORT_PATIENCE_S = 5.0
"""Reports come every 0.5 to 1.5 s; without one for so long the sender is gone."""
_WRAP = 1 << 32


@dataclass(frozen=True)
class SenderReport:
    """What one sender report says."""

    ntp_s: float
    rtp: int
    seen: float
    """CLOCK_MONOTONIC second of its arrival."""


class Wire:
    """The times of one track at its receiver, from when this is made on."""

    def __init__(self, receiver: RTCRtpReceiver, clock_hz: int) -> None:
        self._receiver, self.clock_hz = receiver, clock_hz
        self._arrivals: dict[int, float] = {}
        self._report: SenderReport | None = None
        self._reported = asyncio.Condition()
        self._take_rtp, self._take_rtcp = receiver._handle_rtp_packet, receiver._handle_rtcp_packet
        receiver._handle_rtp_packet = self._rtp_packet  # type: ignore[method-assign]
        receiver._handle_rtcp_packet = self._rtcp_packet  # type: ignore[method-assign]

    def rtp(self, pts: int) -> int:
        """The RTP time of a decoded frame, whose pts aiortc counts from its first one."""
        mapper = self._receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]
        return int(mapper._origin + pts) % _WRAP

    def arrived(self, rtp: int) -> float | None:
        """CLOCK_MONOTONIC second at which the packet (the first, of a frame) with this RTP time came."""
        return self._arrivals.get(rtp)

    def sent(self, rtp: int) -> float:
        """Second of the sender's NTP clock that belongs to an RTP time, by the newest report.

        Raises:
            LookupError: there was none yet.
        """
        if self._report is None:
            raise LookupError("no sender report came yet")
        return self._report.ntp_s + since(rtp, self._report.rtp) / self.clock_hz

    async def report_after(self, seen: float) -> None:
        """Wait for a report that arrives after this CLOCK_MONOTONIC second.

        Raises:
            TimeoutError: none comes.
        """
        async with asyncio.timeout(REPORT_PATIENCE_S), self._reported:
            await self._reported.wait_for(lambda: self._report is not None and self._report.seen > seen)

    async def _rtp_packet(self, packet: Any, arrival_time_ms: int) -> None:
        self._arrivals.setdefault(packet.timestamp, time.monotonic())
        if len(self._arrivals) > KEPT_PACKETS:
            del self._arrivals[next(iter(self._arrivals))]
        await self._take_rtp(packet, arrival_time_ms)

    async def _rtcp_packet(self, packet: Any) -> None:
        # A sender that has sent nothing yet reports zeros.
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.ntp_timestamp:
            info = packet.sender_info
            async with self._reported:
                self._report = SenderReport(info.ntp_timestamp / _WRAP, info.rtp_timestamp, time.monotonic())
                self._reported.notify_all()
        await self._take_rtcp(packet)


def audio_wire(receiver: RTCRtpReceiver) -> Wire:
    """The times of a track of Opus."""
    return Wire(receiver, AUDIO_CLOCK_HZ)


def video_wire(receiver: RTCRtpReceiver) -> Wire:
    """The times of a track of pictures."""
    return Wire(receiver, VIDEO_CLOCK_HZ)


def wires_of(avatar: AvatarClient) -> tuple[Wire, Wire]:
    """The times of a connected viewer's sound and picture."""
    assert avatar._pc is not None
    by_kind = {receiver.track.kind: receiver for receiver in avatar._pc.getReceivers()}
    return audio_wire(by_kind["audio"]), video_wire(by_kind["video"])


def since(rtp: int, earlier: int) -> int:
    """Ticks from one RTP time to another, across the 32-bit wrap; negative if it is the other way round.

    >>> since(5, 2**32 - 5), since(2**32 - 5, 5)
    (10, -10)
    """
    return (rtp - earlier + _WRAP // 2) % _WRAP - _WRAP // 2


@dataclass(frozen=True)
class Onset:
    """Something began to sound or to shine."""

    rtp: int
    block: int
    """RTP time of the packet that brought it."""
    seen: float
    """CLOCK_MONOTONIC second at which it had been decoded."""


class Signal:
    """A beep, a flash or a voice that comes and goes over RTP time."""

    def __init__(self, gap: int) -> None:
        """`gap` ticks without it are an end."""
        self._gap = gap
        self._onsets: deque[Onset] = deque(maxlen=16)
        self._begun = asyncio.Event()
        self.last: Onset | None = None
        """The last sample or picture of it so far."""

    def shows(self, block: int, first: int, last: int) -> None:
        """It was on from `first` to `last` ticks after the start of a packet."""
        now = time.monotonic()
        if self.last is None or since(block + first, self.last.rtp) > self._gap:
            self._onsets.append(Onset((block + first) % _WRAP, block, now))
            self._begun.set()
        self.last = Onset((block + last) % _WRAP, block, now)

    def forget(self) -> None:
        """Drop the onsets nobody asked for."""
        self._onsets.clear()
        self._begun.clear()

    async def onset(self, within: float = REPORT_PATIENCE_S) -> Onset:
        """The next onset not taken yet.

        Raises:
            TimeoutError: there is none within so many seconds.
        """
        async with asyncio.timeout(within):
            while not self._onsets:
                self._begun.clear()
                await self._begun.wait()
        return self._onsets.popleft()


async def hear(blocks: AsyncIterator[Any], wire: Wire, voice: Signal, level: int = AUDIBLE) -> None:
    """Note all samples of decoded sound beyond a level, until it ends.

    Opus smears what begins abruptly over some ms before it; a level near that of the sound leaves this out.
    """
    async for block in blocks:
        loud = loud_samples(block, level)
        if loud.size:
            voice.shows(wire.rtp(block.pts), int(loud[0]), int(loud[-1]))


async def note_bright_pictures(frames: AsyncIterator[Any], wire: Wire, flash: Signal) -> None:
    """Note all decoded pictures that are bright, until they end."""
    async for frame in frames:
        if frame.to_ndarray(format="gray").mean() > BRIGHT:
            flash.shows(wire.rtp(frame.pts), 0, 0)


def loud_samples(block: Any, level: int = AUDIBLE) -> NDArray[np.intp]:
    """Indices of the samples beyond a level in an `av.AudioFrame` of packed 16-bit sound."""
    samples = block.to_ndarray().reshape(-1, block.layout.nb_channels).astype(np.int32)
    return np.flatnonzero(np.abs(samples).max(axis=1) > level)
