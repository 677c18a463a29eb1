"""Pins the private attributes we rely on: an upgrade of aiortc that moves one fails here, loudly."""

import asyncio
import inspect
import socket
import time

import aioice.ice
import aioice.stun
import aioice.turn
import av
import pytest
from aiortc import (
    InvalidStateError,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSctpTransport,
    RTCSessionDescription,
)
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
)

from avatar_rtc.config import MediaBind
from avatar_rtc.media.addresses.hosts_private import bind_media
from avatar_rtc.media.aiortc_private import (
    connect_quietly,
    guard_connection,
    send_single_nals,
    waiting_datagrams,
)
from avatar_rtc.media.guard import Dropped, Guard
from avatar_rtc.media.rtcp_private import (
    MAX_LATE_S,
    Sent,
    date_reports,
    on_keyframe_request,
    on_resent,
    sent_by,
)
from avatar_rtc.stream.frame import VIDEO_TIME_BASE
from tests.waiting import until


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_attributes_are_there():
    assert parameters(aioice.ice.Connection.get_component_candidates)[1:3] == ["component", "addresses"]
    assert parameters(aioice.ice.Connection.data_received) == ["self", "data", "component"]
    names = ["self", "request", "addr", "integrity_key", "retransmissions"]
    assert parameters(aioice.ice.StunProtocol.request) == names


@pytest.fixture
async def pc():
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTransceiver("video", direction="recvonly")
    yield pc
    await pc.close()


async def test_who_closes_while_it_connects_hears_no_error_of_it(pc):
    asked = inspect.getsource(RTCPeerConnection.setLocalDescription)
    assert "ensure_future(self.__connect())" in asked  # by that name, so the one of the object is taken

    async def connect() -> None:
        raise InvalidStateError("RTCIceTransport is closed")

    assert inspect.iscoroutinefunction(pc._RTCPeerConnection__connect)
    pc._RTCPeerConnection__connect = connect
    connect_quietly(pc)
    with pytest.raises(InvalidStateError):
        await pc._RTCPeerConnection__connect()
    await pc.close()
    await pc._RTCPeerConnection__connect()


def test_what_is_agreed_on_for_a_transceiver_is_kept_in_these(pc):
    (transceiver,) = pc.getTransceivers()
    assert transceiver._codecs == [] and transceiver._headerExtensions == []
    assert parameters(RTCDtlsTransport._validate_peer_identity) == ["self", "remoteParameters"]


def test_single_nals_are_the_nal_units_of_a_picture(pc):
    (sender,) = pc.getSenders()
    assert sender._RTCRtpSender__encoder is None
    send_single_nals(sender)
    packet = av.Packet(b"\0\0\0\1\x67a\0\0\1\x68b\0\0\1\x65" + b"c" * 2000)
    packet.pts, packet.time_base = 9000, VIDEO_TIME_BASE
    payloads, t = sender._RTCRtpSender__encoder.pack(packet)
    assert (payloads, t) == ([b"\x67a", b"\x68b", b"\x65" + b"c" * 2000], 9000)


@pytest.mark.parametrize("kind", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
async def test_pli_and_fir_reach_the_hook(pc, kind):
    requests = []
    (sender,) = pc.getSenders()
    on_keyframe_request(sender, lambda: requests.append(kind))
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=kind, ssrc=1, media_ssrc=sender._ssrc))
    assert requests == [kind]


async def test_packets_that_are_asked_for_once_more_are_counted(pc):
    counted = []
    (sender,) = pc.getSenders()
    assert parameters(RTCRtpSender._retransmit) == ["self", "sequence_number"]
    on_resent(sender, lambda: counted.append(1))
    await sender._handle_rtcp_packet(
        RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=2, lost=[7, 8, 9])
    )
    assert len(counted) == 3


async def test_what_a_peer_reports_is_read(pc):
    (sender,) = pc.getSenders()
    assert sent_by(sender) == Sent()
    sender._RTCRtpSender__packet_count, sender._RTCRtpSender__octet_count = 5, 1000
    sender._RTCRtpSender__lsr, sender._RTCRtpSender__lsr_time = 1, time.time() - 3
    report = RtcpReceiverInfo(
        ssrc=sender._ssrc,
        fraction_lost=64,
        packets_lost=1,
        highest_sequence=9,
        jitter=900,
        lsr=1,
        dlsr=2 * 65536,
    )
    await sender._handle_rtcp_packet(RtcpRrPacket(ssrc=1, reports=[report]))
    sent = sent_by(sender)
    assert (sent.packets, sent.bytes, sent.lost_share, sent.jitter) == (5, 1000, 0.25, 900)
    assert sent.round_trip_s == pytest.approx(1, abs=0.2)


async def test_sockets_are_where_they_are_wanted_and_of_this_connection_only(pc):
    bind_media(pc, MediaBind(False, ("127.0.0.1",)))
    await pc.setLocalDescription()
    assert addresses_of(pc) == {"127.0.0.1"}
    other, both = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    for each in (other, both):
        each.addTransceiver("video", direction="recvonly")
    bind_media(both, MediaBind(True, ("127.0.0.1",)))
    await other.setLocalDescription()
    await both.setLocalDescription()
    assert "127.0.0.1" not in addresses_of(other)
    assert addresses_of(both) == {"127.0.0.1", *addresses_of(other)}
    await other.close()
    await both.close()


def addresses_of(pc):
    connection = pc.getSenders()[0].transport.transport._connection
    return {protocol.transport.get_extra_info("sockname")[0] for protocol in connection._protocols}


async def test_sockets_are_guarded_from_their_making_and_of_this_connection_only(pc):
    guard_connection(pc, Guard())
    bind_media(pc, MediaBind(True, ("127.0.0.1",)))
    await pc.setLocalDescription()
    (connection,) = {sender.transport.transport._connection for sender in pc.getSenders()}
    assert connection._protocols
    assert {type(protocol).__name__ for protocol in connection._protocols} == {"GuardedProtocol"}
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    other.addTransceiver("video", direction="recvonly")
    await other.setLocalDescription()
    connection = other.getSenders()[0].transport.transport._connection
    assert {type(protocol) for protocol in connection._protocols} == {aioice.ice.StunProtocol}
    await other.close()


@pytest.fixture
async def connected():
    """(connections, signs of life): two ends of which the second is guarded."""
    heard = []
    pair = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)]
    pair[0].addTransceiver("video", direction="recvonly")
    pair[0].createDataChannel("control")
    await pair[0].setLocalDescription()
    await pair[1].setRemoteDescription(RTCSessionDescription(pair[0].localDescription.sdp, "offer"))
    guard_connection(pair[1], Guard(lambda: heard.append(1)))
    await pair[1].setLocalDescription()
    await pair[0].setRemoteDescription(RTCSessionDescription(pair[1].localDescription.sdp, "answer"))
    async with asyncio.timeout(5):
        while any(pc.connectionState != "connected" for pc in pair):  # noqa: ASYNC110 (two connections)
            await asyncio.sleep(0.01)
    yield pair, heard
    for pc in pair:
        await pc.close()


def near_end(pc):
    connection = pc.getSenders()[0].transport.transport._connection
    (selected,) = connection._nominated.values()
    return connection, selected


async def test_an_answered_check_is_a_sign_of_life(connected):
    (_, near), heard = connected
    connection, selected = near_end(near)
    del heard[:]
    request = connection.build_request(selected, nominate=False)
    await selected.protocol.request(
        request, selected.remote_addr, integrity_key=connection.remote_password.encode()
    )
    assert heard


async def test_an_authentic_check_is_a_sign_of_life_and_another_is_not(connected):
    (_, near), heard = connected
    connection, selected = near_end(near)
    check = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    for attributes in (
        {},
        {"USERNAME": f"{connection.local_username}:{connection.remote_username}"},
        {"PRIORITY": 1},
    ):
        check.attributes |= attributes
        del heard[:]
        selected.protocol.datagram_received(bytes(check), selected.remote_addr)
        assert not heard
    check.add_message_integrity(connection.local_password.encode())
    selected.protocol.datagram_received(bytes(check), selected.remote_addr)
    assert heard
    # A server for this machine takes nothing of others, authentic or not.
    guard = selected.protocol._guard
    for hosts, is_heard in ((frozenset({"192.0.2.1"}), False), (frozenset(selected.remote_addr[:1]), True)):
        guard.hosts = hosts
        del heard[:]
        selected.protocol.datagram_received(bytes(check), selected.remote_addr)
        assert bool(heard) == is_heard


async def test_confined_sockets_take_what_comes_from_this_machine_alone(pc):
    guard = Guard()
    guard_connection(pc, guard)
    bind_media(pc, MediaBind(False, ("127.0.0.1",), confined=True), guard)
    await pc.setLocalDescription()
    assert guard.hosts is not None and addresses_of(pc) == guard.hosts - {"::1", "localhost"}
    assert not guard.may_come(("203.0.113.9", 4000)) and guard.may_come(("::1", 4000))


async def test_media_reports_and_data_are_signs_of_life_once_authenticated(connected):
    (far, near), heard = connected
    far_dtls, near_dtls = far.getSenders()[0].transport, near.getSenders()[0].transport
    report = bytes([0x80, 201, 0, 1]) + bytes(4)
    for handle, datagram in [
        ("_handle_rtcp_data", far_dtls._tx_srtp.protect_rtcp(report)),
        ("_handle_rtp_data", far_dtls._tx_srtp.protect(bytes([0x80, 96]) + bytes(10))),
    ]:
        assert getattr(type(near_dtls), handle) is not getattr(RTCDtlsTransport, handle)
        del heard[:]
        near_dtls.transport._connection._queue.put_nowait((datagram, 1))
        await until(lambda: heard)


async def test_a_relays_broken_messages_are_dropped(pc):
    dropped = []
    bind_media(pc, MediaBind(False, ("127.0.0.1",)))
    guard_connection(pc, Guard(dropped=Dropped(lambda: dropped.append(1))))
    await pc.setLocalDescription()
    socket = pc.getSenders()[0].transport.transport._connection._protocols[0]
    options = {"username": "", "password": "", "lifetime": 600, "channel_refresh_time": 500}
    inner = aioice.turn.TurnClientTcpProtocol(("192.0.2.1", 3478), **options)
    inner.transport = inner.receiver = socket.transport
    real, socket.transport = socket.transport, None
    socket.connection_made(aioice.turn.TurnTransport(inner))
    socket.transport = real
    # A STUN message whose LIFETIME has two bytes instead of four.
    broken = bytes.fromhex("01040008 2112a442") + bytes(12) + bytes.fromhex("000d0002 00010000")
    inner.data_received(broken)
    inner.data_received(broken)
    assert len(dropped) == 2


def test_the_guard_replaces_what_is_there():
    code = aioice.ice.Connection.get_component_candidates.__code__
    assert not code.co_freevars, "it can be run with other globals"
    assert any("StunProtocol" in getattr(each, "co_names", ()) for each in code.co_consts)
    assert parameters(aioice.ice.StunProtocol.datagram_received) == ["self", "data", "addr"]
    assert parameters(RTCDtlsTransport._handle_rtp_data) == ["self", "data", "arrival_time_ms"]
    assert parameters(RTCDtlsTransport._handle_rtcp_data) == ["self", "data"]
    for name in ("_handle_data", "_receive_data_chunk", "_receive_forward_tsn_chunk", "_receive_sack_chunk"):
        assert len(parameters(getattr(RTCSctpTransport, name))) == 2
    assert inspect.iscoroutinefunction(RTCDtlsTransport._recv_next)


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


async def test_what_a_socket_holds_is_taken_in_one_round_of_the_loop():
    rounds: list[list[bytes]] = []

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr) -> None:
            rounds.append([data, *(more for more, source in waiting_datagrams(transport) if source == addr)])

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        sent = [b"", *(bytes([number]) for number in range(99))]
        for data in sent:
            stranger.sendto(data, transport.get_extra_info("sockname"))
        async with asyncio.timeout(10):
            while sum(map(len, rounds)) < len(sent):  # noqa: ASYNC110
                await asyncio.sleep(0)
    # Two milliseconds are enough for a hundred, but this machine may take a nap.
    assert [data for each in rounds for data in each] == sent and len(rounds) < 10
    transport.close()
