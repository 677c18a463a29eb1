"""Pins what of aiortc's receivers is replaced, and that what they ask for and hand on is ours."""

import asyncio
import inspect
import queue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import NackGenerator, RemoteStreamTrack
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket, RtpPacket

from avatar_rtc.media.aiortc_receiving import Mended, mend_losses
from avatar_rtc.media.opus import create_opus_encoder
from avatar_rtc.media.receiving.pleading import STALL_S
from avatar_rtc.sound.frames import audio_frame
from tests import virtual_time

KEY, INTER = bytes([0x67, 1, 2]), bytes([0x41, 1, 2])
VIDEO = RTCRtpCodecParameters(mimeType="video/H264", clockRate=90_000, payloadType=96)
SOUND = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=97)
PCMU = RTCRtpCodecParameters(mimeType="audio/PCMU", clockRate=8_000, channels=1, payloadType=0)


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


async def test_the_attributes_are_there():
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    video, audio = (pc.addTransceiver(kind, direction="recvonly").receiver for kind in ("video", "audio"))
    assert isinstance(video._RTCRtpReceiver__jitter_buffer, JitterBuffer)
    assert isinstance(audio._RTCRtpReceiver__jitter_buffer, JitterBuffer)
    assert isinstance(video._RTCRtpReceiver__nack_generator, NackGenerator)
    assert audio._RTCRtpReceiver__nack_generator is None
    for receiver, kind in ((video, "video"), (audio, "audio")):
        assert receiver._RTCRtpReceiver__kind == kind
        assert receiver._RTCRtpReceiver__codecs == {} and receiver._RTCRtpReceiver__decoder_thread is None
        assert isinstance(receiver._RTCRtpReceiver__decoder_queue, queue.Queue)
        assert parameters(receiver._RTCRtpReceiver__timestamp_mapper.map) == ["timestamp"]
    assert parameters(JitterBuffer.add) == parameters(NackGenerator.add) == ["self", "packet"]
    assert parameters(RTCRtpReceiver._send_rtcp_nack) == ["self", "media_ssrc", "lost"]
    assert parameters(RTCRtpReceiver._send_rtcp_pli) == ["self", "media_ssrc"]
    assert isinstance(RemoteStreamTrack("audio")._queue, asyncio.Queue)
    await pc.close()


class Wire:
    """The transport under a receiver: it notes when what was asked for."""

    state, _stats_id = "connected", "transport"

    def __init__(self) -> None:
        self.asked: list[tuple[float, list[int]]] = []
        self.pleas: list[float] = []

    async def _send_rtp(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpRtpfbPacket):
                self.asked.append((now, packet.lost))
            elif isinstance(packet, RtcpPsfbPacket):
                self.pleas.append(now)


def create_receiver(kind: str, wire: Any) -> Any:
    return RTCRtpReceiver(kind, wire)


class Receiving:
    """A receiver that runs, but for its decoder's thread."""

    def __init__(self, codec: RTCRtpCodecParameters) -> None:
        kind = codec.mimeType.partition("/")[0]
        self.wire, self.mended = Wire(), Mended()
        self.receiver = create_receiver(kind, self.wire)
        self.receiver._track = RemoteStreamTrack(kind)
        self.receiver._set_rtcp_ssrc(1)
        self.receiver._RTCRtpReceiver__codecs[codec.payloadType] = codec
        self.receiver._RTCRtpReceiver__decoder_thread = SimpleNamespace(join=lambda: None)
        mend_losses(self.receiver, self.mended)
        self._codec, self._payload_type = codec, codec.payloadType or 0

    async def take(self, number: int, timestamp: int, payload: bytes, marker: int = 1) -> None:
        packet = RtpPacket(self._payload_type, marker, number % 65_536, timestamp, 7, payload)
        await self.receiver._handle_rtp_packet(packet, 0)

    @property
    def pictures(self) -> list[int]:
        """RTP times of what went to the decoder."""
        tasks = list(self.receiver._RTCRtpReceiver__decoder_queue.queue)
        assert all(codec is self._codec for codec, _ in tasks)
        return [picture.timestamp for _, picture in tasks]

    @property
    def sounds(self) -> list:
        return list(self.receiver._track._queue._queue)


def test_video_is_asked_for_until_a_keyframe_makes_it_needless():
    async def scenario():
        loop, it = asyncio.get_running_loop(), Receiving(VIDEO)
        begin = loop.time()
        await it.take(65_534, 0, KEY)
        await it.take(65_535, 3_000, INTER)
        await it.take(1, 9_000, INTER)  # 0 is lost
        assert it.wire.asked == [(begin, [0])]
        await asyncio.sleep(STALL_S + 0.01)
        assert [lost for _, lost in it.wire.asked] == [[0]] * 3
        assert it.wire.asked[1][0] - begin == pytest.approx(0.125)
        assert it.wire.pleas == [pytest.approx(begin + STALL_S)]
        await it.take(2, 12_000, KEY)
        assert it.pictures == [0, 3_000, 12_000]
        await asyncio.sleep(30)
        assert len(it.wire.asked) == 3 and len(it.wire.pleas) == 1
        assert (it.mended.requests, it.mended.keyframe_requests, it.mended.skips) == (3, 1, 1)

    virtual_time.run(scenario())


def test_a_repair_brings_all_that_waited():
    async def scenario():
        it = Receiving(VIDEO)
        await it.take(1, 0, KEY)
        for number in range(3, 9):
            await it.take(number, 3_000 * (number - 1), INTER)
        assert it.pictures == [0]
        await it.take(2, 3_000, INTER)
        assert it.pictures == [3_000 * i for i in range(8)]
        await asyncio.sleep(30)
        assert it.wire.pleas == [] and it.mended.skips == 0

    virtual_time.run(scenario())


def test_a_paused_avatar_is_not_asked_for_keyframes():
    async def scenario():
        it = Receiving(VIDEO)
        await it.take(1, 0, KEY)
        for number in range(2, 60):
            await asyncio.sleep(0.5)
            await it.take(number, 45_000 * number, INTER)
        assert it.wire.pleas == it.wire.asked == [] and len(it.pictures) == 59

    virtual_time.run(scenario())


def test_a_receiver_that_has_ended_asks_for_nothing():
    async def scenario():
        it = Receiving(VIDEO)
        await it.take(1, 0, KEY)
        await it.take(3, 6_000, INTER)
        it.receiver._handle_disconnect()
        await asyncio.sleep(30)
        assert len(it.wire.asked) == 1 and it.wire.pleas == []

    virtual_time.run(scenario())


def opus_packets(count: int) -> list[bytes]:
    encoder, found = create_opus_encoder(), []
    tone = (6_000 * np.sin(2 * np.pi * 200 * np.arange(960) / 48_000)).astype(np.int16)
    for block in range(count):
        frame = audio_frame(tone, 48_000)
        frame.pts = 960 * block
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found


def test_sound_keeps_all_its_blocks():
    async def scenario():
        it, packets = Receiving(SOUND), opus_packets(100)
        lost = {7, 20, 21, 22, 60}
        for number, data in enumerate(packets):
            if number not in lost:
                await it.take(number + 65_500, 960 * number, data)
            await asyncio.sleep(0.02)
        frames = it.sounds
        assert [frame.pts for frame in frames] == [960 * number for number in range(100)]
        assert all((f.sample_rate, f.samples, f.layout.name) == (48_000, 960, "stereo") for f in frames)
        assert it.mended.blocks == 100
        assert it.mended.blocks_mended + it.mended.blocks_concealed == len(lost)
        assert {each for _, numbers in it.wire.asked for each in numbers} == {
            (number + 65_500) % 65_536 for number in lost
        }
        loud = [float(np.abs(frame.to_ndarray()).mean()) for frame in frames]
        assert min(loud[2:]) > 0.05 * max(loud)

    virtual_time.run(scenario())


def test_the_first_block_behind_a_lost_one_waits_no_longer_than_it_may():
    async def scenario():
        loop, it, packets = asyncio.get_running_loop(), Receiving(SOUND), opus_packets(10)
        await it.take(0, 0, packets[0])
        await it.take(5, 4_800, packets[5])
        begin = loop.time()
        for _ in range(6):
            await it.receiver._track._queue.get()
        assert 0.1 < loop.time() - begin < 0.25

    virtual_time.run(scenario())


def test_a_broken_packet_of_sound_is_made_up():
    async def scenario():
        it, packets = Receiving(SOUND), opus_packets(4)
        for number, data in enumerate([*packets[:2], b"\xff\xff\xff", packets[3]]):
            await it.take(number, 960 * number, data)
        assert len(it.sounds) == 4 and it.mended.blocks_concealed == 1

    virtual_time.run(scenario())


def test_other_codecs_go_on_without_what_is_lost():
    async def scenario():
        it = Receiving(PCMU)
        for number in (1, 2, 5, 6):
            await it.take(number, 160 * number, bytes(160))
        await asyncio.sleep(1)
        assert [frame.pts for frame in it.sounds] == [0, 160, 640, 800]

    virtual_time.run(scenario())
