"""What is read of a sender's reports, and that aiortc still has what that relies on."""

import inspect
import time

import pytest
from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
)

from avatar_rtc.media.feedback_private import LinkReport, on_link_report


@pytest.fixture
async def sender():
    pc = RTCPeerConnection()
    pc.addTransceiver("video")
    yield pc.getSenders()[0]
    await pc.close()


def receiver_report(sender, **changed) -> RtcpRrPacket:
    told = {"ssrc": sender._ssrc, "lsr": 7, "packets_lost": 1, "highest_sequence": 100} | changed
    return RtcpRrPacket(ssrc=1, reports=[RtcpReceiverInfo(dlsr=65536, fraction_lost=200, jitter=0, **told)])


def remb(*ssrcs: int) -> RtcpPsfbPacket:
    return RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(256_000, list(ssrcs)))


async def test_each_kind_of_report_is_told_before_it_has_an_effect(sender):
    assert list(inspect.signature(RTCRtpSender._handle_rtcp_packet).parameters) == ["self", "packet"]
    told: list[LinkReport] = []
    times = iter(range(99))
    on_link_report(sender, told.append, lambda: 2.0 * next(times))
    sender._RTCRtpSender__lsr, sender._RTCRtpSender__lsr_time = 7, time.time() - 1.5
    await sender._handle_rtcp_packet(receiver_report(sender))
    # Not the share that it tells, which a browser may count over three packets: that of the interval.
    await sender._handle_rtcp_packet(receiver_report(sender, lsr=6, packets_lost=26, highest_sequence=200))
    await sender._handle_rtcp_packet(receiver_report(sender, ssrc=sender._ssrc ^ 1))
    await sender._handle_rtcp_packet(remb(5, sender._ssrc))
    await sender._handle_rtcp_packet(remb(5))
    await sender._handle_rtcp_packet(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, fci=b"REMB\x09"))
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=sender._ssrc, lost=[3, 4])
    await sender._handle_rtcp_packet(nack)
    first, *rest = told
    assert first.lost is None and first.round_trip_s == pytest.approx(0.5, abs=0.2)
    assert rest == [LinkReport(lost=0.25), LinkReport(estimate_bps=256_000.0), LinkReport(missed=(3, 4))]
