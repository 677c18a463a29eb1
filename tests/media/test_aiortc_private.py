"""Pins the private attributes we rely on: an upgrade of aiortc that moves one fails here, loudly."""

import asyncio
import inspect

import aioice.ice
import aioice.stun
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RtcpPsfbPacket

from avatar_rtc.media.aiortc_private import (
    LOOPBACK_ADDRESS,
    MAX_LATE_S,
    date_reports,
    offer_loopback,
    on_heard,
    on_keyframe_request,
)


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_attributes_are_there():
    assert parameters(aioice.ice.Connection.get_component_candidates)[1:3] == ["component", "addresses"]
    assert parameters(aioice.ice.Connection.data_received) == ["self", "data", "component"]
    assert parameters(aioice.ice.Connection.check_incoming) == ["self", "message", "addr", "protocol"]
    assert parameters(aioice.ice.StunProtocol.request)[:3] == ["self", "request", "addr"]


@pytest.fixture
async def pc():
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("video", direction="recvonly")
    yield pc
    await pc.close()


@pytest.mark.parametrize("kind", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
async def test_pli_and_fir_reach_the_hook(pc, kind):
    requests = []
    (sender,) = pc.getSenders()
    on_keyframe_request(sender, lambda: requests.append(kind))
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=kind, ssrc=1, media_ssrc=sender._ssrc))
    assert requests == [kind]


async def test_loopback_is_added_to_this_connection_only(pc):
    offer_loopback(pc)
    await pc.setLocalDescription()
    assert LOOPBACK_ADDRESS in pc.localDescription.sdp
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    other.addTransceiver("video", direction="recvonly")
    await other.setLocalDescription()
    assert LOOPBACK_ADDRESS not in other.localDescription.sdp
    await other.close()


async def test_data_is_a_sign_of_life_and_an_unauthentic_check_is_not(pc):
    heard = []
    offer_loopback(pc)
    await pc.setLocalDescription()
    on_heard(pc, lambda: heard.append(1))
    (connection,) = {sender.transport.transport._connection for sender in pc.getSenders()}
    port = next(c.port for c in connection.local_candidates if c.host == LOOPBACK_ADDRESS)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(LOOPBACK_ADDRESS, port)
    )
    check = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    transport.sendto(bytes(check))
    await asyncio.sleep(0.1)
    assert heard == []

    check.attributes["USERNAME"] = f"{connection.local_username}:other"
    check.attributes["PRIORITY"] = 1
    check.add_message_integrity(connection.local_password.encode())
    transport.sendto(bytes(check))
    connection._early_checks_done = True  # as in a connection that is up
    connection.remote_password = "0123456789012345678901"
    connection.remote_username = "other"
    await asyncio.sleep(0.1)
    assert len(heard) == 1

    transport.sendto(b"\x80\xc9" + bytes(6))
    await asyncio.sleep(0.1)
    assert len(heard) == 2
    transport.close()


async def test_an_answered_check_is_a_sign_of_life():
    pair = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)]
    pair[0].addTransceiver("video", direction="recvonly")
    await pair[0].setLocalDescription()
    await pair[1].setRemoteDescription(RTCSessionDescription(pair[0].localDescription.sdp, "offer"))
    await pair[1].setLocalDescription()
    await pair[0].setRemoteDescription(RTCSessionDescription(pair[1].localDescription.sdp, "answer"))
    async with asyncio.timeout(5):
        while any(pc.connectionState != "connected" for pc in pair):  # noqa: ASYNC110 (two connections)
            await asyncio.sleep(0.01)
    heard = []
    on_heard(pair[1], lambda: heard.append(1))
    connection = pair[1].getSenders()[0].transport.transport._connection
    # Only answers remain: everything the other end says by itself is left out.
    connection.data_received = connection.check_incoming = lambda *arguments: None
    (selected,) = connection._nominated.values()
    request = connection.build_request(selected, nominate=False)
    await selected.protocol.request(
        request, selected.remote_addr, integrity_key=connection.remote_password.encode()
    )
    assert heard == [1]
    for pc in pair:
        await pc.close()


@pytest.mark.parametrize(("late", "taken"), [(0.0, 0.0), (0.2, 0.2), (-0.3, 0.0), (9.0, MAX_LATE_S)])
async def test_a_report_dates_a_late_packet_with_when_it_was_due(pc, late, taken):
    (sender,) = pc.getSenders()
    assert sender._RTCRtpSender__ntp_timestamp == 0  # where aiortc keeps what its reports say
    date_reports(sender, lambda: late)
    sent = 1_000 << 32
    sender._RTCRtpSender__ntp_timestamp = sent
    assert (sent - sender._RTCRtpSender__ntp_timestamp) / 2**32 == pytest.approx(taken)
    assert sender.kind == "video" and await sender.getStats()


async def test_other_connections_keep_aiortcs_own_dates(pc):
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    other.addTransceiver("video", direction="recvonly")
    date_reports(pc.getSenders()[0], lambda: 0.5)
    (sender,) = other.getSenders()
    sender._RTCRtpSender__ntp_timestamp = 7 << 32
    assert sender._RTCRtpSender__ntp_timestamp == 7 << 32
    await other.close()


def test_aiortc_dates_its_reports_by_the_attribute():
    assert "ntp_timestamp=self.__ntp_timestamp" in inspect.getsource(RTCRtpSender._run_rtcp)
    assert "self.__ntp_timestamp = clock.current_ntp_time()" in inspect.getsource(RTCRtpSender._run_rtp)
