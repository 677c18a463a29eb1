"""Pins what of aiortc's senders is replaced, and that what goes out is RTP as libraries read it."""

import asyncio
import inspect
from fractions import Fraction
from typing import Any

import av
import pytest
from aiortc import RTCRtpSender
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtcpParameters, RTCRtpCodecParameters, RTCRtpSendParameters
from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    is_rtcp,
    unpack_header_extensions,
    unwrap_rtx,
)

from avatar_rtc.media.offers.extensions import MID, PLAYOUT_DELAY, SEND_TIME, Extension
from avatar_rtc.media.sending.pacing import BURST
from avatar_rtc.media.sending.way import ViewerWay
from avatar_rtc.media.sending_private import send_repairably
from tests import virtual_time

VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=96)
RTX = RTCRtpCodecParameters(mimeType="video/rtx", clockRate=90_000, payloadType=97, parameters={"apt": 96})
OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=111)
RED = RTCRtpCodecParameters(mimeType="audio/red", clockRate=48_000, channels=2, payloadType=63)
IDS = {MID: 4, SEND_TIME: 2, PLAYOUT_DELAY: 5}
EXTENSIONS = tuple(Extension(number, uri, is_one_way=False) for uri, number in IDS.items())


class Line:
    """The transport under a sender."""

    state, _stats_id, is_broken = "connected", "transport", False

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes]] = []

    def _register_rtp_sender(self, sender: object, parameters: object) -> None:
        pass

    _unregister_rtp_sender = _register_rtp_sender

    async def _send_rtp(self, data: bytes) -> None:
        if self.is_broken:
            raise ConnectionError
        self.sent.append((asyncio.get_running_loop().time(), data))

    def packets(self) -> list[RtpPacket]:
        return [RtpPacket.parse(data) for _, data in self.sent if not is_rtcp(data)]

    def elements(self) -> list[dict[int, bytes]]:
        """Extensions in the header of each packet."""
        heads = [data[12:] for _, data in self.sent if not is_rtcp(data)]
        sizes = [4 * int.from_bytes(head[2:4], "big") for head in heads]
        return [
            dict(unpack_header_extensions(int.from_bytes(head[:2], "big"), head[4 : 4 + size]))
            for head, size in zip(heads, sizes, strict=True)
        ]


class Reel(MediaStreamTrack):
    """Gives packets of the sizes it is told, one every 20 ms."""

    def __init__(self, kind: str, sizes: list[int]) -> None:
        super().__init__()
        self.kind, self._sizes, self._n = kind, sizes, 0

    async def recv(self) -> Any:
        if self._n == len(self._sizes):
            raise MediaStreamError
        await asyncio.sleep(0.02 if self._n else 0)
        packet = av.Packet(bytes([self._n]) * self._sizes[self._n])
        packet.pts, packet.time_base = self._n * 20, Fraction(1, 1000)
        self._n += 1
        return packet


class Sending:
    """A sender that has sent what it was given."""

    def __init__(self, *codecs: RTCRtpCodecParameters, way: ViewerWay | None = None) -> None:
        self.line, self.way = Line(), way or ViewerWay()
        line: Any = self.line
        self.kind = codecs[0].mimeType.partition("/")[0]
        self.sender: Any = RTCRtpSender(self.kind, line)
        self._codecs = list(codecs)
        self.repair = send_repairably(self.sender, codecs, EXTENSIONS, "name", self.way)

    async def send(self, *sizes: int) -> "Sending":
        self.sender.replaceTrack(Reel(self.kind, list(sizes)))
        rtcp = RTCRtcpParameters(cname="c", ssrc=self.sender._ssrc)
        await self.sender.send(RTCRtpSendParameters(codecs=self._codecs, rtcp=rtcp, muxId="name"))
        await asyncio.wait_for(self.sender._RTCRtpSender__rtp_exited.wait(), 10)
        return self

    async def ask(self, *numbers: int) -> None:
        await self.sender._handle_rtcp_packet(
            RtcpRtpfbPacket(fmt=1, ssrc=9, media_ssrc=1, lost=list(numbers))
        )


def test_the_methods_that_are_replaced_are_there():
    for name, arguments in (
        ("_run_rtp", ["self", "codec"]),
        ("_retransmit", ["self", "sequence_number"]),
        ("_handle_rtcp_packet", ["self", "packet"]),
        ("_next_encoded_frame", ["self", "codec"]),
    ):
        assert list(inspect.signature(getattr(RTCRtpSender, name)).parameters) == arguments
    source = inspect.getsource(RTCRtpSender._handle_rtcp_packet)
    assert "self._retransmit(seq)" in source and "self._run_rtp(" in inspect.getsource(RTCRtpSender.send)


def test_packets_are_those_that_aiortc_would_send():
    async def scenario() -> None:
        it = await Sending(VP8, RTX).send(100, 20_000, 1)
        packets = it.line.packets()
        assert [each.marker for each in packets] == [1, *[0] * (len(packets) - 3), 1, 1]
        first = packets[0].sequence_number
        assert [each.sequence_number for each in packets] == list(range(first, first + len(packets)))
        assert [each.timestamp - packets[0].timestamp for each in (packets[0], packets[1], packets[-1])] == [
            0,
            1800,
            3600,
        ]
        assert {each.ssrc for each in packets} == {it.sender._ssrc} and packets[0].payload_type == 96
        assert all(
            each[IDS[MID]] == b"name" and len(each[IDS[SEND_TIME]]) == 3 for each in it.line.elements()
        )
        assert it.sender._RTCRtpSender__packet_count == len(packets)
        assert it.sender._RTCRtpSender__octet_count == sum(len(each.payload) for each in packets)
        assert it.sender._RTCRtpSender__rtp_timestamp == packets[-1].timestamp
        assert it.sender._RTCRtpSender__ntp_timestamp > 0 and it.sender.track is None

    virtual_time.run(scenario())


def test_a_large_picture_is_spread_and_a_small_one_is_not():
    async def scenario() -> None:
        it = await Sending(VP8).send(5_000, 30_000)
        times = [time for time, data in it.line.sent if not is_rtcp(data)]
        packets = it.line.packets()
        large = [t for t, each in zip(times, packets, strict=True) if each.timestamp != packets[0].timestamp]
        small = times[: len(times) - len(large)]
        assert len(set(small)) == 1 and len(large) > 2 * BURST
        assert len(set(large)) == -(-len(large) // BURST) and large[-1] - large[0] < 0.017

    virtual_time.run(scenario())


@pytest.mark.parametrize("codecs", [(VP8, RTX), (VP8,), (OPUS,)], ids=["rtx", "plain", "sound"])
def test_what_is_missed_is_sent_again_once_within_half_a_round_trip(codecs):
    async def scenario() -> None:
        it = await Sending(*codecs).send(50, 60, 70)
        originals = it.line.packets()
        missed = originals[1]
        for _ in range(3):
            await it.ask(missed.sequence_number, originals[0].sequence_number - 9)
        again = it.line.packets()[len(originals) :]
        assert len(again) == 1
        packet = unwrap_rtx(again[0], 96, it.sender._ssrc) if len(codecs) > 1 else again[0]
        assert (packet.payload, packet.timestamp) == (missed.payload, missed.timestamp)
        assert (packet.sequence_number, packet.marker) == (missed.sequence_number, missed.marker)
        assert again[0].ssrc == (it.sender._rtx_ssrc if len(codecs) > 1 else it.sender._ssrc)

    virtual_time.run(scenario())


def test_what_may_not_is_not_sent_again_and_what_is_forgotten_cannot():
    async def scenario() -> None:
        it = await Sending(VP8).send(100, 900, 200)
        first, second, third = (each.sequence_number for each in it.line.packets())
        sizes: list[int] = []

        def is_small(size: int) -> bool:
            sizes.append(size)
            return size < 500

        it.repair.may_resend = is_small
        await it.ask(first, second, third + 1)
        packing = len(it.line.packets()[0].payload) - 100
        assert [each.sequence_number for each in it.line.packets()[3:]] == [first]
        assert sizes == [100 + packing, 900 + packing]
        it.repair.forget()
        await it.ask(third)
        assert len(it.line.packets()) == 4

    virtual_time.run(scenario())


def test_the_wait_is_told_once_there_is_one_and_taken_back():
    async def scenario() -> None:
        way = ViewerWay()
        it = Sending(VP8, way=way)
        await it.send(10)
        assert PLAYOUT_DELAY in IDS and IDS[PLAYOUT_DELAY] not in it.line.elements()[0]
        way.reported(0.2, 0.1)
        bad = (await Sending(VP8, way=way).send(10)).line.elements()[0][IDS[PLAYOUT_DELAY]]
        least, longest = int.from_bytes(bad, "big") >> 12, int.from_bytes(bad, "big") & 0xFFF
        assert least * 0.01 == pytest.approx(way.playout_s(0.0), abs=0.01) and longest * 10 > 500

    virtual_time.run(scenario())


def test_sound_is_plain_until_something_is_lost_and_then_red():
    async def scenario() -> None:
        clean = await Sending(OPUS, RED).send(80, 81, 82)
        assert {each.payload_type for each in clean.line.packets()} == {111}
        way = ViewerWay()
        way.reported(0.2, 0.1)
        lossy = (await Sending(OPUS, RED, way=way).send(80, 81, 82)).line.packets()
        assert [each.payload_type for each in lossy] == [111, 63, 63]
        assert lossy[2].payload.endswith(bytes([0]) * 80 + bytes([1]) * 81 + bytes([2]) * 82)
        assert len(lossy[2].payload) == 80 + 81 + 82 + 4 + 4 + 1
        way.is_narrow = True
        narrow = (await Sending(OPUS, RED, way=way).send(80, 81, 82)).line.packets()
        assert {each.payload_type for each in narrow} == {111}, "there is no room for copies"
        way.is_narrow = False
        alone = (await Sending(OPUS, way=way).send(80, 81)).line.packets()
        assert {each.payload_type for each in alone} == {111}, "it was not offered"

    virtual_time.run(scenario())


def test_reports_are_told_to_the_way_and_those_of_others_are_not():
    async def scenario() -> None:
        it = await Sending(VP8).send(10)
        for ours, step in ((False, 0), (False, 1), (True, 0), (True, 1)):
            await asyncio.sleep(1.1)
            assert it.way.lost == 0
            report = RtcpReceiverInfo(it.sender._ssrc + (not ours), 0, 50 * step, 1000 * step, 0, 0, 0)
            await it.sender._handle_rtcp_packet(RtcpRrPacket(ssrc=9, reports=[report]))
        assert 0.02 < it.way.lost <= 0.05

    virtual_time.run(scenario())


def test_a_picture_is_cut_into_payloads_once_for_all_its_viewers():
    h264 = RTCRtpCodecParameters(mimeType="video/H264", clockRate=90_000, payloadType=96)

    async def scenario() -> None:
        packet = av.Packet(b"\0\0\0\1\x65" + bytes(range(1, 200)) * 20)
        packet.pts, packet.time_base = 3, Fraction(1, 30)
        encoders = [Sending(h264).sender._RTCRtpSender__encoder for _ in range(2)]
        (first, first_time), (second, second_time) = (each.pack(packet) for each in encoders)
        assert first is second and first_time == second_time == 9000
        assert (first, first_time) == H264Encoder().pack(packet) and len(first) == 4

    virtual_time.run(scenario())


def test_a_line_that_breaks_ends_it_and_lets_go():
    async def scenario() -> None:
        it = Sending(VP8)
        it.line.is_broken = True
        await it.send(10, 10)
        assert it.sender.track is None

    virtual_time.run(scenario())


def test_extensions_are_read_by_aiortc_itself():
    assert list(inspect.signature(HeaderExtensionsMap.get).parameters) == [
        "self",
        "extension_profile",
        "extension_value",
    ]
