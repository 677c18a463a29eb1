"""Private attributes of aiortc's senders by which packets are sent; pinned by a test.

aiortc sends all packets of a picture at once, keeps 128 of them to be sent again, sends one again as often as
it is asked for, and writes neither RED nor how long a player should wait. What is done instead is decided in
`sending/`; here it is tied to one sender, so no other connection is touched.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Any

from aiortc import RTCRtpSender, clock
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpsender import random_sequence_number
from aiortc.utils import random32

from avatar_rtc.media.broadcast import Packet
from avatar_rtc.media.codecs import Payloads
from avatar_rtc.media.feedback_private import LinkReport, on_link_report
from avatar_rtc.media.offers.extensions import AUDIO_LEVEL, MID, PLAYOUT_DELAY, SEND_TIME, Extension
from avatar_rtc.media.rtcp_private import sent_by
from avatar_rtc.media.sending.pacing import bursts
from avatar_rtc.media.sending.red import Redundancy
from avatar_rtc.media.sending.sent_packets import SentPacket, SentPackets
from avatar_rtc.media.sending.way import ViewerWay

_LONGEST_WAIT = 1000
"""In units of 10 ms. A short one would let Chromium show pictures without any buffer (low latency)."""


def send_repairably(
    sender: RTCRtpSender, payloads: Payloads, extensions: Sequence[Extension], mid: str, way: ViewerWay
) -> "Repairable":
    """Let a sender send so that what is lost can be mended; call it before it begins.

    Args:
        payloads: what was agreed on; the first is sent.
        mid: the name of its section.
        way: what is known of the way to the peer; the reports for this sender are told to it.

    Returns:
        What bounds what is sent again.
    """
    if payloads[0].mimeType == "video/H264":
        sender._RTCRtpSender__encoder = _PackedOnce()  # type: ignore[attr-defined]
    sending = Repairable(sender, payloads, extensions, mid, way)
    sender._run_rtp = sending.run  # type: ignore[method-assign]
    sender._retransmit = sending.again  # type: ignore[method-assign]

    def heard(report: LinkReport) -> None:
        if report.lost is not None:
            way.reported(report.lost, sent_by(sender).round_trip_s)

    on_link_report(sender, heard, lambda: asyncio.get_running_loop().time())
    return sending


class _PackedOnce(H264Encoder):
    """Cuts a picture into payloads once for all its viewers, who then keep the same bytes to send again."""

    def pack(self, packet: Packet) -> tuple[list[bytes], int]:
        if packet.opaque is None:
            packet.opaque = super().pack(packet)
        found: Any = packet.opaque
        payloads, timestamp = found
        return payloads, timestamp


class Repairable:
    """A sender whose packets are kept to be sent again; stands where aiortc has its loop of packets."""

    def __init__(
        self,
        sender: RTCRtpSender,
        payloads: Payloads,
        extensions: Sequence[Extension],
        mid: str,
        way: ViewerWay,
    ) -> None:
        self._sender, self._way = sender, way
        self._sent = SentPackets()
        self.may_resend: Callable[[int], bool] = lambda size: True
        """Asked, with the bytes of its payload, before a packet is sent again."""
        types = {payload.name.lower(): payload.payloadType for payload in payloads[1:]}
        assert payloads[0].payloadType is not None
        self._type, self._red_type = payloads[0].payloadType, types.get("red")
        self._rtx_type, self._rtx_number = types.get("rtx"), random_sequence_number()
        self._redundancy = Redundancy(self._type)
        ids = {extension.uri: extension.id for extension in extensions}
        self._mid = _element(ids.get(MID), mid.encode())
        self._time_id, self._playout_id = ids.get(SEND_TIME), ids.get(PLAYOUT_DELAY)
        self._level_id = ids.get(AUDIO_LEVEL)
        self._playout = b""

    async def run(self, codec: RTCRtpCodecParameters) -> None:
        """Send what the track gives until it ends or the connection does; for the rest as aiortc does."""
        sender: Any = self._sender
        sender._RTCRtpSender__rtp_started.set()
        try:
            await self._send_all(codec)
        except (asyncio.CancelledError, ConnectionError, MediaStreamError):
            pass
        except Exception as error:
            # Whoever stops the sender waits for its end.
            sender._RTCRtpSender__log_warning("ended by %r", error)
        if sender.track:
            sender.track.stop()
            sender._RTCRtpSender__track = None
        sender._RTCRtpSender__encoder = None
        sender._RTCRtpSender__rtp_exited.set()

    async def _send_all(self, codec: RTCRtpCodecParameters) -> None:
        sender = self._sender
        number, origin = random_sequence_number(), random32()
        while True:
            picture = await sender._next_encoded_frame(codec)
            if picture is None:
                continue
            timestamp = (origin + picture.timestamp) % 2**32
            now = asyncio.get_running_loop().time()
            payload_type, payloads = self._payloads(timestamp, picture.payloads, now)
            self._playout = self._playout_element(now)
            # `level` is of our own tracks of sound alone.
            left, level = len(payloads), getattr(sender.track, "level", None)
            for burst, pause in bursts(payloads):
                for payload in burst:
                    left -= 1
                    at = asyncio.get_running_loop().time()
                    packet = SentPacket(number, timestamp, left == 0, payload_type, payload, at, level)
                    self._sent.keep(packet)
                    await self._send(packet)
                    number = (number + 1) % 2**16
                if pause:
                    await asyncio.sleep(pause)

    def _payloads(self, timestamp: int, payloads: list[bytes], now: float) -> tuple[int, list[bytes]]:
        """With their payload type."""
        if self._red_type is None:
            return self._type, payloads
        red = self._redundancy.add(timestamp, payloads[0], self._way.copy_distances(now))
        return (self._type, payloads) if red is None else (self._red_type, [red])

    async def _send(self, packet: SentPacket) -> None:
        sender: Any = self._sender
        ntp = clock.current_ntp_time()
        head = self._head(packet.payload_type, packet, packet.number, sender._ssrc, ntp)
        await sender.transport._send_rtp(head + packet.payload)
        sender._RTCRtpSender__ntp_timestamp = ntp
        sender._RTCRtpSender__rtp_timestamp = packet.timestamp
        sender._RTCRtpSender__octet_count += len(packet.payload)
        sender._RTCRtpSender__packet_count += 1

    def forget(self) -> None:
        """Send nothing again of what was sent so far."""
        self._sent = SentPackets()

    async def again(self, sequence_number: int) -> None:
        """Send a packet that the peer misses once more, unless that was done just now."""
        now = asyncio.get_running_loop().time()
        number = sequence_number
        asked = self._sent.asked(number)
        if asked is not None and asked.again_at is None:
            self._way.missed(number, asked.at, now)
        packet = self._sent.again(number, self._way.round_trip_s, now)
        if packet is None or not self.may_resend(len(packet.payload)):
            return
        sender: Any = self._sender
        ntp = clock.current_ntp_time()
        if self._rtx_type is None:
            head, payload = self._head(packet.payload_type, packet, number, sender._ssrc, ntp), packet.payload
        else:
            head = self._head(self._rtx_type, packet, self._rtx_number, sender._rtx_ssrc, ntp)
            payload = number.to_bytes(2, "big") + packet.payload
            self._rtx_number = (self._rtx_number + 1) % 2**16
        await sender.transport._send_rtp(head + payload)

    def _head(self, payload_type: int, packet: SentPacket, number: int, ssrc: int, ntp: int) -> bytes:
        """The header of a packet (RFC 3550), with its extensions in the short form (RFC 8285)."""
        send_time = _element(self._time_id, ((ntp >> 14) & 0xFFFFFF).to_bytes(3, "big"))
        level = _element(self._level_id, b"" if packet.level is None else bytes([packet.level]))
        extensions = self._mid + send_time + level + self._playout
        words = (len(extensions) + 3) // 4
        head = struct.pack(
            "!BBHLL",
            0x90 if words else 0x80,
            packet.marker << 7 | payload_type,
            number,
            packet.timestamp,
            ssrc,
        )
        if not words:
            return head
        return head + struct.pack("!HH", 0xBEDE, words) + extensions.ljust(4 * words, b"\0")

    def _playout_element(self, now: float) -> bytes:
        """How long the peer should wait; nothing until it had to for the first time."""
        least = round(100 * self._way.playout_s(now))
        if self._playout_id is None or not (least or self._playout):
            return b""
        return _element(self._playout_id, (least << 12 | _LONGEST_WAIT).to_bytes(3, "big"))


def _element(number: int | None, value: bytes) -> bytes:
    return b"" if number is None or not value else bytes([number << 4 | len(value) - 1]) + value
