"""Every private attribute of aiortc and aioice relied on, but those of `aiortc_receiving`; pinned by a test.

What concerns RTCP, and what was sent, stands in `rtcp_private.py`. aiortc has no public way to agree on what
it does not know, to see that a peer is still there, or to choose addresses. All of it is done to one object,
so no other connection is touched.
"""

import asyncio
import time
from asyncio import selector_events
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from aioice import stun
from aioice.ice import Connection, StunProtocol
from aioice.turn import TurnTransport
from aiortc import (
    InvalidStateError,
    RTCCertificate,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSctpTransport,
)
from aiortc.codecs.h264 import H264Encoder
from aiortc.rtcdtlstransport import SRTPProtectionProfile, certificate_digest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.rtcsctptransport import DataChunk, ForwardTsnChunk, SackChunk
from OpenSSL import SSL

from avatar_rtc.media.addresses.hosts_private import gather_hosts, transports_of
from avatar_rtc.media.addresses.sockets import MediaSockets
from avatar_rtc.media.broadcast import Packet
from avatar_rtc.media.codecs import Payloads
from avatar_rtc.media.guard import MAX_WAITING_DATAGRAMS, Address, Guard, datagram_kind
from avatar_rtc.media.offers.extensions import Extension
from avatar_rtc.stream.frame import VIDEO_TIME_BASE


def settle(transceiver: RTCRtpTransceiver, payloads: Payloads, extensions: Sequence[Extension]) -> None:
    """Let a transceiver use what was agreed on; call it between the remote and the local description.

    By itself aiortc knows H264 of two profiles in one mode, and changes payload types below 96.
    """
    transceiver._codecs = list(payloads)
    transceiver._headerExtensions = [RTCRtpHeaderExtensionParameters(id=e.id, uri=e.uri) for e in extensions]


def send_single_nals(sender: RTCRtpSender) -> None:
    """Send each NAL unit of H264 in a packet of its own (packetization-mode 0, RFC 6184)."""
    sender._RTCRtpSender__encoder = SingleNals()  # type: ignore[attr-defined]


class SingleNals:
    """What aiortc asks for the payloads of a picture, if none may hold more or less than one NAL unit."""

    def pack(self, packet: Packet) -> tuple[list[bytes], int]:
        """(payloads, RTP time) of a picture in Annex B, whose clock is that of RTP."""
        assert packet.pts is not None and packet.time_base == VIDEO_TIME_BASE
        return list(H264Encoder._split_bitstream(bytes(packet))), packet.pts


def connect_quietly(pc: RTCPeerConnection) -> None:
    """Let a connection that is closed while it connects say nothing; call it before any description is set.

    aiortc goes from transport to transport in a task of its own, and raises there at the first that is over.
    """
    connect = pc._RTCPeerConnection__connect  # type: ignore[attr-defined]

    async def connected() -> None:
        try:
            await connect()
        except InvalidStateError:
            if pc.signalingState != "closed":
                raise

    pc._RTCPeerConnection__connect = connected  # type: ignore[attr-defined]


def guard_connection(pc: RTCPeerConnection, guard: Guard, sockets: MediaSockets | None = None) -> None:
    """Let nothing reach aiortc but what may; call it before the local description is set.

    With a peer that answers, after the remote description: aiortc has no transports before.

    A datagram that aiortc or aioice cannot handle is dropped: by itself aiortc would end the connection at
    an empty one, or at whatever makes a parser raise. `guard.heard` is called for authentic STUN checks and
    answers, and for what DTLS or SRTP could authenticate. aioice notices a vanished peer only after 31 s.

    Args:
        sockets: opens its sockets, and remembers what failed; any port will do if None.
    """
    for transport in transports_of(pc):
        connection = transport.transport._connection
        # Its sockets are guarded from their first datagram on; no other connection is touched.
        connection.get_component_candidates = partial(  # type: ignore[method-assign]
            gather_hosts, connection, partial(GuardedProtocol, guard), (sockets or MediaSockets()).open
        )
        transport.__class__ = _GuardedDtls
        assert isinstance(transport, _GuardedDtls)
        transport._guard = guard
        certificate = transport._RTCDtlsTransport__local_certificate  # type: ignore[attr-defined]
        certificate.__class__ = _OpenCertificate
    if pc.sctp is not None:
        pc.sctp.__class__ = _GuardedSctp
        assert isinstance(pc.sctp, _GuardedSctp)
        pc.sctp._guard = guard


class GuardedProtocol(StunProtocol):
    """A socket, or a relay, that hands on what the guard lets in."""

    def __init__(self, guard: Guard, receiver: Connection) -> None:
        super().__init__(receiver)
        self._guard = guard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, TurnTransport):
            # What a relay's own messages raise would end the TCP connection to it.
            inner = transport._TurnTransport__inner_protocol  # type: ignore[attr-defined]
            inner.datagram_received = partial(self._relay_received, inner.datagram_received)

    def _relay_received(self, take: Callable[..., None], *arguments: Any) -> None:
        try:
            take(*arguments)
        except Exception as error:
            self._guard.dropped.add(error)

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        assert isinstance(data, bytes)
        self._receive(data, (addr[0], addr[1]))
        for more, source in waiting_datagrams(self.transport):
            self._receive(more, (source[0], source[1]))

    def _receive(self, data: bytes, address: Address) -> None:
        try:
            taken = self._guard.may_come(address) and self._take(data, address)
        except Exception as error:  # whatever their parsers stumble over
            self._guard.dropped.add(error)
        else:
            if not taken:
                self._guard.dropped.add()

    async def request(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, tuple[str, int]]:
        response, source = await super().request(request, addr, integrity_key, retransmissions)
        if integrity_key is not None:  # a STUN server's answer is not the peer's
            self._guard.heard()
            self._guard.welcome(self, source)
        return response, source

    def _take(self, data: bytes, address: Address) -> bool:
        match datagram_kind(data):
            case "stun":
                return self._take_stun(data, address)
            case "rtp" if self._guard.knows(self, address):
                return data[1] & 0x7F in self._guard.unread or self._hand_on(data)
            case "dtls" if self._guard.knows(self, address):
                return all([self._hand_on(record) for record in self._guard.records(data)])
        return False

    def _take_stun(self, data: bytes, address: Address) -> bool:
        message = stun.parse_message(data)
        match message.message_class:
            case stun.Class.REQUEST:
                # Not answered: an error sent to a forged address would hit somebody else.
                if not self._is_authentic(message) or not self._guard.welcome(self, address):
                    return False
                self._guard.has_asked = True
                self._guard.heard()
            case stun.Class.INDICATION:
                return self._guard.knows(self, address)  # keeps a path open, and wants no answer
            case _ if message.transaction_id not in self.transactions:
                return False
        super().datagram_received(data, address)
        return True

    def _is_authentic(self, message: stun.Message) -> bool:
        ours, attributes = self.receiver, message.attributes
        return (
            message.message_method == stun.Method.BINDING
            and "PRIORITY" in attributes
            and ours._valid_username(attributes.get("USERNAME", ""))
            and message.check_message_integrity(ours.local_password.encode())
        )

    def _hand_on(self, data: bytes) -> bool:
        if self.receiver._queue.qsize() >= MAX_WAITING_DATAGRAMS:
            return False
        self.receiver.data_received(data, self.local_candidate.component)
        return True


def waiting_datagrams(transport: asyncio.BaseTransport) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
    """What the socket behind an asyncio transport holds already, with where it comes from; for a while.

    asyncio takes one datagram of a socket in each round of its loop. A stranger who sends more than a busy
    loop has rounds would fill the socket's queue, and what the peer sends would find no place in it: after
    30 s without an answer aioice takes it for gone.
    """
    socket = getattr(transport, "_sock", None)  # relays have none, nor have transports of Windows
    if socket is None or not isinstance(transport, _DatagramTransport):
        return
    end = time.monotonic() + DRAIN_S
    for _ in range(DRAIN_DATAGRAMS):
        try:
            yield socket.recvfrom(DRAIN_BYTES)
        except OSError:  # nothing more; what is wrong with the socket asyncio will find by itself
            return
        if time.monotonic() > end:
            return


_DatagramTransport = selector_events._SelectorDatagramTransport  # type: ignore[attr-defined]
DRAIN_DATAGRAMS, DRAIN_S = 256, 0.002
"""In one round of the loop, of one socket."""
DRAIN_BYTES = 64 * 1024


class _GuardedDtls(RTCDtlsTransport):
    """A transport that outlives what it cannot handle, and says when the peer was heard."""

    _guard: Guard

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:
        # Several are certificates of which one is used (RFC 8122, 5); aiortc wants it to be all of them.
        assert self._ssl is not None, "the handshake is over"
        used = self._ssl.get_peer_certificate(as_cryptography=True)
        known = remoteParameters.fingerprints
        found = [f for f in known if used and certificate_digest(used, f.algorithm) == f.value.upper()]
        super()._validate_peer_identity(RTCDtlsParameters(found or known, remoteParameters.role))

    async def _recv_next(self) -> None:
        try:
            await super()._recv_next()
        except ConnectionError:
            raise
        except SSL.Error as error:
            if not self.encrypted:  # nothing to go on with
                raise ConnectionError(f"the DTLS handshake failed: {error}") from error
            self._guard.dropped.add(error)
        except Exception as error:
            self._guard.dropped.add(error)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._guard.heard()
        await super()._handle_rtcp_data(data)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._guard.heard()
        await super()._handle_rtp_data(data, arrival_time_ms)


class _OpenCertificate(RTCCertificate):
    """One that also shakes hands with peers whose own certificate is of RSA, as GStreamer's is.

    aiortc names ciphers for ECDSA alone, its own kind, so a peer of the other that is DTLS's server found
    none. Whose a certificate is, its fingerprint in the description tells, whatever its kind.
    """

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        names = (f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA") for cipher in CIPHERS)
        context.set_cipher_list(":".join(names).encode())
        return context


CIPHERS = ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA")
"""Those of aiortc, in its order."""


class _GuardedSctp(RTCSctpTransport):
    """Data channels of which a peer cannot make us hold more than it was told that we do."""

    _guard: Guard

    async def _handle_data(self, data: bytes) -> None:
        self._guard.heard()
        await super()._handle_data(data)

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        if self._advertised_rwnd <= 0 or len(self._sack_misordered) >= MAX_MISORDERED:
            self._guard.dropped.add()  # it was told so, and will send it again
        elif self._is_one_too_many(chunk.stream_id):
            # Acknowledged all the same: what it sends on its other streams must not wait behind this.
            self._mark_received(chunk.tsn)
            self._guard.dropped.add()
        else:
            await super()._receive_data_chunk(chunk)
        self._sack_needed = True

    async def _receive_forward_tsn_chunk(self, chunk: ForwardTsnChunk) -> None:
        chunk.streams = [each for each in chunk.streams if each[0] in self._inbound_streams]
        await super()._receive_forward_tsn_chunk(chunk)

    async def _receive_sack_chunk(self, chunk: SackChunk) -> None:
        # aiortc steps through every number of every gap: 60 kB of them would stall the loop for seconds.
        acknowledged = sum(max(0, last - first + 1) for first, last in chunk.gaps)
        if acknowledged > len(self._sent_queue) + MAX_MISORDERED:
            self._guard.dropped.add()
        else:
            await super()._receive_sack_chunk(chunk)

    def _is_one_too_many(self, stream: int) -> bool:
        streams = self._inbound_streams.keys() | self._data_channels.keys()
        return stream not in streams and len(streams) >= MAX_STREAMS


MAX_STREAMS = 32
"""Data channels of one peer, closed ones included until both ends have let go."""
MAX_MISORDERED = 512
"""Pieces that came before others; they are sorted for each that comes."""
