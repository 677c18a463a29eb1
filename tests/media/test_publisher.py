"""An offering peer against aiortc as the server that takes it."""

import asyncio

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription

from avatar_rtc.config import MediaBind
from avatar_rtc.errors import Unreachable
from avatar_rtc.media.addresses.ice import IceServers
from avatar_rtc.media.publisher import Publisher
from avatar_rtc.stream.frame import Rendition
from tests.waiting import until


class Taker:
    """A server's end of one connection."""

    def __init__(self, viewer, codecs: tuple[str, ...] = ()) -> None:
        self.viewer, self._codecs = viewer, codecs

    async def answer(self, offer: str) -> str:
        pc = self.viewer.pc

        @pc.on("track")
        def pump(track):
            queue = self.viewer.frames if track.kind == "video" else self.viewer.sounds
            self.viewer.tasks.append(asyncio.create_task(self.viewer._pump(track, queue)))

        if self._codecs:
            known = RTCRtpSender.getCapabilities("video").codecs
            video = pc.addTransceiver("video", direction="recvonly")
            video.setCodecPreferences([c for c in known if c.mimeType in self._codecs])
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        return pc.localDescription.sdp


@pytest.fixture
async def publish(stage, tools):
    """(codecs, spoil) → a publisher and who takes it, connected or not."""
    made = []

    async def connect(codecs=(), spoil=lambda answer: answer, **options):
        publisher = Publisher(stage.source, "matte", IceServers(), MediaBind(True, ("127.0.0.1",)), **options)
        made.append(publisher)
        viewer = tools.Viewer(RTCPeerConnection(RTCConfiguration(iceServers=[])))
        stage.viewers.append(viewer)
        offer = await publisher.offer()
        viewer.offered = offer
        taken = await publisher.take(spoil(await Taker(viewer, codecs).answer(offer)))
        return publisher, viewer, taken

    yield connect
    for each in made:
        await each.close()


async def test_a_server_sees_and_hears_it(publish, stage, tools):
    publisher, viewer, taken = await publish()
    await publisher.connected()
    frame = await viewer.frame()
    assert tools.mean_yuv(frame) == pytest.approx(tools.YUV, abs=2)
    assert (await asyncio.wait_for(viewer.sounds.get(), 5)).sample_rate == 48_000
    assert taken.sent("video") and taken.sent("audio")
    stats = publisher.stats()
    assert stats.rendition == Rendition("h264", "matte") and stats.state == "connected"
    assert stage.source.renditions[Rendition("h264", "matte")].viewers == 1, "one encode, shared with viewers"


async def test_the_offer_is_as_whip_wants_it(publish):
    _, viewer, _ = await publish()
    await viewer.frame()
    offer = SessionDescription.parse(viewer.offered)
    assert [each.kind for each in offer.media] == ["audio", "video"]
    assert {each.direction for each in offer.media} == {"sendonly"}
    assert len({each.msid.split()[0] for each in offer.media}) == 1, "one stream"
    assert offer.group[0].semantic == "BUNDLE" and offer.group[0].items == ["0", "1"]
    assert viewer.offered.count("a=setup:actpass") == viewer.offered.count("a=rtcp-mux") == 2
    names = [codec.name for codec in offer.media[1].rtp.codecs]
    assert names == ["H264", "rtx", "VP8", "rtx"]
    assert len(offer.media[1].ssrc) == 2 and "a=ssrc-group:FID" in viewer.offered
    ids = [(each.id, each.uri) for media in offer.media for each in media.rtp.headerExtensions]
    assert len(dict(ids)) == len(set(ids)), "an id means one thing in a bundle"


async def test_a_server_that_knows_vp8_alone_gets_vp8(publish, tools):
    publisher, viewer, _ = await publish(("video/VP8",))
    await publisher.connected()
    assert tools.mean_yuv(await viewer.frame()) == pytest.approx(tools.YUV, abs=4)
    assert publisher.stats().rendition == Rendition("vp8", "matte")


async def test_each_packet_of_sound_says_how_loud_it_is(publish, stage):
    stage.source.opus.source = lambda t, samples: np.full(samples, -32768, np.int16)
    publisher, viewer, taken = await publish()
    section = taken.sent("audio")
    assert [each.uri.rpartition(":")[2] for each in section.extensions] == ["mid", "ssrc-audio-level"]
    receiver = next(each for each in viewer.pc.getReceivers() if each.track.kind == "audio")
    levels: list = []
    handle = receiver._handle_rtp_packet

    async def noted(packet: RtpPacket, arrival_time_ms: int) -> None:
        levels.append(packet.extensions.audio_level)
        await handle(packet, arrival_time_ms)

    receiver._handle_rtp_packet = noted
    await publisher.connected()
    await until(lambda: len(levels) > 3)
    assert levels[3] == (True, 0), "as loud as can be, and speech"


async def test_what_cannot_be_decoded_is_asked_for(publish, stage):
    publisher, viewer, _ = await publish()
    await publisher.connected()
    await viewer.frame()
    before = stage.source.keyframe_requests
    receiver = next(each for each in viewer.pc.getReceivers() if each.track.kind == "video")
    await receiver._send_rtcp_pli(next(iter(receiver._RTCRtpReceiver__active_ssrc)))
    await until(lambda: stage.source.keyframe_requests > before)
    assert publisher.stats().feedback.keyframes == 1


async def test_a_server_without_sound_still_shows_it(publish, tools):
    def without_sound(answer: str) -> str:
        head, sound, video = answer.split("m=")
        sound = sound.replace("a=recvonly", "a=inactive")
        return f"{head}m={sound}m={video}"

    publisher, viewer, taken = await publish(spoil=without_sound)
    assert taken.sent("audio") is None
    await publisher.connected()
    assert tools.mean_yuv(await viewer.frame()) == pytest.approx(tools.YUV, abs=2)
    assert viewer.sounds.empty()


async def test_its_end_is_noticed(publish):
    publisher, viewer, _ = await publish()
    await viewer.frame()
    await viewer.pc.close()
    assert await asyncio.wait_for(publisher.ended(), 5)
    assert publisher.stats().state == "closed"


async def test_a_server_that_is_silent_is_left(publish):
    publisher, viewer, _ = await publish(silence_s=0.3)
    await viewer.frame()
    for transceiver in viewer.pc.getTransceivers():
        transceiver.receiver.transport._send_rtp = lambda data: asyncio.sleep(0)
    for protocol in viewer.pc.getTransceivers()[0].receiver.transport.transport._connection._protocols:
        protocol.send_stun = lambda *_: None
    assert await asyncio.wait_for(publisher.ended(), 5) == "silent"


async def test_no_way_for_media_is_told(publish):
    publisher, _, _ = await publish(
        spoil=lambda answer: "\r\n".join(line for line in answer.splitlines() if "candidate" not in line),
        connect_s=0.2,
    )
    publisher._guard.hosts = frozenset()
    with pytest.raises(Unreachable, match="UDP may be blocked"):
        await publisher.connected()


async def test_closing_leaves_the_avatar(publish, stage):
    publisher, viewer, _ = await publish()
    await publisher.connected()
    await viewer.frame()
    await publisher.close()
    await publisher.close()
    assert stage.source.renditions[Rendition("h264", "matte")].viewers == 0
    assert stage.source.voice.viewers == 0
